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

static size_t hole_mtu; /* bytes that still pass; 0: all */
static struct fa_flow *flows[2];
static uint64_t written;
static uint64_t seen;

static bool look(int from, const struct fa_tcp_header *header, size_t payload_len)
{
    (void)from;
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

T(segments_shrink_until_they_pass)
{
    static const struct {
        size_t mtu;
        int mss;
    } cases[] = {{1499, 1400 - 52}, {1450, 1400 - 52}, {1300, 1280 - 52}, {1100, 1024 - 52},
        {600, 576 - 52}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        start(cases[i].mtu, 0);
        CHECK(carry(1 << 20, 100 * FA_NS_S));
        CHECK_EQ(sender()->mss, cases[i].mss);
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

T(without_sack_they_shrink_too)
{
    start(1300, FA_TCP_SACK);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, 1280 - 52);
    finish();
}

T(when_the_hole_is_mended_segments_grow_again_step_by_step)
{
    start(1100, 0);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, 1024 - 52);
    hole_mtu = 0;
    pair_run(61 * FA_NS_S);
    CHECK(carry(4 << 20, 100 * FA_NS_S));
    CHECK_EQ(sender()->mss, FULL);
    CHECK_EQ(COUNT(tcp_mtu_raised), 4); // 1280, 1400, 1492, all
    finish();
}

T(a_larger_segment_that_is_lost_costs_no_window)
{
    start(1300, 0);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    pair_run(61 * FA_NS_S);
    uint64_t recoveries = COUNT(tcp_fast_retransmit);
    CHECK(carry(4 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 1);
    CHECK_EQ(COUNT(tcp_mtu_raised), 0);
    CHECK_EQ(COUNT(tcp_fast_retransmit), recoveries);
    CHECK_EQ(sender()->mss, 1280 - 52);
    // The next try comes ten minutes later, not sooner.
    pair_run(300 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 1);
    pair_run(300 * FA_NS_S);
    CHECK(carry(1 << 20, 100 * FA_NS_S));
    CHECK_EQ(COUNT(tcp_mtu_probe), 2);
    finish();
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
