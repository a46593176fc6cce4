// SPDX-License-Identifier: ISC
//
// src/http/http_chunked.c: the chunked coding, byte by byte (RFC 9112 7.1).
//
// Stricter than the grammar in one place: no white space between a chunk's size and what follows,
// because readers differ about it.

#include "src/http/http_priv.h"

/* SIZE is 0, so that a zeroed decoder is at its first byte. */
enum {
    CHUNK_SIZE,
    CHUNK_EXT,
    CHUNK_SIZE_CR, /* the CR behind size and extensions was seen */
    CHUNK_DATA,
    CHUNK_DATA_CR, /* the data is over, CR LF must follow */
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* at the start of a trailer line, or of the last, empty one */
    CHUNK_TRAILER_LINE,
    CHUNK_TRAILER_CR,
    CHUNK_LAST_LF,
    CHUNK_OVER,
    CHUNK_BROKEN,
};

enum {
    CHUNK_DIGITS_MAX = 15, /* a size below 2^60; leading zeros count */
};

static uint8_t step_size(struct fa_http_chunked *chunked, uint8_t byte)
{
    unsigned digit = fa__http_hex(byte);
    if (digit < 16) {
        if (chunked->digits == CHUNK_DIGITS_MAX) {
            return CHUNK_BROKEN;
        }
        chunked->digits++;
        chunked->left = chunked->left << 4 | digit;
        return CHUNK_SIZE;
    }
    if (chunked->digits == 0) {
        return CHUNK_BROKEN;
    }
    return byte == '\r' ? CHUNK_SIZE_CR : byte == ';' ? CHUNK_EXT : CHUNK_BROKEN;
}

static uint8_t step_ext(struct fa_http_chunked *chunked, uint8_t byte)
{
    if (byte == '\r') {
        return CHUNK_SIZE_CR;
    }
    chunked->ext_bytes++;
    return fa__http_is(byte, FA__HTTP_FIELD) && chunked->ext_bytes <= FA_HTTP_CHUNK_EXT_MAX
               ? CHUNK_EXT
               : CHUNK_BROKEN;
}

/* Keep a byte of a trailer line. The first that does not fit ends the keeping. */
static void keep_trailer(struct fa_http_chunked *chunked, uint8_t byte)
{
    if (chunked->trailer_at == NULL) {
        return;
    }
    if (chunked->trailer_len == chunked->trailer_cap) {
        while (chunked->trailer_len != 0 && chunked->trailer_at[chunked->trailer_len - 1] != '\n') {
            chunked->trailer_len--;
        }
        chunked->trailer_at = NULL;
        return;
    }
    chunked->trailer_at[chunked->trailer_len++] = byte;
}

/* Trailer fields are checked for their shape, kept if anyone wants them, and never merged with the
 * head's fields (RFC 9110 6.5.1). */
static uint8_t step_trailer(struct fa_http_chunked *chunked, uint8_t byte)
{
    bool at_start = chunked->state == CHUNK_TRAILER;
    if (!at_start || byte != '\r') {
        keep_trailer(chunked, byte);
    }
    if (byte == '\r') {
        return at_start ? CHUNK_LAST_LF : CHUNK_TRAILER_CR;
    }
    chunked->trailer_bytes++;
    return fa__http_is(byte, at_start ? FA__HTTP_TOKEN : FA__HTTP_FIELD) &&
                   chunked->trailer_bytes <= FA_HTTP_TRAILER_MAX
               ? CHUNK_TRAILER_LINE
               : CHUNK_BROKEN;
}

static uint8_t step_byte(struct fa_http_chunked *chunked, uint8_t byte)
{
    switch (chunked->state) {
    case CHUNK_SIZE:
        return step_size(chunked, byte);
    case CHUNK_EXT:
        return step_ext(chunked, byte);
    case CHUNK_SIZE_CR:
        return byte != '\n' ? CHUNK_BROKEN : chunked->left != 0 ? CHUNK_DATA : CHUNK_TRAILER;
    case CHUNK_DATA_CR:
        return byte == '\r' ? CHUNK_DATA_LF : CHUNK_BROKEN;
    case CHUNK_DATA_LF:
        chunked->digits = 0;
        return byte == '\n' ? CHUNK_SIZE : CHUNK_BROKEN;
    case CHUNK_TRAILER:
    case CHUNK_TRAILER_LINE:
        return step_trailer(chunked, byte);
    case CHUNK_TRAILER_CR:
        keep_trailer(chunked, byte);
        return byte == '\n' ? CHUNK_TRAILER : CHUNK_BROKEN;
    default:
        FA_ASSERT(chunked->state == CHUNK_LAST_LF);
        return byte == '\n' ? CHUNK_OVER : CHUNK_BROKEN;
    }
}

enum fa_http_chunk fa_http_chunked_next(
    struct fa_http_chunked *chunked, struct fa_slice bytes, size_t *ret_skip, size_t *ret_len)
{
    size_t i = 0;
    while (chunked->state != CHUNK_DATA && chunked->state < CHUNK_OVER && i < bytes.len) {
        chunked->state = step_byte(chunked, bytes.at[i]);
        i++;
    }
    *ret_skip = i;
    *ret_len = 0;
    switch (chunked->state) {
    case CHUNK_DATA:
        *ret_len = bytes.len - i < chunked->left ? bytes.len - i : (size_t)chunked->left;
        return FA_HTTP_CHUNK_DATA;
    case CHUNK_OVER:
        return FA_HTTP_CHUNK_END;
    case CHUNK_BROKEN:
        return FA_HTTP_CHUNK_BAD;
    default:
        return FA_HTTP_CHUNK_MORE;
    }
}

void fa_http_chunked_done(struct fa_http_chunked *chunked, size_t len)
{
    FA_ASSERT(len == 0 || chunked->state == CHUNK_DATA);
    FA_ASSERT(len <= chunked->left);
    chunked->left -= len;
    if (chunked->state == CHUNK_DATA && chunked->left == 0) {
        chunked->state = CHUNK_DATA_CR;
    }
}
