// SPDX-License-Identifier: ISC
//
// cpu.c: what plat/guest asks of an aarch64 processor.

#include "plat/guest/guest.h"

enum {
    DRAW_TRIES = 10,
    ISAR0_RNDR_SHIFT = 60, /* ID_AA64ISAR0_EL1: not 0 with FEAT_RNG */
    PAIR = 32,             /* bytes that a pair of 128-bit registers holds */
};

typedef uint8_t chunk __attribute__((vector_size(16)));

__attribute__((no_stack_protector)) static bool draw(uint64_t *ret_value)
{
    uint64_t isar0;
    uint64_t failed = 1;
    __asm__ __volatile__("mrs %0, id_aa64isar0_el1" : "=r"(isar0)); // the kernel answers at EL0
    for (int i = 0; isar0 >> ISAR0_RNDR_SHIFT != 0 && i < DRAW_TRIES && failed != 0; i++) {
        /* RNDR, by its encoding: the assembler wants to be told of Armv8.5 otherwise. */
        __asm__ __volatile__("mrs %0, s3_3_c2_c4_0\n\tcset %1, eq"
                             : "=r"(*ret_value), "=r"(failed)
                             :
                             : "cc");
    }
    return failed == 0;
}

__attribute__((no_stack_protector)) uint64_t fa__guest_early_random(void)
{
    uint64_t value = 0;
    uint64_t ticks;
    (void)draw(&value);
    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(ticks));
    return value ^ ticks * UINT64_C(0x9e3779b97f4a7c15);
}

void fa__guest_copy_long(uint8_t *to, const uint8_t *at, size_t len)
{
    chunk tail[2];
    __builtin_memcpy(tail, at + len - sizeof tail, sizeof tail);
    uint8_t *const last = to + len - sizeof tail;
    for (; to < last; to += PAIR, at += PAIR) {
        chunk pair[2];
        __builtin_memcpy(pair, at, sizeof pair);
        __builtin_memcpy(to, pair, sizeof pair);
        __asm__ __volatile__("" : : : "memory"); // or gcc calls memcpy for the loop
    }
    __builtin_memcpy(last, tail, sizeof tail);
}

void fa__guest_fill_long(uint8_t *to, uint8_t byte, size_t len)
{
    const chunk all = (chunk){0} + byte;
    uint8_t *const last = to + len - sizeof all;
    for (; to < last; to += sizeof all) {
        __builtin_memcpy(to, &all, sizeof all);
        __asm__ __volatile__("" : : : "memory");
    }
    __builtin_memcpy(last, &all, sizeof all);
}
