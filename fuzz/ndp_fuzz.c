// SPDX-License-Identifier: ISC
//
// Neighbour discovery as a sequence of messages, calls and time steps; the books must balance after
// each. The first byte chooses the configuration; an operation is a kind, a length and its bytes.
//
// Covers: src/net/ndp.c src/net/ndp_addr.c src/net/ndp_input.c src/net/ndp_router.c src/net/neigh.c

#include "fa/ndp.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"

enum {
    BUF_COUNT = 128,
    BUF_SIZE = 512,
    OP_COUNT_MAX = 1000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_ndp ndp;
static struct fa_addrs addrs;
static struct fa_names names;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * BUF_SIZE];
static fa_ns now;

static size_t count(const struct fa_list *list)
{
    size_t sum = 0;
    FA_LIST_EACH(node, list) {
        sum++;
    }
    return sum;
}

static void check_books(void)
{
    const struct fa_neigh *neigh = &ndp.neigh;
    size_t parked = 0;
    FA_LIST_EACH(node, &neigh->incomplete) {
        parked += FA_CONTAINER(node, struct fa_neigh_entry, node)->parked_count;
    }
    FA_ASSERT(parked == neigh->parked_count && parked <= FA_NEIGH_PARKED_COUNT_MAX);
    FA_ASSERT(count(&neigh->incomplete) == neigh->incomplete_count);
    FA_ASSERT(neigh->incomplete_count <= FA_NEIGH_INCOMPLETE_COUNT_MAX);
    FA_ASSERT(pool.used_count == parked + count(&neigh->ready) + count(&neigh->failed));
    FA_ASSERT(addrs.count <= FA_ADDR_COUNT_MAX && ndp.way_count <= FA_NDP_ROUTE_COUNT_MAX);
    for (uint32_t i = 0; i < addrs.count; i++) {
        FA_ASSERT(fa_ip6_is_host(&addrs.at[i].ip));
        FA_ASSERT(fa_addrs_find(&addrs, &addrs.at[i].ip) == &addrs.at[i]);
    }
    FA_ASSERT(ndp.mtu_bytes >= FA_IP6_MTU_MIN && ndp.mtu_bytes <= 1500);
}

/* A neighbour, a router, one of our addresses, or nobody. */
static struct fa_ip choose_ip(uint8_t byte)
{
    struct fa_ip ip = {{0xfe, 0x80, [15] = byte & 15}};
    if ((byte & 0xc0) == 0x40 && addrs.count != 0) {
        return addrs.at[byte % addrs.count].ip;
    }
    if ((byte & 0xc0) == 0x80) {
        ip.b[0] = 0x20;
        ip.b[1] = 1;
    }
    return byte == 0xff ? (struct fa_ip){{0}} : ip;
}

/* The message as it is, but about an address that matters if `op` says so. */
static void input(uint8_t op, const uint8_t *args, size_t len)
{
    uint8_t bytes[256];
    if (len < 2) {
        return;
    }
    fa_copy(bytes, args + 2, len - 2);
    if ((op & 8) != 0 && len >= 2 + 24) {
        struct fa_ip target = choose_ip(args[1]);
        fa_copy(bytes + 8, target.b, 16);
    }
    struct fa_ip group = fa_ip6_all_nodes;
    if ((op & 16) != 0 && len >= 2 + 24) {
        struct fa_ip target;
        fa_copy(target.b, bytes + 8, 16);
        group = fa_ip6_solicited_node(&target);
    }
    struct fa_ip_meta meta = {
        .local = (op & 32) != 0 && addrs.count != 0 ? addrs.at[0].ip : group,
        .remote = choose_ip(args[0]),
        .ttl = (op & 0xc0) == 0xc0 ? 64 : 255,
    };
    meta.multicast = fa_ip6_is_multicast(&meta.local);
    fa_ndp_input(&ndp, now, &meta, (struct fa_slice){bytes, len - 2});
}

static void resolve(const struct fa_ip *ip, bool answer)
{
    struct fa_buf *buf;
    if (!ndp.running || fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return;
    }
    fa_zero(fa_buf_append(buf, FA_ETH_HDR_LEN), FA_ETH_HDR_LEN);
    if (fa_neigh_resolve(&ndp.neigh, now, ip, answer, buf)) {
        fa_buf_drop(buf);
    }
}

static void output(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_icmp6_header header;
    struct fa_ndp_message message;
    if (fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return;
    }
    if (fa_ndp_output(&ndp, now, buf, &meta)) {
        FA_ASSERT(fa_icmp6_decode(fa_buf_slice(buf), &meta, &header) == FA_ICMP6_GOOD);
        FA_ASSERT(fa_ndp_decode(fa_buf_slice(buf), &message) == FA_NDP_GOOD);
        FA_ASSERT(fa_ip_is_zero(&meta.local) || fa_addrs_has(&addrs, &meta.local));
    }
    fa_buf_drop(buf);
}

static void pass_time(fa_ns duration)
{
    now += duration;
    if (now >= fa_ndp_deadline(&ndp)) {
        fa_ndp_tick(&ndp, now);
    }
    for (uint32_t i = addrs.count; i-- > 0;) {
        if (addrs.at[i].state == FA_ADDR_EXPIRED) {
            fa_addrs_remove(&addrs, &addrs.at[i]);
        }
    }
}

static void run_op(uint8_t op, const uint8_t *args, size_t len)
{
    struct fa_ip ip = choose_ip(len > 0 ? args[0] : 0);
    struct fa_ip hop;
    switch (op & 7) {
    case 0:
    case 1:
        input(op, args, len);
        break;
    case 2:
        if (fa_ndp_next_hop(&ndp, &ip, &hop) >= 0) {
            resolve(&hop, (op & 8) != 0);
        }
        break;
    case 3:
        output();
        break;
    case 4:
        fa_buf_drop(fa_neigh_ready_take(&ndp.neigh));
        fa_buf_drop(fa_neigh_failed_take(&ndp.neigh));
        break;
    case 5:
        pass_time((len > 0 ? args[0] : 1) * ((op & 8) != 0 ? 1000 : 1) * FA_NS_S / 4);
        break;
    case 6:
        resolve(&ip, (op & 8) != 0);
        break;
    case 7:
        if (ndp.running) {
            (void)fa_ndp_address_add(&ndp, now, &ip, 64, FA_NS_NEVER, FA_ADDR_STATIC); // or not
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t flags = len > 0 ? data[0] : 0;
    struct fa_ndp_config config = {
        .mac = {2, 0, 0, 0, 0, 1},
        .mtu_bytes = 1500,
        .addrs = &addrs,
        .names = &names,
        .counters = &counters,
        .rand = &rand,
        .privacy = (flags & 1) != 0,
        .dad_off = (flags & 2) != 0,
        .ra_off = (flags & 4) != 0,
        .redirects_off = (flags & 8) != 0,
    };
    now = 0;
    addrs.count = 0;
    fa_rand_init_seed(&rand, 1);
    fa_names_init(&names, &counters);
    fa_pool_init(&pool, memory, sizeof memory, BUF_SIZE);
    fa_ndp_init(&ndp, &config);
    fa_ndp_start(&ndp, now);
    size_t off = 1;
    for (int i = 0; i < OP_COUNT_MAX && off + 2 <= len; i++) {
        size_t args_len = fa_min(data[off + 1], len - off - 2);
        run_op(data[off], data + off + 2, args_len);
        check_books();
        off += 2 + args_len;
    }
    fa_ndp_stop(&ndp);
    FA_ASSERT(pool.used_count == 0 && addrs.count == 0);
    return 0;
}
