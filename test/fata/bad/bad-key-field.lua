local p = boot.port "port" { defualt = 80 }
