local p = boot.port "Port!" { default = 80 }
