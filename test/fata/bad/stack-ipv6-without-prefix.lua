local s = stack { ipv6 = "2001:db8::1" }
return unikernel "x" { http { on = s, content = kv.embed "." } }
