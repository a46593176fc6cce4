-- args: --content=dir --conns=64 --net=tap
local pages = configure.choice "content" {
    default = "embed",
    embed = kv.embed "pages",
    dir = kv.dir(),
}
local more = configure.flag "more" { default = true }
local s = stack { hostname = "chosen" }
if more then
    s.ipv4 = "10.0.0.9/8"
end

return unikernel "chosen" { http { on = s, content = pages, port = 8080 } }
