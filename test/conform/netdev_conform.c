// SPDX-License-Identifier: ISC
//
// The claims. Time is made up: it starts somewhere and moves when a claim says so.

#include "test/conform/netdev_conform.h"

#include "test/frame.h"
#include "test/t.h"

enum {
    HELD_MAX = 4096, /* buffers a claim may hold at once */
    PATIENCE = 1000, /* times the outside is pumped before a frame counts as lost */
    MANY = 300,      /* frames */
};

static const struct conform_netdev_target *target;
static struct conform_netdev_pair pair;
static fa_ns now;

static void pump_outside(void)
{
    if (target->pump != NULL) {
        target->pump();
    }
}

static void flush(struct fa_netdev *dev)
{
    fa_netdev_tx_flush(dev, now);
    pump_outside();
}

/* Take up to `want` frames, pumping for as long as some are missing. Returns: how many came. */
static size_t take_frames(struct fa_netdev *dev, struct fa_buf **ret_bufs, size_t want)
{
    size_t count = 0;
    for (unsigned i = 0; i < PATIENCE && count < want; i++) {
        size_t room = fa_min(want - count, FA_NETDEV_BURST_MAX);
        size_t got = fa_netdev_rx(dev, now, ret_bufs + count, room);
        CHECK(got <= room);
        count += got;
        if (got == 0) {
            pump_outside();
        }
    }
    return count;
}

static void close_both(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (pair.dev[i] != NULL) {
            fa_netdev_close(pair.dev[i]);
            pair.dev[i] = NULL;
        }
    }
}

static bool send_frame(unsigned from, uint32_t mark, size_t len)
{
    return frame_send(pair.dev[from], now, pair.dev[1 - from]->info.mac, mark, len);
}

/* Send a frame and see it arrive whole. */
static bool check_passes(unsigned from, uint32_t mark, size_t len)
{
    struct fa_buf *buf;
    if (!send_frame(from, mark, len)) {
        return false;
    }
    flush(pair.dev[from]);
    if (take_frames(pair.dev[1 - from], &buf, 1) != 1) {
        return false;
    }
    bool whole = frame_check(buf, mark, len);
    if (!whole) {
        t_note("came: frame %x of %u bytes", frame_mark(buf), buf->len);
    }
    fa_buf_drop(buf);
    return whole;
}

/* Whether nothing comes any more: a frame sent now is the next to arrive. */
static bool check_silent(unsigned at)
{
    return check_passes(1 - at, 0x51137, 60);
}

static void claim_info_is_complete(void)
{
    static const uint8_t zero[FA_MAC_LEN];
    for (unsigned i = 0; i < 2; i++) {
        const struct fa_netdev_info *info = &pair.dev[i]->info;
        CHECK(info->name[0] != 0);
        CHECK(info->name[sizeof info->name - 1] == 0);
        CHECK(!fa_equal(info->mac, zero, FA_MAC_LEN));
        CHECK_EQ(info->mac[0] & 1, 0);
        CHECK(info->mtu_bytes >= 576);
    }
    CHECK(!fa_equal(pair.dev[0]->info.mac, pair.dev[1]->info.mac, FA_MAC_LEN));
}

static void claim_frames_of_every_allowed_length_arrive_whole(void)
{
    for (unsigned from = 0; from < 2; from++) {
        size_t longest = FA_ETH_HDR_LEN + (size_t)pair.dev[from]->info.mtu_bytes;
        for (size_t len = FRAME_MIN; len <= 70; len++) {
            CHECK(check_passes(from, (uint32_t)len, len));
        }
        for (size_t len = longest - 5; len <= longest; len++) {
            CHECK(check_passes(from, (uint32_t)len, len));
        }
    }
}

static void claim_header_alone_is_a_frame(void)
{
    struct fa_buf *buf;
    REQUIRE(fa_netdev_tx_reserve(pair.dev[0], &buf) == FA_OK);
    uint8_t *at = fa_buf_append(buf, FA_ETH_HDR_LEN);
    fa_copy(at, pair.dev[1]->info.mac, FA_MAC_LEN);
    fa_copy(at + FA_MAC_LEN, pair.dev[0]->info.mac, FA_MAC_LEN);
    fa_be16_store(at + 2 * FA_MAC_LEN, FRAME_TYPE);
    fa_netdev_tx_commit(pair.dev[0], now, buf);
    flush(pair.dev[0]);
    REQUIRE(take_frames(pair.dev[1], &buf, 1) == 1);
    CHECK_EQ(buf->len, FA_ETH_HDR_LEN);
    fa_buf_drop(buf);
}

static void claim_reserved_buffer_is_empty_with_headroom_and_room_for_the_mtu(void)
{
    struct fa_buf *buf;
    for (unsigned i = 0; i < 2; i++) {
        REQUIRE(fa_netdev_tx_reserve(pair.dev[i], &buf) == FA_OK);
        CHECK_EQ(buf->len, 0);
        CHECK_EQ(fa_buf_headroom(buf), FA_BUF_HEADROOM);
        CHECK(fa_buf_tailroom(buf) >= FA_ETH_HDR_LEN + (size_t)pair.dev[i]->info.mtu_bytes);
        CHECK_EQ(buf->offload.flags, 0);
        fa_buf_drop(buf);
    }
}

static void claim_reserved_buffer_may_be_given_back_unsent(void)
{
    struct fa_buf *buf;
    for (unsigned i = 0; i < 20; i++) {
        REQUIRE(fa_netdev_tx_reserve(pair.dev[0], &buf) == FA_OK);
        frame_write(buf, pair.dev[1]->info.mac, pair.dev[0]->info.mac, 1, 60);
        fa_buf_drop(buf);
    }
    flush(pair.dev[0]);
    CHECK(check_silent(1));
}

/* Reserve all there is. */
static size_t reserve_all(struct fa_netdev *dev, struct fa_buf **ret_bufs)
{
    size_t count = 0;
    while (count < HELD_MAX && fa_netdev_tx_reserve(dev, &ret_bufs[count]) == FA_OK) {
        count++;
    }
    return count;
}

static void claim_exhausted_reserve_says_again_and_recovers(void)
{
    static struct fa_buf *held[HELD_MAX];
    size_t count = reserve_all(pair.dev[0], held);
    REQUIRE(count > 0 && count < HELD_MAX);
    struct fa_buf *const untouched = held[0];
    struct fa_buf *buf = untouched;
    CHECK(fa_netdev_tx_reserve(pair.dev[0], &buf) == FA_AGAIN);
    CHECK(buf == untouched);
    fa_buf_drop(held[--count]);
    CHECK(fa_netdev_tx_reserve(pair.dev[0], &buf) == FA_OK);
    CHECK(buf != untouched);
    fa_buf_drop(buf);
    while (count > 0) {
        fa_buf_drop(held[--count]);
    }
    CHECK(check_passes(0, 1, 60));
}

static void claim_frames_keep_their_order(void)
{
    uint32_t sent = 0;
    uint32_t received = 0;
    while (received < MANY) {
        struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
        uint32_t burst = 0;
        while (sent < MANY && burst < 40 && send_frame(0, sent, 60 + 3 * (sent % 300))) {
            sent++;
            burst++;
        }
        flush(pair.dev[0]);
        size_t count = take_frames(pair.dev[1], bufs, burst);
        REQUIRE(count == burst && count > 0);
        for (size_t i = 0; i < count; i++, received++) {
            CHECK(frame_check(bufs[i], received, 60 + 3 * (received % 300)));
            fa_buf_drop(bufs[i]);
        }
    }
}

static void claim_rx_takes_no_more_than_asked_and_keeps_the_rest(void)
{
    static const size_t asked[] = {1, 0, 2, 1, 5, 64};
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    uint32_t next = 0;
    for (uint32_t mark = 0; mark < 20; mark++) {
        REQUIRE(send_frame(0, mark, 100));
    }
    flush(pair.dev[0]);
    for (unsigned i = 0; i < FA_COUNT_OF(asked); i++) {
        struct fa_buf *const untouched = (struct fa_buf *)(void *)&now;
        size_t want = fa_min(asked[i], 20 - next);
        for (size_t k = 0; k < FA_NETDEV_BURST_MAX; k++) {
            bufs[k] = untouched;
        }
        size_t count = fa_netdev_rx(pair.dev[1], now, bufs, asked[i]);
        for (unsigned k = 0; k < PATIENCE && count < want; k++) {
            pump_outside();
            count += fa_netdev_rx(pair.dev[1], now, bufs + count, asked[i] - count);
        }
        REQUIRE(count == want);
        for (size_t k = 0; k < FA_NETDEV_BURST_MAX; k++) {
            if (k < count) {
                CHECK_EQ(frame_mark(bufs[k]), next++);
                fa_buf_drop(bufs[k]);
            } else {
                CHECK(bufs[k] == untouched);
            }
        }
        if (next < 20) {
            CHECK(fa_netdev_deadline(pair.dev[1]) <= now); /* nothing outside tells of the rest */
        }
    }
    CHECK_EQ(next, 20);
}

static void claim_idle_card_has_nothing_and_lets_its_owner_sleep(void)
{
    for (unsigned i = 0; i < 2; i++) {
        CHECK(check_passes(1 - i, 7, 60));
        struct fa_buf *buf;
        CHECK_EQ(fa_netdev_rx(pair.dev[i], now, &buf, 1), 0);
        CHECK(fa_netdev_deadline(pair.dev[i]) > now);
    }
}

static void claim_received_frames_belong_to_whoever_took_them(void)
{
    struct fa_buf *bufs[10];
    for (uint32_t mark = 0; mark < 10; mark++) {
        REQUIRE(send_frame(0, mark, 200));
        flush(pair.dev[0]);
        REQUIRE(take_frames(pair.dev[1], &bufs[mark], 1) == 1);
    }
    CHECK(check_passes(0, 99, 1000));
    for (uint32_t mark = 0; mark < 10; mark++) {
        CHECK(frame_check(bufs[mark], mark, 200));
        fa_buf_trim(bufs[mark], 100); /* and may be changed */
        fa_zero(fa_buf_at(bufs[mark]), 100);
        fa_buf_drop(bufs[mark]);
    }
}

static void claim_received_frame_may_be_sent_on(void)
{
    struct fa_buf *buf;
    for (uint32_t mark = 0; mark < 20; mark++) {
        REQUIRE(send_frame(0, mark, 300));
        flush(pair.dev[0]);
        REQUIRE(take_frames(pair.dev[1], &buf, 1) == 1);
        fa_copy(fa_buf_at(buf), pair.dev[0]->info.mac, FA_MAC_LEN);
        fa_copy(fa_buf_at(buf) + FA_MAC_LEN, pair.dev[1]->info.mac, FA_MAC_LEN);
        fa_netdev_tx_commit(pair.dev[1], now, buf);
        flush(pair.dev[1]);
        REQUIRE(take_frames(pair.dev[0], &buf, 1) == 1);
        CHECK(frame_check(buf, mark, 300));
        fa_buf_drop(buf);
    }
}

static void claim_frame_from_a_foreign_pool_may_be_sent(void)
{
    static _Alignas(64) uint8_t memory[4 * FA_BUF_SIZE];
    struct fa_pool pool;
    struct fa_buf *buf;
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    /* Without headroom: a card that needs some of its own must see to that. */
    REQUIRE(fa_buf_alloc(&pool, 0, &buf) == FA_OK);
    frame_write(buf, pair.dev[1]->info.mac, pair.dev[0]->info.mac, 6, 500);
    fa_netdev_tx_commit(pair.dev[0], now, buf);
    flush(pair.dev[0]);
    REQUIRE(take_frames(pair.dev[1], &buf, 1) == 1);
    CHECK(frame_check(buf, 6, 500));
    fa_buf_drop(buf);
    flush(pair.dev[0]);
    CHECK_EQ(pool.used_count, 0);
}

/* Commit a frame that the card may not send, from a pool that can hold it. */
static void commit_bad(size_t len, uint8_t offload_flags)
{
    static _Alignas(64) uint8_t memory[131072];
    struct fa_pool pool;
    struct fa_buf *buf;
    fa_pool_init(&pool, memory, sizeof memory, sizeof memory);
    FA_ASSERT(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    if (len >= FRAME_MIN) {
        frame_write(buf, pair.dev[1]->info.mac, pair.dev[0]->info.mac, 1, len);
    } else {
        fa_zero(fa_buf_append(buf, len), len);
    }
    buf->offload.flags = offload_flags;
    fa_netdev_tx_commit(pair.dev[0], now, buf);
    CHECK_EQ(pool.used_count, 0); /* dropped there and then */
}

static void claim_frames_that_may_not_be_sent_are_dropped_and_counted(void)
{
    const struct fa_counters *counters = pair.counters;
    size_t longest = FA_ETH_HDR_LEN + (size_t)pair.dev[0]->info.mtu_bytes;
    uint64_t too_long_count = FA_COUNTER_VALUE(counters, netdev_tx_too_long);
    uint64_t too_short_count = FA_COUNTER_VALUE(counters, netdev_tx_too_short);
    uint64_t offload_count = FA_COUNTER_VALUE(counters, netdev_tx_offload);
    commit_bad(longest + 1, 0);
    commit_bad(65535 + FA_ETH_HDR_LEN, 0);
    CHECK_EQ(FA_COUNTER_VALUE(counters, netdev_tx_too_long), too_long_count + 2);
    commit_bad(FA_ETH_HDR_LEN - 1, 0);
    commit_bad(0, 0);
    CHECK_EQ(FA_COUNTER_VALUE(counters, netdev_tx_too_short), too_short_count + 2);
    static const uint8_t asks[] = {FA_OFFLOAD_CSUM_NEEDED, FA_OFFLOAD_TSO4, FA_OFFLOAD_TSO6};
    for (unsigned i = 0; i < FA_COUNT_OF(asks); i++) {
        if ((pair.dev[0]->info.tx_offload & asks[i]) == 0) {
            commit_bad(60, asks[i]);
            offload_count++;
        }
    }
    CHECK_EQ(FA_COUNTER_VALUE(counters, netdev_tx_offload), offload_count);
    flush(pair.dev[0]);
    CHECK(check_silent(1));
}

static void claim_receiver_without_buffers_recovers(void)
{
    static struct fa_buf *held[HELD_MAX];
    size_t count = 0;
    if (pair.pool[0] == pair.pool[1]) {
        return; /* no way to starve one alone */
    }
    while (count < HELD_MAX && fa_buf_alloc(pair.pool[1], 0, &held[count]) == FA_OK) {
        count++;
    }
    for (uint32_t mark = 0; mark < 5; mark++) {
        CHECK(send_frame(0, mark, 100));
    }
    flush(pair.dev[0]);
    struct fa_buf *buf;
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(fa_netdev_rx(pair.dev[1], now, &buf, 1), 0);
        CHECK(fa_netdev_deadline(pair.dev[1]) > now); /* or its owner would spin */
        pump_outside();
    }
    while (count > 0) {
        fa_buf_drop(held[--count]);
    }
    /* The five may come late or be lost. What is sent from now on arrives. */
    CHECK(send_frame(0, 100, 100));
    flush(pair.dev[0]);
    uint32_t mark = 0;
    while (mark != 100 && take_frames(pair.dev[1], &buf, 1) == 1) {
        mark = frame_mark(buf);
        fa_buf_drop(buf);
    }
    CHECK_EQ(mark, 100);
}

static void claim_close_drops_what_is_queued_and_leaves_what_was_taken(void)
{
    struct fa_buf *buf;
    REQUIRE(send_frame(0, 1, 100));
    flush(pair.dev[0]);
    REQUIRE(take_frames(pair.dev[1], &buf, 1) == 1);
    for (uint32_t mark = 2; mark < 12; mark++) {
        (void)send_frame(0, mark, 100);
        (void)send_frame(1, mark, 100);
    }
    close_both();
    CHECK(frame_check(buf, 1, 100));
    fa_buf_drop(buf);
}

static const struct {
    const char *name;
    void (*fn)(void);
} claims[] = {
    {"info is complete", claim_info_is_complete},
    {"frames of every allowed length arrive whole",
        claim_frames_of_every_allowed_length_arrive_whole},
    {"a header alone is a frame", claim_header_alone_is_a_frame},
    {"a reserved buffer is empty, with headroom and room for the MTU",
        claim_reserved_buffer_is_empty_with_headroom_and_room_for_the_mtu},
    {"a reserved buffer may be given back unsent", claim_reserved_buffer_may_be_given_back_unsent},
    {"an exhausted reserve says again, and recovers",
        claim_exhausted_reserve_says_again_and_recovers},
    {"frames keep their order", claim_frames_keep_their_order},
    {"rx takes no more than asked and keeps the rest",
        claim_rx_takes_no_more_than_asked_and_keeps_the_rest},
    {"an idle card has nothing and lets its owner sleep",
        claim_idle_card_has_nothing_and_lets_its_owner_sleep},
    {"received frames belong to whoever took them",
        claim_received_frames_belong_to_whoever_took_them},
    {"a received frame may be sent on", claim_received_frame_may_be_sent_on},
    {"a frame from a foreign pool may be sent", claim_frame_from_a_foreign_pool_may_be_sent},
    {"frames that may not be sent are dropped and counted",
        claim_frames_that_may_not_be_sent_are_dropped_and_counted},
    {"a receiver without buffers recovers", claim_receiver_without_buffers_recovers},
    {"close drops what is queued and leaves what was taken",
        claim_close_drops_what_is_queued_and_leaves_what_was_taken},
};

static const char *run_claim(void (*claim)(void))
{
    const char *reason = target->open(&pair);
    if (reason != NULL) {
        return reason;
    }
    size_t used_count[2] = {pair.pool[0]->used_count, pair.pool[1]->used_count};
    now = FA_NS_S;
    claim();
    close_both();
    CHECK_EQ(pair.pool[0]->used_count, used_count[0]);
    CHECK_EQ(pair.pool[1]->used_count, used_count[1]);
    target->close();
    return NULL;
}

const char *conform_netdev(const struct conform_netdev_target *the_target)
{
    target = the_target;
    for (unsigned i = 0; i < FA_COUNT_OF(claims); i++) {
        bool failed_before = t_failed();
        const char *reason = run_claim(claims[i].fn);
        if (reason != NULL) {
            return reason;
        }
        if (t_failed() && !failed_before) {
            t_note("%s: not so: %s", target->name, claims[i].name);
        }
    }
    return NULL;
}
