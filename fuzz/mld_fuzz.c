// SPDX-License-Identifier: ISC
//
// Listening to IPv6 groups as a sequence of queries, joins and time steps.
//
// An operation is one byte, its low two bits the kind, then its argument and, for queries, a
// message of 28 bytes.

#include "fa/mld.h"
#include "fa/wire/icmp6.h"

enum {
    OP_COUNT_MAX = 2000,
    BUF_SIZE = 2048,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_mld mld;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_SIZE];
static fa_ns now;

static void output(void)
{
    static const struct fa_ip us = {{0xfe, 0x80, [15] = 1}};
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_icmp6_header header;
    FA_ASSERT(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (fa_mld_output(&mld, now, &us, buf, &meta)) {
        struct fa_slice message = fa_slice_from(fa_buf_slice(buf), FA_MLD_ALERT_HDR_LEN);
        FA_ASSERT(fa_icmp6_decode(message, &meta, &header) == FA_ICMP6_GOOD);
        FA_ASSERT(buf->len <= 1240);
    }
    fa_buf_drop(buf);
}

static void follow(uint8_t arg)
{
    struct fa_addrs addrs = {.count = arg & 7};
    for (uint32_t i = 0; i < addrs.count; i++) {
        addrs.at[i].ip = (struct fa_ip){{0xfe, 0x80, [15] = (uint8_t)(arg >> 3) + (uint8_t)i}};
    }
    fa_mld_follow(&mld, now, &addrs);
}

static size_t run_op(const uint8_t *op, size_t len)
{
    struct fa_ip group = {{0xff, 1 + (op[0] >> 7), [15] = op[1] & 63}};
    struct fa_ip_meta meta = {.remote = {{0xfe, 0x80, [15] = 9}}, .ttl = 1};
    size_t message_len = fa_min(len - 2, (op[0] & 4) != 0 ? 24 : 28);
    switch (op[0] & 3) {
    case 0:
        fa_mld_input(&mld, now, &meta, true, (struct fa_slice){op + 2, message_len});
        return 2 + message_len;
    case 1:
        (void)((op[0] & 4) != 0 ? fa_mld_join(&mld, now, &group)
                                : fa_mld_leave(&mld, now, &group)); // or not
        break;
    case 2:
        now += op[1] * FA_NS_S / ((op[0] & 4) != 0 ? 1 : 16);
        if (now >= fa_mld_deadline(&mld)) {
            fa_mld_tick(&mld, now);
        }
        output();
        break;
    case 3:
        follow(op[1]);
        break;
    }
    return 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    now = 0;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, BUF_SIZE);
    fa_mld_init(&mld, &(struct fa_mld_config){.counters = &counters, .rand = &rand});
    size_t off = 0;
    for (int i = 0; i < OP_COUNT_MAX && off + 2 <= len; i++) {
        off += run_op(data + off, len - off);
        FA_ASSERT(mld.group_count <= FA_MLD_GROUP_COUNT_MAX);
        for (uint32_t g = 0; g < mld.group_count; g++) {
            const struct fa_mld_group *group = &mld.groups[g];
            FA_ASSERT(group->own || group->user_count != 0 || group->record != 0);
            FA_ASSERT(group->record == 0 || group->repeat_count != 0);
        }
    }
    return 0;
}
