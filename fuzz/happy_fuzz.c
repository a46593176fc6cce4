// SPDX-License-Identifier: ISC
//
// Happy Eyeballs as a sequence of answers, attempts, ends and time. Its promises: an address is
// tried once, attempts keep their distance unless one failed, and it ends when all have.

#include "fa/happy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static fa_ns last_begun;
static bool failed_since;

static fa_err source_for(void *ctx, const struct fa_ip *remote, struct fa_ip *ret_local)
{
    (void)ctx;
    *ret_local = *remote;
    ret_local->b[15] ^= remote->b[14];
    return (remote->b[15] & 1) != 0 ? FA_OK : FA_ENOENT;
}

static void resolve(struct fa_happy *happy, fa_ns now, bool v6, struct fa_slice rest)
{
    struct fa_ip ips[FA_HAPPY_COUNT_MAX];
    size_t count = fa_min(rest.len, FA_HAPPY_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        uint8_t b = rest.at[i];
        ips[i] = v6 ? (struct fa_ip){{b, (uint8_t)(b << 3), [14] = b & 3, [15] = b >> 2}}
                    : fa_ip4(10, 0, b >> 4, b & 15);
    }
    if (happy->pending[v6]) {
        fa_happy_resolved(happy, now, v6, ips, count, FA_ETIMEOUT);
    }
}

static void next(struct fa_happy *happy, fa_ns now)
{
    uint32_t idx;
    if (!fa_happy_next(happy, now, &idx)) {
        return;
    }
    FA_ASSERT(idx < happy->count && happy->attempts[idx].state == FA_HAPPY_TRYING);
    FA_ASSERT(happy->begun_count == 1 || failed_since ||
              now - last_begun >= happy->config.attempt_delay_ns);
    last_begun = now;
    failed_since = false;
}

static void end(struct fa_happy *happy, fa_ns now, uint8_t arg)
{
    uint32_t idx = arg % FA_HAPPY_COUNT_MAX;
    if (idx < happy->count && happy->attempts[idx].state == FA_HAPPY_TRYING) {
        fa_happy_ended(happy, now, idx, arg == 255 ? FA_OK : FA_EREFUSED);
        failed_since = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_happy happy;
    fa_ns now = 0;
    char text[100];
    last_begun = 0;
    failed_since = false;
    fa_happy_init(&happy, &(struct fa_happy_config){.source_for = source_for});
    for (size_t off = 0; off + 2 <= len && off < 400; off += 2) {
        uint8_t arg = data[off + 1];
        switch (data[off] & 3) {
        case 0:
            resolve(&happy, now, (arg & 1) != 0,
                (struct fa_slice){data + off + 2, fa_min(len - off - 2, arg >> 1)});
            break;
        case 1:
            next(&happy, now);
            break;
        case 2:
            end(&happy, now, arg);
            break;
        case 3:
            now += arg * FA_NS_MS;
        }
        uint32_t open = 0;
        for (uint32_t i = 0; i < happy.count; i++) {
            open += happy.attempts[i].state < FA_HAPPY_FAILED;
        }
        bool over = open == 0 && !happy.pending[0] && !happy.pending[1];
        FA_ASSERT(!over || fa_happy_result(&happy) != FA_AGAIN);
        (void)fa_happy_text(&happy, text, sizeof text);
    }
    return 0;
}
