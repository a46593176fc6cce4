local a = net.trace()
local b = net.capture { of = a }
a.of = b
return unikernel "x" { http { on = stack { net = a }, content = kv.embed "." } }
