-- args: -t sim
return unikernel "x" {
    http { on = stack { net = net.tap() }, content = kv.embed "." },
}
