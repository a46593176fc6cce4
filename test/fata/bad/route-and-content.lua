return unikernel "x" {
    sources = { "x.c" },
    http { on = stack(), content = kv.embed ".", routes = { ["/"] = "f" } },
}
