-- SPDX-License-Identifier: ISC
-- www: this project's own documentation, served by its own stack. No C at all.

fata = ">= 0.1"

local folder = configure.text "site" { default = "../../o/site", doc = "folder of pages" }

local pages = configure.choice "content" {
    doc = "where the pages are: in the image, or in a folder that it reads",
    default = "embed",
    embed = kv.embed(folder),
    dir = kv.dir(),
}

return unikernel "www" {
    doc = "Fata's own pages, out of Fata's own stack",
    version = "0.1.0",
    http { content = pages, on = stack() },
}
