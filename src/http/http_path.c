// SPDX-License-Identifier: ISC
//
// src/http/http_path.c: paths that cannot leave their root.

#include "src/http/http_priv.h"

/* Next byte of a path with its escape resolved. Returns: how many bytes of `raw` it took; 0 if it
 * may not be there. An escaped '/' would change the path's shape for some readers only. */
static size_t decode_byte(struct fa_slice raw, uint8_t *ret_byte)
{
    uint8_t byte = raw.at[0];
    size_t len = 1;
    if (byte == '%') {
        if (raw.len < 3) {
            return 0;
        }
        unsigned high = fa__http_hex(raw.at[1]);
        unsigned low = fa__http_hex(raw.at[2]);
        byte = (uint8_t)(high << 4 | low);
        if (high > 15 || low > 15 || byte == '/') {
            return 0;
        }
        len = 3;
    }
    if (byte < 0x20 || byte == 0x7f || byte == '\\') {
        return 0;
    }
    *ret_byte = byte;
    return len;
}

/* End the segment that begins at `start`, right behind a '/'. Returns: the new length, and the
 * length up to a '/' for segments that stand for nothing; 0 if that leads above the root. */
static size_t end_segment(const uint8_t *at, size_t start, size_t len)
{
    size_t segment = len - start;
    if (segment == 0 || (segment == 1 && at[start] == '.')) {
        return start;
    }
    if (segment == 2 && at[start] == '.' && at[start + 1] == '.') {
        if (start == 1) {
            return 0;
        }
        size_t parent = start - 1;
        while (at[parent - 1] != '/') {
            parent--;
        }
        return parent;
    }
    return len;
}

bool fa_http_path_normalise(struct fa_slice raw, uint8_t *at, size_t *ret_len)
{
    if (raw.len == 0 || raw.at[0] != '/') {
        return false;
    }
    size_t len = 1;
    size_t start = 1;
    size_t i = 1;
    at[0] = '/';
    while (i < raw.len) {
        uint8_t byte = 0;
        bool slash = raw.at[i] == '/';
        size_t taken = decode_byte(fa_slice_from(raw, i), &byte);
        if (taken == 0) {
            return false;
        }
        i += taken;
        if (!slash) {
            at[len++] = byte;
            continue;
        }
        len = end_segment(at, start, len);
        if (len == 0) {
            return false;
        }
        if (at[len - 1] != '/') {
            at[len++] = '/';
        }
        start = len;
    }
    len = end_segment(at, start, len);
    if (len == 0) {
        return false;
    }
    FA_ASSERT(len <= raw.len);
    *ret_len = len;
    return true;
}

size_t fa_http_path_encode(struct fa_slice path, char *at, size_t cap)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;
    for (size_t i = 0; i < path.len; i++) {
        uint8_t byte = path.at[i];
        bool plain = fa__http_is(byte, FA__HTTP_PLAIN);
        if (cap - len < (plain ? 1u : 3u)) {
            return 0;
        }
        if (plain) {
            at[len++] = (char)byte;
        } else {
            at[len++] = '%';
            at[len++] = digits[byte >> 4];
            at[len++] = digits[byte & 15];
        }
    }
    return len;
}
