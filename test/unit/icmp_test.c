// SPDX-License-Identifier: ISC
//
// ICMP: echoes, errors in both directions, ping.

#include "fa/icmp.h"

#include "fa/wire/ip4.h"
#include "test/t.h"

enum {
    BUF_COUNT = 256,
};

static struct fa_icmp icmp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static struct fa_ip us;
static struct fa_ip them;

static const struct fa_icmp_header port_unreachable = {
    .type = FA_ICMP_UNREACHABLE, .code = FA_ICMP_CODE_PORT};
static const struct fa_icmp_header protocol_unreachable = {
    .type = FA_ICMP_UNREACHABLE, .code = FA_ICMP_CODE_PROTOCOL};

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin(void)
{
    us = fa_ip4(192, 0, 2, 1);
    them = fa_ip4(192, 0, 2, 2);
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_icmp_init(&icmp, &(struct fa_icmp_config){.counters = &counters, .rand = &rand});
}

static void end(void)
{
    fa_icmp_done(&icmp);
    CHECK_EQ(pool.used_count, 0);
}

static struct fa_ip_meta meta_in(void)
{
    return (struct fa_ip_meta){.local = us, .remote = them, .protocol = FA_IP_PROTO_ICMP};
}

static struct fa_buf *get_buf(void)
{
    struct fa_buf *buf = NULL;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    return buf;
}

static struct fa_buf *message(
    uint8_t type, uint8_t code, uint16_t id, uint16_t seq, const uint8_t *body, size_t len)
{
    struct fa_buf *buf = get_buf();
    uint8_t *at = fa_buf_append(buf, FA_ICMP_HDR_LEN + len);
    fa_copy(at + FA_ICMP_HDR_LEN, body, len);
    fa_icmp_encode(at, FA_ICMP_HDR_LEN + len, &(struct fa_icmp_header){type, code, id, seq});
    return buf;
}

/* Feed a message that is none of our transports' business. */
static void input(fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    struct fa_icmp_report report;
    CHECK(!fa_icmp_input(&icmp, now, meta, take, &report));
}

/* Decode what is sent next into `body` (of 2,048 bytes); its length, or -1 if nothing is. */
static int output(
    fa_ns now, struct fa_icmp_header *ret_header, uint8_t *body, struct fa_ip_meta *ret_meta)
{
    struct fa_buf *buf = fa_icmp_output(&icmp, now, get_buf(), ret_meta);
    if (buf == NULL) {
        return -1;
    }
    CHECK(fa_icmp_decode(fa_buf_slice(buf), ret_header) == FA_ICMP_GOOD);
    struct fa_slice bytes = fa_slice_from(fa_buf_slice(buf), FA_ICMP_HDR_LEN);
    fa_copy(body, bytes.at, bytes.len);
    fa_buf_drop(buf);
    return (int)bytes.len;
}

static bool silent(fa_ns now)
{
    struct fa_icmp_header header;
    struct fa_ip_meta meta;
    uint8_t body[FA_BUF_SIZE];
    return output(now, &header, body, &meta) < 0;
}

T(an_echo_request_gets_its_reply_with_the_same_body)
{
    uint8_t sent[1400];
    uint8_t body[FA_BUF_SIZE];
    begin();
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 0; len <= sizeof sent; len += 350) {
        struct fa_icmp_header header;
        struct fa_ip_meta meta = meta_in();
        input(0, &meta, message(FA_ICMP_ECHO, 0, 77, 5, sent, len));
        CHECK(fa_icmp_has_output(&icmp));
        CHECK_EQ(output(0, &header, body, &meta), len);
        CHECK(header.type == FA_ICMP_ECHO_REPLY && header.id == 77 && header.seq == 5);
        CHECK(fa_ip_equal(&meta.local, &us) && fa_ip_equal(&meta.remote, &them));
        CHECK_EQ(meta.protocol, FA_IP_PROTO_ICMP);
        CHECK(fa_equal(body, sent, len));
    }
    CHECK(silent(0));
    end();
}

T(echo_requests_to_a_group_are_not_answered)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    meta.multicast = true;
    input(0, &meta, message(FA_ICMP_ECHO, 0, 1, 1, NULL, 0));
    CHECK(silent(0));
    CHECK_EQ(COUNTED(icmp_rx_group), 1);
    end();
}

T(answers_waiting_to_be_sent_are_bounded)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    for (int i = 0; i < FA_ICMP_QUEUE_COUNT_MAX + 3; i++) {
        input(0, &meta, message(FA_ICMP_ECHO, 0, 1, 1, NULL, 0));
    }
    CHECK_EQ(COUNTED(icmp_tx_queue_full), 3);
    CHECK_EQ(pool.used_count, FA_ICMP_QUEUE_COUNT_MAX);
    for (int i = 0; i < FA_ICMP_QUEUE_COUNT_MAX; i++) {
        CHECK(!silent(0));
    }
    CHECK(silent(0));
    end();
}

T(answers_that_were_not_sent_are_given_back)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    for (uint16_t i = 0; i < FA_ICMP_QUEUE_COUNT_MAX; i++) { // around the end of the queue
        input(0, &meta, message(FA_ICMP_ECHO, 0, 1, i, NULL, 0));
        CHECK(!silent(0));
        input(0, &meta, message(FA_ICMP_ECHO, 0, 1, i, NULL, 0));
    }
    CHECK_EQ(pool.used_count, FA_ICMP_QUEUE_COUNT_MAX);
    end();
}

T(broken_and_foreign_messages_are_dropped_by_name)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *buf = message(FA_ICMP_ECHO, 0, 1, 1, NULL, 0);
    fa_buf_at(buf)[7] ^= 1;
    input(0, &meta, buf);
    CHECK_EQ(COUNTED(icmp_rx_bad_checksum), 1);
    buf = message(FA_ICMP_ECHO, 0, 1, 1, NULL, 0);
    fa_buf_trim(buf, 7);
    input(0, &meta, buf);
    CHECK_EQ(COUNTED(icmp_rx_short), 1);
    static const uint8_t ignored[] = {4, 9, 10, 11, 12, 13, 15, 17, 30, 255};
    for (size_t i = 0; i < sizeof ignored; i++) {
        input(0, &meta, message(ignored[i], 0, 1, 1, NULL, 0));
    }
    CHECK_EQ(COUNTED(icmp_rx_ignored), sizeof ignored);
    input(0, &meta, message(FA_ICMP_ECHO_REPLY, 0, 1, 1, NULL, 0));
    CHECK_EQ(COUNTED(icmp_rx_unasked), 1);
    CHECK(silent(0));
    end();
}

/* An IPv4 packet of `protocol` from `source`, its payload beginning with a type byte. */
static void write_packet(uint8_t *at, uint8_t protocol, uint32_t source, uint32_t target,
    uint8_t type, uint16_t fragment_off)
{
    struct fa_ip4_header ip = {
        .source = source,
        .target = target,
        .total_len = 1400,
        .fragment_off = fragment_off,
        .ttl = 1,
        .protocol = protocol,
    };
    fa_ip4_encode(at, &ip);
    for (uint8_t i = 0; i < 8; i++) {
        at[FA_IP4_HDR_LEN + i] = (uint8_t)(type + i);
    }
}

T(an_error_about_our_packet_reaches_its_transport)
{
    uint8_t quote[28];
    struct fa_icmp_report report;
    begin();
    struct fa_ip_meta meta = meta_in();
    write_packet(quote, FA_IP_PROTO_TCP, fa_ip4_of(&us), 0xc6336401, 1, 0);
    struct fa_buf *buf =
        message(FA_ICMP_UNREACHABLE, FA_ICMP_CODE_TOO_BIG, 0, 1400, quote, sizeof quote);
    REQUIRE(fa_icmp_input(&icmp, 0, &meta, buf, &report));
    CHECK(report.too_big);
    CHECK_EQ(report.meta.protocol, FA_IP_PROTO_TCP);
    CHECK_EQ(report.meta.mtu_bytes, 1400);
    CHECK(fa_ip_equal(&report.meta.local, &us));
    CHECK_EQ(fa_ip4_of(&report.meta.remote), 0xc6336401);
    CHECK_EQ(report.quoted.len, 8);
    CHECK_EQ(report.quoted.at[7], 8);
    fa_buf_drop(buf);
    end();
}

T(a_mtu_that_makes_no_sense_is_replaced)
{
    static const uint16_t rows[][2] = {{0, 576}, {1, 68}, {67, 68}, {68, 68}, {9000, 9000}};
    uint8_t quote[28];
    struct fa_icmp_report report;
    begin();
    struct fa_ip_meta meta = meta_in();
    write_packet(quote, FA_IP_PROTO_TCP, fa_ip4_of(&us), 0xc6336401, 1, 0);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_buf *buf =
            message(FA_ICMP_UNREACHABLE, FA_ICMP_CODE_TOO_BIG, 0, rows[i][0], quote, sizeof quote);
        REQUIRE(fa_icmp_input(&icmp, 0, &meta, buf, &report));
        CHECK_EQ(report.meta.mtu_bytes, rows[i][1]);
        fa_buf_drop(buf);
    }
    end();
}

T(errors_that_quote_no_packet_of_ours_are_dropped)
{
    uint8_t quote[28];
    begin();
    struct fa_ip_meta meta = meta_in();
    write_packet(quote, FA_IP_PROTO_UDP, fa_ip4_of(&them), 0xc6336401, 1, 0); // not from us
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, sizeof quote));
    write_packet(quote, FA_IP_PROTO_UDP, fa_ip4_of(&us), 0xc6336401, 1, 8); // a later fragment
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, sizeof quote));
    write_packet(quote, FA_IP_PROTO_UDP, fa_ip4_of(&us), 0xc6336401, 1, 0);
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, 27)); // too little
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, 19));
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, 0));
    quote[0] = 0x46; // with options, for which there is no room
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, sizeof quote));
    quote[0] = 0x60;
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, sizeof quote));
    meta.multicast = true;
    quote[0] = 0x45;
    input(0, &meta, message(FA_ICMP_UNREACHABLE, 3, 0, 0, quote, sizeof quote));
    CHECK_EQ(COUNTED(icmp_rx_quote), 8);
    end();
}

/* A packet of theirs to us, to be complained about. */
static struct fa_buf *packet(uint8_t protocol, uint8_t type, uint16_t fragment_off, size_t len)
{
    struct fa_buf *buf = get_buf();
    uint8_t *at = fa_buf_append(buf, len);
    write_packet(at, protocol, fa_ip4_of(&them), fa_ip4_of(&us), type, fragment_off);
    return buf;
}

T(an_error_quotes_the_packet_it_is_about)
{
    struct fa_icmp_header header;
    uint8_t body[FA_BUF_SIZE];
    uint8_t quote[28];
    begin();
    struct fa_ip_meta meta = meta_in();
    fa_icmp_error_take(&icmp, 0, &meta, &port_unreachable, packet(FA_IP_PROTO_UDP, 1, 0, 28));
    CHECK_EQ(output(0, &header, body, &meta), 28);
    CHECK(header.type == FA_ICMP_UNREACHABLE && header.code == FA_ICMP_CODE_PORT);
    CHECK(header.id == 0 && header.seq == 0);
    CHECK(fa_ip_equal(&meta.remote, &them));
    write_packet(quote, FA_IP_PROTO_UDP, fa_ip4_of(&them), fa_ip4_of(&us), 1, 0);
    CHECK(fa_equal(body, quote, sizeof quote));
    meta = meta_in();
    fa_icmp_error_take(&icmp, 0, &meta, &port_unreachable, packet(FA_IP_PROTO_UDP, 1, 0, 1400));
    CHECK_EQ(output(0, &header, body, &meta), FA_ICMP_QUOTE_LEN_MAX);
    end();
}

T(no_error_about_errors_groups_and_fragments_but_about_short_packets)
{
    static const struct {
        uint8_t protocol;
        uint8_t type;
        bool group;
        uint16_t fragment_off;
        size_t len;
        bool sent;
    } rows[] = {
        {FA_IP_PROTO_UDP, 3, false, 0, 28, true},
        {FA_IP_PROTO_UDP, 3, true, 0, 28, false},
        {FA_IP_PROTO_UDP, 3, false, 8, 28, false},
        {99, 0, false, 0, 20, true},
        {FA_IP_PROTO_UDP, 3, false, 0, 27, true},
        {FA_IP_PROTO_ICMP, 0, false, 0, 20, false},
        {FA_IP_PROTO_ICMP, FA_ICMP_ECHO, false, 0, 28, true},
        {FA_IP_PROTO_ICMP, FA_ICMP_UNREACHABLE, false, 0, 28, false},
        {FA_IP_PROTO_ICMP, FA_ICMP_REDIRECT, false, 0, 28, false},
        {FA_IP_PROTO_ICMP, FA_ICMP_TIME_EXCEEDED, false, 0, 28, false},
    };
    begin();
    long long suppressed = 0;
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip_meta meta = meta_in();
        meta.multicast = rows[i].group;
        fa_icmp_error_take(&icmp, 0, &meta, &protocol_unreachable,
            packet(rows[i].protocol, rows[i].type, rows[i].fragment_off, rows[i].len));
        CHECK_EQ(!silent(0), rows[i].sent);
        suppressed += !rows[i].sent;
    }
    CHECK_EQ(COUNTED(icmp_tx_suppressed), suppressed);
    end();
}

T(errors_keep_to_their_rate)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    fa_ns now = 10 * FA_NS_S;
    int sent = 0;
    for (int i = 0; i < 2 * FA_ICMP_ERRORS_PER_S; i++) {
        fa_icmp_error_take(&icmp, now, &meta, &port_unreachable, packet(FA_IP_PROTO_UDP, 1, 0, 28));
        sent += !silent(now);
        now += FA_NS_MS;
    }
    CHECK_EQ(sent, FA_ICMP_ERRORS_PER_S);
    CHECK_EQ(COUNTED(icmp_tx_rate_limited), FA_ICMP_ERRORS_PER_S);
    now += FA_NS_S;
    fa_icmp_error_take(&icmp, now, &meta, &port_unreachable, packet(FA_IP_PROTO_UDP, 1, 0, 28));
    CHECK(!silent(now));
    end();
}

static int told;

static void tell(struct fa_watch *watch, unsigned events)
{
    (void)watch;
    told += events == FA_FLOW_READABLE;
}

T(a_ping_is_sent_answered_and_timed)
{
    struct fa_watch watch = {tell};
    struct fa_ping ping;
    struct fa_icmp_header header;
    uint8_t body[FA_BUF_SIZE];
    struct fa_ip_meta meta;
    fa_ns rtt = 0;
    begin();
    told = 0;
    fa_ping_start(&icmp, &ping, &them, 56);
    ping.watch = &watch;
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_AGAIN);
    CHECK_EQ(output(1000, &header, body, &meta), 56);
    CHECK_EQ(header.type, FA_ICMP_ECHO);
    CHECK(fa_ip_equal(&meta.remote, &them) && fa_ip_is_zero(&meta.local));
    meta = meta_in();
    input(2000, &meta, message(FA_ICMP_ECHO_REPLY, 0, header.id, header.seq + 1, body, 56));
    input(2000, &meta, message(FA_ICMP_ECHO_REPLY, 0, header.id + 1, header.seq, body, 56));
    meta.remote = fa_ip4(192, 0, 2, 3);
    input(2000, &meta, message(FA_ICMP_ECHO_REPLY, 0, header.id, header.seq, body, 56));
    CHECK_EQ(COUNTED(icmp_rx_unasked), 3);
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_AGAIN);
    meta = meta_in();
    input(4500, &meta, message(FA_ICMP_ECHO_REPLY, 0, header.id, header.seq, body, 56));
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_OK);
    CHECK_EQ(rtt, 3500);
    CHECK_EQ(told, 1);
    fa_ping_stop(&ping);
    fa_ping_stop(&ping);
    end();
}

T(a_ping_that_an_error_answers_is_refused)
{
    struct fa_ping ping;
    struct fa_icmp_header header;
    uint8_t body[FA_BUF_SIZE];
    uint8_t quote[28];
    struct fa_ip_meta meta;
    fa_ns rtt;
    begin();
    fa_ping_start(&icmp, &ping, &them, 0);
    CHECK_EQ(output(0, &header, body, &meta), 0);
    write_packet(quote, FA_IP_PROTO_ICMP, fa_ip4_of(&us), fa_ip4_of(&them), 0, 0);
    fa_icmp_encode(quote + 20, 8, &header);
    meta = meta_in();
    meta.remote = fa_ip4(192, 0, 2, 254); // a router says so
    input(0, &meta, message(FA_ICMP_UNREACHABLE, FA_ICMP_CODE_HOST, 0, 0, quote, sizeof quote));
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_EREFUSED);
    end();
}

T(a_stopped_ping_is_neither_sent_nor_answered)
{
    struct fa_ping ping;
    begin();
    fa_ping_start(&icmp, &ping, &them, 0);
    fa_ping_stop(&ping);
    CHECK(silent(0));
    end();
}
