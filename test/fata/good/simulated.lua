-- args: -t sim
local wire = net.switch()

return unikernel "simulated" {
    main = "simulated_main",
    sources = { "program.c" },
    devices = {
        a = stack { group = "a", net = net.port { on = wire }, ipv4 = "10.0.0.1/24" },
        b = stack { group = "b", net = net.port { on = wire }, ipv4 = "10.0.0.2/24" },
        outside = stack(),
        card = net.port { on = wire },
    },
}
