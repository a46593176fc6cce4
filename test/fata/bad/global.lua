wire = stack()
