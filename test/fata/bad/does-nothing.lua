return unikernel "x" { doc = "nothing" }
