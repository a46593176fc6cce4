-- args: -t spt
-- A tender attaches its card and its disk by their names: no keys say where they are.
return unikernel "sandboxed" {
    main = "sandboxed_main",
    sources = { "program.c" },
    devices = { net = stack(), disk = blk.default { name = "books", writable = false } },
}
