libraries = { ["fa-htpt"] = ">= 0.1" }
