-- SPDX-License-Identifier: ISC
-- iperf: measures TCP and UDP, against iperf 2 as its client or its server.

fata = ">= 0.1"

local wire = stack()
local port = boot.port "port" { default = 5001, doc = "port of the server, TCP and UDP" }
local listener = tcp.listen { on = wire, port = port }

return unikernel "iperf" {
    doc = "measures the network: client and server of iperf 2",
    version = "0.1.0",
    sources = { "iperf.c", "iperf_report.c", "iperf_tcp.c", "iperf_udp.c", "iperf_wire.c" },
    main = "iperf_main",
    fibers = 128,
    devices = {
        near = wire,
        far = wire,
        listener = listener,
        back = listener,
        port = port,
        client = boot.text "client" {
            default = "",
            doc = "address of a server to send to; none: be one",
        },
        udp = boot.flag "udp" { default = false, doc = "send datagrams" },
        time = boot.duration "time" { default = "10s", doc = "how long to send" },
        bytes = boot.size "bytes" { default = "0", doc = "how much to send, instead of a time" },
        bandwidth = boot.number "bandwidth" {
            default = 1048576, min = 1,
            doc = "bits per second of datagrams",
        },
        length = boot.number "length" {
            default = 1470, min = 76, max = 65507,
            doc = "bytes of a datagram",
        },
        parallel = boot.number "parallel" {
            default = 1, min = 1, max = 64,
            doc = "connections at once",
        },
        dual = boot.flag "dual" { default = false, doc = "both directions at once" },
        tradeoff = boot.flag "tradeoff" {
            default = false,
            doc = "both directions, one after the other",
        },
        interval = boot.duration "interval" {
            default = "0s",
            doc = "between two lines of report; 0: one at the end",
        },
    },
}
