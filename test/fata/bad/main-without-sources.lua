return unikernel "x" { main = "x_main" }
