return unikernel "x" {
    main = "x_main", sources = { "x.c" },
    devices = { port = 80 },
}
