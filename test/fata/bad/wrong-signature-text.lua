return unikernel "x" { http { on = "stack", content = kv.embed "site" } }
