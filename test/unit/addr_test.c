// SPDX-License-Identifier: ISC
//
// The addresses of an interface: which it has, and where they came from.

#include "fa/addr.h"

#include "test/t.h"
#include "test/unit/stack_world.h"

static struct fa_addrs addrs;

static struct fa_iface_addr numbered(uint8_t number)
{
    return (struct fa_iface_addr){.ip = fa_ip4(10, 0, 0, number), .state = FA_ADDR_PREFERRED};
}

T(a_static_ipv4_address_is_listed_until_the_stack_stops)
{
    world_open();
    const struct fa_addrs *list = &world.a.stack.ifaces[0].addrs;
    REQUIRE(list->count >= 1);
    CHECK_EQ(fa_ip4_of(&list->at[0].ip), WORLD_A);
    CHECK_EQ(list->at[0].prefix_bits, 24);
    CHECK_EQ(list->at[0].origin, FA_ADDR_STATIC);
    CHECK_EQ(list->at[0].state, FA_ADDR_PREFERRED);
    CHECK(list->at[0].valid_ns == FA_NS_NEVER);
    world_close();
    CHECK_EQ(list->count, 0);
}

T(an_address_that_was_removed_is_not_chosen)
{
    struct fa_ip near = fa_ip4(10, 0, 0, 2);
    addrs = (struct fa_addrs){0};
    for (uint8_t i = 1; i <= 2; i++) {
        struct fa_iface_addr addr = numbered(i);
        addr.prefix_bits = i == 2 ? 31 : 24; // the second is the better source
        CHECK_EQ(fa_addrs_add(&addrs, &addr), FA_OK);
    }
    CHECK(fa_addrs_choose(&addrs, &near, false) == &addrs.at[1]);
    fa_addrs_remove(&addrs, &addrs.at[1]);
    CHECK(fa_addrs_choose(&addrs, &near, false) == &addrs.at[0]);
    fa_addrs_remove(&addrs, &addrs.at[0]);
    CHECK(fa_addrs_choose(&addrs, &near, false) == NULL);
}

T(an_address_under_test_or_taken_by_another_is_not_usable)
{
    CHECK(!fa_addr_is_usable(&(struct fa_iface_addr){.state = FA_ADDR_TENTATIVE}));
    CHECK(!fa_addr_is_usable(&(struct fa_iface_addr){.state = FA_ADDR_DUPLICATE}));
    CHECK(fa_addr_is_usable(&(struct fa_iface_addr){.state = FA_ADDR_DEPRECATED}));
    addrs = (struct fa_addrs){0};
    struct fa_iface_addr addr = numbered(1);
    addr.state = FA_ADDR_TENTATIVE;
    CHECK_EQ(fa_addrs_add(&addrs, &addr), FA_OK);
    CHECK(fa_addrs_find(&addrs, &addr.ip) == &addrs.at[0]);
    CHECK(!fa_addrs_has(&addrs, &addr.ip));
    addrs.at[0].state = FA_ADDR_PREFERRED;
    CHECK(fa_addrs_has(&addrs, &addr.ip));
}

T(a_full_list_takes_no_more_and_a_removed_entry_makes_room)
{
    addrs = (struct fa_addrs){0};
    for (uint8_t i = 0; i < FA_ADDR_COUNT_MAX; i++) {
        struct fa_iface_addr addr = numbered(i);
        CHECK_EQ(fa_addrs_add(&addrs, &addr), FA_OK);
    }
    struct fa_iface_addr more = numbered(100);
    CHECK_EQ(fa_addrs_add(&addrs, &more), FA_ENOSPC);
    struct fa_ip third = fa_ip4(10, 0, 0, 3);
    fa_addrs_remove(&addrs, fa_addrs_find(&addrs, &third));
    CHECK(fa_addrs_find(&addrs, &third) == NULL);
    CHECK_EQ(addrs.count, FA_ADDR_COUNT_MAX - 1);
    CHECK_EQ(addrs.at[FA_ADDR_COUNT_MAX - 2].ip.b[15], FA_ADDR_COUNT_MAX - 1);
    CHECK_EQ(fa_addrs_add(&addrs, &more), FA_OK);
    CHECK(fa_addrs_has(&addrs, &more.ip));
}

/* ---- choosing ---- */

static struct fa_ip ip_of(const char *text)
{
    struct fa_ip ip = {0};
    CHECK(fa_ip_parse(fa_slice_of(text), &ip) == FA_OK);
    return ip;
}

/* One choice: addresses in a list, "!" in front of deprecated ones, "~" of temporary ones. */
struct choice {
    const char *sources[4];
    const char *remote;
    const char *expected; /* NULL: none */
    bool temporary;
};

static void check_choice(const struct choice *choice)
{
    struct fa_addrs list = {0};
    for (size_t i = 0; i < FA_COUNT_OF(choice->sources) && choice->sources[i] != NULL; i++) {
        const char *text = choice->sources[i];
        struct fa_iface_addr addr = {.prefix_bits = 64, .origin = FA_ADDR_SLAAC};
        addr.state = *text == '!' ? FA_ADDR_DEPRECATED : FA_ADDR_PREFERRED;
        addr.origin = *text == '~' ? FA_ADDR_TEMPORARY : FA_ADDR_SLAAC;
        addr.ip = ip_of(*text == '!' || *text == '~' ? text + 1 : text);
        CHECK_EQ(fa_addrs_add(&list, &addr), FA_OK);
    }
    struct fa_ip remote = ip_of(choice->remote);
    const struct fa_iface_addr *found = fa_addrs_choose(&list, &remote, choice->temporary);
    if (found == NULL || choice->expected == NULL) {
        CHECK(found == NULL && choice->expected == NULL);
        return;
    }
    struct fa_ip expected = ip_of(choice->expected);
    char text[FA_IP_TEXT_MAX];
    fa_ip_text(&found->ip, text, sizeof text);
    if (!fa_ip_equal(&found->ip, &expected)) {
        t_fail(__FILE__, __LINE__, "to %s from %s, not %s", choice->remote, text, choice->expected);
    }
}

T(sources_are_chosen_as_the_rules_and_examples_of_rfc_6724_say)
{
    static const struct choice choices[] = {
        // Rule 1 to 3: the same address, scope, deprecation.
        {{"2001:db8:1::1", "2001:db8:3::1"}, "2001:db8:3::1", "2001:db8:3::1", false},
        {{"fe80::1", "2001:db8:1::1"}, "2001:db8:2::1", "2001:db8:1::1", false},
        {{"2001:db8:1::1", "fe80::1"}, "ff02::1", "fe80::1", false},
        {{"2001:db8:1::1", "fe80::1"}, "fe80::5", "fe80::1", false},
        {{"fe80::1", "2001:db8:1::1"}, "ff05::1", "2001:db8:1::1", false},
        {{"!2001:db8:1::1", "2001:db8:2::1"}, "2001:db8:1::5", "2001:db8:2::1", false},
        {{"!2001:db8:1::1"}, "2001:db8:1::5", "2001:db8:1::1", false},
        // Rule 6: labels.
        {{"2002:c633:6401::1", "2001:db8:1::1"}, "2002:c633:6401::5", "2002:c633:6401::1", false},
        {{"fd00::1", "2001:db8:1::1"}, "2001:db8:9::1", "2001:db8:1::1", false},
        {{"2001:db8:1::1", "fd00::1"}, "fd01::1", "fd00::1", false},
        // Rule 7: temporary addresses, if they are wanted.
        {{"2001:db8:1::2", "~2001:db8:1::d5e3"}, "2001:db8:2::1", "2001:db8:1::d5e3", true},
        {{"~2001:db8:1::d5e3", "2001:db8:1::2"}, "2001:db8:2::1", "2001:db8:1::2", false},
        // Rule 8: the longest common prefix, but no longer than the source's own.
        {{"2001:db8:1::1", "2001:db8:3::1"}, "2001:db8:3::5", "2001:db8:3::1", false},
        {{"2001:db8:1::1", "2001:db8:1::8000:0:0:1"}, "2001:db8:1::8000:0:0:5", "2001:db8:1::1",
            false},
        // What answers do not come back to, and the other family.
        {{"fe80::1"}, "2001:db8:2::1", NULL, false},
        {{"2001:db8:1::1"}, "192.0.2.1", NULL, false},
        {{"2001:db8:1::1", "10.0.0.1"}, "192.0.2.1", "10.0.0.1", false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(choices); i++) {
        check_choice(&choices[i]);
    }
}

/* ---- others that serve as well ---- */

T(an_address_is_like_another_of_its_network_and_kind)
{
    static const struct {
        const char *ip;
        uint8_t bits;
        uint8_t state;
        uint8_t origin;
        bool alike;
    } rows[] = {
        {"2001:db8::1", 64, FA_ADDR_PREFERRED, FA_ADDR_STATIC, false}, // the first itself
        {"2001:db8::2", 64, FA_ADDR_PREFERRED, FA_ADDR_STATIC, true},
        {"2001:db8:1::3", 64, FA_ADDR_PREFERRED, FA_ADDR_STATIC, false}, // another network
        {"2001:db8::4", 48, FA_ADDR_PREFERRED, FA_ADDR_STATIC, false},   // and so is this
        {"2001:db8::5", 64, FA_ADDR_DEPRECATED, FA_ADDR_STATIC, false},
        {"2001:db8::6", 64, FA_ADDR_TENTATIVE, FA_ADDR_STATIC, false},
        {"2001:db8::7", 64, FA_ADDR_PREFERRED, FA_ADDR_TEMPORARY, false}, // would tell who it is
        {"192.0.2.8", 64, FA_ADDR_PREFERRED, FA_ADDR_STATIC, false},
        {"2001:db8::9", 64, FA_ADDR_PREFERRED, FA_ADDR_SLAAC, true},
    };
    addrs.count = 0;
    struct fa_ip first = ip_of(rows[0].ip);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_iface_addr addr = {.ip = ip_of(rows[i].ip),
            .prefix_bits = rows[i].bits,
            .state = rows[i].state,
            .origin = rows[i].origin};
        CHECK_EQ(fa_addrs_add(&addrs, &addr), FA_OK);
    }
    uint32_t idx = 0;
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        if (rows[i].alike) {
            const struct fa_iface_addr *addr = fa_addrs_alike(&addrs, &first, &idx);
            REQUIRE(addr != NULL);
            CHECK_EQ(addr->ip.b[15], i + 1);
        }
    }
    CHECK(fa_addrs_alike(&addrs, &first, &idx) == NULL);
    idx = 0;
    first = ip_of("2001:db8::77"); // none of them
    CHECK(fa_addrs_alike(&addrs, &first, &idx) == NULL);
}

T(labels_and_precedences_are_those_of_the_default_table)
{
    static const struct {
        const char *ip;
        uint8_t precedence;
        uint8_t label;
    } rows[] = {
        {"::1", 50, 0},
        {"2001:db8::1", 40, 1},
        {"10.0.0.1", 35, 4},
        {"2002::1", 30, 2},
        {"2001:0:1::1", 5, 5},
        {"fd00::1", 3, 13},
        {"::2", 1, 3},
        {"fec0::1", 1, 11},
        {"3ffe::1", 1, 12},
        {"fe80::1", 40, 1},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip ip = ip_of(rows[i].ip);
        CHECK_EQ(fa_addr_precedence(&ip), rows[i].precedence);
        CHECK_EQ(fa_addr_label(&ip), rows[i].label);
    }
}
