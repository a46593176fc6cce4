return unikernel "x" { main = "x-main", sources = { "x.c" } }
