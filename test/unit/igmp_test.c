// SPDX-License-Identifier: ISC
//
// Listening to IPv4 groups.

#include "fa/igmp.h"

#include "fa/wire/csum.h"
#include "fa/wire/ip4.h"
#include "test/t.h"

enum {
    GROUP = 0xe00000fb,
    OTHER = 0xef010203,
};

static struct fa_igmp igmp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[4 * 2048];
static fa_ns now;

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin(bool off)
{
    now = 100 * FA_NS_S;
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, 2048);
    fa_igmp_init(&igmp, &(struct fa_igmp_config){.counters = &counters, .rand = &rand, .off = off});
}

/* What is said now, whole, into `bytes` (of 576); its length, 0 if nothing. */
static size_t output(uint8_t *bytes, uint32_t *ret_target)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (now >= fa_igmp_deadline(&igmp)) {
        fa_igmp_tick(&igmp, now);
    }
    size_t len = 0;
    if (fa_igmp_output(&igmp, now, buf, &meta)) {
        len = buf->len;
        CHECK_EQ(fa_csum_fold(fa_csum_add(0, fa_buf_at(buf), len)), 0);
        CHECK(meta.ttl == 1 && meta.protocol == FA_IP_PROTO_IGMP && meta.multicast);
        CHECK_EQ(meta.traffic, 0xc0);
        fa_copy(bytes, fa_buf_at(buf), len);
        *ret_target = fa_ip4_of(&meta.remote);
    }
    fa_buf_drop(buf);
    return len;
}

/* The kind of the only record that is reported now, for this group; 0: nothing is. */
static uint8_t record_of(uint32_t group)
{
    uint8_t bytes[576];
    uint32_t target;
    size_t len = output(bytes, &target);
    if (len == 0) {
        return 0;
    }
    CHECK_EQ(len, FA_IGMP3_REPORT_LEN + FA_IGMP3_RECORD_LEN);
    CHECK_EQ(bytes[0], FA_IGMP3_REPORT);
    CHECK_EQ(fa_be32_load(bytes + FA_IGMP3_REPORT_LEN + 4), group);
    CHECK_EQ(target, 0xe0000016);
    return bytes[FA_IGMP3_REPORT_LEN];
}

/* What is said now in version 1 or 2 to `target` about GROUP; 0: nothing. */
static uint8_t older_to(uint32_t target)
{
    uint8_t bytes[576];
    uint32_t went;
    size_t len = output(bytes, &went);
    if (len == 0) {
        return 0;
    }
    CHECK_EQ(len, FA_IGMP2_LEN);
    CHECK_EQ(went, target);
    CHECK_EQ(fa_be32_load(bytes + 4), (uint32_t)GROUP);
    return bytes[0];
}

static void skip_all(void)
{
    uint8_t bytes[576];
    uint32_t target;
    for (int i = 0; i < 10; i++) {
        while (output(bytes, &target) != 0) {
        }
        now += 2 * FA_NS_S;
    }
}

/* A query of ten seconds' delay, in version 1; of `code` in others. */
static void query(uint8_t version, uint8_t code, uint32_t group)
{
    uint8_t bytes[FA_IGMP3_QUERY_LEN] = {FA_IGMP_QUERY, version == 1 ? 0 : code};
    size_t len = version == 3 ? FA_IGMP3_QUERY_LEN : FA_IGMP2_LEN;
    fa_be32_store(bytes + 4, group);
    fa_be16_store(bytes + 2, fa_csum_fold(fa_csum_add(0, bytes, len)));
    fa_igmp_input(&igmp, now, 1, version != 1, (struct fa_slice){bytes, len});
}

T(joining_and_leaving_are_told_twice)
{
    begin(false);
    CHECK(!fa_igmp_has(&igmp, GROUP) && fa_igmp_has(&igmp, FA_IGMP_ALL_SYSTEMS));
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    CHECK(fa_igmp_has(&igmp, GROUP));
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_EXCLUDE);
    CHECK_EQ(record_of(GROUP), 0);
    CHECK(fa_igmp_deadline(&igmp) <= now + FA_IGMP_UNSOLICITED_NS);
    now = fa_igmp_deadline(&igmp);
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_EXCLUDE);
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK(!fa_igmp_has(&igmp, GROUP));
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_INCLUDE);
    now += FA_IGMP_UNSOLICITED_NS;
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_INCLUDE);
    now += FA_IGMP_UNSOLICITED_NS;
    CHECK_EQ(record_of(GROUP), 0);
    CHECK_EQ(igmp.group_count, 0);
    CHECK_EQ(COUNTED(igmp_tx_messages), 4);
    CHECK_EQ(fa_igmp_deadline(&igmp), FA_NS_NEVER);
}

T(a_group_is_told_of_again_unless_it_is_being_left)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    fa_igmp_repeat(&igmp, now);
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_EXCLUDE);
    now += FA_IGMP_UNSOLICITED_NS;
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_EXCLUDE);
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_INCLUDE);
    fa_igmp_repeat(&igmp, now);
    now += FA_IGMP_UNSOLICITED_NS;
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_INCLUDE);
    now += FA_IGMP_UNSOLICITED_NS;
    CHECK_EQ(record_of(GROUP), 0);
}

T(a_group_is_left_when_its_last_user_leaves)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(record_of(GROUP), 0);
    CHECK(fa_igmp_has(&igmp, GROUP));
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_INCLUDE);
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_EINVAL);
    CHECK_EQ(fa_igmp_join(&igmp, now, 0x0a000001), FA_EINVAL);
}

T(a_query_is_answered_once_within_its_delay)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(fa_igmp_join(&igmp, now, OTHER), FA_OK);
    skip_all();
    query(3, 10, GROUP);
    CHECK_EQ(COUNTED(igmp_rx_queries), 1);
    CHECK(fa_igmp_deadline(&igmp) <= now + FA_NS_S);
    now += FA_NS_S;
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_IS_EXCLUDE);
    CHECK_EQ(record_of(GROUP), 0);
    query(3, 10, 0); // about all: one report with both
    now += FA_NS_S;
    uint8_t bytes[576];
    uint32_t target;
    CHECK_EQ(output(bytes, &target), FA_IGMP3_REPORT_LEN + 2 * FA_IGMP3_RECORD_LEN);
    CHECK_EQ(fa_be16_load(bytes + 6), 2);
    CHECK_EQ(output(bytes, &target), 0);
}

T(a_second_query_that_is_in_more_of_a_hurry_is_answered_in_its_time)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    query(3, 255, 0); // within 53 minutes
    CHECK(fa_igmp_deadline(&igmp) > now + FA_NS_S);
    query(3, 10, GROUP);
    CHECK(fa_igmp_deadline(&igmp) <= now + FA_NS_S);
    now += FA_NS_S;
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_IS_EXCLUDE);
    now += 3600 * FA_NS_S;
    CHECK_EQ(record_of(GROUP), 0);
}

T(queries_that_are_no_neighbours_are_dropped)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    uint8_t bytes[FA_IGMP2_LEN] = {FA_IGMP_QUERY, 10, 0xee, 0xf5}; // of version 2
    struct fa_slice message = {bytes, sizeof bytes};
    fa_igmp_input(&igmp, now, 1, false, message); // without router alert
    fa_igmp_input(&igmp, now, 2, true, message);
    bytes[3]++;
    fa_igmp_input(&igmp, now, 1, true, message);
    bytes[3]--;
    message.len = 7;
    fa_igmp_input(&igmp, now, 1, true, message);
    CHECK_EQ(COUNTED(igmp_rx_invalid), 4);
    CHECK_EQ(fa_igmp_deadline(&igmp), FA_NS_NEVER);
    message.len = 8;
    fa_igmp_input(&igmp, now, 1, true, message);
    CHECK_EQ(COUNTED(igmp_rx_queries), 1);
    CHECK(fa_igmp_deadline(&igmp) <= now + FA_NS_S);
}

T(reports_of_others_are_counted_and_silence_nobody)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    query(2, 10, 0);
    uint8_t report[FA_IGMP2_LEN];
    fa_igmp2_encode(report, FA_IGMP2_REPORT, GROUP);
    fa_igmp_input(&igmp, now, 1, true, (struct fa_slice){report, sizeof report});
    CHECK_EQ(COUNTED(igmp_rx_ignored), 1);
    now += FA_NS_S;
    CHECK_EQ(older_to(GROUP), FA_IGMP2_REPORT);
}

T(a_querier_of_version_two_is_spoken_to_in_its_language_for_a_while)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    query(2, 10, 0);
    now += FA_NS_S;
    CHECK_EQ(older_to(GROUP), FA_IGMP2_REPORT);
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(older_to(0xe0000002), FA_IGMP2_LEAVE);
    skip_all();
    CHECK_EQ(igmp.group_count, 0);
    now += FA_IGMP_OLDER_NS;
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(record_of(GROUP), FA_IGMP_RECORD_TO_EXCLUDE);
}

T(a_querier_of_version_one_hears_no_leave_and_outweighs_version_two)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    skip_all();
    query(1, 0, 0);
    CHECK(fa_igmp_deadline(&igmp) <= now + 10 * FA_NS_S);
    now += 10 * FA_NS_S;
    query(2, 10, 0); // while an answer is due
    now += FA_NS_S;
    CHECK_EQ(older_to(GROUP), FA_IGMP1_REPORT);
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(older_to(0), 0);
    skip_all();
    CHECK_EQ(igmp.group_count, 0);
    now += FA_IGMP_OLDER_NS - 25 * FA_NS_S; // version 2 has six seconds more
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(older_to(GROUP), FA_IGMP2_REPORT);
}

T(groups_left_together_share_a_report_and_are_forgotten_together)
{
    uint8_t bytes[576];
    uint32_t target;
    begin(false);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(fa_igmp_join(&igmp, now, OTHER + i), FA_OK);
    }
    skip_all();
    CHECK_EQ(fa_igmp_leave(&igmp, now, OTHER + 1), FA_OK);
    CHECK_EQ(fa_igmp_leave(&igmp, now, OTHER + 2), FA_OK);
    fa_igmp_tick(&igmp, now);
    fa_igmp_tick(&igmp, now);
    CHECK_EQ(fa_igmp_deadline(&igmp), FA_NS_NEVER); // what is ready waits for no time
    for (int i = 0; i < FA_IGMP_ROBUSTNESS; i++) {
        CHECK_EQ(output(bytes, &target), FA_IGMP3_REPORT_LEN + 2 * FA_IGMP3_RECORD_LEN);
        CHECK_EQ(fa_be16_load(bytes + 6), 2);
        now += FA_IGMP_UNSOLICITED_NS;
    }
    CHECK_EQ(output(bytes, &target), 0);
    CHECK_EQ(igmp.group_count, 1);
    CHECK(fa_igmp_has(&igmp, OTHER) && !fa_igmp_has(&igmp, OTHER + 2));
}

T(an_older_language_tells_of_one_group_a_message)
{
    uint8_t bytes[576];
    uint32_t target;
    begin(false);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(fa_igmp_join(&igmp, now, OTHER + i), FA_OK);
    }
    skip_all();
    query(2, 10, OTHER + 1); // not the first
    now += FA_NS_S;
    CHECK_EQ(output(bytes, &target), FA_IGMP2_LEN);
    CHECK_EQ(target, OTHER + 1);
    CHECK_EQ(output(bytes, &target), 0);
    query(2, 10, 0);
    now += FA_NS_S;
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(output(bytes, &target), FA_IGMP2_LEN);
        CHECK_EQ(target, OTHER + i);
    }
    CHECK_EQ(output(bytes, &target), 0);
    CHECK_EQ(igmp.group_count, 3);
}

T(groups_beyond_the_limit_are_refused_and_a_full_report_fits_a_packet)
{
    uint8_t bytes[576];
    uint32_t target;
    begin(false);
    for (uint32_t i = 0; i < FA_IGMP_GROUP_COUNT_MAX; i++) {
        CHECK_EQ(fa_igmp_join(&igmp, now, OTHER + i), FA_OK);
    }
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_ENOSPC);
    CHECK_EQ(COUNTED(igmp_groups_full), 1);
    CHECK_EQ(output(bytes, &target),
        FA_IGMP3_REPORT_LEN + FA_IGMP_GROUP_COUNT_MAX * FA_IGMP3_RECORD_LEN);
}

T(all_systems_are_never_told_and_nothing_is_when_switched_off)
{
    begin(false);
    CHECK_EQ(fa_igmp_join(&igmp, now, FA_IGMP_ALL_SYSTEMS), FA_OK);
    query(3, 0, 0);
    CHECK_EQ(record_of(FA_IGMP_ALL_SYSTEMS), 0);
    CHECK_EQ(fa_igmp_leave(&igmp, now, FA_IGMP_ALL_SYSTEMS), FA_OK);
    CHECK_EQ(igmp.group_count, 0);
    CHECK(fa_igmp_has(&igmp, FA_IGMP_ALL_SYSTEMS));
    begin(true);
    CHECK_EQ(fa_igmp_join(&igmp, now, GROUP), FA_OK);
    query(3, 0, 0);
    CHECK_EQ(record_of(GROUP), 0);
    CHECK(fa_igmp_has(&igmp, GROUP));
    CHECK_EQ(fa_igmp_leave(&igmp, now, GROUP), FA_OK);
    CHECK_EQ(igmp.group_count, 0);
}
