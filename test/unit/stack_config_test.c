// SPDX-License-Identifier: ISC
//
// What a stack is told: what makes no sense is named, what does is used.

#include "fa/stack.h"

#include "test/t.h"
#include "test/unit/stack_world.h"

static struct fa_stack_config good(void)
{
    return world_config(&world.a, WORLD_A);
}

/* Whether the config is refused, and the reason begins with `key`. */
static bool refused(const struct fa_stack_config *config, const char *key)
{
    const char *reason = "";
    size_t len = fa_slice_of(key).len;
    return fa_stack_config_check(config, &reason) == FA_EINVAL && fa_equal(reason, key, len);
}

T(what_makes_no_sense_is_named_by_its_key)
{
    const char *reason;
    world_open_wire();
    struct fa_stack_config config = good();
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_OK);
    config.ifaces[0].ipv4_off = config.ifaces[0].ipv6_off = true;
    CHECK(refused(&config, "--ipv4-only"));
    config = good();
    config.ifaces[0].ip = fa_ip4(224, 0, 0, 1);
    CHECK(refused(&config, "--ipv4 must"));
    config.ifaces[0].ip = fa_ip4(10, 0, 0, 255);
    CHECK(refused(&config, "--ipv4 names"));
    config.ifaces[0].ip = fa_ip4(10, 0, 0, 0);
    CHECK(refused(&config, "--ipv4 names"));
    config.ifaces[0].prefix_bits = 30;
    CHECK(refused(&config, "--ipv4 names"));
    config.ifaces[0].prefix_bits = 31;
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_OK);
    config = good();
    config.ifaces[0].gateway = config.ifaces[0].ip;
    CHECK(refused(&config, "--ipv4-gateway is"));
    config = good();
    config.ifaces[0].dhcp = true;
    config.ifaces[0].gateway = fa_ip4(10, 0, 0, 9);
    CHECK(refused(&config, "--ipv4-gateway needs"));
    config = good();
    config.ifaces[0].more.at[0] = (struct fa_addr_net){{{0x20, 1, 0xd, 0xb8, [15] = 1}}, 64};
    config.ifaces[0].more.at[1] = config.ifaces[0].more.at[0];
    CHECK(refused(&config, "--ipv6 names"));
    config.ifaces[0].more.at[1] = (struct fa_addr_net){0};
    config.ifaces[0].gateway6 = config.ifaces[0].more.at[0].ip;
    CHECK(refused(&config, "--ipv6-gateway"));
    config = good();
    config.domain = "not a name";
    CHECK(refused(&config, "--domain"));
    world_close();
}

T(an_mtu_is_within_what_family_and_card_allow)
{
    const char *reason;
    world_open_wire();
    struct fa_stack_config config = good();
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].mtu_bytes = 1279;
    CHECK(refused(&config, "--mtu must"));
    config.ifaces[0].mtu_bytes = 1501;
    CHECK(refused(&config, "--mtu is"));
    config.ifaces[0].mtu_bytes = 1280;
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_OK);
    config.ifaces[0].ipv6_off = true;
    config.ifaces[0].mtu_bytes = 576;
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_OK);
    config.ifaces[0].mtu_bytes = 575;
    CHECK(refused(&config, "--mtu must"));
    world_close();
}

T(routes_servers_and_mtu_of_the_config_are_used)
{
    struct fa_ip local;
    struct fa_ip far = fa_ip4(172, 16, 0, 1);
    world_open_wire();
    struct fa_stack_config config = good();
    config.ifaces[0].ipv6_off = true;
    config.ifaces[0].mtu_bytes = 1000;
    config.ifaces[0].routes.at[0] =
        (struct fa_ip_route){{fa_ip4(172, 16, 0, 0), 12}, fa_ip4(10, 0, 0, 9)};
    config.dns.at[0] = fa_ip4(10, 0, 0, 53);
    config.ntp.at[0] = fa_ip4(10, 0, 0, 123);
    config.domain = "example.org";
    fa_stack_init(&world.a.stack, &config, world.now);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &far, &local), FA_OK);
    CHECK_EQ(world.a.stack.ifaces[0].mtu_bytes, 1000);
    const struct fa_names *names = &world.a.stack.names;
    REQUIRE(names->lists[FA_NAMES_DNS].count == 1 && names->lists[FA_NAMES_NTP].count == 1);
    CHECK_EQ(names->lists[FA_NAMES_DNS].at[0].origin, FA_NAMES_STATIC);
    REQUIRE(names->lists[FA_NAMES_DOMAIN].count == 1);
    CHECK_TEXT(fa_slice_of(names->lists[FA_NAMES_DOMAIN].at[0].text), "example.org");
    world_close();
}
