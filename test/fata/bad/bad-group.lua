local s = stack { group = "Big One" }
