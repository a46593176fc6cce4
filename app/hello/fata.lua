-- SPDX-License-Identifier: ISC
-- hello: one C function behind HTTP.

fata = ">= 0.1"

return unikernel "hello" {
    doc = "greets whoever asks over HTTP",
    version = "0.1.0",
    sources = { "hello.c" },
    devices = {
        greeting = boot.text "greeting" { default = "Hello from Fata!", doc = "what to say" },
    },
    http { on = stack(), routes = { ["/"] = "hello_greet" } },
}
