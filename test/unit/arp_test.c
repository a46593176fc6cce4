// SPDX-License-Identifier: ISC
//
// ARP: the cache, the questions and answers, and the defence of our address.

#include "fa/arp.h"

#include "fa/wire/eth.h"
#include "test/t.h"

enum {
    US = 0x0a000001, /* 10.0.0.1/16 */
    THEM = 0x0a000002,
    ALSO_US = 0xc0a80001, /* 192.168.0.1/24, in some tests */
    BUF_COUNT = 512,
};

static struct fa_arp arp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static uint32_t sender; /* who speaks */
static _Alignas(64) uint8_t memory[BUF_COUNT * 512];
static const uint8_t us_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 1};
static const uint8_t them_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 2};
static const uint8_t other_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 3};

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin_down(void)
{
    struct fa_arp_config config = {.counters = &counters, .rand = &rand};
    fa_copy(config.mac, us_mac, FA_MAC_LEN);
    counters = (struct fa_counters){0};
    sender = US;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, 512);
    fa_arp_init(&arp, &config);
}

/* What is sent next, if anything. */
static bool output(fa_ns now, struct fa_eth_header *ret_eth, struct fa_arp_packet *ret_packet)
{
    struct fa_buf *buf;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    bool sent = fa_arp_output(&arp, now, buf);
    if (sent) {
        CHECK_EQ(buf->len, FA_ETH_HDR_LEN + FA_ARP_PACKET_LEN);
        CHECK(fa_eth_decode(fa_buf_slice(buf), ret_eth) == FA_ETH_GOOD);
        CHECK(fa_arp_packet_decode(fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN), ret_packet) ==
              FA_ARP_PACKET_GOOD);
        CHECK(fa_mac_equal(ret_eth->source, us_mac));
        CHECK(fa_mac_equal(ret_packet->sender_mac, us_mac));
        CHECK_EQ(ret_packet->sender_ip, sender);
    }
    fa_buf_drop(buf);
    return sent;
}

static bool silent(fa_ns now)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    return !output(now, &eth, &packet);
}

static void drain(fa_ns now)
{
    while (!silent(now)) {
    }
}

/* An interface whose announcements are over. */
static fa_ns begin(void)
{
    begin_down();
    fa_arp_address_set(&arp, 0, US, 16);
    drain(0);
    fa_arp_tick(&arp, FA_ARP_ANNOUNCE_NS);
    drain(FA_ARP_ANNOUNCE_NS);
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
    return 100 * FA_NS_S;
}

static void end(void)
{
    fa_arp_address_set(&arp, 0, 0, 0);
    CHECK_EQ(arp.neigh.parked_count, 0);
    CHECK_EQ(arp.neigh.incomplete_count, 0);
    CHECK_EQ(pool.used_count, 0);
}

static enum fa_arp_verdict input(
    fa_ns now, uint16_t op, const uint8_t *sender_mac, uint32_t sender_ip, uint32_t target_ip)
{
    uint8_t bytes[FA_ARP_PACKET_LEN];
    struct fa_arp_packet packet = {.op = op, .sender_ip = sender_ip, .target_ip = target_ip};
    fa_copy(packet.sender_mac, sender_mac, FA_MAC_LEN);
    fa_arp_packet_encode(bytes, &packet);
    return fa_arp_input(&arp, now, (struct fa_slice){bytes, sizeof bytes});
}

/* Whether a frame to `ip` would go out at once; it is dropped. *ret_mac: where to. */
static bool resolve(fa_ns now, uint32_t ip, uint32_t tag, uint8_t *ret_mac)
{
    struct fa_buf *buf;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    struct fa_eth_header eth = {.type = FA_ETH_TYPE_IP4};
    fa_eth_encode(fa_buf_append(buf, FA_ETH_HDR_LEN), &eth);
    buf->tag = tag;
    bool known = fa_arp_resolve(&arp, now, ip, false, buf);
    if (known) {
        fa_copy(ret_mac, fa_buf_at(buf), FA_MAC_LEN);
        fa_buf_drop(buf);
    }
    return known;
}

static bool known_as(fa_ns now, uint32_t ip, const uint8_t *mac)
{
    uint8_t found[FA_MAC_LEN];
    return resolve(now, ip, 0, found) && fa_mac_equal(found, mac);
}

T(an_address_is_announced_twice_two_seconds_apart)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    begin_down();
    fa_arp_address_set(&arp, 5 * FA_NS_S, US, 16);
    for (int i = 0; i < FA_ARP_ANNOUNCE_COUNT; i++) {
        fa_ns now = 5 * FA_NS_S + (fa_ns)i * FA_ARP_ANNOUNCE_NS;
        CHECK(i == 0 || fa_arp_deadline(&arp) == now);
        fa_arp_tick(&arp, now - 1);
        CHECK(i == 0 || silent(now - 1));
        fa_arp_tick(&arp, now);
        REQUIRE(output(now, &eth, &packet));
        CHECK(fa_mac_equal(eth.target, fa_mac_broadcast));
        CHECK_EQ(packet.op, FA_ARP_OP_REQUEST);
        CHECK_EQ(packet.target_ip, US);
        CHECK(silent(now));
    }
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
    end();
}

T(without_an_address_nothing_is_heard_or_said)
{
    begin_down();
    CHECK_EQ(input(0, FA_ARP_OP_REQUEST, them_mac, THEM, US), FA_ARP_FINE);
    CHECK_EQ(COUNTED(arp_rx_packets), 1);
    CHECK_EQ(COUNTED(arp_rx_ignored), 1);
    CHECK(silent(0));
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
}

T(a_request_for_us_is_answered_by_unicast_and_teaches_us_its_sender)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    fa_ns now = begin();
    input(now, FA_ARP_OP_REQUEST, them_mac, THEM, US);
    REQUIRE(output(now, &eth, &packet));
    CHECK_EQ(packet.op, FA_ARP_OP_REPLY);
    CHECK_EQ(packet.target_ip, THEM);
    CHECK(fa_mac_equal(eth.target, them_mac));
    CHECK(fa_mac_equal(packet.target_mac, them_mac));
    CHECK(known_as(now, THEM, them_mac));
    end();
}

T(a_request_for_another_is_neither_answered_nor_learned_from)
{
    fa_ns now = begin();
    input(now, FA_ARP_OP_REQUEST, them_mac, THEM, THEM + 1);
    CHECK(silent(now));
    CHECK(!resolve(now, THEM, 0, NULL));
    end();
}

T(an_unasked_reply_is_not_learned_from)
{
    fa_ns now = begin();
    input(now, FA_ARP_OP_REPLY, them_mac, THEM, US);
    CHECK_EQ(COUNTED(arp_rx_ignored), 1);
    CHECK(!resolve(now, THEM, 0, NULL));
    end();
}

T(a_probe_for_our_address_is_answered_and_not_learned_from)
{
    fa_ns now = begin();
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, 0, US), FA_ARP_FINE);
    CHECK(!silent(now));
    CHECK_EQ(arp.neigh.carved_count, 0);
    end();
}

T(senders_that_cannot_be_neighbours_are_answered_and_not_learned_from)
{
    static const uint32_t rows[] = {0x0b000001, // another network
        0x0a00ffff,                             // our broadcast address
        0x0a000000,                             // our network's own
        0x7f000001, 0xe0000001, 0xffffffff};
    fa_ns now = begin();
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        input(now, FA_ARP_OP_REQUEST, them_mac, rows[i], US);
        CHECK(!silent(now));
    }
    CHECK_EQ(COUNTED(arp_rx_foreign), FA_COUNT_OF(rows));
    CHECK_EQ(arp.neigh.carved_count, 0);
    end();
}

T(broken_packets_are_dropped_by_name)
{
    uint8_t bytes[FA_ARP_PACKET_LEN];
    struct fa_arp_packet packet = {.op = 1, .sender_ip = THEM, .target_ip = US};
    struct fa_slice slice = {bytes, sizeof bytes};
    fa_ns now = begin();
    fa_arp_packet_encode(bytes, &packet);
    fa_arp_input(&arp, now, slice); // zero sender
    CHECK_EQ(COUNTED(arp_rx_sender), 1);
    fa_copy(packet.sender_mac, them_mac, FA_MAC_LEN);
    packet.op = 9;
    fa_arp_packet_encode(bytes, &packet);
    fa_arp_input(&arp, now, slice);
    CHECK_EQ(COUNTED(arp_rx_op), 1);
    bytes[0] = 1;
    fa_arp_input(&arp, now, slice);
    CHECK_EQ(COUNTED(arp_rx_format), 1);
    slice.len--;
    fa_arp_input(&arp, now, slice);
    CHECK_EQ(COUNTED(arp_rx_short), 1);
    CHECK(silent(now));
    end();
}

T(packets_for_an_unknown_neighbour_wait_and_leave_together_in_order)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    fa_ns now = begin();
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(!resolve(now, THEM, i, NULL));
    }
    REQUIRE(output(now, &eth, &packet));
    CHECK(fa_mac_equal(eth.target, fa_mac_broadcast));
    CHECK_EQ(packet.op, FA_ARP_OP_REQUEST);
    CHECK_EQ(packet.target_ip, THEM);
    CHECK(silent(now)); // one request for all of them
    CHECK(fa_neigh_ready_take(&arp.neigh) == NULL);
    input(now, FA_ARP_OP_REPLY, them_mac, THEM, US);
    for (uint32_t i = 0; i < 3; i++) {
        struct fa_buf *buf = fa_neigh_ready_take(&arp.neigh);
        REQUIRE(buf != NULL);
        CHECK_EQ(buf->tag, i);
        CHECK(fa_mac_equal(fa_buf_at(buf), them_mac));
        fa_buf_drop(buf);
    }
    CHECK(fa_neigh_ready_take(&arp.neigh) == NULL);
    CHECK(known_as(now, THEM, them_mac));
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
    end();
}

T(the_oldest_of_too_many_packets_for_one_neighbour_gives_way)
{
    fa_ns now = begin();
    for (uint32_t i = 0; i < FA_NEIGH_PARKED_ENTRY_MAX + 2; i++) {
        CHECK(!resolve(now, THEM, i, NULL));
    }
    CHECK_EQ(COUNTED(neigh_tx_parked_full), 2);
    CHECK_EQ(arp.neigh.parked_count, FA_NEIGH_PARKED_ENTRY_MAX);
    input(now, FA_ARP_OP_REPLY, them_mac, THEM, US);
    struct fa_buf *buf = fa_neigh_ready_take(&arp.neigh);
    REQUIRE(buf != NULL);
    CHECK_EQ(buf->tag, 2);
    fa_buf_drop(buf);
    end();
}

T(packets_parked_for_all_neighbours_are_bounded)
{
    fa_ns now = begin();
    for (uint32_t i = 0; i < 2 * FA_NEIGH_PARKED_COUNT_MAX; i++) {
        CHECK(!resolve(now, THEM + i, 0, NULL));
    }
    CHECK_EQ(arp.neigh.parked_count, FA_NEIGH_PARKED_COUNT_MAX);
    CHECK_EQ(pool.used_count, FA_NEIGH_PARKED_COUNT_MAX);
    CHECK_EQ(COUNTED(neigh_tx_parked_full), FA_NEIGH_PARKED_COUNT_MAX);
    end();
}

T(a_silent_neighbour_is_asked_three_times_a_second_apart_then_given_up)
{
    fa_ns now = begin();
    CHECK(!resolve(now, THEM, 0, NULL));
    for (int i = 0; i < FA_NEIGH_TRY_COUNT_MAX; i++) {
        CHECK(!silent(now));
        CHECK(silent(now));
        CHECK_EQ(fa_arp_deadline(&arp), now + FA_NEIGH_RETRY_NS);
        fa_arp_tick(&arp, now + FA_NEIGH_RETRY_NS - 1);
        CHECK(silent(now + FA_NEIGH_RETRY_NS - 1));
        now += FA_NEIGH_RETRY_NS;
        fa_arp_tick(&arp, now);
    }
    CHECK(silent(now));
    CHECK_EQ(COUNTED(neigh_given_up), 1);
    CHECK_EQ(COUNTED(neigh_tx_unresolved), 1);
    struct fa_buf *failed = fa_neigh_failed_take(&arp.neigh);
    REQUIRE(failed != NULL);
    fa_buf_drop(failed);
    CHECK(fa_neigh_failed_take(&arp.neigh) == NULL);
    CHECK_EQ(pool.used_count, 0);
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
    end();
}

/* THEM is known and confirmed at `now`. */
static void know(fa_ns now)
{
    CHECK(!resolve(now, THEM, 0, NULL));
    CHECK(!silent(now));
    input(now, FA_ARP_OP_REPLY, them_mac, THEM, US);
    fa_buf_drop(fa_neigh_ready_take(&arp.neigh));
}

T(an_old_neighbour_is_used_and_asked_by_unicast_whether_it_still_holds)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    fa_ns now = begin();
    know(now);
    now += FA_NEIGH_REACHABLE_NS - 1;
    CHECK(known_as(now, THEM, them_mac));
    CHECK(silent(now));
    now++;
    CHECK(known_as(now, THEM, them_mac));
    REQUIRE(output(now, &eth, &packet));
    CHECK(fa_mac_equal(eth.target, them_mac));
    CHECK_EQ(packet.target_ip, THEM);
    CHECK(known_as(now, THEM, them_mac));
    CHECK(silent(now)); // one probe at a time
    input(now, FA_ARP_OP_REPLY, them_mac, THEM, US);
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
    CHECK(known_as(now + FA_NEIGH_REACHABLE_NS - 1, THEM, them_mac));
    CHECK(silent(now + FA_NEIGH_REACHABLE_NS - 1));
    end();
}

T(an_unused_neighbour_costs_no_packets)
{
    fa_ns now = begin();
    know(now);
    CHECK(fa_arp_deadline(&arp) == FA_NS_NEVER);
    fa_arp_tick(&arp, now + 3600 * FA_NS_S);
    CHECK(silent(now + 3600 * FA_NS_S));
    end();
}

T(a_neighbour_that_does_not_answer_its_probes_is_asked_for_anew)
{
    fa_ns now = begin();
    know(now);
    now += FA_NEIGH_REACHABLE_NS;
    CHECK(known_as(now, THEM, them_mac));
    for (int i = 0; i < FA_NEIGH_TRY_COUNT_MAX; i++) {
        CHECK(!silent(now));
        now += FA_NEIGH_RETRY_NS;
        fa_arp_tick(&arp, now);
    }
    CHECK(!resolve(now, THEM, 0, NULL));
    end();
}

T(a_neighbour_that_answered_late_has_all_its_tries_again)
{
    fa_ns now = begin();
    know(now);
    for (int round = 0; round < 2; round++) {
        now += FA_NEIGH_REACHABLE_NS;
        CHECK(known_as(now, THEM, them_mac));
        for (int i = 0; i < FA_NEIGH_TRY_COUNT_MAX - 1; i++) {
            CHECK(!silent(now));
            now += FA_NEIGH_RETRY_NS;
            fa_arp_tick(&arp, now);
        }
        CHECK(!silent(now)); // the last one
        CHECK(known_as(now, THEM, them_mac));
        input(now, FA_ARP_OP_REPLY, them_mac, THEM, US);
    }
    CHECK(known_as(now, THEM, them_mac));
    end();
}

T(a_neighbour_that_moves_is_followed_and_probed_when_used)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    fa_ns now = begin();
    know(now);
    input(now, FA_ARP_OP_REQUEST, other_mac, THEM, THEM); // its announcement
    CHECK_EQ(COUNTED(arp_changed), 1);
    CHECK(known_as(now, THEM, other_mac));
    REQUIRE(output(now, &eth, &packet));
    CHECK(fa_mac_equal(eth.target, other_mac));
    end();
}

T(a_learned_neighbour_is_probed_when_it_is_first_used)
{
    fa_ns now = begin();
    input(now, FA_ARP_OP_REQUEST, them_mac, THEM, US);
    drain(now);
    CHECK(known_as(now, THEM, them_mac));
    CHECK(!silent(now));
    end();
}

T(a_claim_to_our_address_is_answered_once_in_ten_seconds)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    fa_ns now = begin();
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, US, US), FA_ARP_DEFENDED);
    REQUIRE(output(now, &eth, &packet));
    CHECK(fa_mac_equal(eth.target, fa_mac_broadcast));
    CHECK_EQ(packet.target_ip, US);
    now += FA_ARP_DEFEND_NS - 1;
    CHECK_EQ(input(now, FA_ARP_OP_REPLY, them_mac, US, THEM), FA_ARP_LOST);
    CHECK_EQ(input(now, FA_ARP_OP_REPLY, them_mac, US, THEM), FA_ARP_FINE);
    CHECK(silent(now));
    now++;
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, US, US), FA_ARP_DEFENDED);
    CHECK(!silent(now));
    CHECK_EQ(COUNTED(arp_conflicts), 4);
    CHECK_EQ(arp.neigh.carved_count, 0);
    end();
}

T(a_claim_while_we_announce_means_that_the_other_was_first)
{
    begin_down();
    fa_arp_address_set(&arp, 0, US, 16);
    drain(0);
    CHECK_EQ(input(1, FA_ARP_OP_REPLY, them_mac, US, THEM), FA_ARP_LOST);
    end();
}

/* The next frame is from `ip`, and says this. */
static void check_said(fa_ns now, uint32_t ip, uint16_t op, uint32_t target_ip)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    sender = ip;
    REQUIRE(output(now, &eth, &packet));
    CHECK_EQ(packet.op, op);
    CHECK_EQ(packet.target_ip, target_ip);
}

T(each_address_of_ours_is_announced_answered_for_and_defended)
{
    begin_down();
    fa_ns now = 0;
    fa_arp_address_set(&arp, now, US, 16);
    fa_arp_address_add(&arp, now, ALSO_US, 24);
    for (int i = 0; i < FA_ARP_ANNOUNCE_COUNT; i++) {
        check_said(now, US, FA_ARP_OP_REQUEST, US);
        check_said(now, ALSO_US, FA_ARP_OP_REQUEST, ALSO_US);
        CHECK(silent(now));
        now += FA_ARP_ANNOUNCE_NS;
        fa_arp_tick(&arp, now);
    }
    CHECK(silent(now));
    now = 100 * FA_NS_S;
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, ALSO_US + 8, ALSO_US), FA_ARP_FINE);
    check_said(now, ALSO_US, FA_ARP_OP_REPLY, ALSO_US + 8);
    CHECK_EQ(arp.neigh.carved_count, 1);
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, THEM, US), FA_ARP_FINE);
    check_said(now, US, FA_ARP_OP_REPLY, THEM);
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, ALSO_US, ALSO_US), FA_ARP_DEFENDED);
    CHECK_EQ(arp.claimed_ip, ALSO_US);
    check_said(now, ALSO_US, FA_ARP_OP_REQUEST, ALSO_US);
    CHECK(silent(now));
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, US, US), FA_ARP_DEFENDED);
    CHECK_EQ(arp.claimed_ip, US);
    check_said(now, US, FA_ARP_OP_REQUEST, US);
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, them_mac, ALSO_US, ALSO_US), FA_ARP_LOST);
    CHECK(silent(now));
    end();
}

T(a_question_is_asked_from_the_network_of_who_is_asked)
{
    uint8_t mac[FA_MAC_LEN];
    fa_ns now = begin();
    fa_arp_address_add(&arp, now, ALSO_US, 24);
    check_said(now, US, FA_ARP_OP_REQUEST, US);
    check_said(now, ALSO_US, FA_ARP_OP_REQUEST, ALSO_US);
    CHECK(!resolve(now, ALSO_US + 1, 1, mac));
    check_said(now, ALSO_US, FA_ARP_OP_REQUEST, ALSO_US + 1);
    CHECK(!resolve(now, THEM, 2, mac));
    check_said(now, US, FA_ARP_OP_REQUEST, THEM);
    CHECK(!resolve(now, 0xac100001, 3, mac)); // of neither
    check_said(now, US, FA_ARP_OP_REQUEST, 0xac100001);
    CHECK_EQ(input(now, FA_ARP_OP_REPLY, them_mac, ALSO_US + 1, ALSO_US), FA_ARP_FINE);
    CHECK(resolve(now, ALSO_US + 1, 4, mac));
    CHECK(fa_mac_equal(mac, them_mac));
    fa_arp_address_set(&arp, now, 0, 0);
    CHECK(silent(now));
    end();
}

T(our_own_packets_reflected_are_no_conflict)
{
    fa_ns now = begin();
    CHECK_EQ(input(now, FA_ARP_OP_REQUEST, us_mac, US, US), FA_ARP_FINE);
    CHECK_EQ(COUNTED(arp_conflicts), 0);
    CHECK_EQ(COUNTED(arp_rx_ignored), 1);
    end();
}

/* ---- probing before an address is used, RFC 5227 2.1 ---- */

/* Whether a probe for THEM, our new address to be, leaves now. */
static bool probes(fa_ns now)
{
    struct fa_buf *buf;
    struct fa_arp_packet packet;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    bool sent = fa_arp_output(&arp, now, buf);
    if (sent) {
        CHECK_EQ(fa_arp_packet_decode(fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN), &packet),
            FA_ARP_PACKET_GOOD);
        CHECK(packet.op == FA_ARP_OP_REQUEST && packet.sender_ip == 0 && packet.target_ip == THEM);
        CHECK(fa_mac_equal(fa_buf_at(buf), fa_mac_broadcast));
    }
    fa_buf_drop(buf);
    return sent;
}

T(an_address_that_nobody_answers_for_is_free_after_three_probes)
{
    begin_down();
    fa_ns now = 10 * FA_NS_S;
    fa_arp_probe(&arp, now, THEM);
    for (int i = 0; i < FA_ARP_PROBE_COUNT; i++) {
        CHECK_EQ(fa_arp_probe_take(&arp), FA_ARP_PROBE_ASKS);
        CHECK(!probes(now));
        fa_ns at = fa_arp_deadline(&arp);
        CHECK(at >= now + (i == 0 ? 0 : FA_ARP_PROBE_MIN_NS));
        CHECK(at < now + (i == 0 ? FA_ARP_PROBE_WAIT_NS : FA_ARP_PROBE_MAX_NS));
        now = at;
        fa_arp_tick(&arp, now);
        CHECK(probes(now));
    }
    CHECK_EQ(fa_arp_deadline(&arp), now + FA_ARP_PROBE_END_NS);
    CHECK_EQ(fa_arp_probe_take(&arp), FA_ARP_PROBE_ASKS);
    now += FA_ARP_PROBE_END_NS;
    fa_arp_tick(&arp, now);
    CHECK_EQ(fa_arp_probe_take(&arp), FA_ARP_PROBE_FREE);
    CHECK_EQ(fa_arp_probe_take(&arp), FA_ARP_PROBE_NONE); // told once
    CHECK(!probes(now));
    CHECK_EQ(fa_arp_deadline(&arp), FA_NS_NEVER);
    CHECK_EQ(COUNTED(arp_tx_probes), FA_ARP_PROBE_COUNT);
    end();
}

T(an_address_that_another_has_or_probes_for_is_taken)
{
    static const struct {
        uint16_t op;
        uint32_t sender_ip;
        uint32_t target_ip;
        bool taken;
    } rows[] = {
        {FA_ARP_OP_REPLY, THEM, 0, true},
        {FA_ARP_OP_REQUEST, THEM, THEM + 1, true},
        {FA_ARP_OP_REQUEST, 0, THEM, true},
        {FA_ARP_OP_REQUEST, 0, THEM + 1, false},
        {FA_ARP_OP_REQUEST, THEM + 1, THEM, false}, // asks for it as a neighbour
        {FA_ARP_OP_REPLY, THEM + 1, THEM, false},
    };
    for (size_t i = 0; i < 2 * FA_COUNT_OF(rows); i++) {
        bool own = i % 2 != 0; // our own frame, reflected
        bool taken = rows[i / 2].taken && !own;
        begin_down();
        fa_arp_probe(&arp, 0, THEM);
        fa_arp_tick(&arp, fa_arp_deadline(&arp));
        input(0, rows[i / 2].op, own ? us_mac : them_mac, rows[i / 2].sender_ip,
            rows[i / 2].target_ip);
        CHECK_EQ(fa_arp_probe_take(&arp), taken ? FA_ARP_PROBE_TAKEN : FA_ARP_PROBE_ASKS);
        CHECK_EQ(COUNTED(arp_conflicts), taken);
        CHECK_EQ(probes(0), !taken); // what is known needs no further question
        end();
    }
}

T(a_probe_of_another_address_begins_anew)
{
    begin_down();
    fa_arp_probe(&arp, 0, THEM + 1);
    fa_arp_tick(&arp, fa_arp_deadline(&arp));
    fa_arp_probe(&arp, 0, THEM);
    CHECK(!probes(0)); // what was due for the other one
    for (int i = 0; i < FA_ARP_PROBE_COUNT; i++) {
        fa_arp_tick(&arp, fa_arp_deadline(&arp));
        CHECK(probes(0));
    }
    CHECK_EQ(fa_arp_deadline(&arp), FA_ARP_PROBE_END_NS);
    end();
}

T(a_probe_that_was_stopped_asks_no_more)
{
    begin_down();
    fa_arp_probe(&arp, 0, THEM);
    fa_arp_tick(&arp, fa_arp_deadline(&arp));
    fa_arp_probe_stop(&arp);
    CHECK(!probes(0));
    CHECK_EQ(fa_arp_probe_take(&arp), FA_ARP_PROBE_NONE);
    CHECK_EQ(fa_arp_deadline(&arp), FA_NS_NEVER);
    end();
}

T(requests_from_a_flood_of_stations_push_out_no_neighbour_in_use)
{
    fa_ns now = begin();
    know(now);
    for (uint32_t i = 0; i < 5000; i++) {
        input(now, FA_ARP_OP_REQUEST, other_mac, THEM + 1 + i, US);
        drain(now);
    }
    CHECK_EQ(arp.neigh.carved_count, FA_NEIGH_COUNT_MAX);
    CHECK(COUNTED(neigh_evicted) > 4000);
    CHECK(known_as(now, THEM, them_mac));
    CHECK(known_as(now, THEM + 5000, other_mac)); // the latest is known, too
    end();
}

T(when_every_neighbour_is_in_use_newcomers_are_answered_and_not_learned)
{
    fa_ns now = begin();
    for (uint32_t i = 0; i < FA_NEIGH_COUNT_MAX; i++) {
        input(now, FA_ARP_OP_REQUEST, other_mac, THEM + i, US);
        drain(now);
        CHECK(known_as(now, THEM + i, other_mac));
        drain(now);
        input(now, FA_ARP_OP_REPLY, other_mac, THEM + i, US);
    }
    input(now, FA_ARP_OP_REQUEST, them_mac, 0x0a00f000, US);
    CHECK_EQ(COUNTED(neigh_cache_full), 1);
    CHECK(!silent(now));
    CHECK_EQ(COUNTED(neigh_evicted), 0);
    // But what we want to reach ourselves finds a place: the least used one.
    CHECK(!resolve(now, 0x0a00f000, 0, NULL));
    CHECK_EQ(COUNTED(neigh_evicted), 1);
    CHECK(!known_as(now, THEM, other_mac));
    // And when they have not been used for a while, newcomers are welcome again.
    now += FA_NEIGH_REACHABLE_NS;
    input(now, FA_ARP_OP_REQUEST, them_mac, 0x0a00f001, US);
    CHECK(known_as(now, 0x0a00f001, them_mac));
    end();
}

T(a_scan_of_dead_addresses_is_bounded_and_leaves_known_neighbours_alone)
{
    fa_ns now = begin();
    know(now);
    for (uint32_t i = 0; i < 1000; i++) {
        CHECK(!resolve(now, THEM + 1 + i, 0, NULL));
    }
    CHECK_EQ(arp.neigh.incomplete_count, FA_NEIGH_INCOMPLETE_COUNT_MAX);
    CHECK_EQ(COUNTED(neigh_incomplete_full), 1000 - FA_NEIGH_INCOMPLETE_COUNT_MAX);
    CHECK(arp.neigh.parked_count <= FA_NEIGH_PARKED_COUNT_MAX);
    CHECK(known_as(now, THEM, them_mac));
    for (int i = 0; i < 5; i++) {
        drain(now);
        now += FA_NEIGH_RETRY_NS;
        fa_arp_tick(&arp, now);
    }
    CHECK_EQ(arp.neigh.incomplete_count, 0);
    CHECK_EQ(pool.used_count, FA_NEIGH_PARKED_COUNT_MAX); // to be told to who sent them
    end();
}

T(requests_keep_to_their_rate)
{
    struct fa_eth_header eth;
    struct fa_arp_packet packet;
    fa_ns now = begin();
    int sent = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        CHECK(!resolve(now, THEM + i, 0, NULL));
        sent += output(now, &eth, &packet);
    }
    CHECK_EQ(sent, FA_NEIGH_ASKS_PER_S);
    CHECK_EQ(fa_arp_deadline(&arp), now + FA_NS_S);
    CHECK(!silent(now + FA_NS_S));
    end();
}

T(replies_waiting_to_be_sent_are_bounded)
{
    fa_ns now = begin();
    for (uint32_t i = 0; i < FA_ARP_REPLY_COUNT_MAX + 5; i++) {
        input(now, FA_ARP_OP_REQUEST, them_mac, THEM, US);
    }
    CHECK_EQ(COUNTED(arp_tx_reply_full), 5);
    for (uint32_t i = 0; i < FA_ARP_REPLY_COUNT_MAX; i++) {
        CHECK(!silent(now));
    }
    CHECK(silent(now));
    end();
}

T(laying_the_address_down_forgets_everything)
{
    fa_ns now = begin();
    know(now);
    CHECK(!resolve(now, THEM + 1, 0, NULL));
    CHECK(!resolve(now, THEM + 2, 0, NULL));
    input(now, FA_ARP_OP_REPLY, other_mac, THEM + 2, US); // one is ready, one is parked
    CHECK_EQ(pool.used_count, 2);
    end();
    CHECK_EQ(COUNTED(neigh_tx_unresolved), 1);
    CHECK(silent(now));
    fa_arp_address_set(&arp, now, US, 16);
    CHECK(!resolve(now, THEM, 0, NULL));
    end();
}

T(random_traffic_keeps_the_books)
{
    struct fa_rand dice;
    fa_rand_init_seed(&dice, 42);
    fa_ns now = begin();
    for (int i = 0; i < 200000; i++) {
        uint32_t ip = THEM + (uint32_t)fa_rand_below(&dice, 400);
        switch (fa_rand_below(&dice, 8)) {
        case 0:
            input(now, FA_ARP_OP_REPLY, them_mac, ip, US);
            break;
        case 1:
            input(now, FA_ARP_OP_REQUEST, other_mac, ip, US);
            break;
        case 2:
            now += fa_rand_below(&dice, FA_NS_S);
            fa_arp_tick(&arp, now);
            break;
        case 3:
            (void)silent(now);
            break;
        case 4:
            fa_buf_drop(fa_neigh_ready_take(&arp.neigh));
            break;
        default: {
            uint8_t mac[FA_MAC_LEN];
            (void)resolve(now, ip, 0, mac);
        }
        }
        size_t ready = 0;
        FA_LIST_EACH(node, &arp.neigh.ready) {
            ready++;
        }
        REQUIRE(pool.used_count == arp.neigh.parked_count + ready);
        REQUIRE(arp.neigh.parked_count <= FA_NEIGH_PARKED_COUNT_MAX);
        REQUIRE(arp.neigh.incomplete_count <= FA_NEIGH_INCOMPLETE_COUNT_MAX);
        while (pool.used_count > BUF_COUNT / 2) {
            fa_buf_drop(fa_neigh_ready_take(&arp.neigh));
        }
    }
    end();
}
