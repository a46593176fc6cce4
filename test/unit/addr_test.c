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
