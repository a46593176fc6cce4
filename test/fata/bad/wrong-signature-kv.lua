local wire = stack()
return unikernel "x" {
    http { on = wire, content = wire },
}
