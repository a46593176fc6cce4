// SPDX-License-Identifier: ISC
//
// Packets are cut, and what is cut fits together again.

#include "fa/fragment.h"

#include "fa/reass.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "test/t.h"

enum { BUF_COUNT = 80, LARGE_COUNT = 2 };

static struct fa_pool pool;
static struct fa_pool large;
static struct fa_reass reass;
static struct fa_counters counters;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t large_memory[LARGE_COUNT * FA_REASS_LARGE_BUF_SIZE];
static struct fa_fragment fragment;

static const struct fa_ip_meta meta4 = {
    .local = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}},
    .remote = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}},
    .protocol = FA_IP_PROTO_UDP,
    .traffic = 0x28,
    .ttl = 9,
};
static const struct fa_ip_meta meta6 = {
    .local = {{0x20, 1, 0xd, 0xb8, 1}},
    .remote = {{0x20, 1, 0xd, 0xb8, 2}},
    .protocol = FA_IP_PROTO_UDP,
    .traffic = 0x28,
    .ttl = 7,
};

static void begin(const struct fa_ip_meta *meta, size_t len, uint16_t mtu_bytes)
{
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_pool_init(&large, large_memory, sizeof large_memory, FA_REASS_LARGE_BUF_SIZE);
    fa_reass_init(&reass,
        &(struct fa_reass_config){.pool = &pool, .large_pool = &large, .counters = &counters});
    struct fa_buf *packet = NULL;
    CHECK(fa_buf_alloc(&large, FA_BUF_HEADROOM, &packet) == FA_OK);
    uint8_t *at = fa_buf_append(packet, len);
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(i * 7 + i / 256);
    }
    fa_fragment_begin(&fragment, packet, meta, mtu_bytes, 0xabcd1234);
}

static struct fa_buf *next(void)
{
    struct fa_buf *buf = NULL;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    fa_fragment_next(&fragment, buf);
    return buf;
}

/* Read a piece as the receiver of it does. */
static struct fa_reass_part decode(const struct fa_buf *piece, const struct fa_ip_meta *meta)
{
    if (fa_ip_is4(&meta->remote)) {
        struct fa_ip4_header ip = {0};
        CHECK(fa_ip4_decode(fa_buf_slice(piece), &ip) == FA_IP4_GOOD);
        CHECK_EQ(ip.total_len, piece->len);
        CHECK_EQ(ip.id, 0x1234);
        CHECK_EQ(ip.ttl, 9);
        CHECK_EQ(ip.traffic, 0x28);
        CHECK(!ip.dont_fragment);
        return (struct fa_reass_part){
            meta, ip.id, ip.header_len, 0, ip.fragment_off, ip.more_fragments};
    }
    struct fa_ip6_header ip = {0};
    struct fa_ip6_chain chain;
    CHECK(fa_ip6_decode(fa_buf_slice(piece), &ip) == FA_IP6_GOOD);
    CHECK_EQ(ip.payload_len + FA_IP6_HDR_LEN, piece->len);
    CHECK_EQ(ip.hop_limit, 7);
    CHECK_EQ(ip.traffic, 0x28);
    CHECK(fa_ip6_chain_walk(fa_buf_slice(piece), ip.next, &chain) == FA_IP6_CHAIN_FRAGMENT);
    CHECK_EQ(chain.fragment.id, 0xabcd1234);
    CHECK_EQ(chain.fragment.next, FA_IP_PROTO_UDP);
    return (struct fa_reass_part){
        meta, chain.fragment.id, chain.off, 0, chain.fragment.off, chain.fragment.more};
}

static struct fa_buf *reassemble(const struct fa_ip_meta *meta, uint16_t mtu_bytes, int *ret_count)
{
    struct fa_buf *whole = NULL;
    struct fa_ip_meta found;
    uint16_t header_len;
    for (*ret_count = 0; fa_fragment_is_busy(&fragment); *ret_count += 1) {
        struct fa_buf *piece = next();
        CHECK(whole == NULL && piece->len <= mtu_bytes);
        struct fa_reass_part part = decode(piece, meta);
        CHECK(!part.more || piece->len + 8 > mtu_bytes); // none is shorter than need be
        whole = fa_reass_input(&reass, 0, &part, piece, &found, &header_len);
    }
    if (whole != NULL) {
        fa_buf_pull(whole, header_len);
    }
    return whole;
}

T(what_is_cut_fits_together_again)
{
    static const struct {
        const struct fa_ip_meta *meta;
        size_t len;
        uint16_t mtu_bytes;
        int count;
    } rows[] = {
        {&meta4, 1481, 1500, 2},
        {&meta4, 2960, 1500, 2},
        {&meta4, 2961, 1500, 3},
        {&meta4, 100, 68, 3},
        {&meta4, 65515, 1500, 45},
        {&meta4, 557, 576, 2},
        {&meta6, 1453, 1500, 2},
        {&meta6, 1233, 1280, 2},
        {&meta6, 65487, 1500, 46},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        int count;
        begin(rows[i].meta, rows[i].len, rows[i].mtu_bytes);
        struct fa_buf *whole = reassemble(rows[i].meta, rows[i].mtu_bytes, &count);
        REQUIRE(whole != NULL);
        CHECK_EQ(count, rows[i].count);
        CHECK_EQ(whole->len, rows[i].len);
        const uint8_t *at = fa_buf_at(whole);
        bool same = true;
        for (size_t k = 0; k < rows[i].len; k++) {
            same = same && at[k] == (uint8_t)(k * 7 + k / 256);
        }
        CHECK(same);
        fa_buf_drop(whole);
        CHECK_EQ(pool.used_count, 0);
        CHECK_EQ(large.used_count, 0);
    }
}

T(one_that_is_given_up_leaves_nothing)
{
    begin(&meta4, 3000, 1500);
    fa_buf_drop(next());
    fa_fragment_stop(&fragment);
    CHECK(!fa_fragment_is_busy(&fragment));
    CHECK_EQ(large.used_count, 0);
    fa_fragment_stop(&fragment); // nothing to stop
}
