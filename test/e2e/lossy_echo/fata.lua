-- SPDX-License-Identifier: ISC
-- app/echo behind a bad cable: both directions lose 1 % and reorder 5 % of the frames.

fata = ">= 0.1"

local cable = net.fault {
    of = net.default(),
    loss_per_million = 10000,
    reorder_per_million = 50000,
}
local wire = stack { net = cable }
local port = boot.port "port" { default = 7, doc = "port to echo on, TCP and UDP" }

return unikernel "echo" {
    doc = "sends back what it is sent, over a bad cable",
    version = "0.1.0",
    sources = { "echo.c" },
    main = "echo_main",
    devices = { stack = wire, tcp = tcp.listen { on = wire, port = port }, port = port },
}
