// SPDX-License-Identifier: ISC
//
// Neighbours as neighbour discovery has them: with a delay before the first probe. What ARP makes
// of the same cache is in arp_test.c.

#include "fa/neigh.h"

#include "fa/wire/eth.h"
#include "test/t.h"

static struct fa_neigh neigh;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[64 * 512];
static const uint8_t mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 2};
static const uint8_t other_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 3};
static const struct fa_ip them = {{0xfe, 0x80, [15] = 2}};

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin_with(uint8_t answer_percent)
{
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, 512);
    fa_neigh_init(&neigh, &(struct fa_neigh_config){.counters = &counters,
                              .rand = &rand,
                              .delay_ns = FA_NEIGH_DELAY_NS,
                              .answer_percent = answer_percent});
}

static void begin(void)
{
    begin_with(0);
}

static void end(void)
{
    fa_neigh_clear(&neigh);
    CHECK_EQ(pool.used_count, 0);
    CHECK_EQ(neigh.parked_count, 0);
    CHECK_EQ(neigh.incomplete_count, 0);
    CHECK_EQ(neigh.answers.incomplete_count, 0);
    CHECK_EQ(neigh.answers.parked_count, 0);
}

/* Whether a frame to `ip`, or an answer to it, would go to `to`. */
static bool given_to(fa_ns now, const struct fa_ip *ip, bool answer, const uint8_t *to)
{
    struct fa_buf *buf;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    fa_zero(fa_buf_append(buf, FA_ETH_HDR_LEN), FA_ETH_HDR_LEN);
    if (!fa_neigh_resolve(&neigh, now, ip, answer, buf)) {
        return false;
    }
    bool same = fa_mac_equal(fa_buf_at(buf), to);
    fa_buf_drop(buf);
    return same;
}

static bool sent_to(fa_ns now, const struct fa_ip *ip, const uint8_t *to)
{
    return given_to(now, ip, false, to);
}

/* Somebody who is not there, by number. */
static struct fa_ip nobody(uint32_t number)
{
    struct fa_ip ip = them;
    fa_be32_store(ip.b + 4, number + 1);
    return ip;
}

/* Answer `count` who are not there, from number `first` on. */
static void answer_nobody(fa_ns now, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        struct fa_ip ip = nobody(i);
        CHECK(!given_to(now, &ip, true, mac));
    }
}

static bool tick(fa_ns now)
{
    struct fa_ip dead;
    bool given_up = fa_neigh_tick(&neigh, now, &dead);
    CHECK(!given_up || fa_ip_equal(&dead, &them));
    return given_up;
}

T(a_stale_neighbour_is_used_five_seconds_before_it_is_asked)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    struct fa_neigh_entry *entry = fa_neigh_learn(&neigh, now, &them, mac);
    REQUIRE(entry != NULL);
    CHECK_EQ(entry->state, FA_NEIGH_STALE);
    CHECK(fa_neigh_deadline(&neigh) == FA_NS_NEVER); // nobody asks for what nobody uses
    CHECK(sent_to(now, &them, mac));
    CHECK_EQ(entry->state, FA_NEIGH_DELAY);
    CHECK(fa_neigh_ask_take(&neigh, now) == NULL);
    CHECK_EQ(fa_neigh_deadline(&neigh), now + FA_NEIGH_DELAY_NS);
    now += FA_NEIGH_DELAY_NS;
    CHECK(!tick(now - 1));
    CHECK_EQ(entry->state, FA_NEIGH_DELAY);
    CHECK(!tick(now));
    CHECK_EQ(entry->state, FA_NEIGH_PROBE);
    CHECK(fa_neigh_ask_take(&neigh, now) == entry);
    fa_neigh_confirm(&neigh, entry, now + 1, mac);
    CHECK_EQ(entry->state, FA_NEIGH_REACHABLE);
    CHECK(fa_neigh_deadline(&neigh) == FA_NS_NEVER);
    CHECK(sent_to(now + FA_NEIGH_REACHABLE_NS, &them, mac));
    CHECK_EQ(entry->state, FA_NEIGH_REACHABLE);
    CHECK(sent_to(now + 1 + FA_NEIGH_REACHABLE_NS, &them, mac));
    CHECK_EQ(entry->state, FA_NEIGH_DELAY);
    end();
}

T(a_neighbour_that_stops_answering_is_given_up_after_three_probes)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    REQUIRE(fa_neigh_learn(&neigh, now, &them, mac) != NULL);
    CHECK(sent_to(now, &them, mac));
    now += FA_NEIGH_DELAY_NS;
    for (int i = 0; i < FA_NEIGH_TRY_COUNT_MAX; i++) {
        CHECK(!tick(now));
        CHECK(fa_neigh_ask_take(&neigh, now) != NULL);
        CHECK(fa_neigh_ask_take(&neigh, now) == NULL);
        CHECK(sent_to(now, &them, mac)); // still used meanwhile
        now += FA_NEIGH_RETRY_NS;
    }
    CHECK(tick(now));
    CHECK(fa_neigh_find(&neigh, &them) == NULL);
    CHECK_EQ(COUNTED(neigh_given_up), 1);
    end();
}

T(packets_of_a_neighbour_that_was_given_up_are_handed_back_in_order)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    CHECK(!sent_to(now, &them, mac));
    CHECK(!sent_to(now, &them, mac));
    for (int i = 0; i < FA_NEIGH_TRY_COUNT_MAX; i++) {
        CHECK(fa_neigh_ask_take(&neigh, now) != NULL);
        now += FA_NEIGH_RETRY_NS;
        CHECK_EQ(tick(now), i == FA_NEIGH_TRY_COUNT_MAX - 1);
    }
    for (int i = 0; i < 2; i++) {
        struct fa_buf *buf = fa_neigh_failed_take(&neigh);
        REQUIRE(buf != NULL);
        fa_buf_drop(buf);
    }
    CHECK(fa_neigh_failed_take(&neigh) == NULL);
    CHECK_EQ(COUNTED(neigh_tx_unresolved), 2);
    CHECK_EQ(neigh.parked_count, 0);
    end();
}

T(a_suggested_address_is_used_at_once_and_confirmed_later)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    CHECK(!sent_to(now, &them, mac));
    struct fa_neigh_entry *entry = fa_neigh_find(&neigh, &them);
    REQUIRE(entry != NULL);
    CHECK_EQ(entry->state, FA_NEIGH_INCOMPLETE);
    fa_neigh_suggest(&neigh, entry, now, other_mac);
    CHECK_EQ(entry->state, FA_NEIGH_STALE);
    CHECK(fa_neigh_ask_take(&neigh, now) == NULL); // the question that was due is withdrawn
    struct fa_buf *buf = fa_neigh_ready_take(&neigh);
    REQUIRE(buf != NULL);
    CHECK(fa_mac_equal(fa_buf_at(buf), other_mac));
    fa_buf_drop(buf);
    CHECK(sent_to(now, &them, other_mac));
    CHECK_EQ(entry->state, FA_NEIGH_DELAY);
    end();
}

T(questions_of_strangers_never_push_out_a_neighbour_in_use)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    struct fa_ip ip = them;
    for (uint32_t i = 0; i < FA_NEIGH_COUNT_MAX; i++) {
        fa_be32_store(ip.b + 12, i + 2);
        REQUIRE(fa_neigh_learn(&neigh, now, &ip, mac) != NULL);
        CHECK(sent_to(now, &ip, mac));
    }
    ip.b[4] = 1;
    CHECK(fa_neigh_learn(&neigh, now, &ip, other_mac) == NULL);
    CHECK_EQ(COUNTED(neigh_cache_full), 1);
    CHECK(fa_neigh_find(&neigh, &them) != NULL);
    CHECK(fa_neigh_learn(&neigh, now + FA_NEIGH_IDLE_NS, &ip, other_mac) != NULL);
    CHECK_EQ(COUNTED(neigh_evicted), 1);
    CHECK(fa_neigh_find(&neigh, &them) == NULL); // the least used one
    CHECK(!sent_to(now, &them, mac));            // who asks ourselves finds a place always
    end();
}

T(a_scan_does_not_push_out_confirmed_neighbours)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    REQUIRE(fa_neigh_learn(&neigh, now, &them, mac) != NULL);
    CHECK(sent_to(now, &them, mac));
    struct fa_ip ip = them;
    for (uint32_t i = 0; i < 1000; i++) {
        fa_be32_store(ip.b + 8, i + 1);
        CHECK(!sent_to(now, &ip, mac));
    }
    CHECK_EQ(neigh.incomplete_count, FA_NEIGH_INCOMPLETE_COUNT_MAX);
    CHECK(COUNTED(neigh_incomplete_full) == 1000 - FA_NEIGH_INCOMPLETE_COUNT_MAX);
    CHECK(sent_to(now, &them, mac));
    int asked = 0;
    while (fa_neigh_ask_take(&neigh, now) != NULL) {
        asked++;
    }
    CHECK_EQ(asked, FA_NEIGH_INCOMPLETE_COUNT_MAX);
    end();
}

T(times_are_taken_from_whoever_sets_them)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    fa_neigh_times_set(&neigh, 2 * FA_NS_S, 250 * FA_NS_MS);
    CHECK(!sent_to(now, &them, mac));
    CHECK(fa_neigh_ask_take(&neigh, now) != NULL);
    CHECK_EQ(fa_neigh_deadline(&neigh), now + 250 * FA_NS_MS);
    struct fa_neigh_entry *entry = fa_neigh_find(&neigh, &them);
    fa_neigh_confirm(&neigh, entry, now, mac);
    fa_buf_drop(fa_neigh_ready_take(&neigh));
    CHECK(sent_to(now + 2 * FA_NS_S, &them, mac));
    CHECK_EQ(entry->state, FA_NEIGH_DELAY);
    end();
}

T(answers_take_no_more_than_their_share_of_places)
{
    static const struct {
        uint8_t percent;
        uint32_t incomplete_count; // of 64
        uint32_t parked_count;     // of 32
    } rows[] = {{0, 32, 16}, {25, 16, 8}, {100, 64, 32}};
    fa_ns now = 100 * FA_NS_S;
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin_with(rows[i].percent);
        answer_nobody(now, 0, 1000);
        CHECK_EQ(neigh.incomplete_count, rows[i].incomplete_count);
        CHECK_EQ(neigh.answers.incomplete_count, rows[i].incomplete_count);
        CHECK_EQ(neigh.parked_count, rows[i].parked_count);
        CHECK_EQ(COUNTED(neigh_incomplete_full), 0);
        CHECK_EQ(COUNTED(neigh_tx_answer_limited) + COUNTED(neigh_tx_parked_full),
            1000 - rows[i].parked_count);
        end();
    }
}

T(what_we_begin_ourselves_has_the_rest_of_the_places)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    answer_nobody(now, 0, 1000);
    for (uint32_t i = 0; i < FA_NEIGH_INCOMPLETE_COUNT_MAX / 2; i++) {
        struct fa_ip ip = nobody(1000 + i);
        CHECK(!sent_to(now, &ip, mac));
        CHECK_EQ(fa_neigh_find(&neigh, &ip)->parked_count, i < FA_NEIGH_PARKED_COUNT_MAX / 2);
    }
    CHECK_EQ(neigh.incomplete_count, FA_NEIGH_INCOMPLETE_COUNT_MAX);
    CHECK_EQ(neigh.parked_count, FA_NEIGH_PARKED_COUNT_MAX);
    CHECK_EQ(COUNTED(neigh_incomplete_full), 0);
    end();
}

T(answers_have_no_place_while_our_own_questions_have_all)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    for (uint32_t i = 0; i < FA_NEIGH_INCOMPLETE_COUNT_MAX; i++) {
        struct fa_ip ip = nobody(i);
        CHECK(!sent_to(now, &ip, mac));
    }
    answer_nobody(now, 1000, 1);
    CHECK_EQ(COUNTED(neigh_tx_answer_limited), 1);
    CHECK_EQ(COUNTED(neigh_incomplete_full), 0);
    end();
}

T(answers_take_no_more_than_their_share_of_questions_and_come_last)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    uint32_t asked = 0;
    for (uint32_t i = 0; i < 20; i++) {
        answer_nobody(now, i * 10, 10);
        while (fa_neigh_ask_take(&neigh, now) != NULL) {
            asked++;
        }
        fa_neigh_clear(&neigh); // the questions have been asked
    }
    CHECK_EQ(asked, FA_NEIGH_ASKS_PER_S / 2);
    answer_nobody(now, 1000, 1);
    CHECK(fa_neigh_ask_take(&neigh, now) == NULL);
    CHECK_EQ(fa_neigh_deadline(&neigh), now + FA_NS_S);
    struct fa_ip ours = nobody(2000);
    CHECK(!sent_to(now, &ours, mac));
    CHECK(fa_neigh_has_ask(&neigh) && fa_neigh_deadline(&neigh) == FA_NS_NEVER); // at once
    CHECK(fa_neigh_ask_take(&neigh, now) == fa_neigh_find(&neigh, &ours));
    CHECK(fa_neigh_ask_take(&neigh, now) == NULL);
    now += FA_NS_S;
    struct fa_ip late = nobody(1000);
    CHECK(fa_neigh_ask_take(&neigh, now) == fa_neigh_find(&neigh, &late));
    end();
}

T(an_answer_pushes_out_no_neighbour_in_use)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    for (uint32_t i = 0; i < FA_NEIGH_COUNT_MAX; i++) {
        struct fa_ip ip = nobody(i);
        REQUIRE(fa_neigh_learn(&neigh, now, &ip, mac) != NULL);
        CHECK(sent_to(now, &ip, mac));
    }
    answer_nobody(now, 1000, 1);
    CHECK_EQ(COUNTED(neigh_tx_answer_limited), 1);
    CHECK_EQ(COUNTED(neigh_evicted), 0);
    answer_nobody(now + FA_NEIGH_IDLE_NS, 1000, 1);
    CHECK_EQ(COUNTED(neigh_evicted), 1);
    end();
}

T(a_neighbour_that_answers_wait_for_becomes_ours_when_we_have_something_to_say)
{
    begin();
    fa_ns now = 100 * FA_NS_S;
    struct fa_ip first = nobody(0);
    struct fa_ip second = nobody(1);
    answer_nobody(now, 0, 2);
    CHECK(fa_neigh_ask_take(&neigh, now) == fa_neigh_find(&neigh, &first));
    CHECK(!sent_to(now, &second, mac)); // not asked for yet: at the head of ours
    CHECK(!sent_to(now, &first, mac));  // it waits for the reply, and has all its tries again
    CHECK_EQ(neigh.answers.incomplete_count, 0);
    CHECK_EQ(neigh.answers.parked_count, 0);
    CHECK_EQ(fa_neigh_find(&neigh, &first)->try_count, 0);
    CHECK(fa_neigh_ask_take(&neigh, now) == fa_neigh_find(&neigh, &second));
    CHECK(fa_neigh_ask_take(&neigh, now) == NULL);
    for (int i = 0; i < 2 * FA_NEIGH_PARKED_ENTRY_MAX; i++) { // answers do not push out what waits
        CHECK(!given_to(now, &first, true, mac));
    }
    CHECK_EQ(COUNTED(neigh_tx_parked_full), 0);
    CHECK_EQ(COUNTED(neigh_tx_answer_limited), 2 * FA_NEIGH_PARKED_ENTRY_MAX - 2);
    fa_neigh_confirm(&neigh, fa_neigh_find(&neigh, &first), now, mac);
    int ready = 0;
    for (struct fa_buf *buf; (buf = fa_neigh_ready_take(&neigh)) != NULL; ready++) {
        fa_buf_drop(buf);
    }
    CHECK_EQ(ready, FA_NEIGH_PARKED_ENTRY_MAX);
    end();
}
