// SPDX-License-Identifier: ISC
#include "plat/guest/entropy_cpu.h"

#include "test/t.h"

static struct {
    bool absent;
    int dry_count; /* how often it has nothing before each word */
    int dry_left;
    int call_count;
    int word_count_max;
    uint64_t next;
} cpu;

static bool present(void)
{
    return !cpu.absent;
}

static bool word(uint64_t *ret_word)
{
    cpu.call_count++;
    if (cpu.word_count_max == 0) {
        return false;
    }
    if (cpu.dry_left > 0) {
        cpu.dry_left--;
        *ret_word = 0; /* what the processor leaves there */
        return false;
    }
    cpu.dry_left = cpu.dry_count;
    cpu.word_count_max--;
    *ret_word = cpu.next++;
    return true;
}

static const struct fa_cpu_random fake = {"fake", present, word};

static size_t take(int dry_count, int word_count_max, uint8_t *at, size_t len)
{
    struct fa_entropy_source source;
    fa__entropy_cpu_init(&source, &fake);
    cpu.dry_left = cpu.dry_count = dry_count;
    cpu.word_count_max = word_count_max;
    cpu.next = 1;
    cpu.call_count = 0;
    return source.take(source.ctx, at, len);
}

T(words_are_taken_in_order)
{
    uint64_t words[8] = {0};
    CHECK_EQ(take(0, 100, (uint8_t *)words, sizeof words), sizeof words);
    for (size_t i = 0; i < FA_COUNT_OF(words); i++) {
        CHECK_EQ(words[i], i + 1);
    }
}

T(ten_tries_a_word_and_no_more)
{
    uint64_t words[2] = {0};
    CHECK_EQ(take(FA_ENTROPY_TRY_COUNT_MAX - 1, 100, (uint8_t *)words, sizeof words), 16);
    CHECK_EQ(words[1], 2);
    CHECK_EQ(take(FA_ENTROPY_TRY_COUNT_MAX, 100, (uint8_t *)words, sizeof words), 0);
    CHECK_EQ(cpu.call_count, FA_ENTROPY_TRY_COUNT_MAX);
}

T(what_was_there_before_it_ran_dry_counts)
{
    uint64_t words[8] = {0};
    CHECK_EQ(take(0, 3, (uint8_t *)words, sizeof words), 24);
    CHECK_EQ(words[2], 3);
    CHECK_EQ(words[3], 0);
}

T(room_for_less_than_a_word_stays_empty)
{
    uint8_t bytes[15] = {0};
    CHECK_EQ(take(0, 100, bytes, sizeof bytes), 8);
    CHECK_EQ(bytes[8], 0);
    CHECK_EQ(take(0, 100, bytes, 7), 0);
}

T(an_absent_instruction_is_never_tried)
{
    uint8_t bytes[64];
    cpu.absent = true;
    CHECK_EQ(take(0, 100, bytes, sizeof bytes), 0);
    CHECK_EQ(cpu.call_count, 0);
    cpu.absent = false;
}

T(words_of_this_processor_pass_the_tests_of_health)
{
    t_note(fa__cpu_emulated() ? "this processor is emulated" : "this processor is no emulation");
    int present_count = 0;
    for (size_t i = 0; i < FA_CPU_RANDOM_COUNT; i++) {
        struct fa_entropy_source source;
        fa__entropy_cpu_init(&source, &fa__cpu_random[i]);
        if (!fa__cpu_random[i].present()) {
            continue;
        }
        present_count++;
        for (int round = 0; round < 100; round++) {
            uint8_t bytes[64];
            const size_t len = source.take(source.ctx, bytes, sizeof bytes);
            CHECK(len > 0);
            CHECK_EQ(fa__entropy_health_check(&source.health, (struct fa_slice){bytes, len}),
                FA_ENTROPY_GOOD);
        }
    }
    if (present_count == 0) {
        t_skip("this processor gives no random words");
    }
}
