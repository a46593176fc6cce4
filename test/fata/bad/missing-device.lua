return unikernel "x" {
    http { content = kv.embed "site" },
}
