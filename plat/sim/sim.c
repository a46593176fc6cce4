// SPDX-License-Identifier: ISC
//
// The world itself: what its seed decides, and what is said when it stands still.

#include "fa/fmt.h"
#include "fa/plat.h"
#include "plat/sim/world.h"

struct fa__sim_world fa__sim;

uint64_t fa_sim_seed(void)
{
    return fa__sim.seed;
}

void fa_sim_rand_init(struct fa_rand *rand, const char *purpose)
{
    const struct fa_siphash_key key = {.k0 = fa__sim.seed};
    fa_rand_init_seed(rand, fa_siphash(&key, fa_slice_of(purpose)));
}

void fa_sim_reseed(uint64_t seed)
{
    fa__sim = (struct fa__sim_world){.seed = seed};
    fa_sim_rand_init(&fa__sim.entropy, "sim entropy");
    fa_sim_rand_init(&fa__sim.sleep, "sim sleep");

    struct fa_rand rand;
    fa_sim_rand_init(&rand, "sim clocks");
    /* Up to 400 days of uptime: 32-bit milliseconds have wrapped by then. */
    const uint64_t uptime_max_s = UINT64_C(400) * 24 * 60 * 60;
    fa__sim.start_ns = FA_NS_S + fa_rand_below(&rand, uptime_max_s * FA_NS_S);
    fa__sim.now = fa__sim.start_ns;
    /* 2001 to 2100: on both sides of 2038. */
    const uint64_t first_s = UINT64_C(1000000000);
    const uint64_t last_s = UINT64_C(4102444800);
    fa__sim.wall_start_ns = (first_s + fa_rand_below(&rand, last_s - first_s)) * FA_NS_S;
}

size_t fa_sim_replay(char *at, size_t cap)
{
    struct fa_text text;
    fa_text_init(&text, at, cap);
    fa_text_add_slice(&text, fa_plat_arg(0));
    fa_text_add(&text, " --seed %llu", (unsigned long long)fa__sim.seed);
    struct fa_slice arg;
    for (size_t i = 1; (arg = fa_plat_arg(i)).at != NULL; i++) {
        fa_text_add(&text, " %.*s", (int)arg.len, (const char *)arg.at);
    }
    return text.len;
}

void fa__sim_print_replay(void)
{
    char command[1024];
    const size_t len = fa_sim_replay(command, sizeof command);
    fa_console_write(FA_LIT("# sim: replay: "));
    fa_console_write((struct fa_slice){(const uint8_t *)command, len});
    fa_console_write(FA_LIT("\n"));
}

void fa__sim_stall(const char *why)
{
    if (fa__sim.stall_fn != NULL) {
        fa__sim.stall_fn(fa__sim.stall_ctx);
        return;
    }
    char line[160];
    struct fa_text text;
    const fa_ns age_ns = fa__sim.now - fa__sim.start_ns;
    fa_text_init(&text, line, sizeof line);
    fa_text_add(&text, "# sim: stalled after %llu.%09llu s, seed %llu: %s\n",
        (unsigned long long)(age_ns / FA_NS_S), (unsigned long long)(age_ns % FA_NS_S),
        (unsigned long long)fa__sim.seed, why);
    fa_console_write(fa_text_slice(&text));
    fa_plat_exit(FA_SIM_STALLED_STATUS);
}
