-- args: --contnt=dir
local c = configure.choice "content" { "embed", "dir", default = "dir" }
return unikernel "x" { http { on = stack(), content = kv.embed "." } }
