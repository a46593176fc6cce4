return unikernel "x" { banana { on = stack() } }
