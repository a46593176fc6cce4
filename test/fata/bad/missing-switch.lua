local s = stack { net = net.port() }
return unikernel "x" { http { on = s, content = kv.embed "." } }
