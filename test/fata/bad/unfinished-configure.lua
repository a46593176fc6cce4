local c = configure.number "n"
local s = stack { conns = c }
