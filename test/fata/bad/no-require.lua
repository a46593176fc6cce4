local f = require "os"
