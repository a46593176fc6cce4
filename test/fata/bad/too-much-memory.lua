local t = {}
for i = 1, 10000000 do t[i] = { i } end
