local s = stack { ipv4_gateway = "fe80::1" }
return unikernel "x" { http { on = s, content = kv.embed "." } }
