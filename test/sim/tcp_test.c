// SPDX-License-Identifier: ISC
//
// test/sim/tcp_test.c: TCP in bad weather: many connections, several kinds of fault, one seed.
//
// Each world has 2 to 4 stacks with features switched on and off, 8 to 12 connections of 1 MiB each
// way in several styles, often many short ones beside them; 3 to 5 kinds of fault on the cables,
// often middleboxes before them, and now and then trouble inside the hosts. Checked is what scene.h
// says, and, on some seeds, that the same seed gives the same world.

#include "test/t.h"
#include "fa/sim.h"
#include "test/sim/scene.h"

enum {
    BIG_BYTES = 1024 * 1024,
    REPEATED_ONE_IN = 20, /* seeds whose world is run twice */
    TRACED_ONE_IN = 8,    /* seeds that count transitions too */
};

T(every_byte_arrives_in_bad_weather)
{
    uint64_t seed = fa_sim_seed();
    uint64_t digest;
    uint64_t again;
    struct scene_config config = scene_choose();
    config.big_bytes = BIG_BYTES;
    config.count_moves = seed % TRACED_ONE_IN == 0;
    const struct scene *scene = scene_run(seed, &config, &digest);
    if (!t_failed()) {
        states_print(&scene->states);
    }
    if (!t_failed() && seed % REPEATED_ONE_IN == 1) {
        scene_run(seed, &config, &again);
        CHECK(again == digest);
    }
}
