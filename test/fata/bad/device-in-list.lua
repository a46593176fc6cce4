return unikernel "x" { stack() }
