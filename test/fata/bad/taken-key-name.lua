return unikernel "x" {
    main = "x_main", sources = { "x.c" },
    devices = { v = boot.text "version" { default = "" } },
}
