return unikernel "x" {
    http { on = stack(), port = 80, content = kv.embed ".", port = 81 },
}
