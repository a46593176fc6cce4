local s = stack { conns = 0 }
return unikernel "x" { http { on = s, content = kv.embed "." } }
