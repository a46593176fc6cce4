// SPDX-License-Identifier: ISC
//
// The stateless DHCPv6 client in virtual time.

#include "fa/dhcp6.h"

#include "fa/wire/udp.h"
#include "test/t.h"

static struct fa_dhcp6 dhcp6;
static struct fa_names names;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[4 * 2048];
static fa_ns now;
static const struct fa_ip us = {{0xfe, 0x80, [15] = 1}};
static const struct fa_ip nobody;

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin_seeded(uint64_t seed)
{
    now = 100 * FA_NS_S;
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, seed);
    fa_names_init(&names, &counters);
    fa_pool_init(&pool, memory, sizeof memory, 2048);
    fa_dhcp6_init(&dhcp6, &(struct fa_dhcp6_config){.mac = {2, 0, 0, 0, 0, 1},
                              .iface = 3,
                              .names = &names,
                              .counters = &counters,
                              .rand = &rand});
}

/* Whether a request leaves now. */
static bool output(struct fa_dhcp6_message *ret_message)
{
    static uint8_t bytes[FA_DHCP6_INFORM_LEN];
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_udp_header udp;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    bool said = fa_dhcp6_output(&dhcp6, now, &us, buf, &meta);
    if (said) {
        CHECK_EQ(fa_udp_decode(fa_buf_slice(buf), &meta, false, &udp), FA_UDP_GOOD);
        CHECK(udp.source_port == 546 && udp.target_port == 547);
        CHECK(fa_ip_equal(&meta.local, &us) && meta.multicast);
        CHECK(fa_ip_equal(&meta.remote, &(struct fa_ip){{0xff, 2, [13] = 1, [15] = 2}}));
        fa_copy(bytes, fa_buf_at(buf) + FA_UDP_HDR_LEN, sizeof bytes);
        CHECK_EQ(
            fa_dhcp6_decode((struct fa_slice){bytes, sizeof bytes}, ret_message), FA_DHCP6_GOOD);
        CHECK_EQ(ret_message->type, FA_DHCP6_INFORM);
    }
    fa_buf_drop(buf);
    return said;
}

/* Let time pass to the next request. Returns: how long that took. */
static fa_ns next_request(struct fa_dhcp6_message *ret_message)
{
    fa_ns from = now;
    for (int i = 0; i < 3 && fa_dhcp6_deadline(&dhcp6) != FA_NS_NEVER; i++) {
        now = fa_dhcp6_deadline(&dhcp6);
        fa_dhcp6_tick(&dhcp6, now);
        if (output(ret_message)) {
            return now - from;
        }
    }
    t_fail(__FILE__, __LINE__, "no request");
    return 0;
}

static void begin(struct fa_dhcp6_message *ret_request)
{
    begin_seeded(1);
    fa_dhcp6_start(&dhcp6, now);
    next_request(ret_request);
}

/* An answer to the present request, with what `options` are beside the identifiers. */
struct reply {
    uint8_t bytes[512];
    size_t len;
};

static struct reply reply_of(struct fa_slice options)
{
    struct reply reply = {.bytes = {0}, .len = 26 + options.len};
    fa_be32_store(reply.bytes, (uint32_t)FA_DHCP6_REPLY << 24 | dhcp6.xid);
    fa_copy(reply.bytes + 4, (const uint8_t[]){0, 1, 0, 10}, 4);
    fa_dhcp6_duid_encode(reply.bytes + 8, dhcp6.config.mac);
    fa_copy(reply.bytes + 18, (const uint8_t[]){0, 2, 0, 4, 0, 9, 1, 1}, 8);
    fa_copy(reply.bytes + 26, options.at, options.len);
    return reply;
}

static bool input(struct reply reply)
{
    return fa_dhcp6_input(&dhcp6, now, (struct fa_slice){reply.bytes, reply.len});
}

static const uint8_t servers[] = {
    0, 23, 0, 32, 0xfd, [19] = 1, 0xfe, 0x80, [35] = 2,                   // DNS
    0, 24, 0, 14, 1, 'a', 4, 't', 'e', 's', 't', 0, 1, 'b', 1, '!', 0, 0, // "!" is no name
    0, 56, 0, 20, 0, 1, 0, 16, 0xfd, [77] = 3,                            // NTP
    0, 56, 0, 10, 0, 3, 0, 6, 4, 't', 'i', 'm', 'e', 0, 0, 56, 0, 20, 0, 2, 0, 16, 0xff,
    5, [115] = 1, // a group
};

T(servers_domains_and_times_are_believed_of_an_answer)
{
    struct fa_dhcp6_message request;
    begin(&request);
    REQUIRE(input(reply_of((struct fa_slice){servers, sizeof servers})));
    const struct fa_names_list *dns = &names.lists[FA_NAMES_DNS];
    const struct fa_names_list *domains = &names.lists[FA_NAMES_DOMAIN];
    const struct fa_names_list *ntp = &names.lists[FA_NAMES_NTP];
    REQUIRE(dns->count == 2 && domains->count == 1 && ntp->count == 2);
    CHECK(dns->at[0].ip.b[0] == 0xfd && dns->at[0].ip.b[15] == 1);
    CHECK(dns->at[1].ip.b[15] == 2 && dns->at[1].iface == 3);
    CHECK(dns->at[0].origin == FA_NAMES_DHCP6 && dns->at[0].until_ns == FA_NS_NEVER);
    CHECK(fa_slice_equal(fa_slice_of(domains->at[0].text), FA_LIT("a.test")));
    CHECK(ntp->at[0].ip.b[15] == 3);
    CHECK(fa_slice_equal(fa_slice_of(ntp->at[1].text), FA_LIT("time")));
    CHECK_EQ(dhcp6.state, FA_DHCP6_INFORMED);
    CHECK_EQ(COUNTED(dhcp6_informed), 1);
    CHECK(!input(reply_of((struct fa_slice){0}))); // a second server's
    CHECK_EQ(COUNTED(dhcp6_rx_unasked), 1);
    CHECK_EQ(dns->count, 2);
    fa_dhcp6_stop(&dhcp6);
    CHECK(dns->count == 0 && domains->count == 0 && ntp->count == 0);
    CHECK(fa_dhcp6_deadline(&dhcp6) == FA_NS_NEVER && !fa_dhcp6_has_output(&dhcp6));
}

T(the_first_request_waits_up_to_a_second_and_hosts_do_not_wait_alike)
{
    fa_ns least = FA_NS_NEVER;
    fa_ns most = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct fa_dhcp6_message request;
        begin_seeded(seed);
        fa_dhcp6_start(&dhcp6, now);
        CHECK(!fa_dhcp6_has_output(&dhcp6));
        fa_ns delay = next_request(&request);
        CHECK_EQ(request.elapsed_cs, 0);
        least = fa_ns_min(least, delay);
        most = delay > most ? delay : most;
    }
    CHECK(least < FA_NS_S / 5 && most > FA_NS_S / 5 * 4 && most < FA_NS_S);
}

T(silence_is_asked_again_twice_as_late_each_time_up_to_the_limit)
{
    struct fa_dhcp6_message first;
    struct fa_dhcp6_message again;
    begin(&first);
    fa_ns last = 0;
    fa_ns all = 0;
    for (int i = 0; i < 20; i++) {
        fa_ns delay = next_request(&again);
        all += delay;
        CHECK_EQ(again.xid, first.xid);
        CHECK_EQ(again.elapsed_cs, fa_min(all / (10 * FA_NS_MS), 65535));
        if (i == 0) {
            CHECK(delay >= FA_NS_S / 10 * 9 && delay <= FA_NS_S / 10 * 11);
        } else if (i < 11) {
            CHECK(delay >= last + last / 10 * 9 && delay <= last + last / 10 * 12);
        } else if (i > 13) {
            CHECK(delay >= 3240 * FA_NS_S && delay <= 3960 * FA_NS_S);
        }
        last = delay;
    }
    CHECK_EQ(COUNTED(dhcp6_tx_messages), 21);
}

T(only_answers_to_us_by_a_server_are_believed)
{
    struct fa_dhcp6_message request;
    begin(&request);
    struct reply good = reply_of((struct fa_slice){servers, sizeof servers});
    struct reply bad = good;
    bad.bytes[3] ^= 1; // transaction
    CHECK(!input(bad));
    bad = good;
    bad.bytes[17] ^= 1; // client
    CHECK(!input(bad));
    bad = good;
    bad.bytes[5] = 99; // no client
    CHECK(!input(bad));
    bad = good;
    bad.bytes[19] = 99; // no server
    CHECK(!input(bad));
    CHECK_EQ(COUNTED(dhcp6_rx_not_for_us), 4);
    bad = good;
    bad.bytes[0] = 2; // an advertise
    CHECK(!input(bad));
    bad.bytes[0] = 13; // a relay's
    CHECK(!input(bad));
    CHECK_EQ(COUNTED(dhcp6_rx_type), 2);
    bad = good;
    bad.len--;
    CHECK(!input(bad));
    CHECK_EQ(COUNTED(dhcp6_rx_options), 1);
    bad.len = 3;
    CHECK(!input(bad));
    CHECK_EQ(COUNTED(dhcp6_rx_short), 1);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 0);
    CHECK_EQ(dhcp6.state, FA_DHCP6_ASKING);
    CHECK(input(good));
    CHECK_EQ(COUNTED(dhcp6_rx_messages), 9);
}

T(who_is_stopped_says_nothing_and_wants_no_time)
{
    struct fa_dhcp6_message request;
    begin_seeded(1);
    fa_dhcp6_start(&dhcp6, now);
    CHECK(fa_dhcp6_deadline(&dhcp6) != FA_NS_NEVER);
    fa_dhcp6_stop(&dhcp6); // before it has asked
    CHECK_EQ(fa_dhcp6_deadline(&dhcp6), FA_NS_NEVER);
    fa_dhcp6_start(&dhcp6, now);
    now = fa_dhcp6_deadline(&dhcp6);
    fa_dhcp6_tick(&dhcp6, now);
    fa_dhcp6_stop(&dhcp6); // when it was about to
    CHECK(!output(&request));
    CHECK_EQ(fa_dhcp6_deadline(&dhcp6), FA_NS_NEVER);
}

T(an_answer_before_the_question_is_not_believed)
{
    begin_seeded(1);
    CHECK(!input(reply_of((struct fa_slice){0})));
    fa_dhcp6_start(&dhcp6, now);
    CHECK(!input(reply_of((struct fa_slice){0})));
    now = fa_dhcp6_deadline(&dhcp6);
    fa_dhcp6_tick(&dhcp6, now);
    CHECK(!input(reply_of((struct fa_slice){0})));
    CHECK_EQ(COUNTED(dhcp6_rx_unasked), 3);
}

T(a_server_that_says_no_is_asked_again_in_time)
{
    static const uint8_t status[] = {0, 13, 0, 2, 0, 1};
    struct fa_dhcp6_message request;
    begin(&request);
    CHECK(!input(reply_of((struct fa_slice){status, sizeof status})));
    CHECK_EQ(COUNTED(dhcp6_rx_refused), 1);
    CHECK(!fa_dhcp6_has_output(&dhcp6));
    CHECK(next_request(&request) >= FA_NS_S / 10 * 9);
}

T(an_answer_is_refreshed_when_it_says_and_replaced)
{
    static const struct {
        uint32_t said_s; /* 0: nothing */
        uint32_t taken_s;
    } rows[] = {{0, 86400}, {1, 600}, {7200, 7200}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t refresh[] = {0, 32, 0, 4, 0, 0, 0, 0};
        struct fa_dhcp6_message request;
        struct fa_dhcp6_message again;
        begin(&request);
        CHECK(input(reply_of((struct fa_slice){servers, sizeof servers})));
        fa_dhcp6_verify(&dhcp6, now);
        next_request(&again);
        CHECK(again.xid != request.xid && again.elapsed_cs == 0);
        CHECK_EQ(names.lists[FA_NAMES_DNS].count, 2); // believed meanwhile
        fa_be32_store(refresh + 4, rows[i].said_s);
        CHECK(input(reply_of((struct fa_slice){refresh, rows[i].said_s != 0 ? 8 : 0})));
        CHECK_EQ(names.lists[FA_NAMES_DNS].count, 0);
        fa_ns delay = next_request(&request);
        CHECK(delay >= rows[i].taken_s * FA_NS_S && delay < (rows[i].taken_s + 1) * FA_NS_S);
        CHECK(request.xid != again.xid);
    }
}

T(an_answer_for_ever_is_never_refreshed_unless_the_link_may_be_another)
{
    static const uint8_t refresh[] = {0, 32, 0, 4, 255, 255, 255, 255};
    struct fa_dhcp6_message request;
    begin(&request);
    CHECK(input(reply_of((struct fa_slice){refresh, sizeof refresh})));
    CHECK_EQ(fa_dhcp6_deadline(&dhcp6), FA_NS_NEVER);
    fa_dhcp6_verify(&dhcp6, now);
    CHECK(next_request(&request) < FA_NS_S);
}

T(the_server_says_how_long_to_wait_at_most)
{
    static const uint8_t limit[] = {0, 83, 0, 4, 0, 0, 0, 60};
    struct fa_dhcp6_message request;
    begin(&request);
    CHECK(input(reply_of((struct fa_slice){limit, sizeof limit})));
    next_request(&request);
    for (int i = 0; i < 10; i++) {
        fa_ns delay = next_request(&request);
        CHECK(delay <= 66 * FA_NS_S);
        CHECK(i < 8 || delay >= 54 * FA_NS_S);
    }
}

T(a_request_without_an_address_counts_as_lost)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_dhcp6_message request;
    begin_seeded(1);
    fa_dhcp6_start(&dhcp6, now);
    now = fa_dhcp6_deadline(&dhcp6);
    fa_dhcp6_tick(&dhcp6, now);
    REQUIRE(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    CHECK(!fa_dhcp6_output(&dhcp6, now, &nobody, buf, &meta));
    fa_buf_drop(buf);
    CHECK(!fa_dhcp6_has_output(&dhcp6));
    CHECK_EQ(COUNTED(dhcp6_tx_no_source), 1);
    CHECK(next_request(&request) <= FA_NS_S / 10 * 11);
}
