local c = configure.choice "content" { "embed", "dir" }
