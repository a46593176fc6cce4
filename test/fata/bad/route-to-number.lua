return unikernel "x" {
    sources = { "x.c" },
    http { on = stack(), routes = { ["/"] = 5 } },
}
