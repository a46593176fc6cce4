-- args: --banana=1
return unikernel "x" { http { on = stack(), content = kv.embed "." } }
