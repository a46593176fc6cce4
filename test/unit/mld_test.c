// SPDX-License-Identifier: ISC
//
// Listening to IPv6 groups.

#include "fa/mld.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "test/t.h"

enum {
    RECORDS_OFF = FA_MLD_ALERT_HDR_LEN + FA_MLD2_REPORT_LEN,
};

static struct fa_mld mld;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[4 * 2048];
static fa_ns now;
static const struct fa_ip us = {{0xfe, 0x80, [15] = 1}};
static const struct fa_ip querier = {{0xfe, 0x80, [15] = 9}};
static const struct fa_ip group = {{0xff, 2, [15] = 0xfb}};

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin(bool off)
{
    now = 100 * FA_NS_S;
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, 2048);
    fa_mld_init(&mld, &(struct fa_mld_config){.counters = &counters, .rand = &rand, .off = off});
}

/* What is said now, whole, into `bytes` (of 1,280); its length, 0 if nothing. */
static size_t output(uint8_t *bytes, struct fa_ip_meta *ret_meta)
{
    struct fa_buf *buf;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (now >= fa_mld_deadline(&mld)) {
        fa_mld_tick(&mld, now);
    }
    size_t len = 0;
    if (fa_mld_output(&mld, now, &us, buf, ret_meta)) {
        struct fa_icmp6_header header;
        struct fa_slice message = fa_slice_from(fa_buf_slice(buf), FA_MLD_ALERT_HDR_LEN);
        CHECK_EQ(fa_icmp6_decode(message, ret_meta, &header), FA_ICMP6_GOOD);
        CHECK(ret_meta->ttl == 1 && ret_meta->protocol == FA_IP6_NEXT_HOP_BY_HOP);
        CHECK(fa_ip_equal(&ret_meta->local, &us));
        len = buf->len;
        fa_copy(bytes, fa_buf_at(buf), len);
    }
    fa_buf_drop(buf);
    return len;
}

/* The kind of the only record that is reported now, for this group; 0: nothing is. */
static uint8_t record_of(const struct fa_ip *ip)
{
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    size_t len = output(bytes, &meta);
    if (len == 0) {
        return 0;
    }
    CHECK_EQ(len, RECORDS_OFF + FA_MLD2_RECORD_LEN);
    CHECK_EQ(bytes[FA_MLD_ALERT_HDR_LEN], FA_ICMP6_MLD2_REPORT);
    CHECK(fa_equal(bytes + RECORDS_OFF + 4, ip->b, 16));
    CHECK(meta.remote.b[15] == 0x16 && meta.remote.b[1] == 2);
    return bytes[RECORDS_OFF];
}

static void skip_all(void)
{
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    for (int i = 0; i < 10; i++) {
        while (output(bytes, &meta) != 0) {
        }
        now += 2 * FA_NS_S;
    }
}

static void query(uint8_t version, uint16_t delay_ms, const struct fa_ip *about)
{
    uint8_t bytes[FA_MLD2_QUERY_LEN] = {FA_ICMP6_MLD_QUERY};
    struct fa_ip_meta meta = {.remote = querier, .ttl = 1, .multicast = true};
    fa_be16_store(bytes + 4, delay_ms);
    if (about != NULL) {
        fa_copy(bytes + 8, about->b, 16);
    }
    size_t len = version == 1 ? FA_MLD1_LEN : FA_MLD2_QUERY_LEN;
    fa_mld_input(&mld, now, &meta, true, (struct fa_slice){bytes, len});
}

T(joining_and_leaving_are_told_twice)
{
    begin(false);
    CHECK(!fa_mld_has(&mld, &group) && fa_mld_has(&mld, &fa_ip6_all_nodes));
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    CHECK(fa_mld_has(&mld, &group));
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_EXCLUDE);
    CHECK_EQ(record_of(&group), 0);
    CHECK(fa_mld_deadline(&mld) <= now + FA_MLD_UNSOLICITED_NS);
    now = fa_mld_deadline(&mld);
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_EXCLUDE);
    CHECK(fa_mld_deadline(&mld) == FA_NS_NEVER || record_of(&group) == 0);
    CHECK_EQ(fa_mld_leave(&mld, now, &group), FA_OK);
    CHECK(!fa_mld_has(&mld, &group));
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_INCLUDE);
    now += FA_MLD_UNSOLICITED_NS;
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_INCLUDE);
    now += FA_MLD_UNSOLICITED_NS;
    CHECK_EQ(record_of(&group), 0);
    CHECK_EQ(mld.group_count, 0);
    CHECK_EQ(COUNTED(mld_tx_messages), 4);
}

T(a_group_is_told_of_again_unless_it_is_being_left)
{
    begin(false);
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    skip_all();
    fa_mld_repeat(&mld, now);
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_EXCLUDE);
    now += FA_MLD_UNSOLICITED_NS;
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_EXCLUDE);
    CHECK_EQ(fa_mld_leave(&mld, now, &group), FA_OK);
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_INCLUDE);
    fa_mld_repeat(&mld, now);
    now += FA_MLD_UNSOLICITED_NS;
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_INCLUDE);
    now += FA_MLD_UNSOLICITED_NS;
    CHECK_EQ(record_of(&group), 0);
}

T(a_group_is_left_when_its_last_user_leaves)
{
    begin(false);
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    skip_all();
    CHECK_EQ(fa_mld_leave(&mld, now, &group), FA_OK);
    CHECK_EQ(record_of(&group), 0);
    CHECK(fa_mld_has(&mld, &group));
    CHECK_EQ(fa_mld_leave(&mld, now, &group), FA_OK);
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_INCLUDE);
    CHECK_EQ(fa_mld_leave(&mld, now, &group), FA_EINVAL);
    CHECK_EQ(fa_mld_join(&mld, now, &us), FA_EINVAL);
}

T(a_query_is_answered_once_within_its_delay)
{
    begin(false);
    struct fa_ip other = group;
    other.b[15] = 0xfc;
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    CHECK_EQ(fa_mld_join(&mld, now, &other), FA_OK);
    skip_all();
    query(2, 1000, &group);
    CHECK_EQ(COUNTED(mld_rx_queries), 1);
    CHECK(fa_mld_deadline(&mld) <= now + FA_NS_S);
    now += FA_NS_S;
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_IS_EXCLUDE);
    CHECK_EQ(record_of(&group), 0);
    query(2, 1000, NULL); // about all: one report with both
    now += FA_NS_S;
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    CHECK_EQ(output(bytes, &meta), RECORDS_OFF + 2 * FA_MLD2_RECORD_LEN);
    CHECK_EQ(fa_be16_load(bytes + FA_MLD_ALERT_HDR_LEN + 6), 2);
    CHECK_EQ(output(bytes, &meta), 0);
    CHECK_EQ(mld.group_count, 2);
}

T(a_second_query_that_is_in_more_of_a_hurry_is_answered_in_its_time)
{
    begin(false);
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    skip_all();
    query(2, 32767, NULL);
    CHECK(fa_mld_deadline(&mld) > now + FA_NS_S);
    query(2, 1000, &group);
    CHECK(fa_mld_deadline(&mld) <= now + FA_NS_S);
    now += FA_NS_S;
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_IS_EXCLUDE);
    now += 40 * FA_NS_S;
    CHECK_EQ(record_of(&group), 0);
}

T(queries_that_are_no_neighbours_are_dropped)
{
    begin(false);
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    skip_all();
    static const uint8_t bytes[FA_MLD2_QUERY_LEN] = {FA_ICMP6_MLD_QUERY};
    struct fa_slice message = {bytes, sizeof bytes};
    struct fa_ip_meta meta = {.remote = querier, .ttl = 1};
    fa_mld_input(&mld, now, &meta, false, message); // without router alert
    meta.ttl = 2;
    fa_mld_input(&mld, now, &meta, true, message);
    meta.ttl = 1;
    meta.remote.b[0] = 0x20;
    fa_mld_input(&mld, now, &meta, true, message);
    meta.remote = querier;
    message.len = 27;
    fa_mld_input(&mld, now, &meta, true, message);
    CHECK_EQ(COUNTED(mld_rx_invalid), 4);
    now += 100 * FA_NS_S;
    CHECK_EQ(record_of(&group), 0);
}

T(a_querier_of_version_one_is_spoken_to_in_its_language_for_a_while)
{
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    begin(false);
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    skip_all();
    query(1, 1000, NULL);
    now += FA_NS_S;
    CHECK_EQ(output(bytes, &meta), FA_MLD_ALERT_HDR_LEN + FA_MLD1_LEN);
    CHECK_EQ(bytes[FA_MLD_ALERT_HDR_LEN], FA_ICMP6_MLD1_REPORT);
    CHECK(fa_ip_equal(&meta.remote, &group));
    CHECK_EQ(fa_mld_leave(&mld, now, &group), FA_OK);
    CHECK_EQ(output(bytes, &meta), FA_MLD_ALERT_HDR_LEN + FA_MLD1_LEN);
    CHECK_EQ(bytes[FA_MLD_ALERT_HDR_LEN], FA_ICMP6_MLD1_DONE);
    CHECK(fa_ip_equal(&meta.remote, &fa_ip6_all_routers));
    skip_all();
    now += FA_MLD_OLDER_NS;
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    CHECK_EQ(record_of(&group), FA_MLD_RECORD_TO_EXCLUDE);
}

T(the_groups_of_our_own_addresses_follow_them)
{
    struct fa_addrs addrs = {.count = 3};
    addrs.at[0].ip = us;
    addrs.at[1].ip = (struct fa_ip){{0x20, 1, [15] = 1}}; // of the same group
    addrs.at[2].ip = fa_ip4(10, 0, 0, 1);
    struct fa_ip solicited = fa_ip6_solicited_node(&us);
    begin(false);
    fa_mld_follow(&mld, now, &addrs);
    CHECK(fa_mld_has(&mld, &solicited));
    CHECK_EQ(mld.group_count, 1);
    CHECK_EQ(record_of(&solicited), FA_MLD_RECORD_TO_EXCLUDE);
    skip_all();
    addrs.at[0].state = FA_ADDR_DUPLICATE;
    fa_mld_follow(&mld, now, &addrs);
    CHECK(fa_mld_has(&mld, &solicited)); // the other address is still there
    addrs.count = 0;
    fa_mld_follow(&mld, now, &addrs);
    CHECK(!fa_mld_has(&mld, &solicited));
    CHECK_EQ(record_of(&solicited), FA_MLD_RECORD_TO_INCLUDE);
    skip_all();
    CHECK_EQ(mld.group_count, 0);
}

T(groups_left_together_share_a_report_and_are_forgotten_together)
{
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    struct fa_ip others[3] = {group, group, group};
    begin(false);
    for (uint8_t i = 0; i < 3; i++) {
        others[i].b[14] = i;
        CHECK_EQ(fa_mld_join(&mld, now, &others[i]), FA_OK);
    }
    skip_all();
    CHECK_EQ(fa_mld_leave(&mld, now, &others[1]), FA_OK);
    CHECK_EQ(fa_mld_leave(&mld, now, &others[2]), FA_OK);
    fa_mld_tick(&mld, now);
    fa_mld_tick(&mld, now);
    CHECK_EQ(fa_mld_deadline(&mld), FA_NS_NEVER); // what is ready waits for no time
    for (int i = 0; i < FA_MLD_ROBUSTNESS; i++) {
        CHECK_EQ(output(bytes, &meta), RECORDS_OFF + 2 * FA_MLD2_RECORD_LEN);
        now += FA_MLD_UNSOLICITED_NS;
    }
    CHECK_EQ(output(bytes, &meta), 0);
    CHECK_EQ(mld.group_count, 1);
    CHECK(fa_mld_has(&mld, &others[0]) && !fa_mld_has(&mld, &others[2]));
}

T(version_one_tells_of_one_group_a_message)
{
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    struct fa_ip others[3] = {group, group, group};
    begin(false);
    for (uint8_t i = 0; i < 3; i++) {
        others[i].b[14] = i;
        CHECK_EQ(fa_mld_join(&mld, now, &others[i]), FA_OK);
    }
    skip_all();
    query(1, 1000, &others[1]); // not the first
    now += FA_NS_S;
    CHECK_EQ(output(bytes, &meta), FA_MLD_ALERT_HDR_LEN + FA_MLD1_LEN);
    CHECK(fa_ip_equal(&meta.remote, &others[1]));
    CHECK_EQ(output(bytes, &meta), 0);
    CHECK_EQ(mld.group_count, 3);
}

T(an_address_whose_group_finds_no_room_is_counted)
{
    static struct fa_addrs addrs;
    struct fa_iface_addr addr = {.ip = us, .state = FA_ADDR_PREFERRED};
    struct fa_ip ip = group;
    begin(false);
    for (uint8_t i = 0; i < FA_MLD_GROUP_COUNT_MAX; i++) {
        ip.b[14] = i;
        CHECK_EQ(fa_mld_join(&mld, now, &ip), FA_OK);
    }
    CHECK_EQ(fa_addrs_add(&addrs, &addr), FA_OK);
    fa_mld_follow(&mld, now, &addrs);
    CHECK_EQ(COUNTED(mld_groups_full), 1);
    CHECK_EQ(mld.group_count, FA_MLD_GROUP_COUNT_MAX);
}

T(groups_beyond_the_limit_are_refused_and_a_full_report_fits_a_packet)
{
    uint8_t bytes[1280];
    struct fa_ip_meta meta;
    struct fa_ip ip = group;
    begin(false);
    for (uint8_t i = 0; i < FA_MLD_GROUP_COUNT_MAX; i++) {
        ip.b[14] = i;
        CHECK_EQ(fa_mld_join(&mld, now, &ip), FA_OK);
    }
    ip.b[14] = 0xff;
    CHECK_EQ(fa_mld_join(&mld, now, &ip), FA_ENOSPC);
    CHECK_EQ(COUNTED(mld_groups_full), 1);
    CHECK_EQ(output(bytes, &meta), RECORDS_OFF + FA_MLD_GROUP_COUNT_MAX * FA_MLD2_RECORD_LEN);
}

T(what_concerns_nobody_is_not_told)
{
    begin(false);
    struct fa_ip inside = {{0xff, 1, [15] = 5}};
    CHECK_EQ(fa_mld_join(&mld, now, &inside), FA_OK);
    CHECK_EQ(fa_mld_join(&mld, now, &fa_ip6_all_nodes), FA_OK);
    query(2, 0, NULL);
    CHECK_EQ(record_of(&inside), 0);
    CHECK_EQ(fa_mld_leave(&mld, now, &inside), FA_OK);
    CHECK(!fa_mld_has(&mld, &inside));
    CHECK_EQ(mld.group_count, 1);
    begin(true); // switched off
    CHECK_EQ(fa_mld_join(&mld, now, &group), FA_OK);
    query(2, 0, NULL);
    CHECK_EQ(record_of(&group), 0);
    CHECK(fa_mld_has(&mld, &group));
}
