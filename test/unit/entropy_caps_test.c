// SPDX-License-Identifier: ISC
#include "plat/guest/entropy_caps.h"

#include "fa/rand.h"
#include "test/t.h"

static struct fa_caps caps;
static struct fa_entropy_source source;
static struct fa_entropy_pool pool;
static struct fa_counters counters;
static volatile uint32_t generation;

static void fill_seed(uint64_t number)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, number);
    fa_rand_fill(&rand, caps.seed, sizeof caps.seed);
    caps.version = FA_CAPS_VERSION;
    caps.flags = FA_CAPS_SEED | FA_CAPS_PWAIT2;
}

static void init(void)
{
    caps = (struct fa_caps){0};
    generation = 1;
    fa__entropy_pool_init(&pool, &counters);
    fa__entropy_caps_init(&source, &caps);
    fa__entropy_pool_source_add(&pool, &source);
    fa__entropy_pool_generation_watch(&pool, &generation);
}

static bool gives(void)
{
    uint8_t bytes[8];
    return fa__entropy_pool_fill(&pool, FA_NS_S, bytes, sizeof bytes);
}

static bool is_wiped(void)
{
    const uint8_t zeros[FA_CAPS_SEED_BYTES] = {0};
    return fa_equal(caps.seed, zeros, sizeof zeros);
}

T(a_seed_suffices_and_is_wiped)
{
    init();
    fill_seed(1);
    CHECK(gives());
    CHECK(is_wiped());
    CHECK_EQ(caps.flags, FA_CAPS_PWAIT2);
    CHECK_EQ(source.taken_bytes, FA_CAPS_SEED_BYTES);
}

T(without_the_flag_or_a_version_there_is_none)
{
    init();
    CHECK(!gives());
    fill_seed(1);
    caps.flags = 0;
    CHECK(!gives());
    fill_seed(1);
    caps.version = 0;
    CHECK(!gives());
    CHECK(!is_wiped());
}

T(a_flag_without_a_seed_is_no_seed)
{
    init();
    fill_seed(1);
    fa_zero(caps.seed, sizeof caps.seed);
    CHECK(!gives());
    CHECK_EQ(source.health.fault, FA_ENTROPY_ZEROS);
}

T(a_copy_needs_a_seed_of_its_own)
{
    init();
    fill_seed(1);
    CHECK(gives());
    generation = 2;
    CHECK(!gives());
    fill_seed(2);
    CHECK(gives());
}

T(the_same_seed_again_is_found)
{
    init();
    fill_seed(1);
    CHECK(gives());
    generation = 2;
    fill_seed(1);
    CHECK(!gives());
    CHECK_EQ(source.health.fault, FA_ENTROPY_REPEATS);
}
