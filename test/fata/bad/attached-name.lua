-- What is attached is named by letters and digits.
return unikernel "x" {
    main = "x_main",
    sources = { "program.c" },
    devices = { disk = blk.default { name = "my-disk" } },
}
