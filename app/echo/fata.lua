-- SPDX-License-Identifier: ISC
-- echo: port 7 of RFC 862, over TCP and UDP.

fata = ">= 0.1"

local wire = stack()
local port = boot.port "port" { default = 7, doc = "port to echo on, TCP and UDP" }

return unikernel "echo" {
    doc = "sends back what it is sent",
    version = "0.1.0",
    sources = { "echo.c" },
    main = "echo_main",
    fibers = 256, -- one for each connection
    devices = { stack = wire, tcp = tcp.listen { on = wire, port = port }, port = port },
}
