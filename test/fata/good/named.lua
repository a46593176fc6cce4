-- A resolver with a server of its own to ask, and the time; two addresses, and a secret that is kept.
local wire = stack {
    ipv4 = "192.0.2.1/24,198.51.100.1/24", state = kv.memory(), congestion = "newreno",
    tcp_memory = "4MiB", resume_after = "1m", syn_backlog = 16, ipv4_redirects = true,
}
local names = resolver { on = wire, server = "192.0.2.53", cached = 1000 }

return unikernel "named" {
    main = "named_main",
    sources = { "program.c" },
    devices = {
        disk = blk.default { writable = false },
        names = names,
        time = timesync { on = names, server = "time.example" },
    },
}
