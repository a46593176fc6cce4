// SPDX-License-Identifier: ISC
//
// fa/http_kv.h: serve the values of a key-value store as a web site.
//
// GET and HEAD with validators, conditions and ranges; index files; a redirect to the slash of a
// directory; the store's own 404.html. Values of a read-only store that can lend them are sent from
// where they lie, without a fiber waiting. Tested by test/unit/http_kv_test.c.
//
//     static const struct fa_http_kv site = {.kv = &files.kv};
//     routes[0] = (struct fa_http_route){.path = "/", .fn = fa_http_kv_handler, .ctx = &site};

#ifndef FA_HTTP_KV_H
#define FA_HTTP_KV_H

#include "fa/base.h"
#include "fa/http_server.h"
#include "fa/kv.h"

struct fa_http_kv {
    struct fa_kv *kv;
    const char *index;     /* file that stands for its directory; NULL: "index.html" */
    const char *not_found; /* key of the page for 404; NULL: "404.html", if there is one */
    uint32_t max_age_s;    /* how long clients may use a page unasked; 0: always ask */
};

/* Answer with the value whose key is the exchange's `tail`. `ctx` is a struct fa_http_kv. Yields.
 */
void fa_http_kv_handler(struct fa_http_exchange *x, void *ctx);

/* Answer with the value of `key`: with validators, conditions and ranges, in an answer begun anew,
 * unless another status than 200 was chosen by fa_http_respond() before. Returns: FA_ENOENT: no
 * such value, and nothing was sent; FA_EINVAL, FA_EIO: the same; else as fa_http_send(). Yields. */
fa_err fa_http_kv_send(
    struct fa_http_exchange *x, const struct fa_http_kv *site, struct fa_slice key);

#endif
