// SPDX-License-Identifier: ISC
//
// What is known of ways that take less than their first link.

#include "fa/pmtu.h"

#include "test/t.h"

#define COUNTED(name) (counters.cell[FA_COUNTER_##name])

static struct fa_pmtu pmtu;
static struct fa_counters counters;
static const fa_ns start = 50 * FA_NS_S;

static void begin(void)
{
    counters = (struct fa_counters){0};
    fa_pmtu_init(&pmtu, &(struct fa_pmtu_config){.counters = &counters});
}

static struct fa_ip number(uint32_t i)
{
    return fa_ip4(10, 0, (uint8_t)(i >> 8), (uint8_t)i);
}

T(a_way_is_as_wide_as_its_link_until_told_otherwise_and_again_after_ten_minutes)
{
    begin();
    struct fa_ip ip = number(1);
    struct fa_ip other = number(2);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &ip, 1500), 1500);
    fa_pmtu_lower(&pmtu, start, &ip, 1400);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &ip, 1500), 1400);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &ip, 1300), 1300);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &other, 1500), 1500);
    CHECK_EQ(fa_pmtu_of(&pmtu, start + FA_PMTU_AGE_NS - 1, &ip, 1500), 1400);
    CHECK_EQ(fa_pmtu_of(&pmtu, start + FA_PMTU_AGE_NS, &ip, 1500), 1500);
}

T(it_is_only_lowered_and_a_wider_report_does_not_prolong_it)
{
    begin();
    struct fa_ip ip = number(1);
    fa_pmtu_lower(&pmtu, start, &ip, 1400);
    fa_pmtu_lower(&pmtu, start + FA_NS_S, &ip, 1450);
    fa_pmtu_lower(&pmtu, start + FA_NS_S, &ip, 1400);
    CHECK_EQ(COUNTED(pmtu_ignored), 2);
    CHECK_EQ(fa_pmtu_of(&pmtu, start + FA_NS_S, &ip, 1500), 1400);
    CHECK_EQ(fa_pmtu_of(&pmtu, start + FA_PMTU_AGE_NS, &ip, 1500), 1500);
    fa_pmtu_lower(&pmtu, start + FA_PMTU_AGE_NS, &ip, 1450); // the old word is over
    CHECK_EQ(fa_pmtu_of(&pmtu, start + FA_PMTU_AGE_NS, &ip, 1500), 1450);
    fa_pmtu_lower(&pmtu, start + FA_PMTU_AGE_NS, &ip, 1300);
    CHECK_EQ(fa_pmtu_of(&pmtu, start + FA_PMTU_AGE_NS, &ip, 1500), 1300);
    CHECK_EQ(COUNTED(pmtu_lowered), 3);
}

T(no_report_goes_below_the_floor_of_its_family)
{
    begin();
    struct fa_ip ip4 = number(1);
    struct fa_ip ip6 = {{0x20, 1, 0xd, 0xb8}};
    fa_pmtu_lower(&pmtu, start, &ip4, 68);
    fa_pmtu_lower(&pmtu, start, &ip6, 68);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &ip4, 1500), 576);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &ip6, 1500), 1280);
    fa_pmtu_init(&pmtu, &(struct fa_pmtu_config){.counters = &counters, .floor4_bytes = 68});
    fa_pmtu_lower(&pmtu, start, &ip4, 0);
    CHECK_EQ(fa_pmtu_of(&pmtu, start, &ip4, 1500), 68);
}

T(the_table_is_bounded_and_the_latest_are_known)
{
    enum { COUNT = 4 * FA_PMTU_SET_COUNT * FA_PMTU_SET_SIZE };
    begin();
    for (uint32_t i = 0; i < COUNT; i++) {
        struct fa_ip ip = number(i);
        fa_pmtu_lower(&pmtu, start + i, &ip, 1400);
        CHECK_EQ(fa_pmtu_of(&pmtu, start + i, &ip, 1500), 1400);
    }
    uint32_t known = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct fa_ip ip = number(i);
        known += fa_pmtu_of(&pmtu, start + COUNT, &ip, 1500) == 1400;
    }
    CHECK(known <= FA_PMTU_SET_COUNT * FA_PMTU_SET_SIZE && known > FA_PMTU_SET_COUNT);
    CHECK_EQ(COUNTED(pmtu_evicted), COUNT - known);
}
