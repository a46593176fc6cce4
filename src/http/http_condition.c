// SPDX-License-Identifier: ISC
//
// src/http/http_condition.c: whether a value is sent at all, and which part of it.

#include "src/http/http_priv.h"

enum {
    DATE_STRONG_S = 60, /* a date this much older than now is a strong validator (8.8.2.2) */
};

enum tag_match {
    TAG_NO_FIELD,
    TAG_NO,
    TAG_YES,
};

/* Compare every entity tag of all fields called `name` with ours, which is strong. */
static enum tag_match match_tags(
    const struct fa_http_request *request, const char *name, struct fa_slice etag, bool weak_too)
{
    enum tag_match match = TAG_NO_FIELD;
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (!fa_http_name_equal(request->headers[i].name, fa_slice_of(name))) {
            continue;
        }
        match = match == TAG_NO_FIELD ? TAG_NO : match;
        struct fa_slice rest = request->headers[i].value;
        struct fa_slice tag;
        if (fa_slice_equal(rest, FA_LIT("*"))) {
            return TAG_YES;
        }
        while (fa_http_list_next(&rest, &tag)) {
            if (weak_too && tag.len > 2 && tag.at[0] == 'W' && tag.at[1] == '/') {
                tag = fa_slice_from(tag, 2);
            }
            if (etag.len != 0 && fa_slice_equal(tag, etag)) {
                return TAG_YES;
            }
        }
    }
    return match;
}

/* The date in the field called `name`, if there is a good one. */
static bool read_date(
    const struct fa_http_request *request, const char *name, uint64_t now_s, uint64_t *ret_s)
{
    struct fa_slice text = fa_http_header_find(request, name);
    return text.at != NULL && fa_http_date_parse(text, now_s, ret_s) == FA_OK;
}

uint16_t fa_http_conditions(
    const struct fa_http_request *request, const struct fa_http_validators *validators)
{
    uint64_t date_s;
    uint64_t modified_s = validators->modified_s;
    bool reads = request->method == FA_HTTP_GET || request->method == FA_HTTP_HEAD;

    enum tag_match match = match_tags(request, "If-Match", validators->etag, false);
    if (match == TAG_NO) {
        return 412;
    }
    if (match == TAG_NO_FIELD && modified_s != 0 &&
        read_date(request, "If-Unmodified-Since", validators->now_s, &date_s) &&
        modified_s > date_s) {
        return 412;
    }
    match = match_tags(request, "If-None-Match", validators->etag, true);
    if (match == TAG_YES) {
        return reads ? 304 : 412;
    }
    if (match == TAG_NO_FIELD && reads && modified_s != 0 &&
        read_date(request, "If-Modified-Since", validators->now_s, &date_s) &&
        modified_s <= date_s) {
        return 304;
    }
    return 0;
}

/* Whether the client's part is of the value that we have. */
static bool match_if_range(
    const struct fa_http_request *request, const struct fa_http_validators *validators)
{
    struct fa_slice text = fa_http_header_find(request, "If-Range");
    if (text.at == NULL) {
        return true;
    }
    if (text.len != 0 && text.at[0] == '"') {
        return fa_slice_equal(text, validators->etag);
    }
    uint64_t date_s;
    return validators->modified_s != 0 &&
           fa_http_date_parse(text, validators->now_s, &date_s) == FA_OK &&
           date_s == validators->modified_s && date_s + DATE_STRONG_S <= validators->now_s;
}

/* Digits off the front of *rest; a number too large counts as the largest. Returns: whether there
 * were any. */
static bool read_digits(struct fa_slice *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < rest->len && rest->at[i] >= '0' && rest->at[i] <= '9'; i++) {
        uint64_t digit = rest->at[i] - (uint64_t)'0';
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    *rest = fa_slice_from(*rest, i);
    *ret_value = value;
    return i != 0;
}

uint16_t fa_http_range(const struct fa_http_request *request,
    const struct fa_http_validators *validators, uint64_t len, uint64_t *ret_off, uint64_t *ret_len)
{
    struct fa_slice rest = fa_http_header_find(request, "Range");
    if (request->method != FA_HTTP_GET || rest.len < 6 ||
        !fa_http_name_equal((struct fa_slice){rest.at, 6}, FA_LIT("bytes=")) ||
        !match_if_range(request, validators)) {
        return 200;
    }
    rest = fa__http_trim(fa_slice_from(rest, 6));
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    bool has_first = read_digits(&rest, &first);
    if (rest.len == 0 || rest.at[0] != '-') {
        return 200;
    }
    rest = fa_slice_from(rest, 1);
    bool has_last = read_digits(&rest, &last);
    if (rest.len != 0 || (!has_first && !has_last)) {
        return 200;
    }
    if (!has_first) {
        /* The last so many bytes; of an empty value that is all of it, which no 206 can say. */
        if (len == 0) {
            return last == 0 ? 416 : 200;
        }
        first = last < len ? len - last : 0;
        last = last == 0 ? 0 : len - 1;
    } else {
        last = has_last ? last : UINT64_MAX;
        if (last < first) {
            return 200;
        }
    }
    if (first >= len) {
        return 416;
    }
    *ret_off = first;
    *ret_len = (last < len ? last : len - 1) - first + 1;
    return 206;
}
