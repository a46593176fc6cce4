return unikernel "x" { souces = { "x.c" } }
