// SPDX-License-Identifier: ISC
//
// The simulated world of fa/sim.h. That it is a platform is test/conform/plat_test.c.

#include "fa/sim.h"

#include <stdio.h>
#include <sys/wait.h>

#include "fa/loop.h"
#include "fa/plat.h"
#include "test/t.h"

enum {
    STEP_COUNT = 2000,
    OUTPUT_CAP = 4096,
    USAGE_STATUS = 2,
};

static uint64_t digest(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x100000001b3);
}

/* Everything an image can find out about the world of `seed` while it sleeps and looks. */
static uint64_t live(uint64_t seed)
{
    uint64_t sum = 0;
    struct fa_rand wire;
    fa_sim_reseed(seed);
    fa_sim_rand_init(&wire, "wire");
    for (uint64_t i = 0; i < STEP_COUNT; i++) {
        uint64_t entropy;
        fa_entropy_fill(&entropy, sizeof entropy);
        sum = digest(sum, entropy);
        sum = digest(sum, fa_clock_wall_ns());
        fa_plat_wait(i % 7 == 0 ? 0 : fa_clock_mono_ns() + fa_rand_below(&wire, FA_NS_S));
        sum = digest(sum, fa_clock_mono_ns());
    }
    return sum;
}

T(one_seed_is_one_world)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        CHECK(live(seed) == live(seed));
        CHECK(live(seed) != live(seed + 1));
        CHECK_EQ(fa_sim_seed(), seed + 1);
    }
}

T(reading_the_clock_does_not_move_it)
{
    fa_sim_reseed(3);
    const fa_ns now = fa_clock_mono_ns();
    const uint64_t wall = fa_clock_wall_ns();
    for (int i = 0; i < STEP_COUNT; i++) {
        CHECK(fa_clock_mono_ns() == now && fa_sim_now() == now);
        CHECK(fa_clock_wall_ns() == wall);
    }
}

T(each_purpose_has_its_own_stream)
{
    struct fa_rand wire;
    struct fa_rand disk;
    struct fa_rand again;
    fa_sim_reseed(5);
    fa_sim_rand_init(&wire, "wire");
    fa_sim_rand_init(&disk, "disk");
    fa_sim_rand_init(&again, "wire");
    CHECK(fa_rand_u64(&wire) == fa_rand_u64(&again));
    CHECK(fa_rand_u64(&wire) != fa_rand_u64(&disk));
    const uint64_t before = fa_rand_u64(&wire);
    fa_sim_reseed(6);
    fa_sim_rand_init(&again, "wire");
    (void)fa_rand_u64(&again);
    CHECK(fa_rand_u64(&again) != before);
}

T(sleeps_end_late_and_now_and_then_early)
{
    size_t early_count = 0;
    size_t very_late_count = 0;
    fa_sim_reseed(7);
    for (int i = 0; i < 100 * STEP_COUNT; i++) {
        const fa_ns deadline = fa_clock_mono_ns() + FA_NS_S;
        fa_plat_wait(deadline);
        const fa_ns now = fa_clock_mono_ns();
        CHECK(now != deadline);
        CHECK(now < deadline + 11 * FA_NS_MS);
        early_count += now < deadline;
        very_late_count += now > deadline + FA_NS_MS;
    }
    CHECK(early_count > 1500 && early_count < 2500);       /* 1 % */
    CHECK(very_late_count > 200 && very_late_count < 600); /* 0.2 %, nine in ten of them */
}

T(looking_at_devices_takes_a_moment)
{
    fa_sim_reseed(8);
    for (int i = 0; i < STEP_COUNT; i++) {
        const fa_ns before = fa_clock_mono_ns();
        fa_plat_wait(before);
        const fa_ns passed = fa_clock_mono_ns() - before;
        CHECK(passed > 0 && passed <= FA_NS_US);
    }
}

T(clocks_start_anywhere)
{
    size_t wrapped_count = 0;
    size_t after_2038_count = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        fa_sim_reseed(seed);
        CHECK(fa_sim_now() >= FA_NS_S);
        wrapped_count += fa_sim_now() / FA_NS_MS > UINT32_MAX;
        after_2038_count += fa_clock_wall_ns() / FA_NS_S > INT32_MAX;
    }
    CHECK(wrapped_count > 100 && wrapped_count < 200);
    CHECK(after_2038_count > 50 && after_2038_count < 180);
}

T(time_passes_when_told_and_the_wall_clock_jumps)
{
    fa_sim_reseed(9);
    const fa_ns mono = fa_clock_mono_ns();
    const uint64_t wall = fa_clock_wall_ns();
    fa_sim_advance(FA_NS_S);
    CHECK_EQ(fa_clock_mono_ns() - mono, FA_NS_S);
    CHECK_EQ(fa_clock_wall_ns() - wall, FA_NS_S);
    fa_sim_wall_jump(-3600 * (int64_t)FA_NS_S);
    CHECK_EQ(wall - fa_clock_wall_ns(), 3599 * FA_NS_S);
    CHECK_EQ(fa_clock_mono_ns() - mono, FA_NS_S);
    fa_sim_wall_jump(3600 * (int64_t)FA_NS_S);
    CHECK_EQ(fa_clock_wall_ns() - wall, FA_NS_S);
    fa_sim_wall_jump(-INT64_MAX);
    CHECK_EQ(fa_clock_wall_ns(), 1);
}

T(a_clock_that_stands_goes_on_afterwards)
{
    fa_sim_reseed(9);
    const fa_ns before = fa_clock_mono_ns();
    fa_sim_stand(2);
    fa_plat_wait(before + FA_NS_S);
    CHECK_EQ(fa_clock_mono_ns(), before);
    fa_plat_wait(0);
    CHECK_EQ(fa_clock_mono_ns(), before);
    fa_plat_wait(0);
    CHECK(fa_clock_mono_ns() > before);
}

static void count_stall(void *ctx)
{
    (*(int *)ctx)++;
}

T(a_sleep_without_a_deadline_is_a_stall)
{
    int stall_count = 0;
    fa_sim_reseed(10);
    fa_sim_on_stall(count_stall, &stall_count);
    fa_plat_wait(fa_clock_mono_ns() + FA_NS_S);
    CHECK_EQ(stall_count, 0);
    fa_plat_wait(FA_NS_NEVER);
    CHECK_EQ(stall_count, 1);
    fa_sim_reseed(10);
}

T(waiting_for_time_without_sleeping_is_a_stall)
{
    int stall_count = 0;
    fa_sim_reseed(11);
    fa_sim_on_stall(count_stall, &stall_count);
    for (int i = 0; i < FA_SIM_SPIN_MAX; i++) {
        (void)fa_clock_mono_ns();
    }
    CHECK_EQ(stall_count, 0);
    (void)fa_clock_mono_ns();
    CHECK_EQ(stall_count, 1);
    fa_sim_reseed(11);
}

T(a_request_to_stop_ends_one_sleep)
{
    int stall_count = 0;
    fa_sim_reseed(12);
    fa_sim_on_stall(count_stall, &stall_count);
    CHECK(!fa_plat_stop_requested());
    fa_sim_stop();
    CHECK(fa_plat_stop_requested());
    fa_plat_wait(FA_NS_NEVER);
    CHECK_EQ(stall_count, 0);
    fa_plat_wait(FA_NS_NEVER);
    CHECK_EQ(stall_count, 1);
    CHECK(fa_plat_stop_requested());
    fa_sim_reseed(12);
    CHECK(!fa_plat_stop_requested());
}

static void sleep_for_a_year(void *ctx)
{
    for (int day = 0; day < 365; day++) {
        CHECK_EQ(fa_fiber_sleep_until(fa_clock_mono_ns() + 24 * 3600 * FA_NS_S), FA_OK);
    }
    fa_loop_stop(ctx, 0);
}

T(a_year_of_a_loop_passes_at_once)
{
    static struct fa_loop loop;
    fa_sim_reseed(13);
    const fa_ns before = fa_clock_mono_ns();
    fa_loop_init(&loop, &(struct fa_loop_config){.fibers.fiber_count_max = 1});
    CHECK_EQ(fa_fiber_spawn(&loop.fibers, sleep_for_a_year, &loop, NULL), FA_OK);
    CHECK_EQ(fa_loop_run(&loop), 0);
    CHECK(fa_clock_mono_ns() - before >= (fa_ns)365 * 24 * 3600 * FA_NS_S);
    CHECK(loop.turn_count < 20 * 365); /* the wheel looks in between */
}

T(the_seed_of_this_run_is_shown)
{
    fa_sim_reseed(fa_sim_seed());
    t_note("seed in use at the end: %llu", (unsigned long long)fa_sim_seed());
}

/* Run this program again with `arguments`. Returns: its exit status, with its output. */
static int run_again(const char *before, const char *arguments, char output[OUTPUT_CAP])
{
    char command[1024];
    const struct fa_slice self = fa_plat_arg(0);
    (void)snprintf(command, sizeof command, "%s %.*s %s", before, (int)self.len,
        (const char *)self.at, arguments);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        return -1;
    }
    const size_t len = fread(output, 1, OUTPUT_CAP - 1, pipe);
    output[len] = '\0';
    return WEXITSTATUS(pclose(pipe));
}

static bool says(const char *output, const char *text)
{
    return __builtin_strstr(output, text) != NULL;
}

T(the_seed_comes_from_the_arguments_or_the_environment)
{
    static const struct {
        const char *before;
        const char *arguments;
        int status;
        const char *said;
    } rows[] = {
        {"FATA_SIM_SEED=", "--seed 42 seed_of_this_run", 0, "end: 42\n"},
        {"FATA_SIM_SEED=", "seed_of_this_run --seed 18446744073709551615", 0,
            "end: 18446744073709551615\n"},
        {"FATA_SIM_SEED=17", "seed_of_this_run", 0, "end: 17\n"},
        {"FATA_SIM_SEED=17", "--seed 3 seed_of_this_run", 0, "end: 3\n"},
        {"env -u FATA_SIM_SEED", "seed_of_this_run", 0, "end: 1\n"},
        {"FATA_SIM_SEED=", "seed_of_this_run", 0, "end: 1\n"},
        {"", "--seed 4x2", USAGE_STATUS, "not '4x2'"},
        {"", "--seed", USAGE_STATUS, "not ''"},
        {"", "--seed 18446744073709551616", USAGE_STATUS, "not '18446744073709551616'"},
        {"FATA_SIM_SEED=x", "", USAGE_STATUS, "not 'x'"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        char output[OUTPUT_CAP];
        CHECK_EQ(run_again(rows[i].before, rows[i].arguments, output), rows[i].status);
        CHECK(says(output, rows[i].said));
    }
}

T(a_world_that_stalls_says_how_to_get_there)
{
    if (fa_plat_env(FA_LIT("FATA_SIM_TEST_STALL")).at != NULL) {
        fa_plat_wait(FA_NS_NEVER);
    }
    char output[OUTPUT_CAP];
    const char *arguments = "--seed 5 a_world_that_stalls_says";
    CHECK_EQ(run_again("FATA_SIM_TEST_STALL=1", arguments, output), FA_SIM_STALLED_STATUS);
    CHECK(says(output, "stalled"));
    CHECK(says(output, "seed 5"));
    CHECK(says(output, "sim_test.sim --seed 5 a_world_that_stalls_says\n"));
}
