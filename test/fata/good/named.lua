-- A resolver, and a server of its own to ask.
local wire = stack()

return unikernel "named" {
    main = "named_main",
    sources = { "program.c" },
    devices = { names = resolver { on = wire, server = "192.0.2.53", cached = 1000 } },
}
