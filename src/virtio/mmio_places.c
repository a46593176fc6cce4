// SPDX-License-Identifier: ISC
//
// mmio_places.c: what monitors append to the command line, in the form of Linux's
// Documentation/admin-guide/kernel-parameters.txt (virtio_mmio.device).

#include "src/virtio/mmio.h"

static const char prefix[] = "virtio_mmio.device=";

static bool begins_with_prefix(const char *at)
{
    size_t len = 0;
    while (prefix[len] != '\0' && at[len] == prefix[len]) {
        len++;
    }
    return prefix[len] == '\0';
}

/* Decimal, or hexadecimal behind 0x. Returns: what follows; NULL: no number of 64 bits. */
static const char *parse_number(const char *at, uint64_t *ret_number)
{
    const bool hex = at[0] == '0' && at[1] == 'x';
    const char *begin = hex ? at + 2 : at;
    uint64_t number = 0;
    for (at = begin;; at++) {
        const char low = (char)(*at | 0x20);
        unsigned digit;
        if (*at >= '0' && *at <= '9') {
            digit = (unsigned)(*at - '0');
        } else if (hex && low >= 'a' && low <= 'f') {
            digit = (unsigned)(low - 'a') + 10;
        } else {
            break;
        }
        if (__builtin_mul_overflow(number, hex ? 16 : 10, &number) ||
            __builtin_add_overflow(number, digit, &number)) {
            return NULL;
        }
    }
    *ret_number = number;
    return at == begin ? NULL : at;
}

/* Returns: the end of a word that is good; NULL: it is not. */
static const char *parse_place(const char *at, struct fa__virtio_place *ret_place)
{
    uint64_t len, line, id;
    at = parse_number(at, &len);
    if (at != NULL && (*at == 'K' || *at == 'k')) {
        len = len < UINT32_MAX ? len * 1024 : len;
        at++;
    }
    if (at == NULL || *at != '@' || len < FA__VIRTIO_MMIO_BYTES || len > UINT32_MAX) {
        return NULL;
    }
    at = parse_number(at + 1, &ret_place->at);
    if (at == NULL || *at != ':') {
        return NULL;
    }
    at = parse_number(at + 1, &line);
    if (at != NULL && *at == ':') {
        at = parse_number(at + 1, &id);
    }
    if (at == NULL || line > UINT32_MAX || (*at != ' ' && *at != '\0')) {
        return NULL;
    }
    ret_place->len = (uint32_t)len;
    ret_place->line = (uint32_t)line;
    return at;
}

size_t fa__virtio_mmio_places(char *line, struct fa__virtio_place ret_places[])
{
    size_t count = 0;
    char *to = line;
    const char *at = line;
    while (*at != '\0') {
        const bool begins = at == line || at[-1] == ' ';
        if (begins && count < FA__VIRTIO_PLACE_COUNT && begins_with_prefix(at)) {
            const char *end = parse_place(at + sizeof prefix - 1, &ret_places[count]);
            if (end != NULL) {
                count++;
                at = end;
                continue;
            }
        }
        *to++ = *at++;
    }
    *to = '\0';
    return count;
}
