return unikernel "x" {
    main = "x_main", sources = { "x.c" },
    devices = { ["my-net"] = net.tap() },
}
