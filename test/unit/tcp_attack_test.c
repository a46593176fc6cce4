// SPDX-License-Identifier: ISC
//
// Segments that mean harm or nothing: RFC 5961, malformed headers, strays. Dropped, counted by
// name, answered as seldom as the RFCs allow.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
    WINDOW = 65535, /* ours: the lab's peer does not scale */
};

static void start(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
}

/* With the budget of challenges that all connections share alone. */
static void start_without_gap(void)
{
    lab_init(&(struct fa_tcp_config){.challenge_gap_ns = 1});
    lab_listen(NULL);
    lab_accept();
}

/* ---- RFC 5961 ---- */

T(only_the_next_number_resets)
{
    static const struct {
        int64_t seq;
        bool challenged;
        bool dead;
    } cases[] = {{0, false, false}, {1, false, true}, {2, true, false}, {WINDOW, true, false},
        {WINDOW + 1, false, false}, {-100000, false, false}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        start();
        IN(.flags = R, .seq = cases[i].seq);
        if (cases[i].challenged) {
            OUT(.flags = A, .seq = 1, .ack = 1);
        }
        QUIET();
        CHECK_EQ(lab_state(), cases[i].dead ? FA_TCP_CLOSED : FA_TCP_ESTABLISHED);
        CHECK_EQ(COUNT(tcp_rx_bad_reset), cases[i].dead ? 0 : 1);
        lab_end();
    }
}

T(a_syn_inside_is_challenged_wherever_it_lies)
{
    static const enum fa_tcp_state states[] = {FA_TCP_ESTABLISHED, FA_TCP_FIN_WAIT_1,
        FA_TCP_FIN_WAIT_2, FA_TCP_CLOSE_WAIT, FA_TCP_CLOSING, FA_TCP_LAST_ACK, FA_TCP_TIME_WAIT};
    static const int64_t seqs[] = {-1000000, 1, 2, 500, 1000000};
    for (size_t i = 0; i < FA_COUNT_OF(states); i++) {
        for (size_t k = 0; k < FA_COUNT_OF(seqs); k++) {
            start_without_gap();
            lab_to(states[i]);
            uint32_t rcv_nxt = lab.conn->rcv_nxt;
            IN(.flags = S, .seq = seqs[k]);
            OUT(.flags = A, .seq = lab.conn->snd_nxt - lab.iss, .ack = rcv_nxt - lab.peer_iss);
            IN(.flags = S | A, .seq = seqs[k], .ack = 1);
            OUT(.flags = A, .seq = lab.conn->snd_nxt - lab.iss, .ack = rcv_nxt - lab.peer_iss);
            CHECK_EQ(lab_state(), states[i]);
            CHECK_EQ(COUNT(tcp_rx_bad_syn), 2);
            lab_end();
        }
    }
}

T(the_peers_own_syn_ack_again_is_acknowledged)
{
    lab_init(NULL);
    lab_connect();
    IN(.flags = S | A, .seq = 0, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(COUNT(tcp_rx_bad_syn), 0);
    lab_end();
}

T(nothing_else_of_a_repeated_syn_ack_is_heard)
{
    lab_init(NULL);
    lab_connect();
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    IN(.flags = S | A, .ack = 101, .window = 5, .len = 10);
    OUT(.flags = A, .seq = 101, .ack = 1);
    CHECK_EQ(lab.conn->snd_una, lab.iss + 1);
    CHECK_EQ(lab.conn->snd_wnd, 65535);
    CHECK_EQ(lab_read(10), 0);
    lab_end();
}

T(data_with_an_impossible_ack_is_not_taken)
{
    static const struct {
        int64_t ack;
        bool good;
    } cases[] = {{1 + 3 * MSS, true}, {2 + 3 * MSS, false}, {1 << 30, false}, {1 + 2 * MSS, true},
        {1 + 2 * MSS - 65535, true}, {1 + 2 * MSS - 65536, false}, {-(1 << 30), false}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        start();
        lab_write(3 * MSS);
        lab_sleep(0);
        IN(.flags = A, .seq = 1, .ack = 1 + 2 * MSS);
        IN(.flags = A, .seq = 1, .ack = cases[i].ack, .len = 10);
        if (cases[i].good) {
            CHECK_EQ(lab_read(100), 10);
        } else {
            OUT(.flags = A, .seq = 1 + 3 * MSS, .ack = 1);
            CHECK_EQ(lab_read(100), 0);
            CHECK_EQ(COUNT(tcp_rx_bad_ack), 1);
        }
        lab_end();
    }
}

T(challenges_have_a_budget_a_second_that_nobody_can_count)
{
    unsigned sent[4];
    bool same = true;
    start_without_gap();
    for (size_t second = 0; second < FA_COUNT_OF(sent); second++) {
        uint64_t before = COUNT(tcp_challenge_sent);
        for (int i = 0; i < 1000; i++) {
            IN(.flags = S, .seq = 5000);
            lab_sleep(0);
        }
        sent[second] = (unsigned)(COUNT(tcp_challenge_sent) - before);
        CHECK(sent[second] >= 50 && sent[second] < 150);
        same = same && sent[second] == sent[0];
        lab_sleep(FA_NS_S);
    }
    CHECK(!same);
    CHECK_EQ(COUNT(tcp_challenge_sent) + COUNT(tcp_challenge_limited), 4000);
    lab_end();
}

T(one_connection_is_challenged_once_in_a_gap_whatever_it_is_told)
{
    start();
    for (int i = 0; i < 100; i++) {
        IN(.flags = S, .seq = 5000);              // a SYN,
        IN(.flags = R, .seq = 2);                 // a reset in the window,
        IN(.flags = A, .seq = 1, .ack = 1 << 30); // an impossible ACK,
        IN(.flags = A, .seq = -100, .ack = 1);    // an old one
        lab_sleep(0);
    }
    CHECK_EQ(lab.lost_count, 1);
    CHECK_EQ(COUNT(tcp_challenge_sent), 1);
    CHECK_EQ(COUNT(tcp_challenge_limited), 399);
    lab_sleep(499 * FA_NS_MS);
    IN(.flags = S, .seq = 5000);
    QUIET();
    lab_sleep(FA_NS_MS);
    IN(.flags = S, .seq = 5000);
    OUT(.flags = A, .seq = 1, .ack = 1);
    lab_end();
}

T(a_connection_under_attack_leaves_the_budget_to_others)
{
    lab_init(NULL);
    lab_listen(NULL);
    for (uint16_t port = 1; port <= 2; port++) {
        IN(.flags = S, .port = port);
        lab_sleep(0);
        IN(.flags = A, .seq = 1, .ack = 1, .port = port);
    }
    for (int i = 0; i < 10000; i++) {
        IN(.flags = S, .seq = 5000, .port = 1);
    }
    lab_sleep(0);
    IN(.flags = S, .seq = 5000, .port = 2);
    OUT(.flags = A, .seq = 1, .ack = 1, .port = 2);
    lab_end();
}

/* RFC 5961 5.2, and RFC 9293 3.10.7.4: data injected with a guessed number needs a guessed ACK. */
T(blind_data_needs_an_ack_within_the_window_that_was_used)
{
    unsigned taken = 0;
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    start();
    for (int i = 0; i < 10000; i++) {
        IN(.flags = A, .seq = 1 + 2 * i, .ack = (int64_t)fa_rand_u32(&rand), .len = 1);
        taken += lab.conn->ooo_count != 0 || lab.conn->rx_bytes != 0 ? 1u : 0u;
        lab_read(10);
        lab_sleep(0);
    }
    CHECK(taken <= 2); // 65,536 of 2^32 ACKs would do
    lab_end();
}

T(a_challenge_lets_a_rebooted_peer_open_again)
{
    start(); // the peer forgets everything and opens from the same port
    IN(.flags = S, .seq = 777777);
    OUT(.flags = A, .seq = 1, .ack = 1);
    IN(.flags = R, .seq = 1); // its answer to an ACK that it does not understand
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    IN(.flags = S, .seq = 777777);
    lab.peer_iss += 777777;
    OUT(.flags = S | A, .ack = 1);
    lab_end();
}

T(a_syn_with_another_number_does_not_end_a_half_open_connection)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = S, .seq = 100);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    lab_end();
}

T(segments_without_ack_are_dropped)
{
    start();
    IN(.flags = 0, .seq = 1, .len = 10);
    IN(.flags = F, .seq = 1);
    QUIET();
    CHECK_EQ(lab_read(100), 0);
    CHECK_EQ(COUNT(tcp_rx_no_ack), 2);
    lab_end();
}

T(out_of_window_data_is_answered_and_not_kept)
{
    static const int64_t seqs[] = {WINDOW + 1, WINDOW + 1000, 1 << 30, -1000};
    for (size_t i = 0; i < FA_COUNT_OF(seqs); i++) {
        start();
        IN(.flags = A, .seq = seqs[i], .ack = 1, .len = 100);
        OUT(.flags = A, .seq = 1, .ack = 1);
        CHECK_EQ(COUNT(tcp_rx_out_of_window), 1);
        CHECK_EQ(lab.end.pool.used_count, 0);
        lab_end();
    }
}

T(two_confused_sides_do_not_answer_each_other_for_ever)
{
    start();
    for (int i = 0; i < 1000; i++) {
        IN(.flags = A, .seq = -100, .ack = 1); // ACKs alone, of an old incarnation
        lab_sleep(0);
    }
    CHECK_EQ(lab.lost_count, 1);
    lab_end();
}

T(keepalive_probes_do_not_need_the_budget_of_challenges)
{
    start();
    for (int i = 0; i < 500; i++) {
        IN(.flags = S, .seq = 5000);
    }
    lab_sleep(0);
    IN(.flags = S, .seq = 5000);
    QUIET();
    IN(.flags = A, .seq = 0, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 1);
    lab_end();
}

/* ---- strays ---- */

T(closed_ports_reset_and_never_answer_a_reset)
{
    lab_init(NULL);
    lab.iss = 0;
    IN(.flags = S, .len = 10);
    OUT(.flags = R | A, .seq = 0, .ack = 11);
    IN(.flags = F | A, .seq = 5, .ack = 99);
    OUT(.flags = R, .seq = 99);
    IN(.flags = 0, .seq = 5);
    OUT(.flags = R | A, .seq = 0, .ack = 5);
    IN(.flags = R, .seq = 5);
    IN(.flags = R | A, .seq = 5, .ack = 1);
    QUIET();
    CHECK_EQ(COUNT(tcp_rx_no_connection), 5);
    CHECK_EQ(COUNT(tcp_reset_sent), 3);
    lab_end();
}

T(resets_have_a_queue_and_a_budget)
{
    lab_init(&(struct fa_tcp_config){.resets_per_s = 100});
    for (int i = 0; i < 200; i++) {
        IN(.flags = S, .seq = i);
    }
    CHECK_EQ(lab.end.tcp.reply_count, FA_TCP_REPLY_COUNT_MAX);
    lab_sleep(0);
    CHECK_EQ(lab.lost_count, FA_TCP_REPLY_COUNT_MAX);
    for (int i = 0; i < 200; i++) {
        IN(.flags = S, .seq = i);
        lab_sleep(0);
    }
    CHECK_EQ(COUNT(tcp_reset_sent), 100);
    CHECK_EQ(COUNT(tcp_reset_limited), 300);
    lab_sleep(FA_NS_S);
    IN(.flags = S);
    lab_sleep(0);
    CHECK_EQ(COUNT(tcp_reset_sent), 101);
    lab_end();
}

/* ---- malformed ---- */

static void give(const uint8_t *bytes, size_t len, const struct fa_ip_meta *meta)
{
    struct fa_buf *buf;
    REQUIRE(fa_buf_alloc(&lab.end.pool, 0, &buf) == FA_OK);
    fa_copy(fa_buf_append(buf, len), bytes, len);
    buf->offload.flags = FA_OFFLOAD_CSUM_GOOD;
    fa_tcp_input(&lab.end.tcp, lab.now, meta, buf);
}

T(malformed_segments_are_dropped_by_name)
{
    static const uint8_t good[24] = {
        0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, S, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0xb4};
    static const struct {
        size_t len;
        size_t at;
        uint8_t byte;
        enum fa_counter_id counter;
    } cases[] = {{0, 0, 0x9c, FA_COUNTER_tcp_rx_short}, {19, 0, 0x9c, FA_COUNTER_tcp_rx_short},
        {24, 12, 0x00, FA_COUNTER_tcp_rx_bad_offset}, {24, 12, 0x40, FA_COUNTER_tcp_rx_bad_offset},
        {24, 12, 0x70, FA_COUNTER_tcp_rx_bad_offset}, {24, 12, 0xf0, FA_COUNTER_tcp_rx_bad_offset},
        {24, 3, 0, FA_COUNTER_tcp_rx_bad_port}, {24, 21, 0, FA_COUNTER_tcp_rx_bad_option},
        {24, 21, 1, FA_COUNTER_tcp_rx_bad_option}, {24, 21, 3, FA_COUNTER_tcp_rx_bad_option},
        {24, 21, 5, FA_COUNTER_tcp_rx_bad_option}, {24, 20, 3, FA_COUNTER_tcp_rx_bad_option}};
    struct fa_ip_meta meta = {.mtu_bytes = TCP_END_MTU};
    lab_init(NULL);
    lab_listen(NULL);
    meta.local = lab.end.ip;
    meta.remote = lab.peer_ip;
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        uint8_t bytes[sizeof good];
        uint64_t before = lab.end.counters.cell[cases[i].counter];
        fa_copy(bytes, good, sizeof good);
        bytes[cases[i].at] = cases[i].byte;
        give(bytes, cases[i].len, &meta);
        CHECK_EQ(lab.end.counters.cell[cases[i].counter], before + 1);
    }
    QUIET();
    CHECK_EQ(lab.end.tcp.live_count, 0);
    give(good, sizeof good, &meta);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_end();
}

T(bad_checksums_group_addresses_and_land_are_dropped)
{
    lab_init(NULL);
    lab_listen(NULL);
    struct fa_ip_meta meta = {.local = lab.end.ip, .remote = lab.peer_ip};
    struct fa_tcp_header syn = {.source_port = 40000, .target_port = 80, .flags = S};
    struct fa_slice none = {0};
    struct fa_buf *buf = tcp_make(&lab.end.pool, &meta.local, &meta.remote, &syn, none);
    fa_buf_at(buf)[4] ^= 1;
    fa_tcp_input(&lab.end.tcp, lab.now, &meta, buf);
    CHECK_EQ(COUNT(tcp_rx_bad_checksum), 1);

    meta.multicast = true;
    buf = tcp_make(&lab.end.pool, &meta.local, &meta.remote, &syn, none);
    fa_tcp_input(&lab.end.tcp, lab.now, &meta, buf);
    CHECK_EQ(COUNT(tcp_rx_group), 1);

    meta = (struct fa_ip_meta){.local = lab.end.ip, .remote = lab.end.ip};
    syn.source_port = 80;
    buf = tcp_make(&lab.end.pool, &meta.local, &meta.remote, &syn, none);
    fa_tcp_input(&lab.end.tcp, lab.now, &meta, buf);
    CHECK_EQ(COUNT(tcp_rx_land), 1);
    QUIET();
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(any_bytes_at_all_do_no_harm)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 7);
    struct fa_ip_meta meta = {.local = lab.end.ip, .remote = lab.peer_ip, .mtu_bytes = TCP_END_MTU};
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[64];
        fa_rand_fill(&rand, bytes, sizeof bytes);
        fa_be16_store(bytes, LAB_PEER_PORT);
        fa_be16_store(bytes + 2, LAB_PORT);
        if (i % 2 == 0) { // half of them hit the window
            fa_be32_store(bytes + 4, lab.conn->rcv_nxt + (uint32_t)fa_rand_below(&rand, 100));
            fa_be32_store(bytes + 8, lab.conn->snd_una);
            bytes[12] = (uint8_t)(0x50 + (bytes[12] & 0x30));
            bytes[13] &= (uint8_t) ~(R | S | F);
        }
        give(bytes, (size_t)fa_rand_below(&rand, sizeof bytes + 1), &meta);
        if (i % 16 == 0) {
            lab_sleep(0);
        }
    }
    fa__tcp_check_all(&lab.end.tcp);
    lab_end();
}
