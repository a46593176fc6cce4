local s = stack { conns = {} }
return unikernel "x" { http { on = s, content = kv.embed "." } }
