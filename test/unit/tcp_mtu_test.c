// SPDX-License-Identifier: ISC
//
// Paths that swallow what is too large for them without a word (RFC 4821): two TCPs, a wire with a
// hole in it.

#include "test/t.h"
#include "src/net/tcp_priv.h"
#include "test/unit/tcp_pair.h"

enum {
    FULL = TCP_END_MSS - FA_TCP_TS_LEN,
};

static size_t hole_mtu;  /* bytes that still pass; 0: all */
static size_t probe_len; /* a payload beyond that is a probe's */
static int lose_probes;  /* so many */
static int lose_behind;  /* segments of data right after each of them, too */
static int losing;
static uint32_t probe_seq; /* of the last one */
static struct fa_flow *flows[2];
static uint64_t written;
static uint64_t seen;

static bool look(int from, const struct fa_tcp_header *header, size_t payload_len)
{
    bool probe = from == 0 && probe_len != 0 && payload_len > probe_len;
    if (probe) {
        probe_seq = header->seq;
        losing = lose_probes > 0 ? 1 + lose_behind : 0;
        lose_probes--;
    }
    if (from == 0 && payload_len != 0 && losing > 0) {
        losing--;
        return false;
    }
    return hole_mtu == 0 || 20 + header->len + payload_len <= hole_mtu;
}

static const struct fa_tcp_conn *sender(void)
{
    return fa__tcp_conn_of(flows[0]);
}

#define COUNT(name) END_COUNT(&pair.ends[0], name)

static void start(size_t mtu, uint32_t features_off)
{
    hole_mtu = mtu;
    probe_len = 0;
    lose_probes = 0;
    lose_behind = 0;
    losing = 0;
    written = 0;
    seen = 0;
    pair_init(&(struct pair_config){
        .delay_ns = 10 * FA_NS_MS, .look = look, .tcp = {.features_off = features_off}});
    REQUIRE(pair_open(flows));
}

/* Carry bytes for `duration`, or as many as `count`. Returns: whether they all came. */
static bool carry(uint64_t count, fa_ns duration)
{
    fa_ns until = pair.now + duration;
    uint64_t end = seen + count;
    while (seen < end && pair.now < until) {
        pair_write(flows[0], 1, &written, end - written);
        pair_read(flows[1], 1, &seen, end - seen);
        if (!pair_turn()) {
            break;
        }
    }
    return seen == end;
}

static void finish(void)
{
    fa_flow_abort(flows[0]);
    fa_flow_abort(flows[1]);
    pair_end(FA_NS_S);
}

/* What passes a hole of `mtu` bytes: payload beside IPv4, TCP and timestamps. */
static size_t fits(size_t mtu)
{
    return mtu - 52;
}

T(segments_shrink_and_grow_until_they_just_pass)
{
    static const size_t mtus[] = {1499, 1492, 1450, 1400, 1300, 1281, 1100, 600, 580};
    for (size_t i = 0; i < FA_COUNT_OF(mtus); i++) {
        start(mtus[i], 0);
        CHECK(carry(1 << 20, 100 * FA_NS_S));
        CHECK(sender()->mss <= fits(mtus[i]));
        for (int more = 0; more < 30; more++) {
            pair_run(2 * FA_NS_S);
            CHECK(carry(100000, 100 * FA_NS_S));
        }
        CHECK(sender()->mss <= fits(mtus[i]));
        CHECK(sender()->mss + 8u > fits(mtus[i]));
        CHECK_EQ(COUNT(tcp_mtu_shrunk), mtus[i] < 1024 ? 2 : 1);
        // Found: no more of them is lost until it is time to look again.
        uint64_t lost = COUNT(tcp_mtu_lost);
        CHECK(carry(1 << 20, 100 * FA_NS_S));
        CHECK_EQ(COUNT(tcp_mtu_lost), lost);
        finish();
    }
}

T(switched_off_they_do_not)
{
    start(1450, FA_TCP_MTU_PROBE);
    CHECK(!carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, FULL);
    finish();
}

T(without_sack_they_shrink_and_stay_small)
{
    start(1300, FA_TCP_SACK);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, fits(1024));
    CHECK_EQ(COUNT(tcp_mtu_probe), 0);
    finish();
}

T(after_an_outage_the_first_probe_restores_them)
{
    start(200, 0);
    CHECK(!carry(1 << 20, 5 * FA_NS_S));
    CHECK(sender()->mss < FULL);
    hole_mtu = 0;
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, FULL);
    CHECK_EQ(COUNT(tcp_mtu_probe), 1);
    CHECK_EQ(COUNT(tcp_mtu_raised), 1);
    finish();
}

T(lost_probes_cost_no_window)
{
    start(1300, 0);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    uint64_t recoveries = COUNT(tcp_fast_retransmit);
    uint64_t timeouts = COUNT(tcp_timeout);
    uint64_t lost = COUNT(tcp_mtu_lost);
    uint32_t cwnd = sender()->cwnd;
    uint32_t ssthresh = sender()->ssthresh;
    for (int more = 0; more < 10; more++) {
        pair_run(2 * FA_NS_S);
        CHECK(carry(100000, 100 * FA_NS_S));
    }
    CHECK(COUNT(tcp_mtu_lost) >= lost + 5);
    CHECK_EQ(COUNT(tcp_fast_retransmit), recoveries);
    CHECK_EQ(COUNT(tcp_timeout), timeouts);
    CHECK(sender()->cwnd >= fa__u32_min(cwnd, 14600));
    CHECK_EQ(sender()->ssthresh, ssthresh);
    finish();
}

/* After an outage: segments of the least size, and the way is free. */
static void start_small(void)
{
    start(200, 0);
    CHECK(!carry(3000, 5 * FA_NS_S));
    hole_mtu = 0;
    CHECK(carry(3000 - seen, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 0);
    probe_len = sender()->mss;
}

T(a_probe_may_be_lost_by_chance)
{
    start_small();
    lose_probes = 2;
    for (int more = 0; more < 5; more++) {
        CHECK(carry(100000, 100 * FA_NS_S));
        pair_run(2 * FA_NS_S);
    }
    CHECK_EQ(COUNT(tcp_mtu_lost), 2);
    CHECK_EQ(COUNT(tcp_mtu_probe), 3);
    CHECK_EQ(sender()->mss, FULL);
    finish();
}

T(a_probe_that_is_lost_with_others_says_nothing)
{
    start_small();
    uint64_t recoveries = COUNT(tcp_fast_retransmit);
    lose_probes = 1;
    lose_behind = 1;
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_fast_retransmit), recoveries + 1);
    CHECK_EQ(COUNT(tcp_mtu_lost), 0);
    pair_run(2 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, FULL);
    finish();
}

T(a_probe_wants_three_segments_behind_it)
{
    start_small();
    uint32_t burst = (uint32_t)FULL + 3u * sender()->mss;
    for (int i = 0; i < 20; i++) {
        CHECK(carry(burst - 1, 100 * FA_NS_S));
        pair_run(FA_NS_S);
    }
    CHECK_EQ(COUNT(tcp_mtu_probe), 0);
    CHECK(carry(burst, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 1);
    finish();
}

/* A router's word about the packet with number `seq`. */
static void tell(uint32_t seq, uint16_t mtu)
{
    uint8_t quoted[8];
    const struct fa__tcp_tuple *tuple = &sender()->tuple;
    struct fa_ip_meta meta = {.local = tuple->local, .remote = tuple->remote, .mtu_bytes = mtu};
    fa_be16_store(quoted, tuple->local_port);
    fa_be16_store(quoted + 2, tuple->remote_port);
    fa_be32_store(quoted + 4, seq);
    CHECK(fa_tcp_icmp(&pair.ends[0].tcp, pair.now, &meta, FA_TCP_ICMP_TOO_BIG,
        (struct fa_slice){quoted, sizeof quoted}));
}

T(a_router_that_tells_of_a_probe_is_believed)
{
    start_small();
    uint32_t small = sender()->mss;
    hole_mtu = 1400;
    while (!sender()->mtu_probing) {
        pair_write(flows[0], 1, &written, 100000);
        REQUIRE(pair_turn());
    }
    tell(probe_seq, 1400);
    CHECK_EQ(sender()->mss, small);
    for (int more = 0; more < 3; more++) {
        CHECK(carry(100000, 100 * FA_NS_S));
        pair_run(2 * FA_NS_S);
    }
    CHECK_EQ(sender()->mss, fits(1400));
    CHECK_EQ(COUNT(tcp_mtu_probe), 2);
    CHECK_EQ(COUNT(tcp_mtu_lost), 0);
    finish();
}

T(what_a_router_told_holds_for_ten_minutes)
{
    start(1300, 0);
    pair_write(flows[0], 1, &written, 100000);
    pair_pump(pair.now);
    tell(sender()->snd_una, 1300);
    CHECK_EQ(sender()->mss, fits(1300));
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    pair_run(500 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 0);
    hole_mtu = 0;
    pair_run(100 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 1);
    CHECK_EQ(sender()->mss, FULL);
    finish();
}

T(ten_minutes_after_it_was_found_the_search_begins_again)
{
    start(1300, 0);
    for (int more = 0; more < 40; more++) {
        CHECK(carry(100000, 100 * FA_NS_S));
        pair_run(2 * FA_NS_S);
    }
    CHECK(sender()->mss + 8u > fits(1300));
    uint64_t probes = COUNT(tcp_mtu_probe);
    hole_mtu = 0;
    pair_run(300 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), probes);
    pair_run(300 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), probes + 1);
    CHECK_EQ(sender()->mss, FULL);
    finish();
}

T(what_is_less_than_a_full_segment_may_be_too_big)
{
    static const struct {
        size_t mtu;
        size_t len;
        unsigned shrunk_count;
    } rows[] = {{1400, FULL - 1, 1}, {1100, 1100, 1}, {600, 1100, 2}, {600, 700, 1}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        start(rows[i].mtu, 0);
        CHECK(carry(rows[i].len, 100 * FA_NS_S));
        CHECK_EQ(COUNT(tcp_mtu_shrunk), rows[i].shrunk_count);
        finish();
    }
}

T(losses_of_small_segments_shrink_nothing)
{
    start(100, 0);
    pair_write(flows[0], 1, &written, 200);
    pair_run(20 * FA_NS_S);
    CHECK_EQ(sender()->mss, FULL);
    CHECK(COUNT(tcp_timeout) > 3);
    finish();
}
