local w = net.switch { addresses = 6 }
return unikernel "x" { http { on = stack { net = net.port { on = w } }, content = kv.embed "." } }
