local s = stack()
local p = s.port
