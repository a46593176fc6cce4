-- SPDX-License-Identifier: ISC
-- A cable between two tap interfaces that delays each way and loses on the way from left to right.

fata = ">= 0.1"

local left = net.tap { name = "left", group = "left" }
local right = net.tap { name = "right", group = "right" }

return unikernel "cable" {
    doc = "carries frames between two tap interfaces, as badly as it is told",
    version = "0.1.0",
    sources = { "cable.c" },
    main = "cable_main",
    devices = {
        left = left,
        right = right,
        delay = boot.duration "delay" { default = "25ms", doc = "each way" },
        loss = boot.number "loss" { default = 0, max = 1000000, doc = "frames of a million" },
        seed = boot.number "seed" { default = 1, doc = "of the losses" },
    },
}
