return unikernel "x" {
    main = "x_main",
    sources = { "x.c" },
    devices = { a = boot.text "same" { default = "" }, b = boot.text "same" { default = "" } },
}
