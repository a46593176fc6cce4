// SPDX-License-Identifier: ISC
//
// trespass.c: goes where no image may, by the name of the place; each way ends it. Leaves with 0
// only if nothing happened.

#include "fa/fiber.h"
#include "fa/plat.h"

typedef void (*code)(void);

static uint8_t data[64];
static const uint8_t rodata[64] = {1};
static volatile uint8_t sink;

/* One return instruction, in either architecture's order of bytes. */
static void write_return(uint8_t *at)
{
#if defined(__x86_64__)
    at[0] = 0xc3;
#else
    static const uint8_t ret[] = {0xc0, 0x03, 0x5f, 0xd6};
    fa_copy(at, ret, sizeof ret);
#endif
}

static void run_at(uint8_t *at)
{
    write_return(at);
    __builtin___clear_cache((char *)at, (char *)at + 4);
    ((code)(uintptr_t)at)();
}

/* Deeper and deeper, with something kept in each frame. */
static unsigned recurse(unsigned depth)
{
    volatile uint8_t frame[512];
    frame[depth % sizeof frame] = (uint8_t)depth;
    const unsigned below = depth < 1000 * 1000 ? recurse(depth + 1) : 0;
    return below + frame[depth % sizeof frame];
}

static void recurse_in_fiber(void *ctx)
{
    (void)ctx;
    sink = (uint8_t)recurse(0);
}

static void overflow_fiber(void)
{
    static struct fa_fibers fibers;
    const struct fa_fibers_config config = {.fiber_count_max = 2, .stack_bytes = 16384};
    fa_fibers_init(&fibers, &config, 0);
    FA_ASSERT(fa_fiber_spawn(&fibers, recurse_in_fiber, NULL, NULL) == FA_OK);
    (void)fa_fibers_run(&fibers, 0);
}

int fa_main(void)
{
    uint8_t stack[64];
    const struct fa_slice place = fa_plat_arg(1);
    if (fa_slice_equal(place, FA_LIT("text"))) {
        *(volatile uint8_t *)(uintptr_t)fa_main = 0;
    } else if (fa_slice_equal(place, FA_LIT("rodata"))) {
        *(volatile uint8_t *)(uintptr_t)rodata = 0;
    } else if (fa_slice_equal(place, FA_LIT("data"))) {
        run_at(data);
    } else if (fa_slice_equal(place, FA_LIT("stack"))) {
        run_at(stack);
    } else if (fa_slice_equal(place, FA_LIT("heap"))) {
        uint8_t *heap;
        FA_ASSERT(fa_plat_stack_map(1024 * 1024, &heap) == FA_OK);
        run_at(heap);
    } else if (fa_slice_equal(place, FA_LIT("zero"))) {
        uintptr_t zero = 0;
        __asm__("" : "+r"(zero)); // or the compiler sees it
        sink = *(const volatile uint8_t *)zero;
    } else if (fa_slice_equal(place, FA_LIT("overflow"))) {
        sink = (uint8_t)recurse(0);
    } else if (fa_slice_equal(place, FA_LIT("fiber"))) {
        overflow_fiber();
    }
    return 0;
}
