return unikernel "x" { http { stack() } }
