return unikernel "x" { http { on = stack(), port = 70000, content = kv.embed "." } }
