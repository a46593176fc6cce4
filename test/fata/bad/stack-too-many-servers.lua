local s = stack { dns = "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5" }
return unikernel "x" { http { on = s, content = kv.embed "." } }
