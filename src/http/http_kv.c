// SPDX-License-Identifier: ISC
//
// src/http/http_kv.c: a key-value store as a web site.

#include "fa/http_kv.h"

#include "fa/fmt.h"
#include "fa/wall.h"
#include "src/http/http_priv.h"

enum {
    ETAG_LEN = 18, /* bytes: 16 digits in quotes */
};

/* What is sent of which value. */
struct content {
    struct fa_kv *kv;
    struct fa_slice key;
    struct fa_kv_entry entry;
    uint64_t off;
    uint64_t len;
};

static fa_err send_lent(struct fa_http_exchange *x, const struct content *content)
{
    struct fa_slice value;
    FA_TRY(fa_kv_borrow(content->kv, content->key, &value));
    FA_ASSERT(value.len == content->entry.len);
    value = fa_slice_from(value, (size_t)content->off);
    value.len = (size_t)content->len;
    return fa_http_send_lasting(x, value);
}

/* Whether the value is still the one whose head was sent. */
static fa_err check_version(const struct content *content)
{
    struct fa_kv_entry entry;
    FA_TRY(fa_kv_find(content->kv, content->key, &entry));
    return entry.version == content->entry.version ? FA_OK : FA_ECORRUPT;
}

/* The value may change while we wait for the client. Then the answer is broken off before its last
 * byte, so that nobody takes a mixture for complete. */
static fa_err send_copied(struct fa_http_exchange *x, const struct content *content)
{
    uint64_t off = content->off;
    uint64_t end = content->off + content->len;
    fa_err err = fa_http_begin(x, content->len);
    if (err != FA_OK) {
        return err == FA_ECLOSED ? FA_OK : err;
    }
    while (off < end) {
        uint8_t *at;
        size_t cap;
        size_t len = 0;
        FA_TRY(fa_http_reserve(x, &at, &cap));
        err = fa_kv_read(content->kv, content->key, off, at, cap, &len);
        if (err == FA_OK && off + len == end) {
            err = check_version(content);
        }
        bool good = err == FA_OK && len != 0;
        fa_http_commit(x, good ? len : 0);
        if (!good) {
            return FA_ERESET;
        }
        off += len;
    }
    return FA_OK;
}

/* Decide what of the value is sent, and add the fields that say so. Returns: the status. */
static uint16_t choose_part(struct fa_http_exchange *x, const char *etag, struct content *content)
{
    const struct fa_kv_entry *entry = &content->entry;
    struct fa_http_validators validators = {
        .etag = {(const uint8_t *)etag, ETAG_LEN},
        .modified_s = entry->modified_s,
        .now_s = fa_wall_ns() / FA_NS_S,
    };
    uint16_t status = fa_http_conditions(&x->request, &validators);
    if (status == 0) {
        status = fa_http_range(&x->request, &validators, entry->len, &content->off, &content->len);
    }
    fa_http_respond(x, status);
    if (status == 206) {
        fa_http_header(x, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)content->off,
            (unsigned long long)(content->off + content->len - 1), (unsigned long long)entry->len);
    } else if (status == 416) {
        fa_http_header(x, "Content-Range", "bytes */%llu", (unsigned long long)entry->len);
    }
    return status;
}

static void add_validators(struct fa_http_exchange *x, const struct fa_http_kv *site,
    const char *etag, const struct fa_kv_entry *entry)
{
    fa_http_header(x, "ETag", "%.*s", ETAG_LEN, etag);
    if (entry->modified_s != 0) {
        char date[FA_HTTP_DATE_LEN];
        fa_http_date_write(entry->modified_s, date);
        fa_http_header(x, "Last-Modified", "%.*s", FA_HTTP_DATE_LEN, date);
    }
    if (site->max_age_s == 0) {
        fa_http_header(x, "Cache-Control", "no-cache");
    } else {
        fa_http_header(x, "Cache-Control", "max-age=%u", site->max_age_s);
    }
}

fa_err fa_http_kv_send(
    struct fa_http_exchange *x, const struct fa_http_kv *site, struct fa_slice key)
{
    struct content content = {.kv = site->kv, .key = key};
    FA_TRY(fa_kv_find(site->kv, key, &content.entry));
    if (content.entry.kind != FA_KV_VALUE) {
        return FA_ENOENT;
    }
    content.len = content.entry.len;
    if (x->phase == FA__HTTP_PHASE_NEW || x->status == 200) {
        char etag[ETAG_LEN + 1];
        (void)fa_fmt(etag, sizeof etag, "\"%016llx\"", (unsigned long long)content.entry.version);
        uint16_t status = choose_part(x, etag, &content);
        if (status == 412 || status == 416) {
            return FA_OK; /* the error's page follows */
        }
        add_validators(x, site, etag, &content.entry);
        if (status == 304) {
            return fa_http_send(x, FA_LIT(""));
        }
        fa_http_header(x, "Accept-Ranges", "bytes");
    }
    fa_http_header(x, "Content-Type", "%s", fa_http_media_type(key));
    fa_http_header(x, "X-Content-Type-Options", "nosniff");
    if (site->kv->read_only) {
        fa_err err = send_lent(x, &content);
        if (err != FA_AGAIN) {
            return err;
        }
    }
    return send_copied(x, &content);
}

/* The same path with a slash behind it (RFC 9110 10.2.2 allows a Location without a host). */
static void redirect_to_slash(struct fa_http_exchange *x)
{
    char path[FA_HTTP_RESPONSE_HEAD_MAX / 2];
    struct fa_slice query = x->request.query;
    size_t len = fa_http_path_encode(x->request.path, path, sizeof path);
    if (len == 0 || query.len > sizeof path - len) {
        fa_http_respond(x, 414);
        return;
    }
    fa_http_respond(x, 301);
    fa_http_header(x, "Location", "%.*s/%s%.*s", (int)len, path, query.at == NULL ? "" : "?",
        (int)query.len, query.at == NULL ? "" : (const char *)query.at);
}

static void answer_not_found(struct fa_http_exchange *x, const struct fa_http_kv *site)
{
    fa_http_respond(x, 404);
    fa_err err = fa_http_kv_send(
        x, site, fa_slice_of(site->not_found == NULL ? "404.html" : site->not_found));
    (void)err; /* without such a page the answer gets a small one of ours */
}

void fa_http_kv_handler(struct fa_http_exchange *x, void *ctx)
{
    const struct fa_http_kv *site = ctx;
    char memory[FA_KV_KEY_MAX + 1];
    struct fa_text key;
    fa_text_init(&key, memory, sizeof memory);
    fa_text_add_slice(&key, x->tail);
    if (x->tail.len == 0 || x->tail.at[x->tail.len - 1] == '/') {
        fa_text_add_slice(&key, fa_slice_of(site->index == NULL ? "index.html" : site->index));
    }
    struct fa_kv_entry entry;
    fa_err err = key.cut ? FA_EINVAL : fa_kv_find(site->kv, fa_text_slice(&key), &entry);
    if (err == FA_ENOENT || err == FA_EINVAL) {
        answer_not_found(x, site);
    } else if (err != FA_OK) {
        fa_http_respond(x, 500);
    } else if (entry.kind == FA_KV_DIRECTORY) {
        redirect_to_slash(x);
    } else {
        err = fa_http_kv_send(x, site, fa_text_slice(&key));
        (void)err; /* the exchange knows what became of it */
    }
}
