-- Two stacks that coexist, every kind of wrapper and store.
local outer = stack { net = net.capture { of = net.trace { of = net.tap "tap7" } } }
local inner = stack {
    group = "management",
    net = net.fault { of = net.stream(), loss_per_million = 1000, delay = "2ms", seed = 7 },
    ipv4 = "10.0.0.1/24",
    conns = 100,
}

return unikernel "two-nets" {
    main = "two_nets_main",
    sources = { "program.c" },
    fibers = 8,
    fiber_stack = "64KiB",
    devices = {
        outer = outer,
        control = tcp.listen { on = inner, port = 22 },
        notes = kv.memory { size = "64KiB", entries = 32 },
        files = kv.dir { path = "/srv", writable = true },
        disk = blk.file "disk.img",
        scratch = blk.memory "1MiB",
        pause = boot.duration "pause" { default = "5s", doc = "between two rounds" },
        rounds = boot.number "rounds" { min = 1, max = 10, doc = "how many" },
        quiet = boot.flag "quiet" { default = false },
        peer = boot.ip "peer" { default = "192.0.2.1", env = "PEER" },
    },
    http { on = inner, group = "management", routes = { ["/"] = "two_nets_page" } },
}
