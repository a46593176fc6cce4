return unikernel "x" {
    http { on = stack()