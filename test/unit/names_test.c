// SPDX-License-Identifier: ISC
//
// What the network said about names and time: order, lifetimes, limits.

#include "fa/names.h"

#include "test/t.h"

static struct fa_names names;
static struct fa_counters counters;

static void begin(void)
{
    counters = (struct fa_counters){0};
    fa_names_init(&names, &counters);
}

static void put(enum fa_names_kind kind, uint8_t number, enum fa_names_origin origin, fa_ns until)
{
    struct fa_names_entry entry = {
        .ip = fa_ip4(10, 0, 0, number), .until_ns = until, .origin = (uint8_t)origin, .iface = 1};
    fa_names_put(&names, kind, &entry);
}

static uint8_t dns_at(uint32_t idx)
{
    return names.lists[FA_NAMES_DNS].at[idx].ip.b[15];
}

static bool has_text(const char *text)
{
    struct fa_names_entry entry = {0};
    return fa_names_text_set(&entry, fa_slice_of(text)) == FA_OK;
}

T(servers_stand_by_origin_then_in_order_of_arrival)
{
    begin();
    put(FA_NAMES_DNS, 1, FA_NAMES_RA, FA_NS_NEVER);
    put(FA_NAMES_DNS, 2, FA_NAMES_DHCP, FA_NS_NEVER);
    put(FA_NAMES_DNS, 3, FA_NAMES_STATIC, FA_NS_NEVER);
    put(FA_NAMES_DNS, 4, FA_NAMES_DHCP, FA_NS_NEVER);
    put(FA_NAMES_NTP, 5, FA_NAMES_DHCP, FA_NS_NEVER);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 4);
    CHECK_EQ(dns_at(0), 3);
    CHECK_EQ(dns_at(1), 2);
    CHECK_EQ(dns_at(2), 4);
    CHECK_EQ(dns_at(3), 1);
    CHECK_EQ(names.lists[FA_NAMES_NTP].count, 1);
    CHECK_EQ(names.change_count, 5);
}

T(the_same_entry_again_only_lives_longer)
{
    begin();
    put(FA_NAMES_DNS, 1, FA_NAMES_RA, 10);
    put(FA_NAMES_DNS, 1, FA_NAMES_RA, 20);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 1);
    CHECK_EQ(fa_names_deadline(&names), 20);
    put(FA_NAMES_DNS, 1, FA_NAMES_DHCP, 15); // another origin's is another entry
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 2);
    CHECK_EQ(fa_names_deadline(&names), 15);
}

T(a_lifetime_of_zero_takes_an_entry_back)
{
    begin();
    put(FA_NAMES_DNS, 1, FA_NAMES_RA, 10);
    put(FA_NAMES_DNS, 2, FA_NAMES_RA, 10);
    put(FA_NAMES_DNS, 1, FA_NAMES_RA, 0);
    put(FA_NAMES_DNS, 9, FA_NAMES_RA, 0); // never was there
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 1);
    CHECK_EQ(dns_at(0), 2);
}

T(an_entry_is_forgotten_when_its_time_is_over)
{
    begin();
    put(FA_NAMES_DNS, 1, FA_NAMES_RA, 10);
    put(FA_NAMES_DOMAIN, 2, FA_NAMES_DHCP, 20);
    fa_names_tick(&names, 9);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 1);
    fa_names_tick(&names, 10);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 0);
    CHECK_EQ(fa_names_deadline(&names), 20);
    fa_names_tick(&names, 25);
    CHECK_EQ(names.lists[FA_NAMES_DOMAIN].count, 0);
    CHECK(fa_names_deadline(&names) == FA_NS_NEVER);
}

T(what_an_origin_said_at_an_interface_is_forgotten_together)
{
    begin();
    put(FA_NAMES_DNS, 1, FA_NAMES_DHCP, 10);
    put(FA_NAMES_DNS, 2, FA_NAMES_RA, 10);
    put(FA_NAMES_NTP, 3, FA_NAMES_DHCP, 5);
    fa_names_forget(&names, FA_NAMES_DHCP, 0); // another interface's
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 2);
    fa_names_forget(&names, FA_NAMES_DHCP, 1);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, 1);
    CHECK_EQ(dns_at(0), 2);
    CHECK_EQ(names.lists[FA_NAMES_NTP].count, 0);
    CHECK_EQ(fa_names_deadline(&names), 10);
}

T(a_full_list_keeps_the_preferred_origins_and_the_longest_lived)
{
    begin();
    put(FA_NAMES_DNS, 1, FA_NAMES_DHCP, 5);
    for (uint8_t i = 2; i <= FA_NAMES_COUNT_MAX; i++) {
        put(FA_NAMES_DNS, i, FA_NAMES_RA, 100 + i);
    }
    CHECK_EQ(counters.cell[FA_COUNTER_names_full], 0);
    put(FA_NAMES_DNS, 50, FA_NAMES_RA, 50); // ends before all others: not taken
    CHECK_EQ(counters.cell[FA_COUNTER_names_full], 1);
    CHECK_EQ(dns_at(FA_NAMES_COUNT_MAX - 1), FA_NAMES_COUNT_MAX);
    put(FA_NAMES_DNS, 51, FA_NAMES_RA, 500); // number 2 gives way
    CHECK_EQ(dns_at(1), 3);
    CHECK_EQ(dns_at(FA_NAMES_COUNT_MAX - 1), 51);
    put(FA_NAMES_DNS, 52, FA_NAMES_STATIC, FA_NS_NEVER); // number 3 gives way
    CHECK_EQ(dns_at(0), 52);
    CHECK_EQ(dns_at(1), 1);
    CHECK_EQ(dns_at(2), 4);
    CHECK_EQ(names.lists[FA_NAMES_DNS].count, FA_NAMES_COUNT_MAX);
    CHECK_EQ(counters.cell[FA_COUNTER_names_full], 3);
}

T(names_are_letters_digits_and_hyphens_in_short_labels)
{
    static const char *const good[] = {"a", "lan", "example.org", "example.org.", "_x.a-b.C3"};
    static const char *const bad[] = {"", ".", "..", ".a", "a..b", "a b", "a/b", "a\x80", "a.."};
    static char text[FA_NAMES_TEXT_MAX + 2];
    for (size_t i = 0; i < FA_COUNT_OF(good); i++) {
        CHECK(has_text(good[i]));
    }
    for (size_t i = 0; i < FA_COUNT_OF(bad); i++) {
        CHECK(!has_text(bad[i]));
    }
    for (size_t i = 0; i < FA_NAMES_TEXT_MAX; i++) {
        text[i] = i % 64 == 63 ? '.' : 'x';
    }
    CHECK(!has_text(text)); // 254 bytes
    text[FA_NAMES_TEXT_MAX - 1] = '\0';
    CHECK(has_text(text));
    text[63] = 'x';
    CHECK(!has_text(text)); // a label of 127
}

T(a_final_dot_is_left_out)
{
    struct fa_names_entry entry = {0};
    CHECK_EQ(fa_names_text_set(&entry, FA_LIT("example.org.")), FA_OK);
    CHECK_TEXT(fa_slice_of(entry.text), "example.org");
    CHECK_EQ(fa_names_text_set(&entry, FA_LIT("..")), FA_EINVAL);
    CHECK_TEXT(fa_slice_of(entry.text), "example.org");
}

T(names_on_the_wire_are_taken_until_padding_or_nonsense)
{
    struct fa_names_entry entry = {0};
    struct fa_slice bytes = FA_LIT("\1a\4test\0\1!\0\1b\0\0\1c\0");
    CHECK(fa_names_wire_take(&bytes, &entry));
    CHECK_TEXT(fa_slice_of(entry.text), "a.test");
    CHECK(fa_names_wire_take(&bytes, &entry));
    CHECK_TEXT(fa_slice_of(entry.text), "");
    CHECK(fa_names_wire_take(&bytes, &entry));
    CHECK_TEXT(fa_slice_of(entry.text), "b");
    CHECK(!fa_names_wire_take(&bytes, &entry));
    static const char *const bad[] = {"\1", "\1a", "\2a", "\100a", "\300\1"};
    for (size_t i = 0; i < FA_COUNT_OF(bad); i++) {
        bytes = fa_slice_of(bad[i]);
        CHECK(!fa_names_wire_take(&bytes, &entry));
    }
}
