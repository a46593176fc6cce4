local s = stack { ipv4 = "10.0.0.1" }
return unikernel "x" { http { on = s, content = kv.embed "." } }
