// SPDX-License-Identifier: ISC
//
// See host6.h.

#include "test/unit/host6.h"

#include "test/t.h"

enum {
    STEP_COUNT_MAX = 100000,
};

struct host6 host6;
const uint8_t host6_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 1};
const uint8_t host6_router_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 9};
static _Alignas(64) uint8_t memory[128 * 512];

struct fa_ndp_config host6_config(void)
{
    struct fa_ndp_config config = {
        .mtu_bytes = 1500,
        .secret = "0123456789abcde",
        .addrs = &host6.addrs,
        .names = &host6.names,
        .counters = &host6.counters,
        .rand = &host6.rand,
    };
    fa_copy(config.mac, host6_mac, FA_MAC_LEN);
    return config;
}

void host6_begin(const struct fa_ndp_config *config)
{
    host6.counters = (struct fa_counters){0};
    host6.addrs.count = 0;
    host6.now = 100 * FA_NS_S;
    fa_rand_init_seed(&host6.rand, 1);
    fa_names_init(&host6.names, &host6.counters);
    fa_pool_init(&host6.pool, memory, sizeof memory, 512);
    fa_ndp_init(&host6.ndp, config);
    fa_ndp_start(&host6.ndp, host6.now);
}

void host6_open(void)
{
    struct fa_ndp_config config = host6_config();
    host6_begin(&config);
    host6_run(3 * FA_NS_S);
}

void host6_end(void)
{
    fa_ndp_stop(&host6.ndp);
    CHECK_EQ(host6.addrs.count, 0);
    CHECK_EQ(host6.pool.used_count, 0);
}

struct fa_ip host6_ip(const char *text)
{
    struct fa_ip ip = {0};
    CHECK(fa_ip_parse(fa_slice_of(text), &ip) == FA_OK);
    return ip;
}

bool host6_output(struct fa_ndp_message *ret_message, struct fa_ip_meta *ret_meta)
{
    struct fa_buf *buf;
    struct fa_icmp6_header header;
    CHECK(fa_buf_alloc(&host6.pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    bool said = fa_ndp_output(&host6.ndp, host6.now, buf, ret_meta);
    if (said) {
        CHECK_EQ(fa_icmp6_decode(fa_buf_slice(buf), ret_meta, &header), FA_ICMP6_GOOD);
        CHECK_EQ(fa_ndp_decode(fa_buf_slice(buf), ret_message), FA_NDP_GOOD);
        CHECK(ret_meta->ttl == FA_NDP_HOP_LIMIT && ret_meta->protocol == FA_IP_PROTO_ICMP6);
        ret_message->options = (struct fa_slice){0};
    }
    fa_buf_drop(buf);
    return said;
}

void host6_drain(void)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    while (host6_output(&message, &meta)) {
    }
}

void host6_run(fa_ns duration)
{
    fa_ns end = host6.now + duration;
    for (int i = 0; i < STEP_COUNT_MAX; i++) {
        host6_drain();
        fa_ns next = fa_ndp_deadline(&host6.ndp);
        if (next > end) {
            host6.now = end;
            return;
        }
        host6.now = next > host6.now ? next : host6.now;
        fa_ndp_tick(&host6.ndp, host6.now);
    }
    t_fail(__FILE__, __LINE__, "deadlines without an end");
}

void host6_input(const struct fa_ip *source, const struct fa_ip *target, struct fa_slice message)
{
    struct fa_ip_meta meta = {
        .local = *target,
        .remote = *source,
        .ttl = FA_NDP_HOP_LIMIT,
        .protocol = FA_IP_PROTO_ICMP6,
        .multicast = fa_ip6_is_multicast(target),
    };
    fa_ndp_input(&host6.ndp, host6.now, &meta, message);
}

void host6_neighbour(
    const struct fa_ip *source, const struct fa_ip *target, const struct fa_ndp_message *message)
{
    uint8_t bytes[FA_NDP_LEN_MAX];
    size_t len = fa_ndp_encode(bytes, message);
    host6_input(source, target, (struct fa_slice){bytes, len});
}

bool host6_resolve(const struct fa_ip *ip)
{
    struct fa_buf *buf;
    CHECK(fa_buf_alloc(&host6.pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    fa_zero(fa_buf_append(buf, FA_ETH_HDR_LEN), FA_ETH_HDR_LEN);
    if (!fa_neigh_resolve(&host6.ndp.neigh, host6.now, ip, false, buf)) {
        return false;
    }
    fa_buf_drop(buf);
    return true;
}

struct fa_iface_addr *host6_addr(enum fa_addr_origin origin)
{
    for (uint32_t i = 0; i < host6.addrs.count; i++) {
        if (host6.addrs.at[i].origin == origin) {
            return &host6.addrs.at[i];
        }
    }
    return NULL;
}
