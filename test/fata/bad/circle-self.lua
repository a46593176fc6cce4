local a = net.trace()
a.of = a
return unikernel "x" { http { on = stack { net = a }, content = kv.embed "." } }
