-- args: --ipv4=dhcp
return unikernel "x" { http { on = stack(), content = kv.embed "." } }
