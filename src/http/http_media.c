// SPDX-License-Identifier: ISC
//
// src/http/http_media.c: media types by the ending of a file's name.

#include "src/http/http_priv.h"

/* Text is said to be UTF-8, which it is unless its author went out of the way. */
#define TEXT "; charset=utf-8"

static const struct {
    char ending[12];
    const char *type;
} types[] = {
    {"html", "text/html" TEXT},
    {"htm", "text/html" TEXT},
    {"css", "text/css" TEXT},
    {"js", "text/javascript" TEXT},
    {"mjs", "text/javascript" TEXT},
    {"txt", "text/plain" TEXT},
    {"md", "text/markdown" TEXT},
    {"csv", "text/csv" TEXT},
    {"ics", "text/calendar" TEXT},
    {"c", "text/plain" TEXT},
    {"h", "text/plain" TEXT},
    {"json", "application/json"},
    {"map", "application/json"},
    {"jsonld", "application/ld+json"},
    {"webmanifest", "application/manifest+json"},
    {"xml", "application/xml"},
    {"atom", "application/atom+xml"},
    {"rss", "application/rss+xml"},
    {"xhtml", "application/xhtml+xml"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"zst", "application/zstd"},
    {"tar", "application/x-tar"},
    {"epub", "application/epub+zip"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"svg", "image/svg+xml"},
    {"ico", "image/vnd.microsoft.icon"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"ttf", "font/ttf"},
    {"otf", "font/otf"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"wav", "audio/wav"},
    {"flac", "audio/flac"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
};

const char *fa_http_media_type(struct fa_slice name)
{
    size_t dot = name.len;
    while (dot > 0 && name.at[dot - 1] != '.' && name.at[dot - 1] != '/') {
        dot--;
    }
    if (dot > 0 && name.at[dot - 1] == '.') {
        struct fa_slice ending = fa_slice_from(name, dot);
        for (size_t i = 0; i < FA_COUNT_OF(types); i++) {
            if (fa_http_name_equal(ending, fa_slice_of(types[i].ending))) {
                return types[i].type;
            }
        }
    }
    return "application/octet-stream";
}
