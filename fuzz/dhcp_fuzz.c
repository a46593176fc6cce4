// SPDX-License-Identifier: ISC
//
// The DHCP client as a sequence of messages, outputs and time steps.
//
// An operation is one byte; a message is as many bytes as the next two say, and is made to answer
// the present exchange, or is left as it is.

#include "fa/dhcp.h"

#include "fa/wire/udp.h"

enum {
    MESSAGE_LEN_MAX = 1024,
    OP_COUNT_MAX = 500,
    OFF_XID = 4,
    OFF_MAC = 28,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_dhcp dhcp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[4 * FA_BUF_SIZE];
static fa_ns now;

static bool bound(void)
{
    return dhcp.state == FA_DHCP_BOUND || dhcp.state == FA_DHCP_RENEWING ||
           dhcp.state == FA_DHCP_REBINDING;
}

static void check(void)
{
    if (bound()) {
        FA_ASSERT(dhcp.lease.ip != 0 && dhcp.lease.prefix_bits >= 1 && dhcp.lease.lease_s != 0);
        FA_ASSERT(dhcp.lease.t1_ns <= dhcp.lease.t2_ns && dhcp.lease.t2_ns <= dhcp.lease.end_ns);
        FA_ASSERT(dhcp.lease.end_ns == FA_NS_NEVER || fa_dhcp_deadline(&dhcp) <= dhcp.lease.end_ns);
    }
    // It never sleeps for ever without an address, unless it was told to stop.
    if (!bound() && dhcp.state != FA_DHCP_STOPPED) {
        FA_ASSERT(fa_dhcp_has_output(&dhcp) || fa_dhcp_deadline(&dhcp) != FA_NS_NEVER);
    }
}

static void output(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_udp_header udp;
    struct fa_dhcp_message message;
    FA_ASSERT(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (fa_dhcp_output(&dhcp, now, buf, &meta)) {
        FA_ASSERT(fa_udp_decode(fa_buf_slice(buf), &meta, false, &udp) == FA_UDP_GOOD);
        struct fa_slice payload = fa_slice_from(fa_buf_slice(buf), FA_UDP_HDR_LEN);
        FA_ASSERT(fa_dhcp_decode(payload, &message) == FA_DHCP_GOOD);
    }
    fa_buf_drop(buf);
}

/* Returns: bytes used up. */
static size_t input(const uint8_t *data, size_t len, bool patched)
{
    uint8_t bytes[MESSAGE_LEN_MAX];
    if (len < 2) {
        return len;
    }
    size_t take = fa_min(fa_be16_load(data) % MESSAGE_LEN_MAX, len - 2);
    fa_copy(bytes, data + 2, take);
    if (patched && take >= FA_DHCP_FIXED_LEN) {
        fa_be32_store(bytes + OFF_XID, dhcp.xid);
        fa_copy(bytes + OFF_MAC, dhcp.config.mac, FA_MAC_LEN);
    }
    fa_dhcp_input(&dhcp, now, (struct fa_slice){bytes, take});
    return 2 + take;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_dhcp_config config = {
        .mac = {2, 0, 0, 0, 0, 1}, .host_name = "f", .counters = &counters, .rand = &rand};
    now = 0;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_dhcp_init(&dhcp, &config);
    fa_dhcp_start(&dhcp, now);
    size_t off = 0;
    for (int i = 0; off < len && i < OP_COUNT_MAX; i++) {
        uint8_t op = data[off++];
        switch (op & 7) {
        case 0:
        case 1:
            off += input(data + off, len - off, (op & 1) == 0);
            break;
        case 2:
        case 3:
            output();
            break;
        case 4:
            now += (fa_ns)(op >> 3) * 60 * FA_NS_S;
            break;
        case 5:
            now = fa_dhcp_deadline(&dhcp) != FA_NS_NEVER && fa_dhcp_deadline(&dhcp) > now
                      ? fa_dhcp_deadline(&dhcp)
                      : now;
            fa_dhcp_tick(&dhcp, now);
            break;
        case 6:
            fa_dhcp_decline(&dhcp, now);
            break;
        case 7:
            (void)fa_dhcp_event_take(&dhcp);
            break;
        }
        check();
    }
    fa_dhcp_stop(&dhcp);
    output();
    FA_ASSERT(!fa_dhcp_has_output(&dhcp) && pool.used_count == 0);
    return 0;
}
