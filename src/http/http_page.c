// SPDX-License-Identifier: ISC
//
// src/http/http_page.c: what every answer begins with, and the pages of errors.

#include "fa/wall.h"
#include "src/http/http_priv.h"

void fa__http_head_begin(struct fa_http_server *server, struct fa_text *head, uint16_t status)
{
    fa_text_add(head, "HTTP/1.1 %u %s\r\nServer: Fata\r\n", status, fa_http_reason(status));
    uint64_t now_s = fa_wall_ns() / FA_NS_S;
    if (now_s == 0) {
        return; /* without a clock no Date (RFC 9110 6.6.1) */
    }
    if (now_s != server->date_s) {
        server->date_s = now_s;
        fa_http_date_write(now_s, server->date);
    }
    fa_text_add_slice(head, FA_LIT("Date: "));
    fa_text_add_slice(head, (struct fa_slice){(const uint8_t *)server->date, FA_HTTP_DATE_LEN});
    fa_text_add_slice(head, FA_LIT("\r\n"));
}

size_t fa__http_page_write(uint16_t status, char at[FA__HTTP_PAGE_MAX])
{
    const char *reason = fa_http_reason(status);
    size_t len = fa_fmt(at, FA__HTTP_PAGE_MAX,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%u %s</title>\n"
        "<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:30em;margin:20vh auto;"
        "padding:0 1em}</style>\n<h1>%u</h1>\n<p>%s</p>\n",
        status, reason, status, reason);
    FA_ASSERT(len < FA__HTTP_PAGE_MAX);
    return len;
}
