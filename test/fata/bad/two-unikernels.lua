local a = unikernel "a" { http { on = stack(), routes = { ["/"] = "f" } } }
return unikernel "b" { http { on = stack(), routes = { ["/"] = "f" } } }
