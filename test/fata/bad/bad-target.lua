-- args: -t moon
return unikernel "x" { http { on = stack(), content = kv.embed "." } }
