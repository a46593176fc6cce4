fata = ">= 9.0"

return unikernel "x" { banana }
