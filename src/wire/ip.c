// SPDX-License-Identifier: ISC
//
// Internet addresses as text.

#include "fa/ip.h"

#include "fa/fmt.h"

enum {
    GROUP_COUNT = 8, /* 16-bit groups of an address */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "a.b.c.d", decimal, no leading zeros: some read those as octal. */
static bool parse_ip4(struct fa_slice text, uint8_t ret_b[4])
{
    size_t off = 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (off >= text.len || text.at[off++] != '.')) {
            return false;
        }
        size_t start = off;
        unsigned value = 0;
        while (off < text.len && is_digit(text.at[off]) && off - start < 3) {
            value = value * 10 + (unsigned)(text.at[off++] - '0');
        }
        bool leading_zero = off - start > 1 && text.at[start] == '0';
        if (off == start || leading_zero || value > UINT8_MAX) {
            return false;
        }
        ret_b[i] = (uint8_t)value;
    }
    return off == text.len;
}

/* The hexadecimal group at *off. */
static bool parse_group(struct fa_slice text, size_t *off, uint16_t *ret_group)
{
    size_t start = *off;
    size_t end = start;
    while (end < text.len && end - start < 4 && text.at[end] != ':') {
        end++;
    }
    uint64_t value;
    if (fa_parse_hex((struct fa_slice){text.at + start, end - start}, UINT16_MAX, &value) !=
        FA_OK) {
        return false;
    }
    *ret_group = (uint16_t)value;
    *off = end;
    return true;
}

/* Groups up to the end of `text`; at the address's end four decimal bytes may stand for two. */
static bool parse_groups(
    struct fa_slice text, bool at_end, size_t cap, uint16_t *ret_groups, size_t *ret_count)
{
    size_t count = 0;
    size_t off = 0;
    while (off < text.len) {
        uint8_t b[4];
        if (count == cap) {
            return false;
        }
        if (at_end && count + 2 <= cap && parse_ip4(fa_slice_from(text, off), b)) {
            ret_groups[count++] = fa_be16_load(b);
            ret_groups[count++] = fa_be16_load(b + 2);
            break;
        }
        if (!parse_group(text, &off, &ret_groups[count++])) {
            return false;
        }
        if (off < text.len && (text.at[off++] != ':' || off == text.len)) {
            return false;
        }
    }
    *ret_count = count;
    return true;
}

static bool parse_ip6(struct fa_slice text, struct fa_ip *ret_ip)
{
    uint16_t head[GROUP_COUNT];
    uint16_t tail[GROUP_COUNT];
    size_t head_count = 0;
    size_t tail_count = 0;
    size_t gap = 0;
    while (gap + 1 < text.len && !(text.at[gap] == ':' && text.at[gap + 1] == ':')) {
        gap++;
    }
    bool has_gap = gap + 1 < text.len;
    struct fa_slice front = {text.at, has_gap ? gap : text.len};
    if (!parse_groups(front, !has_gap, GROUP_COUNT, head, &head_count)) {
        return false;
    }
    // A gap stands for one group of zeros at least (RFC 5952 4.2.2 wants two from who writes it).
    size_t room = has_gap ? GROUP_COUNT - fa_min(head_count + 1, GROUP_COUNT) : 0;
    if (has_gap && !parse_groups(fa_slice_from(text, gap + 2), true, room, tail, &tail_count)) {
        return false;
    }
    if (has_gap ? head_count == GROUP_COUNT : head_count != GROUP_COUNT) {
        return false;
    }
    struct fa_ip ip = {0};
    for (size_t i = 0; i < head_count; i++) {
        fa_be16_store(ip.b + 2 * i, head[i]);
    }
    for (size_t i = 0; i < tail_count; i++) {
        fa_be16_store(ip.b + 2 * (GROUP_COUNT - tail_count + i), tail[i]);
    }
    *ret_ip = ip;
    return true;
}

fa_err fa_ip_parse(struct fa_slice text, struct fa_ip *ret_ip)
{
    uint8_t b[4];
    if (parse_ip4(text, b)) {
        *ret_ip = fa_ip_from4(b);
        return FA_OK;
    }
    return parse_ip6(text, ret_ip) ? FA_OK : FA_EINVAL;
}

fa_err fa_ip_parse_prefix(struct fa_slice text, struct fa_ip *ret_ip, uint8_t *ret_prefix_bits)
{
    size_t slash = 0;
    while (slash < text.len && text.at[slash] != '/') {
        slash++;
    }
    struct fa_ip ip;
    uint64_t bits;
    FA_TRY(fa_ip_parse((struct fa_slice){text.at, slash}, &ip));
    FA_TRY(fa_parse_u64(fa_slice_from(text, slash + 1), fa_ip_is4(&ip) ? 32 : 128, &bits));
    *ret_ip = ip;
    *ret_prefix_bits = (uint8_t)bits;
    return FA_OK;
}

/* The longest run of two zero groups or more, the first of equals (RFC 5952 4.2). */
static size_t find_gap(const struct fa_ip *ip, size_t *ret_count)
{
    size_t best = GROUP_COUNT;
    *ret_count = 1;
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        size_t count = 0;
        while (i + count < GROUP_COUNT && fa_be16_load(ip->b + 2 * (i + count)) == 0) {
            count++;
        }
        if (count > *ret_count) {
            best = i;
            *ret_count = count;
        }
    }
    return best;
}

static void add_ip(struct fa_text *text, const struct fa_ip *ip)
{
    if (fa_ip_is4(ip)) {
        const uint8_t *b = fa_ip_bytes4(ip);
        fa_text_add(text, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        return;
    }
    size_t gap_count;
    size_t gap = find_gap(ip, &gap_count);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (i == gap) {
            fa_text_add(text, "::");
            i += gap_count - 1;
            continue;
        }
        bool colon = i > 0 && i != gap + gap_count;
        fa_text_add(text, "%s%x", colon ? ":" : "", (unsigned)fa_be16_load(ip->b + 2 * i));
    }
}

size_t fa_ip_text(const struct fa_ip *ip, char *at, size_t cap)
{
    char full[FA_IP_TEXT_MAX];
    struct fa_text text;
    fa_text_init(&text, full, sizeof full);
    add_ip(&text, ip);
    return fa_fmt(at, cap, "%.*s", (int)text.len, full);
}

size_t fa_endpoint_text(const struct fa_endpoint *endpoint, char *at, size_t cap)
{
    char full[FA_ENDPOINT_TEXT_MAX];
    struct fa_text text;
    fa_text_init(&text, full, sizeof full);
    bool is4 = fa_ip_is4(&endpoint->ip);
    fa_text_add(&text, "%s", is4 ? "" : "[");
    add_ip(&text, &endpoint->ip);
    fa_text_add(&text, "%s:%u", is4 ? "" : "]", endpoint->port);
    return fa_fmt(at, cap, "%.*s", (int)text.len, full);
}
