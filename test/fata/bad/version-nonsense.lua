fata = "new"
