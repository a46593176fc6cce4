fata = ">= 0.1, < 2"
libraries = { ["fa-http"] = ">= 0.1" }

return unikernel "program" {
    doc = "one C file",
    version = "1.2.3",
    sources = { "program.c" },
    devices = { greeting = boot.text "greeting" { default = "say \"hi\"", doc = "what to say" } },
    http {
        on = stack(),
        routes = {
            ["/"] = "program_greet",
            ["POST /form"] = "program_form",
            ["/users/:id"] = "program_greet",
            ["/users/me"] = "program_greet",
        },
    },
}
