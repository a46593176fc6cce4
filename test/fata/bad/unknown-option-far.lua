return unikernel "x" {
    http { on = stack(), banana = 1 },
}
