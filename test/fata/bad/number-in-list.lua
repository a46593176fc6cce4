return unikernel "x" { 42 }
