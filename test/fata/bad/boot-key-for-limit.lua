local s = stack { conns = boot.number "conns" { default = 1 } }
return unikernel "x" { http { on = s, content = kv.embed "." } }
