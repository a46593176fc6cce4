// SPDX-License-Identifier: ISC
//
// test/sim/soak_test.c: one connection, both ways at once, while 5 % of all frames are lost.
// The family and the features that each end has switched off follow from the seed.
//
// FATA_SIM_MIB says how much goes each way (1): `make soak` sends a GiB.

#include "fa/fmt.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/sim.h"
#include "test/sim/workload.h"
#include "test/sim/world.h"
#include "test/t.h"

enum {
    LOSS_PER_MILLION = 50000,
    DELAY_US = 500,      /* each way through each of two cables */
    LIVENESS_S = 120,    /* for a start, and ... */
    LIVENESS_MIB_S = 60, /* ... for each MiB */
};

static struct workload workload;

static uint64_t choose_mib(void)
{
    uint64_t mib = 1;
    struct fa_slice text = fa_plat_env(FA_LIT("FATA_SIM_MIB"));
    if (text.at != NULL && fa_parse_u64(text, 4095, &mib) != FA_OK) {
        t_fail(__FILE__, __LINE__, "FATA_SIM_MIB is a number from 1 to 4095");
    }
    return mib;
}

static void save_capture(void *ctx)
{
    char path[128];
    fa_fmt(path, sizeof path, "o/capture/sim-soak-%llu.pcapng", (unsigned long long)fa_sim_seed());
    sim_world_capture_save(ctx, path);
    t_note("capture: %s", path);
}

T(every_byte_arrives_both_ways_at_5_percent_loss)
{
    uint64_t mib = choose_mib();
    (void)fa_log_levels_set(FA_LIT("*:warning"), NULL);
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "soak");
    struct world_config config = {.station_count = 2};
    for (int i = 0; i < 2; i++) {
        config.features_off[i] = fa_rand_below(&rand, 2) != 0 ? fa_rand_u32(&rand) : 0;
    }
    struct world *world = sim_world_open(&config);
    t_on_failure(save_capture, world);
    for (int i = 0; i < 2; i++) {
        const struct fa_fault_config bad = {
            .loss_per_million = LOSS_PER_MILLION, .delay_ns = DELAY_US * FA_NS_US};
        fa_fault_set(&world->stations[i].fault, FA_FAULT_RX, &bad);
    }
    workload_init(&workload, &(struct workload_config){.seed = fa_sim_seed(), .attempt_max = 4},
        fa_sim_now());
    workload_listen(&workload, &world->stations[1].listener.listener);
    workload_add(&workload, &(struct workload_transfer_config){.from = &world->stations[0].stack,
                                .to = &world->stations[1].stack,
                                .to_address = world->stations[1].address,
                                .bytes_each_way = mib * 1024 * 1024,
                                .start_ns = fa_sim_now()});
    fa_loop_add(&world->loop, &workload.poller);
    fa_ns start = fa_sim_now();
    fa_ns end = start + (LIVENESS_S + LIVENESS_MIB_S * mib) * FA_NS_S;
    while (fa_sim_now() < end && !workload_done(&workload) && workload.trouble[0] == '\0') {
        fa_loop_turn(&world->loop, true);
    }
    if (workload.trouble[0] != '\0') {
        t_fail(__FILE__, __LINE__, "%s", workload.trouble);
    }
    CHECK(workload_done(&workload));
    CHECK_EQ(workload.bytes_wrong, 0);
    t_note("seed %llu: %llu MiB each way in %llu ms", (unsigned long long)fa_sim_seed(),
        (unsigned long long)mib, (unsigned long long)((fa_sim_now() - start) / FA_NS_MS));
    CHECK_EQ(sim_world_close(world), 0);
}
