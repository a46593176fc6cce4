return { http = 1 }
