local s = stack { pool = "lots" }
return unikernel "x" { http { on = s, content = kv.embed "." } }
