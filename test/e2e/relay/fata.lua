-- SPDX-License-Identifier: ISC
-- A relay: each connection is carried on to another server, byte for byte, both ways.

fata = ">= 0.1"

local wire = stack()
local port = boot.port "port" { default = 5201, doc = "port to listen on, and of the server" }

return unikernel "relay" {
    doc = "carries connections on to another server",
    version = "0.1.0",
    sources = { "relay.c" },
    main = "relay_main",
    fibers = 256, -- two for each connection
    devices = {
        stack = wire,
        tcp = tcp.listen { on = wire, port = port },
        port = port,
        server = boot.ip "server" { doc = "where to carry them" },
    },
}
