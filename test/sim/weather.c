// SPDX-License-Identifier: ISC
//
// test/sim/weather.c: see weather.h.

#include "test/sim/weather.h"

#include "fa/fmt.h"
#include "fa/sim.h"

enum {
    SEGMENT_BYTES = 1000,
    SILENCE_BYTES = 1000 * 1000,
    WINDOW_BYTES = 64 * 1024,
    POOR_WINDOW_BYTES = 4 * 1024, /* one mark in 16 keeps it at five segments, and a box at 536 */
    HEAVY_LOSS = 150000,          /* of a million */
    RATE_LOSS = 20000,            /* of a million, by a queue that runs over */
};

/* For what weather_bound() says: handshakes, slow readers (a lost SYN makes the first timeout 3 s,
 * and five doublings of that are 93); a loss, sometimes after a timeout; one where retransmissions
 * are lost too; cuts, and the doubled timeouts that they leave behind. */
#define START_NS          (120 * FA_NS_S)
#define RECOVERY_NS       (1 * FA_NS_S)
#define HEAVY_RECOVERY_NS (5 * FA_NS_S)
#define CUT_TIME_NS       (90 * FA_NS_S)

enum kind {
    LOSS,
    SMALL_LOSS,
    DUPLICATION,
    REORDERING,
    LATE, /* duplicates and stragglers of seconds ago */
    CORRUPTION,
    DELAY,
    JITTER,
    RATE,
    TRAILING,
    SILENCE,
    CUTS,
    KIND_COUNT,
};

_Static_assert((int)KIND_COUNT == (int)WEATHER_KIND_COUNT, "weather.h says how many");

static const char *const kind_names[KIND_COUNT] = {
    "loss",
    "small-loss",
    "duplication",
    "reordering",
    "late",
    "corruption",
    "delay",
    "jitter",
    "rate-limit",
    "trailing-bytes",
    "silence",
    "cuts",
};

/* Somewhere in low .. high, both included. */
static uint64_t between(struct fa_rand *rand, uint64_t low, uint64_t high)
{
    return low + fa_rand_below(rand, high - low + 1);
}

static void add_kind(struct fa_rand *rand, enum kind kind, struct fa_fault_config *config)
{
    switch (kind) {
    case LOSS:
        config->loss_per_million = (uint32_t)between(rand, 1000, 50000);
        break;
    case SMALL_LOSS:
        config->small_loss_per_million = (uint32_t)between(rand, 10000, 100000);
        break;
    case DUPLICATION:
        config->duplicate_per_million = (uint32_t)between(rand, 1000, 100000);
        break;
    case REORDERING:
        config->reorder_per_million = (uint32_t)between(rand, 1000, 100000);
        config->reorder_ns = between(rand, 100 * FA_NS_US, 20 * FA_NS_MS);
        break;
    case LATE:
        config->duplicate_per_million = (uint32_t)between(rand, 1000, 10000);
        config->reorder_per_million = (uint32_t)between(rand, 1000, 10000);
        config->reorder_ns = between(rand, FA_NS_S, 5 * FA_NS_S);
        break;
    case CORRUPTION:
        /* One bit: the internet checksum finds every single flipped bit, so a wrong byte that
         * reaches the application is a bug and not bad luck. */
        config->corrupt_per_million = (uint32_t)between(rand, 1000, 20000);
        config->corrupt_bits_max = 1;
        break;
    case DELAY:
        config->delay_ns = between(rand, 100 * FA_NS_US, 50 * FA_NS_MS);
        break;
    case JITTER:
        config->jitter_ns = between(rand, 100 * FA_NS_US, 20 * FA_NS_MS);
        break;
    case RATE:
        config->rate_bytes_per_s = between(rand, 500 * 1000, 20 * 1000 * 1000);
        config->burst_bytes = 3000;
        config->queue_bytes = between(rand, 16 * 1024, 256 * 1024);
        break;
    case TRAILING:
        config->trailing_bytes_max = 10;
        break;
    case SILENCE:
        config->silence_bytes = SILENCE_BYTES;
        config->silence_ns = FA_NS_S;
        break;
    case CUTS:
    case KIND_COUNT:
        break;
    }
}

static struct weather *weather_of(const struct fa_poller *poller)
{
    return FA_CONTAINER((struct fa_poller *)(uintptr_t)poller, struct weather, poller);
}

/* Cut one cable both ways for up to a second, now and then, while the weather lasts. */
static bool poll_cuts(struct fa_poller *poller, fa_ns now)
{
    struct weather *weather = weather_of(poller);
    if (now < weather->next_cut_ns) {
        return false;
    }
    bool mend = weather->cut != NULL;
    if (!mend && now < weather->calm_from_ns) {
        size_t idx = fa_rand_below(&weather->rand, weather->world->station_count);
        weather->cut = &weather->world->stations[idx];
    }
    if (weather->cut != NULL) {
        fa_fault_switch(&weather->cut->fault, FA_FAULT_RX, mend);
        fa_fault_switch(&weather->cut->fault, FA_FAULT_TX, mend);
    }
    if (mend) {
        weather->cut = NULL;
    }
    bool over = weather->cut == NULL && now >= weather->calm_from_ns;
    weather->next_cut_ns =
        over ? FA_NS_NEVER
             : now + between(&weather->rand, 100 * FA_NS_MS, (mend ? 5 : 1) * FA_NS_S);
    return true;
}

static fa_ns cuts_deadline(const struct fa_poller *poller)
{
    return weather_of(poller)->next_cut_ns;
}

uint32_t weather_choose(void)
{
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "weather kinds");
    uint64_t count = between(&rand, WEATHER_CHOSEN_MIN, WEATHER_CHOSEN_MAX);
    uint32_t kinds = 0;
    while ((uint64_t)__builtin_popcount(kinds) < count) {
        kinds |= 1u << fa_rand_below(&rand, KIND_COUNT);
    }
    return kinds;
}

/* Remember the worst of all cables: a path has two, the sender's and the receiver's. */
static void note_worst(struct weather *weather, const struct fa_fault_config *config)
{
    uint32_t loss = config->loss_per_million + config->small_loss_per_million +
                    config->corrupt_per_million + config->reorder_per_million;
    fa_ns delay =
        config->delay_ns + config->jitter_ns + fa_ns_min(config->reorder_ns, FA_NS_S / 10);
    if (config->rate_bytes_per_s != 0) {
        loss += RATE_LOSS;
        weather->rate_min = weather->rate_min == 0
                                ? config->rate_bytes_per_s
                                : fa_min(weather->rate_min, config->rate_bytes_per_s);
    }
    weather->loss_max = (uint32_t)fa_max(weather->loss_max, 2 * loss);
    weather->delay_max_ns = fa_max(weather->delay_max_ns, 2 * delay);
}

bool weather_is_heavy(const struct weather *weather)
{
    return weather->loss_max >= HEAVY_LOSS;
}

fa_ns weather_bound(const struct weather *weather, uint64_t bytes, uint64_t bytes_each, bool poor)
{
    uint64_t segments = bytes_each / SEGMENT_BYTES + 1;
    fa_ns recovery_ns = weather_is_heavy(weather) ? HEAVY_RECOVERY_NS : RECOVERY_NS;
    recovery_ns = poor ? 2 * recovery_ns : recovery_ns;
    fa_ns rate_ns = weather->rate_min != 0 ? bytes / weather->rate_min * 2 * FA_NS_S : 0;
    fa_ns loss_ns = segments * weather->loss_max / 1000000 * recovery_ns;
    uint64_t window_bytes = poor ? POOR_WINDOW_BYTES : WINDOW_BYTES;
    fa_ns window_ns = (bytes_each / window_bytes + 10) * 4 * weather->delay_max_ns;
    fa_ns silence_ns = (weather->kinds & 1u << SILENCE) != 0
                           ? bytes / SILENCE_BYTES * 4 * FA_NS_S
                           : 0; /* each of up to four cables sees all bytes */
    fa_ns cut_ns = (weather->kinds & 1u << CUTS) != 0 ? CUT_TIME_NS : 0;
    return START_NS + rate_ns + loss_ns + window_ns + silence_ns + cut_ns;
}

void weather_begin(struct weather *weather, struct world *world, uint32_t kinds, fa_ns calm_from_ns)
{
    static const struct fa_poller_ops ops = {poll_cuts, cuts_deadline};
    *weather = (struct weather){
        .poller.ops = &ops, .world = world, .kinds = kinds, .next_cut_ns = FA_NS_NEVER};
    fa_sim_rand_init(&weather->rand, "weather");
    for (size_t i = 0; i < world->station_count; i++) {
        for (int dir = 0; dir < FA_FAULT_DIR_COUNT; dir++) {
            struct fa_fault_config config = {};
            for (int kind = 0; kind < KIND_COUNT; kind++) {
                /* Two flipped bits can hide each other from the checksum, so a path has one cable
                 * that flips: the receiver's. */
                bool apart = kind == CORRUPTION && dir == FA_FAULT_TX;
                if ((weather->kinds & 1u << kind) != 0 && !apart) {
                    add_kind(&weather->rand, (enum kind)kind, &config);
                }
            }
            fa_fault_set(&world->stations[i].fault, (enum fa_fault_dir)dir, &config);
            note_worst(weather, &config);
        }
    }
    struct fa_text text;
    fa_text_init(&text, weather->text, sizeof weather->text);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if ((weather->kinds & 1u << kind) != 0) {
            fa_text_add(&text, "%s%s", text.len != 0 ? "+" : "", kind_names[kind]);
        }
    }
    if ((weather->kinds & 1u << CUTS) != 0) {
        weather->next_cut_ns = fa_sim_now() + FA_NS_S;
        weather->calm_from_ns = calm_from_ns;
        fa_loop_add(&world->loop, &weather->poller);
    }
}
