// SPDX-License-Identifier: ISC
//
// Neighbour discovery: our addresses and neighbours. Routers are in ndp_router_test.c.

#include "fa/ndp.h"

#include "test/t.h"
#include "test/unit/host6.h"

static const struct fa_ip nobody;

/* ---- duplicate address detection ---- */

T(the_link_local_address_is_stable_opaque_and_tested_first)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    struct fa_ndp_config config = host6_config();
    host6_begin(&config);
    struct fa_iface_addr *addr = host6_addr(FA_ADDR_LINK_LOCAL);
    REQUIRE(addr != NULL);
    CHECK(fa_ip6_is_link_local(&addr->ip) && addr->state == FA_ADDR_TENTATIVE);
    CHECK(addr->ip.b[11] != 0xff || addr->ip.b[12] != 0xfe); // not from the Ethernet address
    struct fa_ip first = addr->ip;
    CHECK(!host6_output(&message, &meta)); // not all stations at once
    CHECK(fa_ndp_deadline(&host6.ndp) <= host6.now + FA_NDP_DAD_DELAY_NS);
    host6.now = fa_ndp_deadline(&host6.ndp);
    fa_ndp_tick(&host6.ndp, host6.now);
    CHECK(fa_ndp_has_output(&host6.ndp));
    REQUIRE(host6_output(&message, &meta));
    struct fa_ip group = fa_ip6_solicited_node(&first);
    CHECK(message.type == FA_ICMP6_NEIGHBOUR_SOLICIT && fa_ip_equal(&message.target, &first));
    CHECK(fa_ip_is_zero(&meta.local) && fa_ip_equal(&meta.remote, &group) && meta.multicast);
    CHECK(!message.has_source_mac && message.has_nonce);
    CHECK(!host6_output(&message, &meta));
    CHECK_EQ(fa_ndp_deadline(&host6.ndp), host6.now + FA_NEIGH_RETRY_NS);
    host6.now += FA_NEIGH_RETRY_NS;
    fa_ndp_tick(&host6.ndp, host6.now);
    CHECK_EQ(addr->state, FA_ADDR_PREFERRED);
    host6_end();
    host6_begin(&config);
    CHECK(fa_ip_equal(&host6_addr(FA_ADDR_LINK_LOCAL)->ip, &first)); // the same at the next boot
    host6_end();
    config.secret[0]++;
    host6_begin(&config);
    CHECK(!fa_ip_equal(&host6_addr(FA_ADDR_LINK_LOCAL)->ip, &first));
    host6_end();
}

/* Advertise an address as another station's. */
static void claim(const struct fa_ip *ip)
{
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_ADVERT, .target = *ip, .override = true, .has_target_mac = true};
    fa_copy(message.target_mac, host6_router_mac, FA_MAC_LEN);
    host6_neighbour(ip, &fa_ip6_all_nodes, &message);
}

T(a_duplicate_link_local_address_is_formed_anew_three_times_then_given_up)
{
    struct fa_ndp_config config = host6_config();
    host6_begin(&config);
    struct fa_iface_addr *addr = host6_addr(FA_ADDR_LINK_LOCAL);
    for (int i = 0; i < FA_NDP_IID_TRY_COUNT_MAX; i++) {
        struct fa_ip before = addr->ip;
        CHECK_EQ(addr->state, FA_ADDR_TENTATIVE);
        host6_run(FA_NS_S);
        claim(&addr->ip);
        bool last = i == FA_NDP_IID_TRY_COUNT_MAX - 1;
        CHECK_EQ(fa_ip_equal(&before, &addr->ip), last);
    }
    CHECK_EQ(addr->state, FA_ADDR_DUPLICATE);
    CHECK_EQ(COUNTED(ndp_duplicates), FA_NDP_IID_TRY_COUNT_MAX);
    host6_run(10 * FA_NS_S);
    CHECK_EQ(addr->state, FA_ADDR_DUPLICATE);
    CHECK_EQ(COUNTED(ndp_tx_router_solicits), 0); // nothing to ask from
    host6_end();
}

T(a_configured_address_that_another_has_is_kept_as_a_duplicate)
{
    host6_open();
    struct fa_ip ip = host6_ip("2001:db8::5");
    CHECK_EQ(
        fa_ndp_address_add(&host6.ndp, host6.now, &ip, 64, FA_NS_NEVER, FA_ADDR_STATIC), FA_OK);
    CHECK_EQ(
        fa_ndp_address_add(&host6.ndp, host6.now, &ip, 64, FA_NS_NEVER, FA_ADDR_STATIC), FA_EINVAL);
    CHECK_EQ(fa_ndp_address_add(
                 &host6.ndp, host6.now, &fa_ip6_all_nodes, 64, FA_NS_NEVER, FA_ADDR_STATIC),
        FA_EINVAL);
    claim(&ip);
    CHECK_EQ(fa_addrs_find(&host6.addrs, &ip)->state, FA_ADDR_DUPLICATE);
    CHECK(!fa_addrs_has(&host6.addrs, &ip));
    host6_end();
}

T(our_own_question_given_back_by_the_link_is_no_duplicate)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    struct fa_ndp_config config = host6_config();
    host6_begin(&config);
    host6.now = fa_ndp_deadline(&host6.ndp);
    fa_ndp_tick(&host6.ndp, host6.now);
    REQUIRE(host6_output(&message, &meta));
    host6_neighbour(&nobody, &meta.remote, &message);
    CHECK_EQ(COUNTED(ndp_rx_own), 1);
    CHECK_EQ(COUNTED(ndp_duplicates), 0);
    message.nonce[0] ^= 1; // another station that asks the same
    host6_neighbour(&nobody, &meta.remote, &message);
    CHECK_EQ(COUNTED(ndp_duplicates), 1);
    host6_end();
}

T(without_detection_addresses_are_used_at_once)
{
    struct fa_ndp_config config = host6_config();
    config.dad_off = true;
    host6_begin(&config);
    CHECK(fa_addr_is_usable(host6_addr(FA_ADDR_LINK_LOCAL)));
    struct fa_ip ip = host6_ip("2001:db8::5");
    CHECK_EQ(
        fa_ndp_address_add(&host6.ndp, host6.now, &ip, 64, FA_NS_NEVER, FA_ADDR_STATIC), FA_OK);
    CHECK(fa_addrs_has(&host6.addrs, &ip));
    host6_drain();
    CHECK_EQ(COUNTED(ndp_tx_solicits), 0);
    CHECK_EQ(COUNTED(ndp_tx_router_solicits), 1);
    host6_end();
}

/* ---- questions and answers ---- */

static const struct fa_ip them = {{0xfe, 0x80, [15] = 7}};

/* A question of theirs for `target`. */
static void solicit(const struct fa_ip *source, const struct fa_ip *target)
{
    struct fa_ip group = fa_ip6_solicited_node(target);
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_SOLICIT,
        .target = *target,
        .has_source_mac = !fa_ip_is_zero(source),
    };
    fa_copy(message.source_mac, host6_router_mac, FA_MAC_LEN);
    host6_neighbour(source, &group, &message);
}

T(a_question_for_our_address_is_answered_and_its_sender_learned)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    host6_open();
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    solicit(&them, &us);
    REQUIRE(host6_output(&message, &meta));
    CHECK(message.type == FA_ICMP6_NEIGHBOUR_ADVERT && fa_ip_equal(&message.target, &us));
    CHECK(message.solicited && message.override && !message.router && message.has_target_mac);
    CHECK(fa_equal(message.target_mac, host6_mac, FA_MAC_LEN));
    CHECK(fa_ip_equal(&meta.local, &us) && fa_ip_equal(&meta.remote, &them));
    struct fa_neigh_entry *entry = fa_neigh_find(&host6.ndp.neigh, &them);
    REQUIRE(entry != NULL);
    CHECK_EQ(entry->state, FA_NEIGH_STALE);
    CHECK(fa_equal(entry->mac, host6_router_mac, FA_MAC_LEN));
    solicit(&nobody, &us); // a station that tests our address
    REQUIRE(host6_output(&message, &meta));
    CHECK(!message.solicited && fa_ip_equal(&meta.remote, &fa_ip6_all_nodes));
    solicit(&them, &them);
    CHECK(!host6_output(&message, &meta));
    host6_end();
}

T(each_question_gets_its_own_answer_in_order)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    host6_open();
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    for (uint8_t i = 0; i < 3 * FA_NDP_REPLY_COUNT_MAX / 2; i++) {
        struct fa_ip asks = them;
        asks.b[14] = i;
        solicit(&asks, &us);
        asks.b[13] = 1;
        solicit(&asks, &us);
        for (uint8_t second = 0; second < 2; second++) {
            REQUIRE(host6_output(&message, &meta));
            asks.b[13] = second;
            CHECK(fa_ip_equal(&meta.remote, &asks));
        }
        CHECK(!host6_output(&message, &meta));
    }
    host6_end();
}

T(answers_that_wait_are_bounded)
{
    host6_open();
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    for (uint32_t i = 0; i < FA_NDP_REPLY_COUNT_MAX + 3; i++) {
        solicit(&them, &us);
    }
    CHECK_EQ(host6.ndp.reply_count, FA_NDP_REPLY_COUNT_MAX);
    CHECK_EQ(COUNTED(ndp_tx_reply_full), 3);
    host6_end();
}

/* An advertisement of theirs. */
static void advertise(const uint8_t *mac, bool solicited, bool override)
{
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_ADVERT,
        .target = them,
        .solicited = solicited,
        .override = override,
        .has_target_mac = mac != NULL,
    };
    fa_copy(message.target_mac, mac, mac != NULL ? FA_MAC_LEN : 0);
    host6_neighbour(&them, &us, &message);
}

T(a_neighbour_is_asked_for_by_group_and_its_packets_leave_when_it_answers)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    host6_open();
    CHECK(!host6_resolve(&them));
    REQUIRE(host6_output(&message, &meta));
    struct fa_ip group = fa_ip6_solicited_node(&them);
    CHECK(message.type == FA_ICMP6_NEIGHBOUR_SOLICIT && fa_ip_equal(&message.target, &them));
    CHECK(fa_ip_equal(&meta.remote, &group) && message.has_source_mac);
    advertise(NULL, true, true); // says nothing that we need
    CHECK(fa_neigh_ready_take(&host6.ndp.neigh) == NULL);
    advertise(host6_router_mac, true, true);
    struct fa_buf *buf = fa_neigh_ready_take(&host6.ndp.neigh);
    REQUIRE(buf != NULL);
    CHECK(fa_equal(fa_buf_at(buf), host6_router_mac, FA_MAC_LEN));
    fa_buf_drop(buf);
    CHECK_EQ(fa_neigh_find(&host6.ndp.neigh, &them)->state, FA_NEIGH_REACHABLE);
    host6_end();
}

T(advertisements_change_a_neighbour_as_the_rfcs_table_says)
{
    static const uint8_t other[FA_MAC_LEN] = {2, 0, 0, 0, 0, 0x33};
    static const struct {
        bool same, solicited, override;
        enum fa_neigh_state state;
        bool replaced;
    } rows[] = {
        {true, true, true, FA_NEIGH_REACHABLE, false},
        {true, false, true, FA_NEIGH_REACHABLE, false},
        {false, false, true, FA_NEIGH_STALE, true},
        {false, true, true, FA_NEIGH_REACHABLE, true},
        {false, false, false, FA_NEIGH_STALE, false},
        {false, true, false, FA_NEIGH_STALE, false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        host6_open();
        solicit(&them, &host6_addr(FA_ADDR_LINK_LOCAL)->ip);
        host6_drain();
        advertise(host6_router_mac, true, false);
        struct fa_neigh_entry *entry = fa_neigh_find(&host6.ndp.neigh, &them);
        REQUIRE(entry != NULL && entry->state == FA_NEIGH_REACHABLE);
        advertise(rows[i].same ? host6_router_mac : other, rows[i].solicited, rows[i].override);
        CHECK_EQ(entry->state, rows[i].state);
        CHECK_EQ(fa_equal(entry->mac, other, FA_MAC_LEN), rows[i].replaced);
        CHECK_EQ(COUNTED(ndp_changed), rows[i].replaced);
        host6_end();
    }
}

T(messages_that_contradict_the_rfc_are_dropped_by_name)
{
    host6_open();
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    struct fa_ip group = fa_ip6_solicited_node(&us);
    uint8_t bytes[FA_NDP_LEN_MAX];
    struct fa_ndp_message message = {.type = FA_ICMP6_NEIGHBOUR_SOLICIT, .target = us};
    size_t len = fa_ndp_encode(bytes, &message);
    struct fa_ip_meta meta = {.local = group, .remote = them, .ttl = 254, .multicast = true};
    fa_ndp_input(&host6.ndp, host6.now, &meta, (struct fa_slice){bytes, len});
    CHECK_EQ(COUNTED(ndp_rx_hop_limit), 1);
    host6_input(&them, &group, (struct fa_slice){bytes, len - 1});
    CHECK_EQ(COUNTED(ndp_rx_malformed), 1);
    host6_neighbour(&nobody, &fa_ip6_all_nodes, &message); // from nobody, to the wrong group
    message.has_source_mac = true;
    host6_neighbour(&nobody, &group, &message); // from nobody, with an address
    CHECK_EQ(COUNTED(ndp_rx_invalid), 2);
    message.type = FA_ICMP6_NEIGHBOUR_ADVERT;
    message.target = them;
    message.solicited = true;
    host6_neighbour(&them, &fa_ip6_all_nodes, &message); // solicited by everybody
    message.solicited = false;
    message.has_target_mac = true; // of a group
    message.target_mac[0] = 1;
    host6_neighbour(&them, &us, &message);
    CHECK_EQ(COUNTED(ndp_rx_invalid), 4);
    message.has_target_mac = false;
    message.target = us;
    host6_neighbour(&them, &us, &message);
    CHECK_EQ(COUNTED(ndp_conflicts), 1);
    long long before = COUNTED(ndp_rx_ignored);
    message.target = them;
    host6_neighbour(&them, &us, &message); // of whom nobody asked
    CHECK_EQ(COUNTED(ndp_rx_ignored), before + 1);
    CHECK(COUNTED(ndp_rx_messages) >= 8);
    CHECK_EQ(host6.ndp.reply_count, 0);
    host6_end();
}

T(an_interface_that_is_stopped_in_the_middle_of_a_test_wants_no_time)
{
    struct fa_ndp_config config = host6_config();
    host6_begin(&config);
    CHECK(fa_ndp_deadline(&host6.ndp) != FA_NS_NEVER); // its link-local address is tested
    fa_ndp_stop(&host6.ndp);
    CHECK_EQ(fa_ndp_deadline(&host6.ndp), FA_NS_NEVER);
    CHECK(!fa_ndp_has_output(&host6.ndp));
    host6_end();
}

T(a_stopped_interface_is_silent_and_deaf)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    host6_open();
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    CHECK(!host6_resolve(&them));
    fa_ndp_stop(&host6.ndp);
    solicit(&them, &us);
    CHECK(!host6_output(&message, &meta));
    CHECK(fa_ndp_deadline(&host6.ndp) == FA_NS_NEVER);
    host6_end();
}
