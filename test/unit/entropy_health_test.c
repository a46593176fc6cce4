// SPDX-License-Identifier: ISC
#include "plat/guest/entropy_health.h"

#include "fa/rand.h"
#include "test/t.h"

static struct fa_entropy_health health;

static enum fa_entropy_fault check(const void *at, size_t len)
{
    return fa__entropy_health_check(&health, (struct fa_slice){at, len});
}

/* Bytes as good as random ones, the same each time. */
static void fill_plain(uint8_t *at, size_t len)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    fa_rand_fill(&rand, at, len);
}

T(random_bytes_pass)
{
    static uint8_t bytes[1 << 20];
    fill_plain(bytes, sizeof bytes);
    fa__entropy_health_init(&health);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_GOOD);
    CHECK_EQ(check(bytes, 0), FA_ENTROPY_GOOD);
}

T(a_run_passes_at_its_limit_and_fails_beyond_it)
{
    uint8_t bytes[7 + FA_ENTROPY_RUN_MAX + 2];
    fill_plain(bytes, sizeof bytes);
    for (size_t i = 0; i < FA_ENTROPY_RUN_MAX; i++) {
        bytes[7 + i] = 0x11;
    }
    bytes[7 + FA_ENTROPY_RUN_MAX] = 0x12;
    fa__entropy_health_init(&health);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_GOOD);

    bytes[7 + FA_ENTROPY_RUN_MAX] = 0x11;
    fa__entropy_health_init(&health);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_STUCK);
}

T(a_run_is_seen_across_calls)
{
    const uint8_t byte = 0x33;
    fa__entropy_health_init(&health);
    for (int i = 0; i < FA_ENTROPY_RUN_MAX; i++) {
        CHECK_EQ(check(&byte, 1), FA_ENTROPY_GOOD);
    }
    CHECK_EQ(check(&byte, 1), FA_ENTROPY_STUCK);
}

/* A window whose first byte comes `count` times in all, never twice in a row, and no word twice. */
static void fill_window(uint8_t window[FA_ENTROPY_WINDOW_BYTES], size_t count)
{
    for (size_t i = 0; i < FA_ENTROPY_WINDOW_BYTES; i++) {
        window[i] = (uint8_t)(1 + i % 251);
    }
    for (size_t i = 0; i < FA_ENTROPY_WINDOW_BYTES; i++) {
        if (window[i] == 0xfe) {
            window[i] = 0xfd;
        }
    }
    for (size_t i = 0; i < count; i++) {
        window[7 * i] = 0xfe;
    }
}

T(a_proportion_passes_at_its_limit_and_fails_beyond_it)
{
    uint8_t window[FA_ENTROPY_WINDOW_BYTES];
    fill_window(window, FA_ENTROPY_PROPORTION_MAX);
    fa__entropy_health_init(&health);
    CHECK_EQ(check(window, sizeof window), FA_ENTROPY_GOOD);

    fill_window(window, FA_ENTROPY_PROPORTION_MAX + 1);
    fa__entropy_health_init(&health);
    CHECK_EQ(check(window, sizeof window), FA_ENTROPY_BIASED);
}

T(windows_count_for_themselves)
{
    static uint8_t bytes[2 * FA_ENTROPY_WINDOW_BYTES];
    fill_window(bytes, FA_ENTROPY_PROPORTION_MAX);
    fill_plain(bytes + FA_ENTROPY_WINDOW_BYTES, FA_ENTROPY_WINDOW_BYTES);
    bytes[FA_ENTROPY_WINDOW_BYTES] = 0xfe;
    fa__entropy_health_init(&health);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_GOOD);
}

T(words_of_zeros_and_of_ones_fail)
{
    static const struct {
        uint64_t word;
        enum fa_entropy_fault fault;
    } cases[] = {
        {0, FA_ENTROPY_ZEROS},
        {UINT64_MAX, FA_ENTROPY_ONES},
        {1, FA_ENTROPY_GOOD},
        {UINT64_MAX - 1, FA_ENTROPY_GOOD},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        fa__entropy_health_init(&health);
        CHECK_EQ(check(&cases[i].word, sizeof cases[i].word), cases[i].fault);
    }
}

T(a_word_that_was_there_fails_within_the_history)
{
    uint64_t words[FA_ENTROPY_WORD_HISTORY + 2];
    for (size_t distance = 1; distance < FA_COUNT_OF(words); distance++) {
        fill_plain((uint8_t *)words, sizeof words);
        words[distance] = words[0];
        fa__entropy_health_init(&health);
        CHECK_EQ(check(words, sizeof words),
            distance <= FA_ENTROPY_WORD_HISTORY ? FA_ENTROPY_REPEATS : FA_ENTROPY_GOOD);
    }
}

T(a_device_that_gives_the_same_buffer_again_fails)
{
    uint8_t bytes[64];
    fill_plain(bytes, sizeof bytes);
    fa__entropy_health_init(&health);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_GOOD);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_REPEATS);
}

T(who_failed_once_stays_refused_until_init)
{
    const uint64_t ones = UINT64_MAX;
    uint8_t bytes[64];
    fill_plain(bytes, sizeof bytes);
    fa__entropy_health_init(&health);
    CHECK_EQ(check(&ones, sizeof ones), FA_ENTROPY_ONES);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_ONES);
    fa__entropy_health_init(&health);
    CHECK_EQ(check(bytes, sizeof bytes), FA_ENTROPY_GOOD);
}

T(faults_have_names)
{
    for (int fault = FA_ENTROPY_GOOD; fault <= FA_ENTROPY_REPEATS; fault++) {
        CHECK(fa__entropy_fault_name((enum fa_entropy_fault)fault)[0] != '?');
    }
    CHECK(fa__entropy_fault_name((enum fa_entropy_fault)99)[0] == '?');
}
