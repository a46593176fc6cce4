return unikernel "x" {
    http { on = stack(), port = boot.text "port" { default = "80" }, content = kv.embed "." },
}
