-- SPDX-License-Identifier: ISC
-- clock: asks time servers what time it is.

fata = ">= 0.1"

local wire = stack()

return unikernel "clock" {
    doc = "asks a time server and prints the time",
    version = "0.1.0",
    sources = { "clock.c" },
    main = "clock_main",
    devices = {
        stack = wire,
        time = timesync { on = resolver { on = wire } },
        timeout = boot.duration "timeout" { default = "30s", doc = "how long to try" },
    },
}
