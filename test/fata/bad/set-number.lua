local s = stack()
s.banana = 1
