// SPDX-License-Identifier: ISC
//
// The stateless DHCPv6 client as a sequence of messages, outputs and time steps.
//
// An operation is one byte, its low three bits the kind, then its argument. A message is as many
// bytes as the argument says, and is made to answer the present exchange, or is left as it is.

#include "fa/dhcp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"

enum {
    OP_COUNT_MAX = 500,
    OFF_DUID = 8,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_dhcp6 dhcp6;
static struct fa_names names;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[FA_BUF_SIZE];
static fa_ns now;

static void output(bool speaks)
{
    const struct fa_ip local = {{speaks ? 0xfe : 0, speaks ? 0x80 : 0}};
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_udp_header udp;
    struct fa_dhcp6_message message;
    FA_ASSERT(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (fa_dhcp6_output(&dhcp6, now, &local, buf, &meta)) {
        FA_ASSERT(fa_udp_decode(fa_buf_slice(buf), &meta, false, &udp) == FA_UDP_GOOD);
        struct fa_slice payload = fa_slice_from(fa_buf_slice(buf), FA_UDP_HDR_LEN);
        FA_ASSERT(fa_dhcp6_decode(payload, &message) == FA_DHCP6_GOOD);
        FA_ASSERT(message.type == FA_DHCP6_INFORM && message.xid == dhcp6.xid);
    }
    FA_ASSERT(!fa_dhcp6_has_output(&dhcp6));
    fa_buf_drop(buf);
}

/* Returns: bytes used up. */
static size_t input(const uint8_t *data, size_t len, uint8_t len_said, bool patched)
{
    uint8_t bytes[UINT8_MAX];
    size_t take = fa_min(len_said, len);
    fa_copy(bytes, data, take);
    if (patched && take >= OFF_DUID + FA_DHCP6_DUID_LEN) {
        fa_be32_store(bytes, (uint32_t)bytes[0] << 24 | dhcp6.xid);
        fa_dhcp6_duid_encode(bytes + OFF_DUID, dhcp6.config.mac);
    }
    if (fa_dhcp6_input(&dhcp6, now, (struct fa_slice){bytes, take})) {
        FA_ASSERT(dhcp6.state == FA_DHCP6_INFORMED);
    }
    return take;
}

static size_t run_op(const uint8_t *op, size_t len)
{
    switch (op[0] & 7) {
    case 0:
        fa_dhcp6_start(&dhcp6, now);
        break;
    case 1:
        fa_dhcp6_verify(&dhcp6, now);
        break;
    case 2:
        fa_dhcp6_stop(&dhcp6);
        break;
    case 3:
        output(op[1] != 0);
        break;
    case 4:
        now = fa_ns_after(now, op[1] * FA_NS_S);
        fa_dhcp6_tick(&dhcp6, now);
        break;
    case 5:
        now = fa_dhcp6_deadline(&dhcp6) == FA_NS_NEVER ? now : fa_dhcp6_deadline(&dhcp6);
        fa_dhcp6_tick(&dhcp6, now);
        break;
    default:
        return 2 + input(op + 2, len - 2, op[1], (op[0] & 1) != 0);
    }
    return 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    now = FA_NS_S;
    fa_rand_init_seed(&rand, 1);
    fa_names_init(&names, &counters);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_dhcp6_init(
        &dhcp6, &(struct fa_dhcp6_config){.names = &names, .counters = &counters, .rand = &rand});
    size_t off = 0;
    for (int i = 0; i < OP_COUNT_MAX && off + 2 <= len; i++) {
        off += run_op(data + off, len - off);
        // It never falls silent while it asks, and never lets anybody wait for ever.
        bool asks = dhcp6.state == FA_DHCP6_DELAYING || dhcp6.state == FA_DHCP6_ASKING;
        FA_ASSERT(!asks || fa_dhcp6_has_output(&dhcp6) || fa_dhcp6_deadline(&dhcp6) != FA_NS_NEVER);
        FA_ASSERT(dhcp6.retry_ns <= FA_DHCP6_INF_MAX_RT_MOST_S / 10 * 11 * FA_NS_S);
        for (uint32_t kind = 0; kind < FA_NAMES_KIND_COUNT; kind++) {
            FA_ASSERT(names.lists[kind].count <= FA_NAMES_COUNT_MAX);
            FA_ASSERT(dhcp6.state != FA_DHCP6_STOPPED || names.lists[kind].count == 0);
        }
    }
    return 0;
}
