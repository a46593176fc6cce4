local s = stack { net = net.tpa() }
return unikernel "x" { http { on = s, content = kv.embed "." } }
