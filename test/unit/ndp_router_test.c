// SPDX-License-Identifier: ISC
//
// Neighbour discovery: routers, prefixes, the addresses that follow, redirects.

#include "fa/ndp.h"

#include "test/t.h"
#include "test/unit/host6.h"

static const struct fa_ip router = {{0xfe, 0x80, [15] = 0x99}};
static const struct fa_ip second = {{0xfe, 0x80, [15] = 0x98}};
static const struct fa_ip third = {{0xfe, 0x80, [15] = 0x97}};

/* An advertisement under construction. */
static uint8_t advert[512];
static size_t advert_len;

static void begin_advert(uint16_t lifetime_s, uint8_t preference_bits)
{
    fa_zero(advert, sizeof advert);
    advert[0] = FA_ICMP6_ROUTER_ADVERT;
    advert[5] = (uint8_t)(preference_bits << 3);
    fa_be16_store(advert + 6, lifetime_s);
    advert_len = 16;
}

static void add_option(const void *bytes, size_t len)
{
    fa_copy(advert + advert_len, bytes, len);
    advert_len += len;
}

static void add_prefix(const char *prefix, uint8_t flags, uint32_t valid_s, uint32_t preferred_s)
{
    uint8_t option[32] = {FA_NDP_OPTION_PREFIX, 4, 64, flags};
    struct fa_ip ip = host6_ip(prefix);
    fa_be32_store(option + 4, valid_s);
    fa_be32_store(option + 8, preferred_s);
    fa_copy(option + 16, ip.b, 16);
    add_option(option, sizeof option);
}

static void send_advert(const struct fa_ip *from)
{
    host6_input(from, &fa_ip6_all_nodes, (struct fa_slice){advert, advert_len});
}

static void advertise_router(const struct fa_ip *from, uint16_t lifetime_s, uint8_t preference)
{
    begin_advert(lifetime_s, preference);
    send_advert(from);
}

static void advertise_prefix(uint32_t valid_s, uint32_t preferred_s)
{
    begin_advert(1800, 0);
    add_prefix("2001:db8:1::", 0xc0, valid_s, preferred_s);
    send_advert(&router);
}

/* Whether packets to `to` are given to `hop`; NULL: to nobody. */
static bool goes_to(const char *to, const struct fa_ip *hop)
{
    struct fa_ip ip = host6_ip(to);
    struct fa_ip next;
    if (fa_ndp_next_hop(&host6.ndp, &ip, &next) < 0) {
        return hop == NULL;
    }
    return hop != NULL && fa_ip_equal(&next, hop);
}

static bool is_on_link(const char *to)
{
    struct fa_ip ip = host6_ip(to);
    return goes_to(to, &ip);
}

/* ---- routers ---- */

T(routers_are_asked_for_ever_less_often_until_one_answers)
{
    struct fa_ndp_message message;
    struct fa_ip_meta meta;
    struct fa_ndp_config config = host6_config();
    config.dad_off = true;
    host6_begin(&config);
    fa_ns wait = FA_NDP_SOLICIT_NS;
    for (int i = 0; i < 12; i++) {
        REQUIRE(host6_output(&message, &meta));
        CHECK_EQ(message.type, FA_ICMP6_ROUTER_SOLICIT);
        CHECK(fa_ip_equal(&meta.remote, &fa_ip6_all_routers) && message.has_source_mac);
        CHECK(fa_ip_equal(&meta.local, &host6_addr(FA_ADDR_LINK_LOCAL)->ip));
        CHECK(!host6_output(&message, &meta));
        fa_ns due = fa_ndp_deadline(&host6.ndp) - host6.now;
        CHECK(due >= wait - wait / 10 && due <= wait + wait / 10);
        host6.now += due;
        fa_ndp_tick(&host6.ndp, host6.now);
        wait = fa_ns_min(2 * wait, FA_NDP_SOLICIT_MAX_NS);
    }
    advertise_router(&router, 1800, 0);
    CHECK(!host6_output(&message, &meta));
    CHECK(goes_to("2001:db8::1", &router));
    host6_end();
}

T(a_router_is_used_until_its_lifetime_ends_then_asked_for_again)
{
    host6_open();
    CHECK(goes_to("2001:db8::1", NULL));
    advertise_router(&router, 1800, 0);
    long long before = COUNTED(ndp_tx_router_solicits);
    host6_run(1800 * FA_NS_S - 1);
    CHECK(goes_to("2001:db8::1", &router));
    host6_run(2);
    CHECK(goes_to("2001:db8::1", NULL));
    CHECK_EQ(COUNTED(ndp_tx_router_solicits), before + 1);
    advertise_router(&router, 1800, 0);
    advertise_router(&router, 0, 0); // it says that it is none any more
    CHECK(goes_to("2001:db8::1", NULL));
    host6_end();
}

T(of_two_routers_the_preferred_one_is_taken_unless_it_is_dead)
{
    host6_open();
    advertise_router(&router, 1800, 3);
    advertise_router(&second, 1800, 1);
    CHECK(goes_to("2001:db8::1", &second));
    CHECK(!host6_resolve(&second));
    host6_run(FA_NEIGH_TRY_COUNT_MAX * FA_NEIGH_RETRY_NS);
    CHECK(goes_to("2001:db8::1", &router));
    fa_buf_drop(fa_neigh_failed_take(&host6.ndp.neigh));
    advertise_router(&second, 1800, 1); // it speaks again
    CHECK(goes_to("2001:db8::1", &second));
    host6_end();
}

T(a_router_that_becomes_a_host_is_no_router)
{
    host6_open();
    begin_advert(1800, 0);
    static const uint8_t option[8] = {FA_NDP_OPTION_SOURCE_MAC, 1, 2, 0, 0, 0, 0, 9};
    add_option(option, sizeof option);
    send_advert(&router);
    CHECK(host6_resolve(&router)); // its address came along
    CHECK(goes_to("2001:db8::1", &router));
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_ADVERT, .target = router, .override = true};
    host6_neighbour(&router, &fa_ip6_all_nodes, &message);
    CHECK(goes_to("2001:db8::1", NULL));
    host6_end();
}

T(advertisements_from_beyond_the_link_or_unwanted_are_not_believed)
{
    host6_open();
    struct fa_ip global = host6_ip("2001:db8::99");
    advertise_router(&global, 1800, 0);
    CHECK_EQ(COUNTED(ndp_rx_invalid), 1);
    CHECK(goes_to("2001:db8::1", NULL));
    host6_end();
    struct fa_ndp_config config = host6_config();
    config.ra_off = true;
    host6_begin(&config);
    host6_run(10 * FA_NS_S);
    CHECK_EQ(COUNTED(ndp_tx_router_solicits), 0);
    advertise_prefix(3600, 3600);
    CHECK(goes_to("2001:db8::1", NULL) && host6_addr(FA_ADDR_SLAAC) == NULL);
    host6_end();
}

T(each_router_has_one_place_and_leaves_it_alone)
{
    host6_open();
    for (int i = 0; i < 3; i++) {
        advertise_router(&router, 1800, 0);
        advertise_router(&second, 1800, 0);
        advertise_router(&third, 1800, 0);
    }
    CHECK_EQ(host6.ndp.way_count, 3);
    advertise_router(&second, 0, 0);
    CHECK_EQ(host6.ndp.way_count, 2);
    advertise_router(&third, 0, 0);
    CHECK_EQ(host6.ndp.way_count, 1);
    CHECK(goes_to("2001:db8::1", &router));
    host6_end();
}

T(routers_beyond_the_limit_are_not_kept)
{
    host6_open();
    struct fa_ip ip = router;
    for (uint8_t i = 0; i < FA_NDP_ROUTE_KIND_MAX + 2; i++) {
        ip.b[14] = i;
        advertise_router(&ip, 1800, 0);
    }
    CHECK_EQ(host6.ndp.way_count, FA_NDP_ROUTE_KIND_MAX);
    CHECK_EQ(COUNTED(ndp_ways_full), 2);
    host6_end();
}

T(parameters_of_the_link_are_taken_within_reason)
{
    host6_open();
    begin_advert(1800, 0);
    advert[4] = 33;
    advert[5] = 0xc0;
    fa_be32_store(advert + 8, 10000);
    fa_be32_store(advert + 12, 2000);
    static const uint8_t mtu[8] = {FA_NDP_OPTION_MTU, 1, 0, 0, 0, 0, 0x05, 0x78};
    add_option(mtu, sizeof mtu);
    send_advert(&router);
    CHECK(host6.ndp.hop_limit == 33 && host6.ndp.managed && host6.ndp.other);
    CHECK_EQ(host6.ndp.mtu_bytes, 1400);
    CHECK_EQ(host6.ndp.neigh.retry_ns, 2 * FA_NS_S);
    fa_ns reachable = host6.ndp.neigh.reachable_ns;
    CHECK(reachable >= 5 * FA_NS_S && reachable < 15 * FA_NS_S);
    static const uint32_t wrong[] = {1279, 1501, 0};
    for (size_t i = 0; i < FA_COUNT_OF(wrong); i++) {
        begin_advert(1800, 0);
        uint8_t option[8] = {FA_NDP_OPTION_MTU, 1};
        fa_be32_store(option + 4, wrong[i]);
        fa_be32_store(advert + 12, UINT32_MAX);
        add_option(option, sizeof option);
        send_advert(&router);
        CHECK(host6.ndp.mtu_bytes == 1400 && host6.ndp.neigh.retry_ns == 2 * FA_NS_S);
    }
    host6_end();
}

T(specific_routes_are_taken_before_the_default)
{
    host6_open();
    advertise_router(&router, 1800, 0);
    begin_advert(0, 0); // it is no default router
    static const uint8_t route[16] = {
        FA_NDP_OPTION_ROUTE, 2, 48, 0, 0, 0, 0, 60, 0xfd, 0, 0, 1, 0, 0, 0, 0};
    add_option(route, sizeof route);
    send_advert(&second);
    CHECK(goes_to("fd00:1::5", &second) && goes_to("fd00:2::5", &router));
    host6_run(61 * FA_NS_S);
    CHECK(goes_to("fd00:1::5", &router));
    host6_end();
}

T(a_router_that_speaks_again_is_used_for_all_that_it_told)
{
    static const uint8_t route[16] = {
        FA_NDP_OPTION_ROUTE, 2, 48, 0, 0, 0, 0x0e, 0x10, 0xfd, 0, 0, 1, 0, 0, 0, 0};
    host6_open();
    advertise_router(&router, 1800, 0);
    begin_advert(0, 0);
    add_option(route, sizeof route);
    send_advert(&router);
    send_advert(&second); // the same, told later
    advertise_router(&router, 1800, 0);
    CHECK(goes_to("fd00:1::5", &router));
    CHECK(!host6_resolve(&router));
    host6_run(FA_NEIGH_TRY_COUNT_MAX * FA_NEIGH_RETRY_NS);
    CHECK(goes_to("fd00:1::5", &second)); // it is dead
    fa_buf_drop(fa_neigh_failed_take(&host6.ndp.neigh));
    advertise_router(&router, 1800, 0); // and does not repeat the route
    CHECK(goes_to("fd00:1::5", &router));
    host6_end();
}

T(servers_and_domains_are_handed_on)
{
    host6_open();
    begin_advert(1800, 0);
    static const uint8_t servers[24] = {
        FA_NDP_OPTION_DNS_SERVERS, 3, 0, 0, 0, 0, 0, 60, 0x20, 1, 0xd, 0xb8, [23] = 0x53};
    static const uint8_t search[32] = {FA_NDP_OPTION_DNS_SEARCH, 4, 0, 0, 0, 0, 0, 60, 3, 'l', 'a',
        'n', 0, 1, 'a', 2, 'b', 'c', 0};
    add_option(servers, sizeof servers);
    add_option(search, sizeof search);
    send_advert(&router);
    const struct fa_names_list *dns = &host6.names.lists[FA_NAMES_DNS];
    const struct fa_names_list *domains = &host6.names.lists[FA_NAMES_DOMAIN];
    REQUIRE(dns->count == 1 && domains->count == 2);
    CHECK(dns->at[0].ip.b[15] == 0x53 && dns->at[0].until_ns == host6.now + 60 * FA_NS_S);
    CHECK_TEXT(fa_slice_of(domains->at[0].text), "lan");
    CHECK_TEXT(fa_slice_of(domains->at[1].text), "a.bc");
    host6_end();
    CHECK_EQ(dns->count, 0);
}

/* ---- prefixes and addresses ---- */

T(a_prefix_is_on_the_link_only_if_the_router_says_so)
{
    host6_open();
    begin_advert(1800, 0);
    add_prefix("2001:db8:1::", 0x80, 60, 60);
    add_prefix("2001:db8:2::", 0x40, 60, 60);
    send_advert(&router);
    CHECK(is_on_link("2001:db8:1::5") && !is_on_link("2001:db8:2::5"));
    CHECK(goes_to("2001:db8:2::5", &router));
    CHECK(is_on_link("fe80::5"));
    struct fa_iface_addr *addr = host6_addr(FA_ADDR_SLAAC);
    REQUIRE(addr != NULL);
    CHECK(addr->ip.b[5] == 2 && addr->prefix_bits == 64);
    host6_run(61 * FA_NS_S);
    CHECK(goes_to("2001:db8:1::5", &router));
    host6_end();
}

T(an_address_is_tested_used_deprecated_and_expires)
{
    host6_open();
    advertise_prefix(7300, 100);
    struct fa_iface_addr *addr = host6_addr(FA_ADDR_SLAAC);
    REQUIRE(addr != NULL);
    CHECK_EQ(addr->state, FA_ADDR_TENTATIVE);
    host6_run(3 * FA_NS_S);
    CHECK_EQ(addr->state, FA_ADDR_PREFERRED);
    host6_run(97 * FA_NS_S - 1);
    CHECK_EQ(addr->state, FA_ADDR_PREFERRED);
    host6_run(2);
    CHECK_EQ(addr->state, FA_ADDR_DEPRECATED);
    CHECK(fa_addr_is_usable(addr));
    advertise_prefix(7300, 100);
    CHECK_EQ(addr->state, FA_ADDR_PREFERRED);
    host6_run(7301 * FA_NS_S);
    CHECK_EQ(addr->state, FA_ADDR_EXPIRED);
    CHECK(!fa_addr_is_usable(addr));
    host6_end();
}

T(a_forged_lifetime_does_not_end_an_address_within_two_hours)
{
    host6_open();
    advertise_prefix(86400, 86400);
    host6_run(3 * FA_NS_S);
    struct fa_iface_addr *addr = host6_addr(FA_ADDR_SLAAC);
    advertise_prefix(1, 0);
    CHECK_EQ(addr->valid_ns, host6.now + 7200 * FA_NS_S);
    host6_run(1);
    CHECK_EQ(addr->state, FA_ADDR_DEPRECATED);
    host6_run(3600 * FA_NS_S);
    advertise_prefix(1, 0);
    CHECK(addr->valid_ns < host6.now + 3601 * FA_NS_S);
    advertise_prefix(86400, 86400);
    CHECK_EQ(addr->valid_ns, host6.now + 86400 * FA_NS_S);
    host6_end();
}

T(prefixes_that_no_address_can_be_formed_of_are_refused_and_their_number_is_bounded)
{
    host6_open();
    begin_advert(1800, 0);
    add_prefix("2001:db8:1::", 0x40, 60, 61);
    add_prefix("fe80::", 0x40, 60, 60);
    add_prefix("ff02::", 0x40, 60, 60);
    add_prefix("2001:db8:2::", 0x40, 0, 0);
    send_advert(&router);
    CHECK_EQ(COUNTED(ndp_rx_bad_prefix), 3);
    CHECK(host6_addr(FA_ADDR_SLAAC) == NULL);
    for (int i = 0; i < FA_NDP_SLAAC_COUNT_MAX + 1; i++) {
        begin_advert(1800, 0);
        add_prefix("2001:db8:1::", 0x40, 60, 60);
        advert[16 + 16 + 7] = (uint8_t)i;
        send_advert(&router);
    }
    CHECK_EQ(COUNTED(ndp_addrs_full), 1);
    CHECK_EQ(host6.addrs.count, 1 + FA_NDP_SLAAC_COUNT_MAX);
    host6_end();
}

static uint32_t count_temporary(enum fa_addr_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < host6.addrs.count; i++) {
        count += host6.addrs.at[i].origin == FA_ADDR_TEMPORARY && host6.addrs.at[i].state == state;
    }
    return count;
}

/* Take out what expired, as a stack does. */
static void remove_expired(void)
{
    for (uint32_t i = host6.addrs.count; i-- > 0;) {
        if (host6.addrs.at[i].state == FA_ADDR_EXPIRED) {
            fa_addrs_remove(&host6.addrs, &host6.addrs.at[i]);
        }
    }
}

T(temporary_addresses_are_renewed_before_they_are_deprecated_and_expire)
{
    struct fa_ndp_config config = host6_config();
    config.privacy = true;
    host6_begin(&config);
    host6_run(3 * FA_NS_S);
    advertise_prefix(UINT32_MAX, UINT32_MAX);
    host6_run(3 * FA_NS_S);
    CHECK_EQ(count_temporary(FA_ADDR_PREFERRED), 1);
    struct fa_ip first = host6_addr(FA_ADDR_TEMPORARY)->ip;
    fa_ns preferred = host6_addr(FA_ADDR_TEMPORARY)->preferred_ns;
    CHECK(preferred <= host6.now + FA_NDP_TEMP_PREFERRED_NS);
    host6_run(preferred - host6.now - FA_NDP_TEMP_ADVANCE_NS - 1);
    CHECK_EQ(count_temporary(FA_ADDR_PREFERRED), 1);
    host6_run(4 * FA_NS_S);
    CHECK_EQ(count_temporary(FA_ADDR_PREFERRED), 2); // the next is ready before
    host6_run(2 * FA_NS_S);
    CHECK_EQ(count_temporary(FA_ADDR_PREFERRED), 1);
    CHECK_EQ(count_temporary(FA_ADDR_DEPRECATED), 1);
    for (int hour = 0; hour < 24 * 30; hour++) {
        host6_run(3600 * FA_NS_S);
        remove_expired();
        CHECK_EQ(count_temporary(FA_ADDR_PREFERRED), 1);
        CHECK(count_temporary(FA_ADDR_DEPRECATED) <= 3);
    }
    CHECK(fa_addrs_find(&host6.addrs, &first) == NULL);
    CHECK_EQ(COUNTED(ndp_addrs_full), 0);
    host6_end();
}

/* ---- redirects ---- */

static void redirect(const struct fa_ip *from, const char *to, const struct fa_ip *hop)
{
    uint8_t bytes[48] = {FA_ICMP6_REDIRECT, [40] = FA_NDP_OPTION_TARGET_MAC, 1, 2, 0, 0, 0, 0, 5};
    struct fa_ip ip = host6_ip(to);
    struct fa_ip us = host6_addr(FA_ADDR_LINK_LOCAL)->ip;
    fa_copy(bytes + 8, hop->b, 16);
    fa_copy(bytes + 24, ip.b, 16);
    host6_input(from, &us, (struct fa_slice){bytes, sizeof bytes});
}

T(a_redirect_of_the_first_hop_is_followed_for_its_target_alone)
{
    host6_open();
    advertise_router(&router, 1800, 0);
    redirect(&router, "2001:db8::5", &second);
    CHECK(goes_to("2001:db8::5", &second) && goes_to("2001:db8::6", &router));
    CHECK(host6_resolve(&second)); // its address came along
    struct fa_ip near = host6_ip("2001:db8::7");
    redirect(&router, "2001:db8::7", &near);
    CHECK(is_on_link("2001:db8::7"));
    CHECK_EQ(COUNTED(ndp_rx_redirects), 2);
    host6_run(FA_NDP_REDIRECT_NS + 1);
    CHECK(goes_to("2001:db8::5", &router));
    host6_end();
}

T(other_redirects_are_not_followed)
{
    host6_open();
    struct fa_ip global = host6_ip("2001:db8::1");
    redirect(&router, "2001:db8::5", &second); // of whom we never sent anything
    advertise_router(&router, 1800, 0);
    redirect(&second, "2001:db8::5", &third);  // not the first hop
    redirect(&router, "2001:db8::5", &global); // not to a router's link-local address
    redirect(&router, "2001:db8::5", &router); // to itself
    redirect(&global, "2001:db8::5", &second);
    redirect(&router, "::1", &second); // of ourselves
    CHECK_EQ(COUNTED(ndp_rx_invalid), 6);
    CHECK(goes_to("2001:db8::5", &router));
    host6_end();
    struct fa_ndp_config config = host6_config();
    config.redirects_off = true;
    host6_begin(&config);
    host6_run(3 * FA_NS_S);
    advertise_router(&router, 1800, 0);
    redirect(&router, "2001:db8::5", &second);
    CHECK(goes_to("2001:db8::5", &router));
    host6_end();
}

T(redirects_are_bounded_and_the_oldest_gives_way)
{
    host6_open();
    advertise_router(&router, 1800, 0);
    for (uint8_t i = 0; i < FA_NDP_ROUTE_KIND_MAX + 1; i++) {
        host6.now += FA_NS_S;
        char text[] = "2001:db8::10";
        text[11] = (char)('0' + i);
        redirect(&router, text, &second);
    }
    CHECK(goes_to("2001:db8::10", &router) && goes_to("2001:db8::18", &second));
    CHECK_EQ(host6.ndp.way_count, 1 + FA_NDP_ROUTE_KIND_MAX);
    host6_end();
}
