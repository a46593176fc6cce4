fata = ">= 0.1"

return unikernel "http" {
    doc = "a folder behind HTTP",
    http { on = stack(), content = kv.embed "pages" },
}
