// SPDX-License-Identifier: ISC
//
// Tests of the bad network: each fault alone, in each direction alone, on fixed seeds.

#include "fa/fault.h"

#include "fa/vnet.h"
#include "test/frame.h"
#include "test/t.h"

enum {
    BUF_COUNT = 4096,
    SENT_MAX = 10000,
    SEEN_MAX = 3 * SENT_MAX,
};

#define START (5 * FA_NS_S)

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static struct fa_counters counters;
static struct fa_vnet_port near_port, far_port;
static struct fa_pool near_pool, far_pool;
static _Alignas(64) uint8_t near_memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t far_memory[BUF_COUNT * FA_BUF_SIZE];
static struct fa_fault fault;
static fa_ns now;

/* What arrived in the direction under test. */
static struct {
    uint32_t mark[SEEN_MAX];
    fa_ns at_ns[SEEN_MAX];
    size_t len[SEEN_MAX];
    bool whole[SEEN_MAX];
    size_t flipped_bits[SEEN_MAX]; /* against the frame that was sent, if its mark is known */
    size_t count;
} seen;

static fa_ns sent_at_ns[SENT_MAX];
static uint32_t sent_count;

static void open_wire(enum fa_fault_dir dir, uint64_t seed, const struct fa_fault_config *config)
{
    now = START;
    sent_count = 0;
    seen.count = 0;
    counters = (struct fa_counters){};
    fa_pool_init(&near_pool, near_memory, sizeof near_memory, FA_BUF_SIZE);
    fa_pool_init(&far_pool, far_memory, sizeof far_memory, FA_BUF_SIZE);
    fa_vnet_init(
        &vnet, &(struct fa_vnet_config){.macs = macs, .mac_count = 8, .counters = &counters});
    fa_vnet_port_open(&vnet, &near_port,
        &(struct fa_vnet_port_config){
            .name = "near", .pool = &near_pool, .rx_count_max = BUF_COUNT});
    fa_vnet_port_open(&vnet, &far_port,
        &(struct fa_vnet_port_config){.name = "far", .pool = &far_pool, .rx_count_max = BUF_COUNT});
    fa_fault_wrap(&fault, &near_port.dev,
        &(struct fa_fault_wrap_config){
            .seed = seed, .counters = &counters, .held_count_max = BUF_COUNT / 2});
    fa_fault_set(&fault, dir, config);
}

static void close_wire(void)
{
    fa_netdev_close(&fault.dev);
    fa_netdev_close(&far_port.dev);
    CHECK_EQ(near_pool.used_count, 0);
    CHECK_EQ(far_pool.used_count, 0);
}

static const struct fa_fault_stats *stats(enum fa_fault_dir dir)
{
    return &fault.side[dir].stats;
}

static size_t count_bits(struct fa_slice frame, uint32_t mark, enum fa_fault_dir dir)
{
    static _Alignas(64) uint8_t memory[2 * FA_BUF_SIZE];
    struct fa_pool pool;
    struct fa_buf *buf;
    size_t bits = 0;
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    FA_ASSERT(fa_buf_alloc(&pool, 0, &buf) == FA_OK);
    const uint8_t *source = dir == FA_FAULT_TX ? fault.dev.info.mac : far_port.dev.info.mac;
    frame_write(buf, frame_broadcast, source, mark, frame.len);
    for (size_t i = 0; i < frame.len; i++) {
        bits += (size_t)__builtin_popcount(fa_buf_at(buf)[i] ^ (unsigned)frame.at[i]);
    }
    return bits;
}

static void note_frame(struct fa_buf *take, enum fa_fault_dir dir, uint32_t last_mark)
{
    size_t i = seen.count++;
    FA_ASSERT(i < SEEN_MAX);
    seen.mark[i] = frame_mark(take);
    seen.at_ns[i] = now;
    seen.len[i] = take->len;
    seen.whole[i] = frame_check(take, seen.mark[i], take->len);
    seen.flipped_bits[i] = count_bits(fa_buf_slice(take), last_mark, dir);
    fa_buf_drop(take);
}

/* Take what has come out of the wire at `now`, in the direction under test. */
static void poll_wire(enum fa_fault_dir dir)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    size_t count;
    do {
        if (dir == FA_FAULT_TX) {
            CHECK_EQ(fa_netdev_rx(&fault.dev, now, bufs, FA_NETDEV_BURST_MAX), 0);
            count = fa_netdev_rx(&far_port.dev, now, bufs, FA_NETDEV_BURST_MAX);
        } else {
            count = fa_netdev_rx(&fault.dev, now, bufs, FA_NETDEV_BURST_MAX);
        }
        for (size_t i = 0; i < count; i++) {
            note_frame(bufs[i], dir, sent_count - 1);
        }
    } while (count == FA_NETDEV_BURST_MAX);
}

/* Send one frame, numbered from 0 on, and take what comes at once. */
static void send_frame(enum fa_fault_dir dir, size_t len)
{
    struct fa_netdev *dev = dir == FA_FAULT_TX ? &fault.dev : &far_port.dev;
    sent_at_ns[sent_count] = now;
    CHECK(frame_send(dev, now, frame_broadcast, sent_count, len));
    sent_count++;
    fa_netdev_tx_flush(dev, now);
    poll_wire(dir);
}

/* Let time pass up to `until` as an owner would, from deadline to deadline. */
static void pass_time(enum fa_fault_dir dir, fa_ns until)
{
    fa_ns deadline;
    while ((deadline = fa_netdev_deadline(&fault.dev)) <= until && deadline != FA_NS_NEVER) {
        if (deadline > now) {
            now = deadline;
        }
        poll_wire(dir);
    }
    if (until != FA_NS_NEVER) {
        now = until;
    }
}

static void drain_wire(enum fa_fault_dir dir)
{
    pass_time(dir, FA_NS_NEVER);
}

static void send_frames(enum fa_fault_dir dir, uint32_t count, size_t len, fa_ns gap_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        send_frame(dir, len);
        pass_time(dir, now + gap_ns);
    }
    drain_wire(dir);
}

static bool check_in_order(void)
{
    for (size_t i = 1; i < seen.count; i++) {
        if (seen.mark[i] < seen.mark[i - 1]) {
            return false;
        }
    }
    return true;
}

static bool check_all_whole(void)
{
    for (size_t i = 0; i < seen.count; i++) {
        if (!seen.whole[i]) {
            return false;
        }
    }
    return true;
}

static bool check_near(uint64_t value, uint64_t expected, uint64_t slack)
{
    bool near = value + slack >= expected && value <= expected + slack;
    if (!near) {
        t_note("%llu, not %llu within %llu", (unsigned long long)value,
            (unsigned long long)expected, (unsigned long long)slack);
    }
    return near;
}

#define EACH_DIR(dir) for (enum fa_fault_dir dir = FA_FAULT_RX; dir < FA_FAULT_DIR_COUNT; dir++)

T(without_faults_everything_passes_at_once_and_in_order)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 1, &(struct fa_fault_config){});
        send_frames(dir, 1000, 300, 0);
        CHECK_EQ(seen.count, 1000);
        CHECK_EQ(stats(dir)->passed_count, 1000);
        CHECK(check_in_order());
        CHECK(check_all_whole());
        CHECK_EQ(now, START);
        close_wire();
    }
}

T(loss_takes_its_share)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 1, &(struct fa_fault_config){.loss_per_million = 100000});
        send_frames(dir, SENT_MAX, 300, 0);
        CHECK(check_near(stats(dir)->lost_count, 1000, 120)); /* four sigma */
        CHECK_EQ(seen.count, SENT_MAX - stats(dir)->lost_count);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_lost), stats(dir)->lost_count);
        CHECK(check_in_order());
        CHECK(check_all_whole());
        close_wire();
    }
}

T(small_loss_takes_small_frames_alone)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 2, &(struct fa_fault_config){.small_loss_per_million = 500000});
        send_frames(dir, 1000, FA_FAULT_SMALL_BYTES_DEFAULT + 1, 0);
        CHECK_EQ(seen.count, 1000);
        send_frames(dir, 1000, FA_FAULT_SMALL_BYTES_DEFAULT, 0);
        CHECK(check_near(stats(dir)->small_lost_count, 500, 64));
        CHECK_EQ(seen.count, 2000 - stats(dir)->small_lost_count);
        CHECK_EQ(stats(dir)->lost_count, 0);
        close_wire();

        open_wire(dir, 2,
            &(struct fa_fault_config){.small_loss_per_million = 1000000, .small_bytes = 60});
        send_frames(dir, 10, 60, 0);
        send_frames(dir, 10, 61, 0);
        CHECK_EQ(seen.count, 10);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_small_lost), 10);
        close_wire();
    }
}

T(duplicates_are_whole_and_in_place)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 3, &(struct fa_fault_config){.duplicate_per_million = 200000});
        send_frames(dir, SENT_MAX, 300, 0);
        CHECK(check_near(stats(dir)->duplicated_count, 2000, 160));
        CHECK_EQ(seen.count, SENT_MAX + stats(dir)->duplicated_count);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_duplicated), stats(dir)->duplicated_count);
        CHECK(check_in_order());
        CHECK(check_all_whole());
        close_wire();
    }
}

T(duplicate_without_a_buffer_is_left_out)
{
    static struct fa_buf *held[BUF_COUNT];
    size_t held_count = 0;
    open_wire(FA_FAULT_TX, 3, &(struct fa_fault_config){.duplicate_per_million = 1000000});
    while (fa_pool_free_count(&near_pool) > 1) {
        REQUIRE(fa_netdev_tx_reserve(&fault.dev, &held[held_count++]) == FA_OK);
    }
    send_frame(FA_FAULT_TX, 300);
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(stats(FA_FAULT_TX)->duplicated_count, 0);
    for (size_t i = 0; i < held_count; i++) {
        fa_buf_drop(held[i]);
    }
    close_wire();
}

T(corruption_flips_from_one_to_the_configured_number_of_bits)
{
    EACH_DIR(dir)
    {
        for (uint32_t bits_max = 0; bits_max <= 5; bits_max += 5) {
            size_t most = 0;
            uint64_t hit_count = 0;
            open_wire(dir, 4,
                &(struct fa_fault_config){
                    .corrupt_per_million = 300000, .corrupt_bits_max = bits_max});
            for (uint32_t i = 0; i < 2000; i++) {
                send_frame(dir, 300);
                REQUIRE(seen.count == i + 1);
                most = fa_max(most, seen.flipped_bits[i]);
                hit_count += seen.flipped_bits[i] != 0;
            }
            CHECK(check_near(stats(dir)->corrupted_count, 600, 82));
            CHECK(check_near(hit_count, stats(dir)->corrupted_count, bits_max)); /* two may undo */
            CHECK_EQ(most, bits_max != 0 ? bits_max : 1);
            CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_corrupted), stats(dir)->corrupted_count);
            close_wire();
        }
    }
}

T(trailing_bytes_are_added_within_the_mtu)
{
    EACH_DIR(dir)
    {
        size_t longest = 0;
        open_wire(dir, 5, &(struct fa_fault_config){.trailing_bytes_max = 46});
        for (uint32_t i = 0; i < 1000; i++) {
            send_frame(dir, 60);
            REQUIRE(seen.count == i + 1);
            CHECK(seen.len[i] >= 60 && seen.len[i] <= 106);
            longest = fa_max(longest, seen.len[i]);
        }
        CHECK_EQ(longest, 106);
        CHECK(check_near(stats(dir)->padded_count, 1000 - 1000 / 47, 30));
        send_frames(dir, 100, FA_ETH_HDR_LEN + FA_VNET_MTU_DEFAULT - 2, 0);
        send_frames(dir, 1, FA_ETH_HDR_LEN + FA_VNET_MTU_DEFAULT, 0);
        CHECK_EQ(seen.count, 1101);
        for (size_t i = 1000; i < seen.count; i++) {
            CHECK(seen.len[i] <= FA_ETH_HDR_LEN + FA_VNET_MTU_DEFAULT);
        }
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_padded), stats(dir)->padded_count);
        close_wire();
    }
}

T(delay_is_exact_and_told_by_the_deadline)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 6, &(struct fa_fault_config){.delay_ns = 20 * FA_NS_MS});
        send_frame(dir, 300);
        CHECK_EQ(seen.count, 0);
        if (dir == FA_FAULT_TX) {
            CHECK_EQ(fa_netdev_deadline(&fault.dev), START + 20 * FA_NS_MS);
        }
        now = START + 20 * FA_NS_MS - 1;
        poll_wire(dir);
        CHECK_EQ(seen.count, 0);
        now++;
        poll_wire(dir);
        CHECK_EQ(seen.count, 1);
        CHECK_EQ(fa_netdev_deadline(&fault.dev), FA_NS_NEVER);
        sent_count = 0;
        seen.count = 0;
        send_frames(dir, 500, 300, FA_NS_MS);
        CHECK_EQ(seen.count, 500);
        for (size_t i = 0; i < seen.count; i++) {
            CHECK_EQ(seen.at_ns[i] - sent_at_ns[i], 20 * FA_NS_MS);
        }
        CHECK(check_in_order());
        close_wire();
    }
}

T(jitter_spreads_delays_and_keeps_order)
{
    EACH_DIR(dir)
    {
        fa_ns least = FA_NS_NEVER;
        fa_ns most = 0;
        open_wire(dir, 7,
            &(struct fa_fault_config){.delay_ns = 5 * FA_NS_MS, .jitter_ns = 10 * FA_NS_MS});
        send_frames(dir, 2000, 300, 20 * FA_NS_MS);
        CHECK_EQ(seen.count, 2000);
        for (size_t i = 0; i < seen.count; i++) {
            fa_ns took_ns = seen.at_ns[i] - sent_at_ns[i];
            least = took_ns < least ? took_ns : least;
            most = took_ns > most ? took_ns : most;
        }
        CHECK(least >= 5 * FA_NS_MS && least < 6 * FA_NS_MS);
        CHECK(most < 15 * FA_NS_MS && most > 14 * FA_NS_MS);
        seen.count = 0;
        sent_count = 0;
        send_frames(dir, 1000, 300, 100 * FA_NS_US); /* denser than the jitter */
        CHECK_EQ(seen.count, 1000);
        CHECK(check_in_order());
        close_wire();
    }
}

T(reordered_frames_are_overtaken_and_all_arrive_in_time)
{
    EACH_DIR(dir)
    {
        uint64_t overtaken_count = 0;
        open_wire(dir, 8,
            &(struct fa_fault_config){.reorder_per_million = 100000, .reorder_ns = FA_NS_MS});
        send_frames(dir, 5000, 300, 50 * FA_NS_US);
        CHECK_EQ(seen.count, 5000);
        CHECK(check_near(stats(dir)->reordered_count, 500, 85));
        for (size_t i = 0; i < seen.count; i++) {
            fa_ns took_ns = seen.at_ns[i] - sent_at_ns[seen.mark[i]];
            CHECK(took_ns <= FA_NS_MS);
            overtaken_count += took_ns != 0;
        }
        CHECK_EQ(overtaken_count, stats(dir)->reordered_count);
        CHECK(!check_in_order());
        CHECK(check_all_whole());
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_reordered), stats(dir)->reordered_count);
        close_wire();
    }
}

T(rate_limit_spaces_frames)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 9, &(struct fa_fault_config){.rate_bytes_per_s = 1000000});
        send_frames(dir, 100, 1000, 0);
        CHECK_EQ(seen.count, 100);
        for (size_t i = 0; i < seen.count; i++) {
            CHECK_EQ(seen.at_ns[i], START + (i + 1) * FA_NS_MS);
        }
        now += FA_NS_S; /* an idle wire saves nothing up without a burst */
        fa_ns begin = now;
        seen.count = 0;
        send_frames(dir, 2, 1000, 0);
        CHECK_EQ(seen.at_ns[1], begin + 2 * FA_NS_MS);
        close_wire();
    }
}

T(rate_limit_drops_what_its_queue_cannot_hold)
{
    EACH_DIR(dir)
    {
        open_wire(
            dir, 10, &(struct fa_fault_config){.rate_bytes_per_s = 1000000, .queue_bytes = 5000});
        send_frames(dir, 20, 1000, 0);
        CHECK_EQ(seen.count, 5);
        CHECK_EQ(stats(dir)->rate_dropped_count, 15);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_rate_dropped), 15);
        CHECK_EQ(seen.mark[4], 4); /* the tail is dropped, not the head */
        send_frames(dir, 1, 1000, 0);
        CHECK_EQ(seen.count, 6);
        close_wire();
    }
}

T(rate_limit_lets_a_burst_through)
{
    EACH_DIR(dir)
    {
        open_wire(
            dir, 11, &(struct fa_fault_config){.rate_bytes_per_s = 1000000, .burst_bytes = 10000});
        send_frames(dir, 15, 1000, 0);
        CHECK_EQ(seen.count, 15);
        CHECK_EQ(seen.at_ns[9], START);
        CHECK_EQ(seen.at_ns[10], START + FA_NS_MS);
        CHECK_EQ(seen.at_ns[14], START + 5 * FA_NS_MS);
        close_wire();
    }
}

T(path_mtu_drops_longer_frames)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 12, &(struct fa_fault_config){.mtu_bytes = 576});
        send_frames(dir, 3, FA_ETH_HDR_LEN + 576, 0);
        send_frames(dir, 2, FA_ETH_HDR_LEN + 577, 0);
        CHECK_EQ(seen.count, 3);
        CHECK_EQ(stats(dir)->mtu_dropped_count, 2);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_mtu_dropped), 2);
        close_wire();
    }
}

T(wire_switched_off_loses_frames_until_it_is_on_again)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 13, &(struct fa_fault_config){.delay_ns = FA_NS_MS});
        send_frame(dir, 300);
        fa_fault_switch(&fault, dir, false);
        send_frame(dir, 300);
        drain_wire(dir);
        CHECK_EQ(seen.count, 1); /* the one on its way */
        fa_fault_switch(&fault, dir, true);
        send_frames(dir, 1, 300, 0);
        CHECK_EQ(seen.count, 2);
        CHECK_EQ(stats(dir)->off_dropped_count, 1);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_off_dropped), 1);
        close_wire();
    }
}

T(silence_follows_each_lot_of_bytes)
{
    EACH_DIR(dir)
    {
        open_wire(
            dir, 14, &(struct fa_fault_config){.silence_bytes = 1 << 20, .silence_ns = FA_NS_S});
        for (unsigned lot = 0; lot < 3; lot++) {
            seen.count = 0;
            sent_count = 0;
            send_frames(dir, 1100, 1000, 0); /* 1049 frames make a megabyte */
            CHECK_EQ(seen.count, 1049);
            now += FA_NS_S - 1;
            send_frame(dir, 1000);
            CHECK_EQ(seen.count, 1049);
            now += 1;
        }
        CHECK_EQ(stats(dir)->silent_dropped_count, 3 * (51 + 1));
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_silent_dropped), 3 * (51 + 1));
        close_wire();
    }
}

T(frames_on_their_way_have_a_limit)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 15, &(struct fa_fault_config){.delay_ns = FA_NS_S});
        send_frames(dir, BUF_COUNT / 2 + 10, 60, 0);
        CHECK_EQ(seen.count, BUF_COUNT / 2);
        CHECK_EQ(stats(dir)->held_full_count, 10);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, fault_held_full), 10);
        send_frames(dir, 1, 60, 0);
        CHECK_EQ(seen.count, BUF_COUNT / 2 + 1);
        close_wire();
    }
}

T(frames_on_their_way_are_dropped_at_close)
{
    EACH_DIR(dir)
    {
        open_wire(dir, 16, &(struct fa_fault_config){.delay_ns = FA_NS_S});
        send_frame(dir, 60);
        close_wire();
    }
}

T(fault_of_one_direction_leaves_the_other_alone)
{
    EACH_DIR(dir)
    {
        enum fa_fault_dir other = dir == FA_FAULT_RX ? FA_FAULT_TX : FA_FAULT_RX;
        open_wire(
            dir, 17, &(struct fa_fault_config){.loss_per_million = 1000000, .delay_ns = FA_NS_S});
        fa_fault_switch(&fault, dir, false);
        send_frames(other, 1000, 300, 0);
        CHECK_EQ(seen.count, 1000);
        CHECK_EQ(now, START);
        CHECK(check_in_order());
        CHECK(check_all_whole());
        close_wire();
    }
}

static const struct fa_fault_config everything = {
    .mtu_bytes = 1400,
    .silence_bytes = 1 << 20,
    .silence_ns = 10 * FA_NS_MS,
    .loss_per_million = 50000,
    .small_loss_per_million = 50000,
    .duplicate_per_million = 50000,
    .corrupt_per_million = 50000,
    .corrupt_bits_max = 8,
    .trailing_bytes_max = 32,
    .rate_bytes_per_s = 15000000,
    .queue_bytes = 20000,
    .delay_ns = 3 * FA_NS_MS,
    .jitter_ns = FA_NS_MS,
    .reorder_per_million = 50000,
    .reorder_ns = 2 * FA_NS_MS,
};

/* Sizes from 60 to 1514 in a fixed pattern. Returns: a digest of all that arrived, and when. */
static uint64_t run_everything(enum fa_fault_dir dir, uint64_t seed)
{
    uint64_t digest = 0;
    open_wire(dir, seed, &everything);
    for (uint32_t i = 0; i < 5000; i++) {
        send_frame(dir, 60 + (i * 7919) % 1455);
        pass_time(dir, now + 40 * FA_NS_US);
    }
    drain_wire(dir);
    for (size_t i = 0; i < seen.count; i++) {
        digest = digest * 31 + seen.at_ns[i] + seen.mark[i] + seen.len[i] + seen.flipped_bits[i];
    }
    return digest;
}

T(same_seed_gives_the_same_network_and_another_seed_another)
{
    EACH_DIR(dir)
    {
        uint64_t first = run_everything(dir, 21);
        close_wire();
        CHECK(run_everything(dir, 21) == first);
        close_wire();
        CHECK(run_everything(dir, 22) != first);
        close_wire();
    }
}

T(every_frame_is_accounted_for)
{
    EACH_DIR(dir)
    {
        (void)run_everything(dir, 23);
        const struct fa_fault_stats *s = stats(dir);
        uint64_t dropped_count = s->off_dropped_count + s->mtu_dropped_count +
                                 s->silent_dropped_count + s->lost_count + s->small_lost_count +
                                 s->rate_dropped_count + s->held_full_count;
        CHECK_EQ(s->passed_count + dropped_count, sent_count + s->duplicated_count);
        CHECK_EQ(s->passed_count, seen.count);
        CHECK(s->mtu_dropped_count > 0 && s->silent_dropped_count > 0 && s->lost_count > 0);
        CHECK(s->small_lost_count > 0 && s->rate_dropped_count > 0 && s->reordered_count > 0);
        CHECK(s->duplicated_count > 0 && s->corrupted_count > 0 && s->padded_count > 0);
        close_wire();
    }
}

static struct fa_buf *make_offload_frame(void)
{
    struct fa_buf *buf;
    FA_ASSERT(fa_netdev_tx_reserve(&fault.dev, &buf) == FA_OK);
    frame_write(buf, frame_broadcast, fault.dev.info.mac, 1, 300);
    buf->offload = (struct fa_offload){.flags = FA_OFFLOAD_CSUM_NEEDED, .csum_start = 34};
    return buf;
}

T(corruption_takes_the_offload_descriptor_away)
{
    struct fa_buf *buf;
    open_wire(FA_FAULT_TX, 18, &(struct fa_fault_config){.corrupt_per_million = 1000000});
    fault.dev.info.tx_offload = FA_OFFLOAD_CSUM_NEEDED;
    near_port.dev.info.tx_offload = FA_OFFLOAD_CSUM_NEEDED;
    fa_netdev_tx_commit(&fault.dev, now, make_offload_frame());
    buf = frame_take(&far_port.dev, now);
    REQUIRE(buf != NULL);
    CHECK_EQ(buf->offload.flags, 0);
    fa_buf_drop(buf);
    close_wire();
}

T(duplicate_carries_the_same_offload_descriptor)
{
    open_wire(FA_FAULT_TX, 18, &(struct fa_fault_config){.duplicate_per_million = 1000000});
    fault.dev.info.tx_offload = FA_OFFLOAD_CSUM_NEEDED;
    near_port.dev.info.tx_offload = FA_OFFLOAD_CSUM_NEEDED;
    fa_netdev_tx_commit(&fault.dev, now, make_offload_frame());
    for (unsigned i = 0; i < 2; i++) {
        struct fa_buf *buf = frame_take(&far_port.dev, now);
        REQUIRE(buf != NULL);
        CHECK((buf->offload.flags & FA_OFFLOAD_CSUM_NEEDED) != 0);
        CHECK_EQ(buf->offload.csum_start, 34);
        fa_buf_drop(buf);
    }
    close_wire();
}

T(frame_whose_checksum_is_still_to_come_gets_no_trailing_bytes)
{
    struct fa_buf *buf;
    open_wire(FA_FAULT_TX, 18, &(struct fa_fault_config){.trailing_bytes_max = 100});
    fault.dev.info.tx_offload = FA_OFFLOAD_CSUM_NEEDED;
    near_port.dev.info.tx_offload = FA_OFFLOAD_CSUM_NEEDED;
    for (unsigned i = 0; i < 20; i++) {
        fa_netdev_tx_commit(&fault.dev, now, make_offload_frame());
        buf = frame_take(&far_port.dev, now);
        REQUIRE(buf != NULL);
        CHECK_EQ(buf->len, 300);
        fa_buf_drop(buf);
    }
    close_wire();
}

static void set_impossible_chance(void *ctx)
{
    (void)ctx;
    fa_fault_set(&fault, FA_FAULT_RX, &(struct fa_fault_config){.loss_per_million = 1000001});
}

static void set_impossible_rate(void *ctx)
{
    (void)ctx;
    fa_fault_set(
        &fault, FA_FAULT_RX, &(struct fa_fault_config){.rate_bytes_per_s = FA_FAULT_RATE_MAX + 1});
}

T(impossible_faults_are_bugs)
{
    open_wire(FA_FAULT_TX, 19, &(struct fa_fault_config){.rate_bytes_per_s = FA_FAULT_RATE_MAX});
    send_frames(FA_FAULT_TX, 10, 1000, 0);
    CHECK_EQ(seen.at_ns[9], START + 1000);
    CHECK(t_traps(set_impossible_chance, NULL));
    CHECK(t_traps(set_impossible_rate, NULL));
    close_wire();
}
