// SPDX-License-Identifier: ISC
//
// ICMPv6: answers, errors both ways, ping. What both families share is in icmp_test.c.

#include "fa/icmp.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "test/t.h"

static struct fa_icmp icmp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[64 * FA_BUF_SIZE];
static const struct fa_ip us = {{0x20, 1, 0xd, 0xb8, [15] = 1}};
static const struct fa_ip them = {{0x20, 1, 0xd, 0xb8, [15] = 2}};
static const struct fa_ip near = {{0xfe, 0x80, [15] = 2}};
static const struct fa_icmp_header no_port = {
    .type = FA_ICMP6_UNREACHABLE, .code = FA_ICMP6_CODE_PORT};

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin(void)
{
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
    return (struct fa_ip_meta){
        .local = us, .remote = them, .protocol = FA_IP_PROTO_ICMP6, .ttl = 64};
}

static struct fa_buf *get_buf(void)
{
    struct fa_buf *buf = NULL;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    return buf;
}

static struct fa_buf *message(
    const struct fa_ip_meta *meta, uint8_t type, uint8_t code, uint32_t word, struct fa_slice body)
{
    struct fa_buf *buf = get_buf();
    uint8_t *at = fa_buf_append(buf, FA_ICMP6_HDR_LEN + body.len);
    fa_copy(at + FA_ICMP6_HDR_LEN, body.at, body.len);
    struct fa_icmp6_header header = {type, code, word};
    fa_icmp6_encode(at, FA_ICMP6_HDR_LEN + body.len, meta, &header);
    return buf;
}

/* What is sent next, into `body`; its length, or -1. */
static int output(struct fa_icmp6_header *ret_header, uint8_t *body, struct fa_ip_meta *ret_meta)
{
    struct fa_buf *buf = fa_icmp_output(&icmp, 0, get_buf(), ret_meta);
    if (buf == NULL) {
        return -1;
    }
    if (fa_ip_is_zero(&ret_meta->local)) {
        fa_icmp_local_set(buf, ret_meta, &us);
    }
    CHECK_EQ(fa_icmp6_decode(fa_buf_slice(buf), ret_meta, ret_header), FA_ICMP6_GOOD);
    struct fa_slice bytes = fa_slice_from(fa_buf_slice(buf), FA_ICMP6_HDR_LEN);
    fa_copy(body, bytes.at, bytes.len);
    fa_buf_drop(buf);
    return (int)bytes.len;
}

static bool silent(void)
{
    struct fa_icmp6_header header;
    struct fa_ip_meta meta;
    uint8_t body[FA_BUF_SIZE];
    return output(&header, body, &meta) < 0;
}

/* A packet of `len` bytes, from one address to another, with eight bytes of a header at least. */
static struct fa_buf *packet(
    const struct fa_ip *source, const struct fa_ip *target, uint8_t next, size_t len)
{
    struct fa_buf *buf = get_buf();
    struct fa_ip6_header ip = {
        .source = *source,
        .target = *target,
        .next = next,
        .payload_len = (uint16_t)(len - FA_IP6_HDR_LEN),
        .hop_limit = 64,
    };
    fa_zero(fa_buf_append(buf, len), len);
    fa_ip6_encode(fa_buf_at(buf), &ip);
    return buf;
}

T(an_echo_request_gets_its_reply_with_the_same_body)
{
    struct fa_icmp_report report;
    struct fa_icmp6_header header;
    uint8_t body[FA_BUF_SIZE];
    begin();
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *echo = message(&meta, FA_ICMP6_ECHO, 0, 0x00770005, FA_LIT("abcdefg"));
    CHECK(!fa_icmp_input(&icmp, 0, &meta, echo, &report));
    CHECK_EQ(output(&header, body, &meta), 7);
    CHECK(header.type == FA_ICMP6_ECHO_REPLY && header.word == 0x00770005);
    CHECK(fa_equal(body, "abcdefg", 7) && meta.protocol == FA_IP_PROTO_ICMP6);
    end();
}

T(an_echo_request_to_a_group_is_answered_to_neighbours_alone)
{
    struct fa_icmp_report report;
    struct fa_icmp6_header header;
    uint8_t body[FA_BUF_SIZE];
    begin();
    struct fa_ip_meta meta = meta_in();
    meta.local = fa_ip6_all_nodes;
    meta.multicast = true;
    struct fa_buf *echo = message(&meta, FA_ICMP6_ECHO, 0, 1, FA_LIT("x"));
    CHECK(!fa_icmp_input(&icmp, 0, &meta, echo, &report));
    CHECK(silent());
    CHECK_EQ(COUNTED(icmp_rx_group), 1);
    meta.remote = near;
    echo = message(&meta, FA_ICMP6_ECHO, 0, 1, FA_LIT("x"));
    CHECK(!fa_icmp_input(&icmp, 0, &meta, echo, &report));
    CHECK_EQ(output(&header, body, &meta), 1);
    CHECK(fa_ip_equal(&meta.local, &us) && fa_ip_equal(&meta.remote, &near)); // not the group
    end();
}

/* Whether an error about `about` is a report; it is consumed. */
static bool reports(uint8_t type, uint8_t code, uint32_t word, struct fa_buf *about,
    struct fa_icmp_report *ret_report)
{
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *buf = message(&meta, type, code, word, fa_buf_slice(about));
    fa_buf_drop(about);
    bool is = fa_icmp_input(&icmp, 0, &meta, buf, ret_report);
    if (is) {
        fa_buf_drop(buf);
    }
    return is;
}

T(errors_about_packets_of_ours_are_reported)
{
    struct fa_icmp_report report;
    begin();
    REQUIRE(reports(FA_ICMP6_UNREACHABLE, FA_ICMP6_CODE_PORT, 0,
        packet(&us, &them, FA_IP_PROTO_UDP, 60), &report));
    CHECK(!report.too_big && report.meta.protocol == FA_IP_PROTO_UDP);
    CHECK(fa_ip_equal(&report.meta.local, &us) && fa_ip_equal(&report.meta.remote, &them));
    CHECK_EQ(report.quoted.len, 20);
    REQUIRE(reports(FA_ICMP6_PARAMETER, FA_ICMP6_CODE_NEXT, 6,
        packet(&us, &them, FA_IP_PROTO_TCP, 60), &report));
    CHECK(!report.too_big);
    static const struct {
        uint32_t said;
        uint16_t taken;
    } rows[] = {{1400, 1400}, {1280, 1280}, {600, 1280}, {0, 1280}, {0x10000, 65535}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        REQUIRE(reports(
            FA_ICMP6_TOO_BIG, 0, rows[i].said, packet(&us, &them, FA_IP_PROTO_TCP, 60), &report));
        CHECK(report.too_big && report.meta.mtu_bytes == rows[i].taken);
    }
    end();
}

T(errors_about_other_packets_are_not_believed)
{
    struct fa_icmp_report report;
    begin();
    CHECK(!reports(FA_ICMP6_UNREACHABLE, 0, 0, packet(&near, &them, FA_IP_PROTO_UDP, 60), &report));
    CHECK(!reports(FA_ICMP6_UNREACHABLE, 0, 0, packet(&us, &them, FA_IP_PROTO_UDP, 47), &report));
    struct fa_buf *later = packet(&us, &them, FA_IP6_NEXT_FRAGMENT, 60);
    fa_buf_at(later)[FA_IP6_HDR_LEN + 3] = 8; // a later fragment
    CHECK(!reports(FA_ICMP6_UNREACHABLE, 0, 0, later, &report));
    CHECK_EQ(COUNTED(icmp_rx_quote), 3);
    CHECK(!reports(FA_ICMP6_TIME_EXCEEDED, 0, 0, packet(&us, &them, FA_IP_PROTO_UDP, 60), &report));
    CHECK_EQ(COUNTED(icmp_rx_ignored), 1);
    struct fa_buf *first = packet(&us, &them, FA_IP6_NEXT_FRAGMENT, 60);
    fa_buf_at(first)[FA_IP6_HDR_LEN] = FA_IP_PROTO_UDP;
    fa_buf_at(first)[FA_IP6_HDR_LEN + 3] = 1; // the first of several
    CHECK(reports(FA_ICMP6_UNREACHABLE, 0, 0, first, &report));
    CHECK_EQ(report.meta.protocol, FA_IP_PROTO_UDP);
    end();
}

T(a_packet_for_nobody_is_answered_by_an_error_that_fits_every_way)
{
    struct fa_icmp6_header header;
    uint8_t body[FA_BUF_SIZE];
    begin();
    struct fa_ip_meta meta = meta_in();
    fa_icmp_error_take(&icmp, 0, &meta, &no_port, packet(&them, &us, FA_IP_PROTO_UDP, 1400));
    CHECK_EQ(output(&header, body, &meta), FA_ICMP6_QUOTE_LEN_MAX);
    CHECK(header.type == FA_ICMP6_UNREACHABLE && header.code == FA_ICMP6_CODE_PORT);
    CHECK(body[0] >> 4 == 6 && fa_ip_equal(&meta.remote, &them));
    end();
}

T(errors_groups_and_nobodies_are_not_answered)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *error = packet(&them, &us, FA_IP_PROTO_ICMP6, 60);
    fa_buf_at(error)[FA_IP6_HDR_LEN] = FA_ICMP6_TOO_BIG;
    fa_icmp_error_take(&icmp, 0, &meta, &no_port, error);
    struct fa_buf *redirect = packet(&them, &us, FA_IP_PROTO_ICMP6, 60);
    fa_buf_at(redirect)[FA_IP6_HDR_LEN] = FA_ICMP6_REDIRECT;
    fa_icmp_error_take(&icmp, 0, &meta, &no_port, redirect);
    meta.remote = (struct fa_ip){{0}};
    fa_icmp_error_take(&icmp, 0, &meta, &no_port, packet(&meta.remote, &us, 17, 60));
    meta.remote = fa_ip6_all_nodes;
    fa_icmp_error_take(&icmp, 0, &meta, &no_port, packet(&meta.remote, &us, 17, 60));
    meta = meta_in();
    meta.multicast = true;
    fa_icmp_error_take(&icmp, 0, &meta, &no_port, packet(&them, &us, 17, 60));
    CHECK_EQ(COUNTED(icmp_tx_suppressed), 5);
    CHECK(silent());
    struct fa_icmp_header option = {.type = FA_ICMP6_PARAMETER, .code = FA_ICMP6_CODE_OPTION};
    fa_icmp_error_take(&icmp, 0, &meta, &option, packet(&them, &us, 17, 60));
    CHECK(!silent()); // the one error that groups get
    end();
}

T(ping_gets_its_answer_or_its_error)
{
    struct fa_icmp6_header header;
    struct fa_icmp_report report;
    struct fa_ping ping;
    struct fa_ping refused;
    struct fa_ip_meta meta;
    uint8_t body[FA_BUF_SIZE];
    fa_ns rtt;
    begin();
    fa_ping_start(&icmp, &ping, &them, 56);
    fa_ping_start(&icmp, &refused, &them, 56);
    CHECK_EQ(output(&header, body, &meta), 56);
    CHECK(header.type == FA_ICMP6_ECHO && fa_ip_equal(&meta.local, &us));
    uint32_t word = header.word;
    CHECK_EQ(output(&header, body, &meta), 56);
    meta = meta_in();
    CHECK(!fa_icmp_input(&icmp, 5, &meta,
        message(&meta, FA_ICMP6_ECHO_REPLY, 0, word, (struct fa_slice){body, 56}), &report));
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_OK);
    CHECK_EQ(rtt, 5);
    struct fa_buf *sent = packet(&us, &them, FA_IP_PROTO_ICMP6, 60);
    struct fa_icmp6_header again = {FA_ICMP6_ECHO, 0, header.word};
    fa_icmp6_encode(fa_buf_at(sent) + FA_IP6_HDR_LEN, 20, &meta, &again);
    CHECK(!reports(FA_ICMP6_UNREACHABLE, FA_ICMP6_CODE_ADDRESS, 0, sent, &report));
    CHECK_EQ(fa_ping_result(&refused, &rtt), FA_EREFUSED);
    fa_ping_stop(&ping);
    fa_ping_stop(&refused);
    end();
}
