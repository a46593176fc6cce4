// SPDX-License-Identifier: ISC
//
// alloc.c: two-level segregated fit.

#include "plat/guest/alloc.h"

/* Lengths count the header and are multiples of 16. */
struct fa_alloc_piece {
    size_t left_len;              /* of the piece below; 0: this is the first */
    size_t len;                   /* of this one, | USED; 0 | USED: the end */
    struct fa_alloc_piece *next;  /* in the list of free ones; else the first bytes of the user */
    struct fa_alloc_piece **link; /* what points here */
};

enum {
    USED = 1,
    PIECE_MIN = sizeof(struct fa_alloc_piece),
    ROW0_BITS = 8, /* 2^8 and more are rows of their own */
};

_Static_assert(
    offsetof(struct fa_alloc_piece, next) == FA_ALLOC_HEADER_BYTES, "the rest is free's");
_Static_assert(PIECE_MIN % FA_ALLOC_ALIGN == 0, "pieces follow one another");

struct place {
    unsigned row;
    unsigned list;
};

/* The list in which a free piece of `len` hangs. */
static struct place place_of(size_t len)
{
    if (len < (size_t)1 << ROW0_BITS) {
        return (struct place){0, (unsigned)(len / FA_ALLOC_ALIGN)};
    }
    const unsigned log = 63 - (unsigned)__builtin_clzl(len);
    return (struct place){log - ROW0_BITS + 1, (unsigned)(len >> (log - 4)) & 15};
}

/* `len` rounded up to where each piece of its list is long enough. */
static size_t round_to_list(size_t len)
{
    if (len < (size_t)1 << ROW0_BITS) {
        return len;
    }
    const unsigned log = 63 - (unsigned)__builtin_clzl(len);
    const size_t step = (size_t)1 << (log - 4);
    return (len + step - 1) & ~(step - 1);
}

static size_t len_of(const struct fa_alloc_piece *piece)
{
    return piece->len & ~(size_t)USED;
}

static bool is_used(const struct fa_alloc_piece *piece)
{
    return (piece->len & USED) != 0;
}

static struct fa_alloc_piece *at_off(struct fa_alloc_piece *piece, size_t off)
{
    return (struct fa_alloc_piece *)((uint8_t *)piece + off);
}

static struct fa_alloc_piece *right_of(struct fa_alloc_piece *piece)
{
    return at_off(piece, len_of(piece));
}

static struct fa_alloc_piece *left_of(struct fa_alloc_piece *piece)
{
    return (struct fa_alloc_piece *)((uint8_t *)piece - piece->left_len);
}

static void hang_in(struct fa_alloc *alloc, struct fa_alloc_piece *piece)
{
    const struct place place = place_of(piece->len);
    struct fa_alloc_piece **head = &alloc->free[place.row][place.list];
    piece->next = *head;
    piece->link = head;
    if (*head != NULL) {
        (*head)->link = &piece->next;
    }
    *head = piece;
    alloc->rows |= (uint64_t)1 << place.row;
    alloc->lists[place.row] |= (uint16_t)(1u << place.list);
}

static void take_out(struct fa_alloc *alloc, struct fa_alloc_piece *piece)
{
    FA_ASSERT(*piece->link == piece); /* else somebody wrote into what he had given back */
    *piece->link = piece->next;
    if (piece->next != NULL) {
        piece->next->link = piece->link;
    }
    const struct place place = place_of(piece->len);
    if (alloc->free[place.row][place.list] == NULL) {
        alloc->lists[place.row] &= (uint16_t) ~(1u << place.list);
        if (alloc->lists[place.row] == 0) {
            alloc->rows &= ~((uint64_t)1 << place.row);
        }
    }
}

/* Returns: a free piece of `len` at least, still in its list; NULL: there is none. */
static struct fa_alloc_piece *find(const struct fa_alloc *alloc, size_t len)
{
    const struct place place = place_of(round_to_list(len));
    if (place.row >= FA_ALLOC_ROW_COUNT) {
        return NULL;
    }
    unsigned row = place.row;
    unsigned lists = alloc->lists[row] & ~0u << place.list;
    if (lists == 0) {
        const uint64_t rows = alloc->rows & ~UINT64_C(0) << (row + 1);
        if (rows == 0) {
            return NULL;
        }
        row = (unsigned)__builtin_ctzl(rows);
        lists = alloc->lists[row];
    }
    return alloc->free[row][__builtin_ctz(lists)];
}

/* Make the first `len` bytes a piece of their own, if what is left can be one. Neither is in a list
 * afterwards. Returns: the right one; NULL: it stayed whole. */
static struct fa_alloc_piece *split(struct fa_alloc_piece *piece, size_t len)
{
    const size_t rest_len = len_of(piece) - len;
    if (rest_len < PIECE_MIN) {
        return NULL;
    }
    right_of(piece)->left_len = rest_len;
    struct fa_alloc_piece *rest = at_off(piece, len);
    rest->left_len = len;
    rest->len = rest_len;
    piece->len = len | (piece->len & USED);
    return rest;
}

/* Join `right`, which is in no list, to its left neighbour. */
static void join(struct fa_alloc_piece *left, struct fa_alloc_piece *right)
{
    left->len += len_of(right);
    right_of(left)->left_len = len_of(left);
}

/* Hang a piece in as free, joined to what is free beside it. */
static void set_free(struct fa_alloc *alloc, struct fa_alloc_piece *piece)
{
    piece->len = len_of(piece);
    struct fa_alloc_piece *right = right_of(piece);
    if (!is_used(right)) {
        take_out(alloc, right);
        join(piece, right);
    }
    if (piece->left_len != 0 && !is_used(left_of(piece))) {
        struct fa_alloc_piece *left = left_of(piece);
        take_out(alloc, left);
        join(left, piece);
        piece = left;
    }
    hang_in(alloc, piece);
}

/* The piece whose first byte for the user is `at`, if that can be true. */
static struct fa_alloc_piece *piece_of(const struct fa_alloc *alloc, const void *at)
{
    const uintptr_t place = (uintptr_t)at;
    FA_ASSERT(place % FA_ALLOC_ALIGN == 0);
    FA_ASSERT(place >= (uintptr_t)alloc->begin + FA_ALLOC_HEADER_BYTES);
    FA_ASSERT(place < (uintptr_t)alloc->end);
    struct fa_alloc_piece *piece = (struct fa_alloc_piece *)(place - FA_ALLOC_HEADER_BYTES);
    FA_ASSERT(is_used(piece)); /* else it was given back already, or never taken */
    FA_ASSERT(len_of(piece) >= PIECE_MIN);
    FA_ASSERT(len_of(piece) <= (size_t)(alloc->end - (uint8_t *)piece));
    FA_ASSERT(right_of(piece)->left_len == len_of(piece)); /* else somebody wrote beyond its end */
    return piece;
}

void fa__alloc_init(struct fa_alloc *alloc, uint8_t *at, size_t len)
{
    FA_ASSERT(len >= FA_ALLOC_AREA_BYTES_MIN);
    *alloc = (struct fa_alloc){0};
    len = fa_min(len, FA_ALLOC_AREA_BYTES_MAX);
    const size_t skip = -(uintptr_t)at % FA_ALLOC_ALIGN;
    const size_t whole = (len - skip - FA_ALLOC_HEADER_BYTES) / FA_ALLOC_ALIGN * FA_ALLOC_ALIGN;
    alloc->begin = at + skip;
    alloc->end = alloc->begin + whole;
    struct fa_alloc_piece *first = (struct fa_alloc_piece *)(uintptr_t)alloc->begin;
    *first = (struct fa_alloc_piece){.len = whole};
    right_of(first)->left_len = whole;
    right_of(first)->len = USED;
    hang_in(alloc, first);
}

/* Free the bytes of `piece`, which is in no list, before the first one of the user that is a
 * multiple of `align`. Returns: the piece of that one. */
static struct fa_alloc_piece *cut_front(
    struct fa_alloc *alloc, struct fa_alloc_piece *piece, size_t align)
{
    size_t skip = -((uintptr_t)piece + FA_ALLOC_HEADER_BYTES) % align;
    if (skip == 0) {
        return piece;
    }
    if (skip < PIECE_MIN) {
        skip += align;
    }
    struct fa_alloc_piece *rest = split(piece, skip);
    hang_in(alloc, piece); /* its left neighbour is used, or both would have been one */
    return rest;
}

void *fa__alloc_take(struct fa_alloc *alloc, size_t len, size_t align)
{
    FA_ASSERT(align != 0 && (align & (align - 1)) == 0);
    const size_t room = (size_t)(alloc->end - alloc->begin);
    if (len > room || align > room) {
        alloc->refused_count++;
        return NULL;
    }
    const size_t need =
        fa_max((len + FA_ALLOC_HEADER_BYTES + FA_ALLOC_ALIGN - 1) & ~(size_t)(FA_ALLOC_ALIGN - 1),
            PIECE_MIN);
    const size_t slack = align > FA_ALLOC_ALIGN ? align + PIECE_MIN : 0;
    struct fa_alloc_piece *piece = find(alloc, need + slack);
    if (piece == NULL) {
        alloc->refused_count++;
        return NULL;
    }
    FA_ASSERT(!is_used(piece));
    take_out(alloc, piece);
    if (slack != 0) {
        piece = cut_front(alloc, piece, align);
    }
    struct fa_alloc_piece *rest = split(piece, need);
    if (rest != NULL) {
        hang_in(alloc, rest);
    }
    piece->len |= USED;
    alloc->used_bytes += len_of(piece);
    alloc->peak_bytes = fa_max(alloc->peak_bytes, alloc->used_bytes);
    return (uint8_t *)piece + FA_ALLOC_HEADER_BYTES;
}

void fa__alloc_give(struct fa_alloc *alloc, void *at)
{
    struct fa_alloc_piece *piece = piece_of(alloc, at);
    alloc->used_bytes -= len_of(piece);
    set_free(alloc, piece);
}

/* Make a used piece `need` long where it is. Returns: false: its right neighbour is in the way. */
static bool resize_in_place(struct fa_alloc *alloc, struct fa_alloc_piece *piece, size_t need)
{
    const size_t before = len_of(piece);
    struct fa_alloc_piece *right = right_of(piece);
    if (need > before) {
        if (is_used(right) || before + len_of(right) < need) {
            return false;
        }
        take_out(alloc, right);
        join(piece, right);
    }
    struct fa_alloc_piece *rest = split(piece, need);
    if (rest != NULL) {
        set_free(alloc, rest);
    }
    alloc->used_bytes += len_of(piece) - before;
    alloc->peak_bytes = fa_max(alloc->peak_bytes, alloc->used_bytes);
    return true;
}

void *fa__alloc_resize(struct fa_alloc *alloc, void *at, size_t len)
{
    struct fa_alloc_piece *piece = piece_of(alloc, at);
    if (len > (size_t)(alloc->end - alloc->begin)) {
        alloc->refused_count++;
        return NULL;
    }
    const size_t need =
        fa_max((len + FA_ALLOC_HEADER_BYTES + FA_ALLOC_ALIGN - 1) & ~(size_t)(FA_ALLOC_ALIGN - 1),
            PIECE_MIN);
    if (resize_in_place(alloc, piece, need)) {
        return at;
    }
    void *moved = fa__alloc_take(alloc, len, FA_ALLOC_ALIGN);
    if (moved != NULL) {
        fa_copy(moved, at, fa_min(len, len_of(piece) - FA_ALLOC_HEADER_BYTES));
        fa__alloc_give(alloc, at);
    }
    return moved;
}

size_t fa__alloc_usable(const struct fa_alloc *alloc, const void *at)
{
    return len_of(piece_of(alloc, at)) - FA_ALLOC_HEADER_BYTES;
}

void fa__alloc_check(const struct fa_alloc *alloc)
{
    size_t left_len = 0;
    size_t used_bytes = 0;
    size_t free_count = 0;
    bool left_free = false;
    struct fa_alloc_piece *piece = (struct fa_alloc_piece *)(uintptr_t)alloc->begin;
    for (; (uint8_t *)piece < alloc->end; piece = right_of(piece)) {
        FA_ASSERT(piece->left_len == left_len);
        FA_ASSERT(len_of(piece) >= PIECE_MIN && len_of(piece) % FA_ALLOC_ALIGN == 0);
        FA_ASSERT(is_used(piece) || !left_free);
        used_bytes += is_used(piece) ? len_of(piece) : 0;
        free_count += is_used(piece) ? 0 : 1;
        left_free = !is_used(piece);
        left_len = len_of(piece);
    }
    FA_ASSERT((uint8_t *)piece == alloc->end && piece->left_len == left_len);
    FA_ASSERT(piece->len == USED && used_bytes == alloc->used_bytes);
    for (unsigned row = 0; row < FA_ALLOC_ROW_COUNT; row++) {
        FA_ASSERT((alloc->lists[row] != 0) == ((alloc->rows >> row & 1) != 0));
        for (unsigned list = 0; list < FA_ALLOC_SIXTEENTHS; list++) {
            const struct fa_alloc_piece *free = alloc->free[row][list];
            FA_ASSERT((free != NULL) == ((alloc->lists[row] >> list & 1) != 0));
            for (; free != NULL; free = free->next) {
                const struct place place = place_of(free->len);
                FA_ASSERT(!is_used(free) && *free->link == free);
                FA_ASSERT(place.row == row && place.list == list);
                free_count--;
            }
        }
    }
    FA_ASSERT(free_count == 0);
}
