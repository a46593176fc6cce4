local t = ("x"):rep(1 << 40)
