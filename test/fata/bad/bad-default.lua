local p = boot.port "port" { default = "eighty" }
return unikernel "x" { http { on = stack(), port = p, content = kv.embed "." } }
