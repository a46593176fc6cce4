return unikernel "x" { htpp { on = stack() } }
