// SPDX-License-Identifier: ISC
//
// Memory behind the image, and the stacks of fibers.
//
// Fibers' stacks come first from an area of the image itself, which image.ld lays out: each slot is
// a page that shall not be touched and the stack above it. What is longer than a slot, or comes
// when all are taken, is cut from the top of the memory that is left, and has no such page.

#include "fa/plat.h"
#include "plat/guest/guest.h"

extern uint8_t fa__image_end[];
extern uint8_t fa__stacks[];
extern const uint8_t fa__stack_stride[]; /* values, not places: absolute symbols */
extern const uint8_t fa__stack_count[];

static uintptr_t heap_at;
static uintptr_t heap_end;
static size_t stacks_taken;

static uintptr_t round_up(uintptr_t at, size_t to)
{
    return (at + to - 1) / to * to;
}

void fa__guest_heap_init(uintptr_t memory_end)
{
    heap_at = round_up((uintptr_t)fa__image_end, FA__GUEST_PAGE_BYTES);
    heap_end = memory_end - FA__GUEST_END_GAP_BYTES;
    heap_end -= heap_end % FA__GUEST_PAGE_BYTES;
    FA_ASSERT(heap_at <= memory_end);
    heap_end = heap_end > heap_at ? heap_end : heap_at;
}

void fa_plat_heap(uint8_t **ret_at, size_t *ret_len)
{
    *ret_len = heap_end - heap_at;
    *ret_at = *ret_len != 0 ? (uint8_t *)heap_at : NULL;
    heap_at = heap_end;
}

fa_err fa_plat_stack_map(size_t len, uint8_t **ret_at)
{
    FA_ASSERT(len > 0);
    const size_t stride = (size_t)fa__stack_stride;
    if (len <= stride - FA__GUEST_PAGE_BYTES && stacks_taken < (size_t)fa__stack_count) {
        *ret_at = fa__stacks + stacks_taken * stride + FA__GUEST_PAGE_BYTES;
        stacks_taken++;
        return FA_OK;
    }
    if (len > heap_end - heap_at) {
        return FA_ENOSPC;
    }
    const uintptr_t at = heap_end - round_up(len, FA__GUEST_PAGE_BYTES);
    FA_ASSERT(at >= heap_at); /* both are page-aligned */
    heap_end = at;
    *ret_at = (uint8_t *)at;
    return FA_OK;
}
