// SPDX-License-Identifier: ISC
//
// Listening to IPv4 groups as a sequence of queries, joins and time steps.
//
// An operation is one byte, its low two bits the kind, then its argument and, for queries, a
// message of 8 or 12 bytes whose checksum is made.

#include "fa/igmp.h"
#include "fa/wire/csum.h"
#include "fa/wire/ip4.h"

enum {
    OP_COUNT_MAX = 2000,
    BUF_SIZE = 2048,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_igmp igmp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_SIZE];
static fa_ns now;

static void output(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    FA_ASSERT(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (fa_igmp_output(&igmp, now, buf, &meta)) {
        FA_ASSERT(buf->len >= FA_IGMP2_LEN && buf->len <= 576 - FA_IP4_HDR_LEN - FA_IP4_ALERT_LEN);
        FA_ASSERT(fa_csum_fold(fa_csum_add(0, fa_buf_at(buf), buf->len)) == 0);
        FA_ASSERT(fa_ip4_is_multicast(fa_ip4_of(&meta.remote)));
    }
    fa_buf_drop(buf);
}

static void input(const uint8_t *at, size_t len, uint8_t flags)
{
    uint8_t bytes[FA_IGMP3_QUERY_LEN];
    fa_copy(bytes, at, len);
    if (len >= 4) {
        fa_be16_store(bytes + 2, 0);
        fa_be16_store(bytes + 2, fa_csum_fold(fa_csum_add(0, bytes, len)));
    }
    fa_igmp_input(&igmp, now, 1 + (flags >> 7), (flags & 8) == 0, (struct fa_slice){bytes, len});
}

static size_t run_op(const uint8_t *op, size_t len)
{
    uint32_t group = 0xe0000000 + (op[1] & 63);
    size_t message_len = fa_min(len - 2, (op[0] & 4) != 0 ? 8 : 12);
    switch (op[0] & 3) {
    case 0:
        input(op + 2, message_len, op[0]);
        return 2 + message_len;
    case 1:
        (void)fa_igmp_join(&igmp, now, group); // or not
        break;
    case 2:
        now += op[1] * FA_NS_S / ((op[0] & 4) != 0 ? 1 : 16);
        if (now >= fa_igmp_deadline(&igmp)) {
            fa_igmp_tick(&igmp, now);
        }
        output();
        break;
    case 3:
        (void)fa_igmp_leave(&igmp, now, group); // or not
        break;
    }
    return 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    now = 0;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, BUF_SIZE);
    fa_igmp_init(&igmp, &(struct fa_igmp_config){.counters = &counters, .rand = &rand});
    size_t off = 0;
    for (int i = 0; i < OP_COUNT_MAX && off + 2 <= len; i++) {
        off += run_op(data + off, len - off);
        FA_ASSERT(igmp.group_count <= FA_IGMP_GROUP_COUNT_MAX);
        for (uint32_t g = 0; g < igmp.group_count; g++) {
            const struct fa_igmp_group *group = &igmp.groups[g];
            FA_ASSERT(group->user_count != 0 || group->record != 0);
            FA_ASSERT(group->record == 0 || group->repeat_count != 0);
            FA_ASSERT(group->ip != FA_IGMP_ALL_SYSTEMS || group->record == 0);
        }
    }
    return 0;
}
