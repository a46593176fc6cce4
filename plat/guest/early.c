// SPDX-License-Identifier: ISC
//
// The canary and the thread block: what compiled code expects before its first function.

#include "plat/guest/guest.h"

enum {
    CANARY_OFF = 0x28,               /* x86-64: from FS */
    STACK_SHIFT_MASK = 0x1fff & ~15, /* up to two pages; the stack stays aligned */
};

[[gnu::aligned(64)]] uint8_t fa__guest_thread[FA__GUEST_THREAD_BYTES] = {1}; /* in .data */
extern uintptr_t __stack_chk_guard;
[[gnu::noreturn]] void __stack_chk_fail(void);

uintptr_t __stack_chk_guard = 1; /* aarch64's */

/* Its lowest byte is 0, which ends a string that runs over. */
__attribute__((no_stack_protector)) size_t fa__guest_early(void)
{
    const uint64_t canary = fa__guest_early_random() & ~(uint64_t)0xff;
    uint8_t *const pointer = fa__guest_thread + FA__GUEST_THREAD_POINTER_OFF;
    *(uint8_t **)(void *)pointer = pointer; /* where %fs:0 is asked for the block's own address */
    *(uint64_t *)(void *)(pointer + CANARY_OFF) = canary;
    __stack_chk_guard = canary;
    return (size_t)fa__guest_early_random() & STACK_SHIFT_MASK;
}

void __stack_chk_fail(void)
{
    fa_assert_fail("the stack's canary is alive", "stack", 0);
}
