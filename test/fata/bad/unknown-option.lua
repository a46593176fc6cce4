return unikernel "x" {
    http { on = stack(), contnt = kv.embed "site" },
}
