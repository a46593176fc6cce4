// SPDX-License-Identifier: ISC
//
// What fa/plat.h promises, checked on the platform that this file is linked with.

#include "fa/plat.h"

#include "test/t.h"

enum {
    READ_COUNT = 10000,
    WAIT_COUNT_MAX = 1000, /* more early returns than that is not sleeping */
    STACK_LEN = 40 * 1000,
    CANARY = 0x5a,
};

T(clock_never_goes_back)
{
    fa_ns last = fa_clock_mono_ns();
    for (int i = 0; i < READ_COUNT; i++) {
        const fa_ns now = fa_clock_mono_ns();
        CHECK(now >= last);
        last = now;
    }
}

T(sleeping_reaches_the_deadline)
{
    static const fa_ns durations[] = {1, FA_NS_US, 300 * FA_NS_US, 2 * FA_NS_MS, 20 * FA_NS_MS};
    for (size_t i = 0; i < FA_COUNT_OF(durations); i++) {
        const fa_ns deadline = fa_clock_mono_ns() + durations[i];
        int wait_count = 0;
        while (fa_clock_mono_ns() < deadline && wait_count < WAIT_COUNT_MAX) {
            fa_plat_wait(deadline);
            wait_count++;
        }
        CHECK(fa_clock_mono_ns() >= deadline);
    }
}

T(a_deadline_that_has_passed_does_not_sleep)
{
    const fa_ns before = fa_clock_mono_ns();
    for (int i = 0; i < 100; i++) {
        fa_plat_wait(0);
        fa_plat_wait(before);
    }
    CHECK(fa_clock_mono_ns() - before < 10 * FA_NS_S);
}

T(wall_clock_moves_with_the_monotonic_one)
{
    const uint64_t wall = fa_clock_wall_ns();
    if (wall == 0) {
        t_skip("this platform knows no wall clock");
        return;
    }
    const fa_ns mono = fa_clock_mono_ns();
    fa_plat_wait(mono + 5 * FA_NS_MS);
    const uint64_t wall_passed = fa_clock_wall_ns() - wall;
    const fa_ns mono_passed = fa_clock_mono_ns() - mono;
    const uint64_t difference =
        wall_passed > mono_passed ? wall_passed - mono_passed : mono_passed - wall_passed;
    CHECK(difference < FA_NS_S); /* someone may be setting the host's clock */
    CHECK(wall > UINT64_C(1000000000) * FA_NS_S);
}

T(entropy_differs_and_stays_in_bounds)
{
    uint8_t first[64] = {0};
    uint8_t second[64] = {0};
    uint8_t edge[3] = {CANARY, CANARY, CANARY};
    static uint8_t much[100 * 1000];
    fa_entropy_fill(first, sizeof first);
    fa_entropy_fill(second, sizeof second);
    fa_entropy_fill(edge, 0);
    CHECK(edge[0] == CANARY);
    fa_entropy_fill(edge + 1, 1);
    CHECK(edge[0] == CANARY && edge[2] == CANARY);
    CHECK(!fa_equal(first, second, sizeof first));

    fa_entropy_fill(much, sizeof much);
    size_t counts[256] = {0};
    for (size_t i = 0; i < sizeof much; i++) {
        counts[much[i]]++;
    }
    for (size_t i = 0; i < FA_COUNT_OF(counts); i++) {
        CHECK(counts[i] > 200 && counts[i] < 600); /* 390 expected, 20 the standard deviation */
    }
}

T(stack_memory_is_zeroed_and_writable)
{
    uint8_t *stacks[3] = {NULL};
    for (size_t i = 0; i < FA_COUNT_OF(stacks); i++) {
        REQUIRE(fa_plat_stack_map(STACK_LEN, &stacks[i]) == FA_OK);
        CHECK((uintptr_t)stacks[i] % 16 == 0);
        for (size_t k = 0; k < STACK_LEN; k++) {
            CHECK(stacks[i][k] == 0);
        }
        __builtin_memset(stacks[i], (int)(i + 1), STACK_LEN);
    }
    for (size_t i = 0; i < FA_COUNT_OF(stacks); i++) {
        for (size_t k = 0; k < STACK_LEN; k++) {
            CHECK(stacks[i][k] == i + 1);
        }
    }
}

T(stack_memory_beyond_all_bounds_is_refused)
{
    static const size_t lens[] = {SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX - 4097, SIZE_MAX / 2};
    for (size_t i = 0; i < FA_COUNT_OF(lens); i++) {
        uint8_t byte;
        uint8_t *at = &byte;
        CHECK_EQ(fa_plat_stack_map(lens[i], &at), FA_ENOSPC);
        CHECK(at == &byte);
    }
}

T(the_heap_is_zeroed_writable_and_given_once)
{
    uint8_t *at = NULL;
    size_t len = 1;
    fa_plat_heap(&at, &len);
    if (len == 0) {
        CHECK(at == NULL); /* a harness with an allocator, or a place without memory to spare */
        return;
    }
    CHECK((uintptr_t)at % 16 == 0);
    const size_t step = len < 4096 ? 1 : len / 64; /* touch little of it, the last byte too */
    for (size_t off = 0; off < len; off += step) {
        CHECK(at[off] == 0);
        at[off] = CANARY;
    }
    at[len - 1] = CANARY;
    uint8_t *stack = NULL;
    const fa_err err = fa_plat_stack_map(STACK_LEN, &stack); /* there may be no memory beside it */
    CHECK(err == FA_ENOSPC || stack + STACK_LEN <= at || stack >= at + len);

    uint8_t *again = at;
    size_t again_len = 1;
    fa_plat_heap(&again, &again_len);
    CHECK(again == NULL && again_len == 0);
}

T(arguments_end)
{
    CHECK(fa_plat_arg(0).at != NULL && fa_plat_arg(0).len > 0);
    size_t count = 0;
    while (fa_plat_arg(count).at != NULL) {
        count++;
    }
    CHECK(fa_plat_arg(count).len == 0);
    CHECK(fa_plat_arg(count + 1).at == NULL);
    CHECK(fa_plat_arg(SIZE_MAX).at == NULL);
}

T(unknown_variables_are_not_there)
{
    CHECK(fa_plat_env(FA_LIT("FATA_NO_SUCH_VARIABLE")).at == NULL);
    CHECK(fa_plat_env(FA_LIT("FATA_NO_SUCH_VARIABLE")).len == 0);
    CHECK(fa_plat_env(FA_LIT("")).at == NULL);
}

T(nobody_has_asked_to_stop)
{
    CHECK(!fa_plat_stop_requested());
}

T(console_takes_anything)
{
    fa_console_write(FA_LIT(""));
    fa_console_write((struct fa_slice){NULL, 0});
    fa_console_write(FA_LIT("# in "));
    fa_console_write(FA_LIT("order\n"));
}
