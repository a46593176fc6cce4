return unikernel "x" {
    sources = { "x.c" },
    http { on = stack(), routes = { about = "x_about" } },
}
