local s = stack { routes = "10.0.0.0/8" }
return unikernel "x" { http { on = s, content = kv.embed "." } }
