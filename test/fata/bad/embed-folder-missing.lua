return unikernel "x" {
    http { on = stack(), content = kv.embed "no-such-folder" },
}
