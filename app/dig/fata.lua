-- SPDX-License-Identifier: ISC
-- dig: asks the network's DNS servers one question and prints what they say.

fata = ">= 0.1"

local wire = stack()

return unikernel "dig" {
    doc = "asks a DNS server and prints its answer",
    version = "0.1.0",
    sources = { "dig.c" },
    main = "dig_main",
    devices = {
        stack = wire,
        resolver = resolver { on = wire },
        name = boot.text "name" { default = "localhost", doc = "what to ask for; an address: PTR" },
        type = boot.text "type" { default = "A", doc = "type of record" },
        timeout = boot.duration "timeout" { default = "20s", doc = "how long to try" },
    },
}
