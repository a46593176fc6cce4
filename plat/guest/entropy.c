// SPDX-License-Identifier: ISC
//
// entropy.c: the pool of an image.

#include "plat/guest/entropy.h"
#include "fa/plat.h"
#include "plat/guest/entropy_caps.h"
#include "plat/guest/entropy_cpu.h"
#include "plat/guest/guest.h"

static struct {
    struct fa_entropy_pool pool;
    struct fa_entropy_source cpu[FA_CPU_RANDOM_COUNT];
    struct fa_entropy_source tender;
    bool started;
    bool emulated;
} entropy;

static void begin(void)
{
    entropy.emulated = fa__cpu_emulated();
    fa__entropy_pool_init(&entropy.pool, &fa_counters_main);
    for (size_t i = 0; i < FA_CPU_RANDOM_COUNT; i++) {
        fa__entropy_cpu_init(&entropy.cpu[i], &fa__cpu_random[i]);
        fa__entropy_pool_source_add(&entropy.pool, &entropy.cpu[i]);
    }
    fa__entropy_caps_init(&entropy.tender, &fa__guest_caps);
    fa__entropy_pool_source_add(&entropy.pool, &entropy.tender);
    const struct fa_caps_control *control =
        (const struct fa_caps_control *)(uintptr_t)fa__guest_caps.control_addr;
    if (control != NULL) {
        fa__entropy_pool_generation_watch(&entropy.pool, &control->generation);
    }
    fa__entropy_target_add();
}

/* Begun by whoever comes first, so that an image that needs no randomness holds none of this. */
static struct fa_entropy_pool *pool(void)
{
    if (!entropy.started) {
        entropy.started = true;
        begin();
    }
    return &entropy.pool;
}

void fa__entropy_seed(const char *name, uint8_t *at, size_t len)
{
    fa__entropy_pool_seed(pool(), name, at, len);
}

void fa__entropy_source_add(struct fa_entropy_source *source)
{
    fa__entropy_pool_source_add(pool(), source);
}

void fa__entropy_generation_watch(const volatile uint32_t *generation)
{
    fa__entropy_pool_generation_watch(pool(), generation);
}

void fa__entropy_event(uint8_t kind)
{
    static struct fa_entropy_clock clock;
    const fa_ns now = fa_clock_mono_ns();
    const uint64_t ticks = fa__cpu_ticks();
    pool()->event_bits = entropy.emulated ? 0 : fa__entropy_event_bits(&clock, now, ticks);
    fa__entropy_pool_event(pool(), now, kind, ticks);
}

void fa_entropy_fill(void *at, size_t len)
{
    if (fa__entropy_pool_fill(pool(), fa_clock_mono_ns(), at, len)) {
        return;
    }
    char line[FA_ENTROPY_EXPLAIN_BYTES];
    struct fa_text text;
    fa_text_init(&text, line, sizeof line);
    fa_text_add(&text, "No keys can be made: too little randomness, ");
    fa__entropy_pool_explain(pool(), &text);
    fa_text_add(&text, ". Give it a virtio-rng, or a processor with RDRAND.\n");
    fa_console_write(fa_text_slice(&text));
    fa_plat_abort();
}
