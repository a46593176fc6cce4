fata = ">= 0.1"
libraries = { ["fa-http"] = ">= 7" }
