return unikernel "x" {
    main = "x_main",
    sources = { "not-there.c" },
}
