unikernel "x" { http { on = stack(), routes = { ["/"] = "f" } }, sources = { "x.c" } }
