// SPDX-License-Identifier: ISC
//
// Names of DNS.

#include "fa/fmt.h"
#include "fa/wire/dns.h"

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* ---- text ---- */

/* One byte of a label: plain, \X or \DDD. Returns: its characters, 0 if it is none. */
static size_t parse_byte(struct fa_slice text, uint8_t *ret_byte)
{
    *ret_byte = text.at[0];
    if (text.at[0] != '\\') {
        return 1;
    }
    uint64_t value;
    if (text.len >= 4 &&
        fa_parse_u64((struct fa_slice){text.at + 1, 3}, UINT8_MAX, &value) == FA_OK) {
        *ret_byte = (uint8_t)value;
        return 4;
    }
    if (text.len < 2 || (text.at[1] >= '0' && text.at[1] <= '9')) {
        return 0;
    }
    *ret_byte = text.at[1];
    return 2;
}

fa_err fa_dns_name_parse(struct fa_slice text, struct fa_dns_name *ret_name)
{
    struct fa_dns_name name = {0};
    size_t label = 0; // where its length stands
    size_t len = 1;
    if (fa_slice_equal(text, FA_LIT("."))) {
        *ret_name = (struct fa_dns_name){.len = 1};
        return FA_OK;
    }
    for (size_t off = 0; off < text.len;) {
        if (len == FA_DNS_NAME_LEN_MAX) {
            return FA_EINVAL; // no room for the root
        }
        if (text.at[off] == '.') {
            if (len == label + 1) {
                return FA_EINVAL;
            }
            off++;
            label = len++;
            continue;
        }
        uint8_t byte;
        size_t used = parse_byte(fa_slice_from(text, off), &byte);
        if (used == 0 || name.b[label] == FA_DNS_LABEL_LEN_MAX) {
            return FA_EINVAL;
        }
        name.b[label]++;
        name.b[len++] = byte;
        off += used;
    }
    if (text.len == 0) {
        return FA_EINVAL;
    }
    if (len != label + 1) {
        if (len == FA_DNS_NAME_LEN_MAX) {
            return FA_EINVAL;
        }
        len++; // no dot at the end: the root is there all the same
    }
    name.len = (uint8_t)len;
    *ret_name = name;
    return FA_OK;
}

static void add_byte(struct fa_text *text, uint8_t byte)
{
    if (byte <= ' ' || byte >= 0x7f) {
        fa_text_add(text, "\\%03u", byte);
    } else if (byte == '.' || byte == '\\' || byte == '"' || byte == ';' || byte == '@') {
        fa_text_add(text, "\\%c", byte);
    } else {
        fa_text_add(text, "%c", byte);
    }
}

size_t fa_dns_name_text(const struct fa_dns_name *name, char *at, size_t cap)
{
    char whole[FA_DNS_NAME_TEXT_MAX];
    struct fa_text text;
    fa_text_init(&text, whole, sizeof whole);
    if (name->len <= 1) {
        fa_text_add(&text, ".");
    }
    for (size_t off = 0; off < name->len && name->b[off] != 0; off += 1u + name->b[off]) {
        if (off != 0) {
            fa_text_add(&text, ".");
        }
        for (size_t i = 1; i <= name->b[off]; i++) {
            add_byte(&text, name->b[off + i]);
        }
    }
    FA_ASSERT(!text.cut);
    return fa_fmt(at, cap, "%s", whole);
}

/* ---- the same, under, together ---- */

static bool equal_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool fa_dns_name_equal(const struct fa_dns_name *a, const struct fa_dns_name *b)
{
    // Lengths are below 64, where no letter is, so the bytes can be compared as they stand.
    return a->len == b->len && equal_bytes(a->b, b->b, a->len);
}

bool fa_dns_name_is_under(const struct fa_dns_name *name, const struct fa_dns_name *suffix)
{
    if (suffix->len == 0 || suffix->len > name->len) {
        return false;
    }
    size_t start = (size_t)name->len - suffix->len;
    size_t off = 0;
    while (off < start) {
        off += 1u + name->b[off];
    }
    return off == start && equal_bytes(name->b + start, suffix->b, suffix->len);
}

void fa_dns_name_lower(struct fa_dns_name *name)
{
    for (size_t i = 0; i < name->len; i++) {
        name->b[i] = lower(name->b[i]);
    }
}

size_t fa_dns_name_label_count(const struct fa_dns_name *name)
{
    size_t count = 0;
    for (size_t off = 0; off < name->len && name->b[off] != 0; off += 1u + name->b[off]) {
        count++;
    }
    return count;
}

fa_err fa_dns_name_join(
    const struct fa_dns_name *name, const struct fa_dns_name *suffix, struct fa_dns_name *ret_name)
{
    FA_ASSERT(name->len > 0 && suffix->len > 0);
    size_t len = name->len - 1u + suffix->len;
    if (len > FA_DNS_NAME_LEN_MAX) {
        return FA_EINVAL;
    }
    struct fa_dns_name joined = {.len = (uint8_t)len};
    fa_copy(joined.b, name->b, name->len - 1u);
    fa_copy(joined.b + name->len - 1u, suffix->b, suffix->len);
    *ret_name = joined;
    return FA_OK;
}

void fa_dns_name_of_ip(const struct fa_ip *ip, struct fa_dns_name *ret_name)
{
    char text[80];
    struct fa_text out;
    fa_text_init(&out, text, sizeof text);
    if (fa_ip_is4(ip)) {
        const uint8_t *b = fa_ip_bytes4(ip);
        fa_text_add(&out, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
    } else {
        for (size_t i = sizeof ip->b; i-- > 0;) {
            fa_text_add(&out, "%x.%x.", ip->b[i] & 15u, ip->b[i] >> 4);
        }
        fa_text_add(&out, "ip6.arpa");
    }
    fa_err err = fa_dns_name_parse(fa_text_slice(&out), ret_name);
    FA_ASSERT(err == FA_OK && !out.cut);
}

/* ---- the wire ---- */

enum fa_dns_verdict fa_dns_name_decode(
    struct fa_slice message, size_t *off, struct fa_dns_name *ret_name)
{
    struct fa_dns_name name = {0};
    size_t at = *off;
    size_t limit = at; // pointers must lead in front of all that was read: no circles
    size_t end = 0;    // behind the first pointer; 0: there was none
    uint32_t jump_count = 0;
    for (;;) {
        if (at >= message.len) {
            return FA_DNS_SHORT;
        }
        uint8_t byte = message.at[at];
        if (byte >> 6 == 3) {
            if (message.len - at < 2) {
                return FA_DNS_SHORT;
            }
            size_t target = fa_be16_load(message.at + at) & 0x3fffu;
            end = end == 0 ? at + 2 : end;
            if (target >= limit || ++jump_count > FA_DNS_JUMP_COUNT_MAX) {
                return FA_DNS_NAME;
            }
            limit = at = target;
            continue;
        }
        if (byte > FA_DNS_LABEL_LEN_MAX || name.len + 1u + byte > FA_DNS_NAME_LEN_MAX) {
            return FA_DNS_NAME;
        }
        if (message.len - at < 1u + byte) {
            return FA_DNS_SHORT;
        }
        fa_copy(name.b + name.len, message.at + at, 1u + byte);
        name.len = (uint8_t)(name.len + 1 + byte);
        at += 1u + byte;
        if (byte == 0) {
            break;
        }
    }
    *off = end != 0 ? end : at;
    *ret_name = name;
    return FA_DNS_GOOD;
}
