// SPDX-License-Identifier: ISC
//
// Any sequence of calls against a model that knows where each piece is and what is in it: pieces
// never overlap, keep their bytes, and a request is refused only if no free room is that long.
//
// Covers: plat/guest/alloc.c

#include "plat/guest/alloc.h"

enum {
    AREA_MAX = 64 * 1024,
    PIECE_COUNT = 32,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_alloc alloc;
static _Alignas(64) uint8_t area[AREA_MAX];

static struct piece {
    uint8_t *at;
    size_t len;
    uint8_t fill;
} model[PIECE_COUNT];

static void write_piece(struct piece *piece, uint8_t *at, size_t len, uint8_t fill)
{
    *piece = (struct piece){at, len, fill};
    fa_zero(at, len);
    for (size_t i = 0; i < len; i++) {
        at[i] = fill;
    }
}

static void check_bytes(const struct piece *piece, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        FA_ASSERT(piece->at[i] == piece->fill);
    }
}

static void check_alone(const struct piece *piece)
{
    FA_ASSERT(piece->at >= area && piece->at + piece->len <= area + AREA_MAX);
    for (size_t i = 0; i < PIECE_COUNT; i++) {
        const struct piece *other = &model[i];
        FA_ASSERT(other == piece || other->at == NULL || other->at + other->len <= piece->at ||
                  piece->at + piece->len <= other->at);
    }
}

/* A refusal is right if a quarter more would not have been free in one piece: lists are a sixteenth
 * wide, and alignment wants room. The longest gap is found by walking over the model. */
static void check_refusal(size_t len, size_t align)
{
    size_t longest = 0;
    const uint8_t *from = alloc.begin;
    while (from < alloc.end) {
        const uint8_t *to = alloc.end;
        const uint8_t *next = alloc.end;
        for (size_t i = 0; i < PIECE_COUNT; i++) {
            const uint8_t *at = model[i].at;
            if (at != NULL && at >= from && at < to) {
                to = at;
                next = at + fa__alloc_usable(&alloc, at);
            }
        }
        longest = fa_max(longest, (size_t)(to - from));
        from = next;
    }
    FA_ASSERT(longest < len + len / 8 + 2 * align + 8 * FA_ALLOC_HEADER_BYTES);
}

static void run_op(const uint8_t *op)
{
    struct piece *piece = &model[op[0] % PIECE_COUNT];
    const size_t len = (size_t)(op[1] | op[2] << 8) >> (op[3] & 15);
    const size_t align = (size_t)1 << (op[3] >> 4);
    if (piece->at == NULL) {
        uint8_t *at = fa__alloc_take(&alloc, len, align);
        if (at == NULL) {
            check_refusal(len, align);
            return;
        }
        FA_ASSERT((uintptr_t)at % fa_max(align, FA_ALLOC_ALIGN) == 0);
        write_piece(piece, at, len, op[1]);
    } else if ((op[0] & 0x80) != 0) {
        const struct piece before = *piece;
        uint8_t *at = fa__alloc_resize(&alloc, piece->at, len);
        if (at == NULL) {
            check_bytes(piece, piece->len);
            check_refusal(len, 1);
            return;
        }
        piece->at = at;
        check_bytes(piece, fa_min(before.len, len));
        write_piece(piece, at, len, op[1]);
    } else {
        check_bytes(piece, piece->len);
        fa__alloc_give(&alloc, piece->at);
        *piece = (struct piece){0};
        return;
    }
    FA_ASSERT(fa__alloc_usable(&alloc, piece->at) >= piece->len);
    check_alone(piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2) {
        return 0;
    }
    fa_zero(model, sizeof model);
    const size_t skip = data[0] % 16;
    fa__alloc_init(&alloc, area + skip,
        FA_ALLOC_AREA_BYTES_MIN + data[1] * (AREA_MAX - 16 - FA_ALLOC_AREA_BYTES_MIN) / 255);
    for (size_t off = 2; off + 4 <= len; off += 4) {
        run_op(data + off);
        fa__alloc_check(&alloc);
    }
    for (size_t i = 0; i < PIECE_COUNT; i++) {
        if (model[i].at != NULL) {
            check_bytes(&model[i], model[i].len);
            fa__alloc_give(&alloc, model[i].at);
        }
    }
    fa__alloc_check(&alloc);
    FA_ASSERT(alloc.used_bytes == 0 && __builtin_popcountl(alloc.rows) == 1);
    return 0;
}
