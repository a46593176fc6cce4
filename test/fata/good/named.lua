-- A resolver with a server of its own to ask, and the time.
local wire = stack()
local names = resolver { on = wire, server = "192.0.2.53", cached = 1000 }

return unikernel "named" {
    main = "named_main",
    sources = { "program.c" },
    devices = {
        names = names,
        time = timesync { on = names, server = "time.example" },
    },
}
