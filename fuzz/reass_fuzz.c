// SPDX-License-Identifier: ISC
//
// Reassembly against fragments in any order, overlapping, too many, with time passing: no buffer is
// lost, no limit is passed, and what comes out is made of what went in. Long inputs are also cut by
// fragmentation and must come back the same.
// Covers: src/net/reass.c src/net/fragment.c

#include "fa/fragment.h"
#include "fa/reass.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

enum {
    BUF_COUNT = 96,
    LARGE_COUNT = 2,
    RECORD_LEN = 6,
    PIECE_UNITS_MAX = 64, // of 8 bytes
    BYTES_MAX = 48 * FA_BUF_SIZE,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_reass reass;
static struct fa_pool pool;
static struct fa_pool large;
static struct fa_counters counters;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t large_memory[LARGE_COUNT * FA_REASS_LARGE_BUF_SIZE];

static struct fa_buf *get_buf(struct fa_pool *from)
{
    struct fa_buf *buf = NULL;
    FA_ASSERT(fa_buf_alloc(from, FA_BUF_HEADROOM, &buf) == FA_OK);
    return buf;
}

/* Byte i of every payload is i, unless the record spoils it: so a whole shows how it was made. */
static void check_whole(struct fa_buf *whole, uint16_t header_len)
{
    FA_ASSERT(whole->len >= header_len && whole->len <= FA_REASS_PACKET_LEN_MAX);
    const uint8_t *at = fa_buf_at(whole);
    for (size_t i = header_len; i < whole->len; i++) {
        FA_ASSERT(at[i] == (uint8_t)(i - header_len));
    }
    fa_buf_drop(whole);
}

/* flags, identification and source, two of offset, length, time */
static void input(fa_ns now, const uint8_t record[RECORD_LEN])
{
    struct fa_ip_meta meta = {
        .local = fa_ip4(10, 0, 0, 1),
        .remote = fa_ip4(10, 0, 0, 2 + (record[1] >> 3) % 8),
        .protocol = (record[0] & 2) != 0 ? FA_IP_PROTO_TCP : FA_IP_PROTO_UDP,
        .traffic = (record[0] >> 2) & 3,
    };
    meta.remote.b[0] = (record[0] & 16) != 0 ? 0x20 : 0;
    struct fa_reass_part part = {
        .meta = &meta,
        .id = record[1] % 8,
        .header_len = (uint16_t)(20 + 4 * ((record[0] >> 5) & 1)),
        .off = (uint16_t)(fa_be16_load(record + 2) << 3),
        .more = (record[0] & 1) != 0,
    };
    if (part.off == 0 && !part.more) {
        return;
    }
    struct fa_buf *buf = get_buf(&pool);
    size_t len = record[4] % (8 * PIECE_UNITS_MAX);
    fa_zero(fa_buf_append(buf, part.header_len), part.header_len);
    uint8_t *at = fa_buf_append(buf, part.more ? len * 8 % 512 : len);
    for (size_t i = 0; i < buf->len - part.header_len; i++) {
        at[i] = (uint8_t)(part.off + i);
    }
    struct fa_ip_meta whole_meta;
    uint16_t header_len;
    struct fa_buf *whole = fa_reass_input(&reass, now, &part, buf, &whole_meta, &header_len);
    if (whole != NULL) {
        check_whole(whole, header_len);
    }
}

static void check_bounds(void)
{
    FA_ASSERT(reass.held_bytes <= BYTES_MAX);
    FA_ASSERT(reass.used_count <= FA_REASS_DATAGRAM_COUNT_MAX);
    FA_ASSERT((reass.used_count == 0) == (fa_reass_deadline(&reass) == FA_NS_NEVER));
}

static struct fa_reass_part decode(const struct fa_buf *piece, const struct fa_ip_meta *meta)
{
    struct fa_ip4_header ip4;
    struct fa_ip6_header ip6;
    struct fa_ip6_chain chain;
    struct fa_slice packet = fa_buf_slice(piece);
    if (fa_ip_is4(&meta->remote)) {
        FA_ASSERT(fa_ip4_decode(packet, &ip4) == FA_IP4_GOOD);
        return (struct fa_reass_part){
            meta, ip4.id, ip4.header_len, 0, ip4.fragment_off, ip4.more_fragments};
    }
    FA_ASSERT(fa_ip6_decode(packet, &ip6) == FA_IP6_GOOD);
    FA_ASSERT(fa_ip6_chain_walk(packet, ip6.next, &chain) == FA_IP6_CHAIN_FRAGMENT);
    return (struct fa_reass_part){
        meta, chain.fragment.id, chain.off, 0, chain.fragment.off, chain.fragment.more};
}

/* What is cut comes back as it was. */
static void cut(const uint8_t *data, size_t len)
{
    struct fa_ip_meta meta = {
        .local = fa_ip4(10, 0, 0, 1), .remote = fa_ip4(10, 0, 0, 9), .protocol = 200};
    struct fa_fragment fragment = {0};
    struct fa_buf *packet = get_buf(&large);
    struct fa_buf *whole = NULL;
    uint16_t header_len = 0;
    uint16_t mtu_bytes = (uint16_t)(FA_IP4_MTU_MIN + data[0] * 5);
    size_t headers = (data[1] & 1) != 0 ? 48 : 20;
    meta.local.b[0] = meta.remote.b[0] = (data[1] & 1) != 0 ? 0x20 : 0;
    size_t room = (mtu_bytes - headers) / 8 * 8;
    // Too long for one piece, and within half of BYTES_MAX.
    len = fa_min(len, room * (BYTES_MAX / 2 / FA_BUF_SIZE));
    if (len <= mtu_bytes - headers) {
        fa_buf_drop(packet);
        return;
    }
    fa_copy(fa_buf_append(packet, len), data, len);
    fa_fragment_begin(&fragment, packet, &meta, mtu_bytes, 1);
    while (fa_fragment_is_busy(&fragment)) {
        struct fa_buf *buf = get_buf(&pool);
        fa_fragment_next(&fragment, buf);
        FA_ASSERT(buf->len <= mtu_bytes && whole == NULL);
        struct fa_reass_part part = decode(buf, &meta);
        struct fa_ip_meta whole_meta;
        whole = fa_reass_input(&reass, FA_NS_S, &part, buf, &whole_meta, &header_len);
    }
    FA_ASSERT(whole != NULL && whole->len == header_len + len);
    FA_ASSERT(fa_equal(fa_buf_at(whole) + header_len, data, len));
    fa_buf_drop(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_pool_init(&large, large_memory, sizeof large_memory, FA_REASS_LARGE_BUF_SIZE);
    fa_reass_init(&reass,
        &(struct fa_reass_config){
            .pool = &pool, .large_pool = &large, .counters = &counters, .bytes_max = BYTES_MAX});
    fa_ns now = 0;
    for (size_t off = 0; off + RECORD_LEN <= len; off += RECORD_LEN) {
        now += data[off + 5] * FA_NS_S / 4;
        struct fa_ip_meta meta;
        for (struct fa_buf *first; (first = fa_reass_tick(&reass, now, &meta)) != NULL;) {
            fa_buf_drop(first);
        }
        input(now, data + off);
        check_bounds();
    }
    if (len > 8) {
        fa_reass_done(&reass);
        cut(data, len);
    }
    fa_reass_done(&reass);
    FA_ASSERT(pool.used_count == 0 && large.used_count == 0);
    return 0;
}
