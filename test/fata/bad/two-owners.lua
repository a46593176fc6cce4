local card = net.tap()
local a = stack { net = card }
local b = stack { net = card, group = "b" }
return unikernel "x" {
    main = "x_main", sources = { "x.c" },
    devices = { a = a, b = b },
}
