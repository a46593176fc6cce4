// SPDX-License-Identifier: ISC
//
// The DHCP client against a scripted server.

#include "fa/dhcp.h"

#include "fa/wire/ip4.h"
#include "fa/wire/udp.h"
#include "test/t.h"

enum {
    SERVER = 0xc0000201,
    ADDRESS = 0xc0000264, /* 192.0.2.100/24 */
    BUF_COUNT = 4,
};

static struct fa_dhcp dhcp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static uint8_t sent_bytes[FA_BUF_SIZE];
static const uint8_t mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 1};
static const fa_ns start = 1000 * FA_NS_S;

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin_as(const char *host_name)
{
    struct fa_dhcp_config config = {.host_name = host_name, .counters = &counters, .rand = &rand};
    fa_copy(config.mac, mac, FA_MAC_LEN);
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_dhcp_init(&dhcp, &config);
    fa_dhcp_start(&dhcp, start);
}

static void begin(void)
{
    begin_as("guest");
}

/* The message sent next; its slices live until the next call. Returns: its type, 0 if none. */
static int output(fa_ns now, struct fa_dhcp_message *ret_message, struct fa_ip_meta *ret_meta)
{
    struct fa_buf *buf;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    bool sent = fa_dhcp_output(&dhcp, now, buf, ret_meta);
    struct fa_udp_header udp;
    if (!sent) {
        fa_buf_drop(buf);
        return 0;
    }
    CHECK(fa_udp_decode(fa_buf_slice(buf), ret_meta, false, &udp) == FA_UDP_GOOD);
    CHECK(udp.source_port == 68 && udp.target_port == 67);
    struct fa_slice payload = fa_slice_from(fa_buf_slice(buf), FA_UDP_HDR_LEN);
    fa_copy(sent_bytes, payload.at, payload.len);
    fa_buf_drop(buf);
    CHECK(payload.len >= FA_DHCP_LEN_MIN && payload.len <= FA_DHCP_LEN_MAX);
    CHECK(fa_dhcp_decode((struct fa_slice){sent_bytes, payload.len}, ret_message) == FA_DHCP_GOOD);
    CHECK_EQ(ret_message->op, FA_DHCP_OP_REQUEST);
    CHECK(fa_equal(ret_message->mac, mac, FA_MAC_LEN));
    return ret_message->type;
}

static int output_type(fa_ns now)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    return output(now, &message, &meta);
}

static bool is_broadcast(const struct fa_ip_meta *meta)
{
    return fa_ip4_of(&meta->local) == 0 && fa_ip4_of(&meta->remote) == FA_IP4_BROADCAST &&
           meta->multicast;
}

/* A server's message as it should be. */
static struct fa_dhcp_message answer(uint8_t type)
{
    struct fa_dhcp_message message = {
        .op = FA_DHCP_OP_REPLY,
        .type = type,
        .xid = dhcp.xid,
        .your_ip = ADDRESS,
        .mask = 0xffffff00,
        .router = SERVER,
        .dns = {0x01010101},
        .dns_count = 1,
        .server_id = SERVER,
        .lease_s = 3600,
    };
    fa_copy(message.mac, mac, FA_MAC_LEN);
    return message;
}

static void input(fa_ns now, const struct fa_dhcp_message *message)
{
    uint8_t bytes[1500];
    size_t len = fa_dhcp_encode(bytes, sizeof bytes, message);
    CHECK(len != 0);
    fa_dhcp_input(&dhcp, now, (struct fa_slice){bytes, len});
}

static void input_type(fa_ns now, uint8_t type)
{
    struct fa_dhcp_message message = answer(type);
    input(now, &message);
}

/* From the first DISCOVER to the lease. */
static void get_lease(fa_ns now)
{
    CHECK_EQ(output_type(now), FA_DHCP_DISCOVER);
    input_type(now, FA_DHCP_OFFER);
    CHECK_EQ(output_type(now), FA_DHCP_REQUEST);
    input_type(now, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_BOUND);
    CHECK_EQ(dhcp.state, FA_DHCP_BOUND);
}

static void tick_at_deadline(void)
{
    fa_ns at = fa_dhcp_deadline(&dhcp);
    CHECK(at != FA_NS_NEVER);
    fa_dhcp_tick(&dhcp, at - 1);
    CHECK_EQ(fa_dhcp_deadline(&dhcp), at);
    fa_dhcp_tick(&dhcp, at);
}

T(the_first_lease_takes_two_round_trips_and_no_waiting)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin();
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_DISCOVER);
    CHECK(is_broadcast(&meta));
    CHECK(!message.broadcast && message.secs == 0);
    CHECK_EQ(message.client_id.len, 7);
    CHECK(message.client_id.at[0] == 1 && fa_equal(message.client_id.at + 1, mac, 6));
    CHECK_TEXT(message.host_name, "guest");
    CHECK(message.parameters.len > 0 && message.requested_ip == 0 && message.server_id == 0);
    CHECK_EQ(output_type(start), 0);
    uint32_t xid = message.xid;
    input_type(start, FA_DHCP_OFFER);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_REQUEST);
    CHECK(is_broadcast(&meta));
    CHECK(message.requested_ip == ADDRESS && message.server_id == SERVER);
    CHECK(message.client_ip == 0 && message.xid == xid);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_NONE);
    input_type(start, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_BOUND);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_NONE);
    CHECK_EQ(dhcp.lease.ip, ADDRESS);
    CHECK_EQ(dhcp.lease.prefix_bits, 24);
    CHECK_EQ(dhcp.lease.router, SERVER);
    CHECK_EQ(dhcp.lease.dns[0], 0x01010101);
    CHECK_EQ(dhcp.lease.t1_ns, start + 1800 * FA_NS_S);
    CHECK_EQ(dhcp.lease.t2_ns, start + 3150 * FA_NS_S);
    CHECK_EQ(dhcp.lease.end_ns, start + 3600 * FA_NS_S);
    CHECK_EQ(output_type(start), 0);
}

T(unanswered_discovers_back_off_from_one_second_to_64)
{
    static const fa_ns delays_s[] = {1, 4, 8, 16, 32, 64, 64, 64};
    begin();
    fa_ns now = start;
    for (size_t i = 0; i < FA_COUNT_OF(delays_s); i++) {
        CHECK_EQ(output_type(now), FA_DHCP_DISCOVER);
        fa_ns delay = fa_dhcp_deadline(&dhcp) - now;
        CHECK(delay >= (i == 0 ? 1 : delays_s[i] - 1) * FA_NS_S);
        CHECK(delay <= (i == 0 ? 1 : delays_s[i] + 1) * FA_NS_S);
        now = fa_dhcp_deadline(&dhcp);
        tick_at_deadline();
    }
}

T(unanswered_requests_end_in_a_new_discover)
{
    begin();
    uint32_t xid = dhcp.xid;
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    input_type(start, FA_DHCP_OFFER);
    for (int i = 0; i < FA_DHCP_TRY_COUNT_MAX; i++) {
        CHECK_EQ(output_type(start), FA_DHCP_REQUEST);
        tick_at_deadline();
    }
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    CHECK(dhcp.xid != xid);
    CHECK_EQ(COUNTED(dhcp_request_timeouts), 1);
}

T(answers_for_others_and_to_nothing_are_ignored)
{
    begin();
    struct fa_dhcp_message message = answer(FA_DHCP_OFFER);
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    message.xid++;
    input(start, &message);
    message = answer(FA_DHCP_OFFER);
    message.mac[5]++;
    input(start, &message);
    message = answer(FA_DHCP_OFFER);
    message.op = FA_DHCP_OP_REQUEST;
    input(start, &message);
    CHECK_EQ(COUNTED(dhcp_rx_not_for_us), 3);
    input_type(start, FA_DHCP_ACK);
    input_type(start, FA_DHCP_NAK);
    CHECK_EQ(COUNTED(dhcp_rx_unasked), 2);
    input_type(start, FA_DHCP_DISCOVER);
    CHECK_EQ(COUNTED(dhcp_rx_type), 1);
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
    input_type(start, FA_DHCP_OFFER);
    message = answer(FA_DHCP_OFFER); // a second server's
    message.server_id = SERVER + 1;
    input(start, &message);
    message.type = FA_DHCP_ACK;
    input(start, &message);
    message.type = FA_DHCP_NAK;
    input(start, &message);
    CHECK_EQ(COUNTED(dhcp_rx_unasked), 5);
    CHECK_EQ(dhcp.state, FA_DHCP_REQUESTING);
    CHECK_EQ(dhcp.server_id, SERVER);
}

T(offers_that_cannot_be_used_are_passed_over)
{
    static const struct {
        uint32_t your_ip;
        uint32_t mask;
        uint32_t router;
        uint32_t server_id;
        uint32_t lease_s;
        bool good;
    } rows[] = {
        {ADDRESS, 0xffffff00, SERVER, SERVER, 60, true},
        {0, 0xffffff00, SERVER, SERVER, 60, false},
        {0x7f000001, 0xffffff00, SERVER, SERVER, 60, false},
        {0xe0000001, 0xffffff00, SERVER, SERVER, 60, false},
        {0xffffffff, 0xffffff00, SERVER, SERVER, 60, false},
        {0xc0000200, 0xffffff00, SERVER, SERVER, 60, false}, // the network
        {0xc00002ff, 0xffffff00, SERVER, SERVER, 60, false}, // everybody
        {ADDRESS, 0xff00ff00, SERVER, SERVER, 60, false},    // a mask with a hole
        {ADDRESS, 0x0000ffff, SERVER, SERVER, 60, false},
        {ADDRESS, 0xffffffff, SERVER, SERVER, 60, true},
        {ADDRESS, 0xfffffffe, SERVER, SERVER, 60, true},
        {ADDRESS, 0, SERVER, SERVER, 60, true}, // by class
        {ADDRESS, 0xffffff00, ADDRESS, SERVER, 60, false},
        {ADDRESS, 0xffffff00, 0xe0000001, SERVER, 60, false},
        {ADDRESS, 0xffffff00, 0, SERVER, 60, true},
        {ADDRESS, 0xffffff00, SERVER, 0, 60, false},
        {ADDRESS, 0xffffff00, SERVER, SERVER, 0, false},
        {ADDRESS, 0xffffff00, SERVER, SERVER, UINT32_MAX, true},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        struct fa_dhcp_message message = answer(FA_DHCP_OFFER);
        message.your_ip = rows[i].your_ip;
        message.mask = rows[i].mask;
        message.router = rows[i].router;
        message.server_id = rows[i].server_id;
        message.lease_s = rows[i].lease_s;
        input(start, &message);
        if ((dhcp.state == FA_DHCP_REQUESTING) != rows[i].good) {
            t_fail(__FILE__, __LINE__, "row %zu", i);
        }
        CHECK_EQ(COUNTED(dhcp_rx_bad_lease), !rows[i].good);
    }
}

T(without_a_mask_the_class_decides)
{
    static const struct {
        uint32_t ip;
        int bits;
    } rows[] = {{0x0a000005, 8}, {0x7e000005, 8}, {0x80010005, 16}, {0xac100005, 16},
        {0xbf000105, 16}, {0xc0000105, 24}, {0xc0000205, 24}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        struct fa_dhcp_message message = answer(FA_DHCP_OFFER);
        message.your_ip = rows[i].ip;
        message.mask = 0;
        input(start, &message);
        message.type = FA_DHCP_ACK;
        input(start, &message);
        CHECK_EQ(dhcp.lease.prefix_bits, rows[i].bits);
    }
}

T(times_out_of_order_are_replaced)
{
    static const struct {
        uint32_t lease_s, t1_s, t2_s;
        fa_ns t1, t2; // seconds after the REQUEST
    } rows[] = {
        {800, 100, 200, 100, 200},
        {800, 0, 0, 400, 700},
        {800, 300, 0, 300, 700},
        {800, 0, 600, 400, 600},
        {800, 500, 400, 200, 400},
        {800, 900, 900, 400, 700},
        {800, 100, 800, 100, 700},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        input_type(start, FA_DHCP_OFFER);
        struct fa_dhcp_message message = answer(FA_DHCP_ACK);
        message.lease_s = rows[i].lease_s;
        message.t1_s = rows[i].t1_s;
        message.t2_s = rows[i].t2_s;
        input(start + 5 * FA_NS_S, &message);
        CHECK_EQ(dhcp.lease.t1_ns - start, rows[i].t1 * FA_NS_S);
        CHECK_EQ(dhcp.lease.t2_ns - start, rows[i].t2 * FA_NS_S);
        CHECK_EQ(dhcp.lease.end_ns - start, 800 * FA_NS_S);
    }
}

T(an_endless_lease_needs_nothing_more)
{
    begin();
    input_type(start, FA_DHCP_OFFER);
    struct fa_dhcp_message message = answer(FA_DHCP_ACK);
    message.lease_s = UINT32_MAX;
    input(start, &message);
    CHECK_EQ(dhcp.state, FA_DHCP_BOUND);
    CHECK(fa_dhcp_deadline(&dhcp) == FA_NS_NEVER);
}

T(a_lease_is_renewed_by_unicast_at_t1)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin();
    uint32_t xid = dhcp.xid;
    get_lease(start);
    CHECK_EQ(fa_dhcp_deadline(&dhcp), start + 1800 * FA_NS_S);
    tick_at_deadline();
    CHECK_EQ(dhcp.state, FA_DHCP_RENEWING);
    fa_ns now = start + 1800 * FA_NS_S;
    CHECK_EQ(output(now, &message, &meta), FA_DHCP_REQUEST);
    CHECK_EQ(fa_ip4_of(&meta.local), ADDRESS);
    CHECK_EQ(fa_ip4_of(&meta.remote), SERVER);
    CHECK(!meta.multicast);
    CHECK(message.client_ip == ADDRESS && message.requested_ip == 0 && message.server_id == 0);
    CHECK(message.xid != xid);
    input_type(now, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_BOUND);
    CHECK_EQ(dhcp.lease.end_ns, now + 3600 * FA_NS_S);
}

T(an_unanswered_renewal_becomes_a_broadcast_then_the_end)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin();
    get_lease(start);
    int renewals = 0;
    int rebinds = 0;
    fa_ns rebound_at = 0;
    while (dhcp.state != FA_DHCP_SELECTING) {
        fa_ns now = fa_dhcp_deadline(&dhcp);
        tick_at_deadline();
        if (dhcp.state == FA_DHCP_RENEWING) {
            renewals++;
            CHECK_EQ(output(now, &message, &meta), FA_DHCP_REQUEST);
            CHECK(!meta.multicast);
        } else if (dhcp.state == FA_DHCP_REBINDING) {
            rebound_at = rebinds == 0 ? dhcp.begun_ns : rebound_at;
            rebinds++;
            CHECK_EQ(output(now, &message, &meta), FA_DHCP_REQUEST);
            CHECK_EQ(fa_ip4_of(&meta.remote), FA_IP4_BROADCAST);
            CHECK_EQ(fa_ip4_of(&meta.local), ADDRESS);
            CHECK_EQ(message.client_ip, ADDRESS);
        }
        REQUIRE(renewals + rebinds < 100);
    }
    CHECK(renewals >= 2 && rebinds >= 2);
    CHECK_EQ(rebound_at, start + 3150 * FA_NS_S);
    CHECK_EQ(dhcp.begun_ns, start + 3600 * FA_NS_S);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_LOST);
    CHECK_EQ(COUNTED(dhcp_expired), 1);
    CHECK_EQ(output_type(dhcp.begun_ns), FA_DHCP_DISCOVER);
}

T(a_lease_is_verified_as_after_a_reboot_and_used_meanwhile)
{
    static const uint8_t answers[] = {FA_DHCP_ACK, FA_DHCP_NAK, 0};
    for (size_t i = 0; i < FA_COUNT_OF(answers); i++) {
        struct fa_dhcp_message message;
        struct fa_ip_meta meta;
        fa_ns now = start + 1000 * FA_NS_S;
        begin();
        get_lease(start);
        fa_ns end = dhcp.lease.end_ns;
        fa_dhcp_verify(&dhcp, now);
        CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_NONE);
        CHECK_EQ(output(now, &message, &meta), FA_DHCP_REQUEST);
        CHECK(is_broadcast(&meta)); // RFC 2131 table 5: no address of ours, no server
        CHECK(message.client_ip == 0 && message.requested_ip == ADDRESS && message.server_id == 0);
        if (answers[i] != 0) {
            input_type(now, answers[i]);
            bool good = answers[i] == FA_DHCP_ACK;
            CHECK_EQ(fa_dhcp_event_take(&dhcp), good ? FA_DHCP_EVENT_BOUND : FA_DHCP_EVENT_LOST);
            CHECK(!good || dhcp.lease.end_ns == now + 3600 * FA_NS_S);
            continue;
        }
        for (int again = 1; again < FA_DHCP_TRY_COUNT_MAX; again++) {
            now = fa_dhcp_deadline(&dhcp);
            CHECK(now < start + 1100 * FA_NS_S);
            tick_at_deadline();
            CHECK_EQ(output(now, &message, &meta), FA_DHCP_REQUEST);
            CHECK_EQ(message.requested_ip, ADDRESS);
        }
        tick_at_deadline(); // nobody answers: as any lease that is to be extended
        CHECK_EQ(output(now, &message, &meta), FA_DHCP_REQUEST);
        CHECK_EQ(message.client_ip, ADDRESS);
        CHECK_EQ(dhcp.lease.end_ns, end);
        CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_NONE);
    }
    begin();
    fa_dhcp_verify(&dhcp, start); // no lease, nothing to verify
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
}

T(a_lease_ends_even_if_no_device_takes_the_renewal)
{
    begin();
    get_lease(start);
    tick_at_deadline();
    fa_dhcp_tick(&dhcp, fa_dhcp_deadline(&dhcp));
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_LOST);
    CHECK_EQ(dhcp.begun_ns, start + 3600 * FA_NS_S);
}

T(any_server_may_extend_a_lease_that_is_rebound)
{
    begin();
    get_lease(start);
    fa_dhcp_tick(&dhcp, start + 3200 * FA_NS_S);
    CHECK_EQ(dhcp.state, FA_DHCP_REBINDING);
    struct fa_dhcp_message message = answer(FA_DHCP_ACK);
    message.server_id = SERVER + 1;
    input(start + 3200 * FA_NS_S, &message);
    CHECK_EQ(dhcp.state, FA_DHCP_BOUND);
    CHECK_EQ(dhcp.lease.server_id, SERVER + 1);
}

T(a_refusal_begins_anew_at_once_and_then_ever_more_slowly)
{
    begin();
    fa_ns now = start;
    fa_ns previous = 0;
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(output_type(now), FA_DHCP_DISCOVER);
        input_type(now, FA_DHCP_OFFER);
        CHECK_EQ(output_type(now), FA_DHCP_REQUEST);
        input_type(now, FA_DHCP_NAK);
        CHECK_EQ(dhcp.state, FA_DHCP_HOLDING);
        fa_ns delay = fa_dhcp_deadline(&dhcp) - now;
        CHECK(i == 0 ? delay == 0 : delay > previous);
        previous = delay;
        now = fa_dhcp_deadline(&dhcp);
        fa_dhcp_tick(&dhcp, now);
    }
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_NONE);
    CHECK_EQ(COUNTED(dhcp_rx_naks), 6);
}

T(a_refused_renewal_takes_the_address_away)
{
    begin();
    get_lease(start);
    tick_at_deadline();
    fa_ns now = start + 1800 * FA_NS_S;
    CHECK_EQ(output_type(now), FA_DHCP_REQUEST);
    input_type(now, FA_DHCP_NAK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_LOST);
    fa_dhcp_tick(&dhcp, now);
    get_lease(now);
}

T(a_conflict_declines_the_lease_and_waits_ten_seconds)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin();
    fa_dhcp_decline(&dhcp, start); // nothing to decline yet
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
    get_lease(start);
    fa_dhcp_decline(&dhcp, start);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_LOST);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_DECLINE);
    CHECK(is_broadcast(&meta));
    CHECK(message.requested_ip == ADDRESS && message.server_id == SERVER);
    CHECK(message.client_ip == 0 && message.parameters.len == 0);
    CHECK_EQ(fa_dhcp_deadline(&dhcp), start + FA_DHCP_HOLD_NS);
    fa_dhcp_tick(&dhcp, start + FA_DHCP_HOLD_NS);
    get_lease(start + FA_DHCP_HOLD_NS);
}

T(stopping_releases_the_lease)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin();
    get_lease(start);
    fa_dhcp_stop(&dhcp);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_RELEASE);
    CHECK_EQ(fa_ip4_of(&meta.remote), SERVER);
    CHECK_EQ(fa_ip4_of(&meta.local), ADDRESS);
    CHECK(message.client_ip == ADDRESS && message.server_id == SERVER);
    CHECK_EQ(output_type(start), 0);
    CHECK(fa_dhcp_deadline(&dhcp) == FA_NS_NEVER);
    input_type(start, FA_DHCP_ACK);
    CHECK_EQ(dhcp.state, FA_DHCP_STOPPED);
    begin();
    fa_dhcp_stop(&dhcp); // without a lease there is nothing to release
    CHECK_EQ(output_type(start), 0);
}

T(broken_messages_are_dropped_by_name)
{
    uint8_t bytes[FA_DHCP_LEN_MIN];
    begin();
    struct fa_dhcp_message message = answer(FA_DHCP_OFFER);
    message.dns_count = 0;
    CHECK(fa_dhcp_encode(bytes, sizeof bytes, &message) == sizeof bytes);
    fa_dhcp_input(&dhcp, start, (struct fa_slice){bytes, 239});
    CHECK_EQ(COUNTED(dhcp_rx_short), 1);
    bytes[241] = 0;
    fa_dhcp_input(&dhcp, start, (struct fa_slice){bytes, sizeof bytes});
    CHECK_EQ(COUNTED(dhcp_rx_options), 1);
    bytes[240] = 255;
    fa_dhcp_input(&dhcp, start, (struct fa_slice){bytes, sizeof bytes});
    CHECK_EQ(COUNTED(dhcp_rx_type), 1);
    bytes[236] = 0;
    fa_dhcp_input(&dhcp, start, (struct fa_slice){bytes, sizeof bytes});
    CHECK_EQ(COUNTED(dhcp_rx_format), 1);
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
}

T(the_longest_host_name_fits)
{
    static char name[FA_DHCP_VALUE_LEN_MAX + 1];
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    __builtin_memset(name, 'n', FA_DHCP_VALUE_LEN_MAX);
    begin_as(name);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_DISCOVER);
    CHECK_EQ(message.host_name.len, FA_DHCP_VALUE_LEN_MAX);
    input_type(start, FA_DHCP_OFFER);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_REQUEST);
    CHECK_EQ(message.host_name.len, FA_DHCP_VALUE_LEN_MAX);
}

T(seconds_since_the_beginning_are_told)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin();
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    fa_dhcp_tick(&dhcp, start + 7 * FA_NS_S);
    CHECK_EQ(output(start + 7 * FA_NS_S, &message, &meta), FA_DHCP_DISCOVER);
    CHECK_EQ(message.secs, 7);
    fa_dhcp_tick(&dhcp, start + 100000 * FA_NS_S);
    CHECK_EQ(output(start + 100000 * FA_NS_S, &message, &meta), FA_DHCP_DISCOVER);
    CHECK_EQ(message.secs, UINT16_MAX);
}

T(every_state_has_a_name)
{
    CHECK_TEXT(fa_slice_of(fa_dhcp_state_name(FA_DHCP_STOPPED)), "STOPPED");
    CHECK_TEXT(fa_slice_of(fa_dhcp_state_name(FA_DHCP_HOLDING)), "HOLDING");
}

/* ---- INIT-REBOOT, probing, INFORM, identifiers ---- */

static void begin_with(struct fa_dhcp_config config)
{
    begin();
    config.counters = dhcp.config.counters;
    config.rand = dhcp.config.rand;
    fa_copy(config.mac, mac, sizeof config.mac);
    fa_dhcp_init(&dhcp, &config);
    fa_dhcp_start(&dhcp, start);
}

T(the_address_of_before_is_asked_for_first)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin_with((struct fa_dhcp_config){.last_ip = ADDRESS});
    CHECK_EQ(dhcp.state, FA_DHCP_REBOOTING);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_REQUEST);
    CHECK(is_broadcast(&meta));
    CHECK(message.requested_ip == ADDRESS && message.server_id == 0 && message.client_ip == 0);
    input_type(start, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_BOUND);
    CHECK_EQ(dhcp.lease.ip, ADDRESS);
}

T(without_an_answer_or_after_a_refusal_any_address_will_do)
{
    begin_with((struct fa_dhcp_config){.last_ip = ADDRESS});
    for (int i = 0; i < FA_DHCP_REBOOT_TRY_COUNT_MAX; i++) {
        CHECK_EQ(output_type(start), FA_DHCP_REQUEST);
        tick_at_deadline();
    }
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    begin_with((struct fa_dhcp_config){.last_ip = ADDRESS});
    CHECK_EQ(output_type(start), FA_DHCP_REQUEST);
    input_type(start, FA_DHCP_NAK);
    fa_dhcp_tick(&dhcp, start);
    CHECK_EQ(dhcp.state, FA_DHCP_SELECTING);
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
}

T(a_probed_address_is_used_when_nobody_answers)
{
    begin_with((struct fa_dhcp_config){.probe = true});
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    input_type(start, FA_DHCP_OFFER);
    CHECK_EQ(output_type(start), FA_DHCP_REQUEST);
    input_type(start, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_PROBE);
    CHECK_EQ(dhcp.state, FA_DHCP_PROBING);
    CHECK(fa_dhcp_deadline(&dhcp) == FA_NS_NEVER);
    fa_dhcp_probe_done(&dhcp, start + 5 * FA_NS_S, false);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_BOUND);
    CHECK_EQ(dhcp.lease.t1_ns, start + 1800 * FA_NS_S);
    tick_at_deadline(); // a renewal needs no probe
    CHECK_EQ(output_type(start + 1800 * FA_NS_S), FA_DHCP_REQUEST);
    input_type(start + 1800 * FA_NS_S, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_BOUND);
}

T(a_probed_address_that_is_taken_is_declined)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin_with((struct fa_dhcp_config){.probe = true});
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    input_type(start, FA_DHCP_OFFER);
    CHECK_EQ(output_type(start), FA_DHCP_REQUEST);
    input_type(start, FA_DHCP_ACK);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_PROBE);
    fa_dhcp_probe_done(&dhcp, start, true);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_NONE);
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_DECLINE);
    CHECK(message.requested_ip == ADDRESS && message.server_id == SERVER);
    CHECK_EQ(fa_dhcp_deadline(&dhcp), start + FA_DHCP_HOLD_NS);
    fa_dhcp_probe_done(&dhcp, start, false); // too late
    CHECK_EQ(dhcp.state, FA_DHCP_HOLDING);
}

T(stopping_while_probing_releases_nothing)
{
    begin_with((struct fa_dhcp_config){.probe = true});
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    input_type(start, FA_DHCP_OFFER);
    CHECK_EQ(output_type(start), FA_DHCP_REQUEST);
    input_type(start, FA_DHCP_ACK);
    fa_dhcp_stop(&dhcp);
    CHECK_EQ(output_type(start), 0);
}

T(a_static_address_asks_for_parameters_alone)
{
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin_with((struct fa_dhcp_config){.inform_ip = ADDRESS});
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_INFORM);
    CHECK_EQ(message.client_ip, ADDRESS);
    CHECK(message.requested_ip == 0 && message.server_id == 0);
    CHECK_EQ(fa_ip4_of(&meta.local), ADDRESS);
    CHECK_EQ(fa_ip4_of(&meta.remote), FA_IP4_BROADCAST);
    tick_at_deadline();
    CHECK_EQ(output_type(start), FA_DHCP_INFORM);
    struct fa_dhcp_message reply = answer(FA_DHCP_ACK);
    reply.your_ip = 0;
    reply.lease_s = 0;
    input(start, &reply);
    CHECK_EQ(fa_dhcp_event_take(&dhcp), FA_DHCP_EVENT_INFORMED);
    CHECK_EQ(dhcp.lease.dns[0], 0x01010101);
    CHECK_EQ(dhcp.lease.ip, 0);
    CHECK(fa_dhcp_deadline(&dhcp) == FA_NS_NEVER);
    fa_dhcp_stop(&dhcp);
    CHECK_EQ(output_type(start), 0); // there is nothing to release
}

T(what_a_lease_says_beside_the_address_is_kept)
{
    static const uint8_t routes[] = {24, 10, 9, 8, 192, 0, 2, 7, 0, 192, 0, 2, 1, 40, 1, 2, 3};
    static const uint8_t search[] = "\3lan\0\7example\3org";
    begin();
    CHECK_EQ(output_type(start), FA_DHCP_DISCOVER);
    input_type(start, FA_DHCP_OFFER);
    struct fa_dhcp_message message = answer(FA_DHCP_ACK);
    message.ntp[0] = 0x02020202;
    message.ntp_count = 1;
    message.domain = FA_LIT("example.org\0");
    message.host_name = FA_LIT("guest7");
    message.routes = (struct fa_slice){routes, sizeof routes};
    message.search = (struct fa_slice){search, sizeof search};
    input(start, &message);
    CHECK_EQ(dhcp.lease.ntp[0], 0x02020202);
    CHECK_EQ(dhcp.lease.ntp_count, 1);
    CHECK_TEXT(fa_slice_of(dhcp.lease.domain), "example.org");
    CHECK_TEXT(fa_slice_of(dhcp.lease.host_name), "guest7");
    CHECK_EQ(dhcp.lease.route_count, 2); // what is behind them is none
    CHECK_EQ(dhcp.lease.routes[0].gateway, 0xc0000207);
    CHECK_EQ(dhcp.lease.search_len, sizeof search);
}

T(class_and_identifier_are_told)
{
    static const uint8_t id[] = {255, 0, 0, 0, 0, 0, 3, 0, 1};
    struct fa_dhcp_message message;
    struct fa_ip_meta meta;
    begin_with((struct fa_dhcp_config){.vendor_class = "fata", .duid = true, .len_max = 1500});
    CHECK_EQ(output(start, &message, &meta), FA_DHCP_DISCOVER);
    CHECK_TEXT(message.vendor_class, "fata");
    CHECK_EQ(message.len_max, 1500);
    REQUIRE(message.client_id.len == 15);
    CHECK(message.client_id.at[0] == 255 && fa_equal(message.client_id.at + 1, mac + 2, 4));
    CHECK(fa_equal(message.client_id.at + 5, id + 5, 4));
    CHECK(fa_equal(message.client_id.at + 9, mac, 6));
}
