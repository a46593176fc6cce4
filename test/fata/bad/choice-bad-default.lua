local c = configure.choice "content" { "embed", "dir", default = "both" }
