-- Whoever attaches two devices must be able to tell them apart.
return unikernel "x" {
    main = "x_main",
    sources = { "program.c" },
    devices = {
        stack = stack { net = net.default { name = "one" } },
        disk = blk.default { name = "one" },
    },
}
