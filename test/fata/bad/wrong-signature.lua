return unikernel "x" {
    http { on = net.tap(), content = kv.embed "site" },
}
