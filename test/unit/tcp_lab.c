// SPDX-License-Identifier: ISC
//
// See tcp_lab.h.

#include "test/unit/tcp_lab.h"

#include "src/net/tcp_priv.h"

struct lab lab;

static uint32_t written;
static uint32_t read_count;

static uint8_t pattern_at(uint32_t off)
{
    return (uint8_t)(off * 31 + (off >> 8) * 7);
}

void lab_init(const struct fa_tcp_config *config)
{
    static const struct fa_tcp_config none = {.user_timeout_ns = 100 * FA_NS_S,
        .congestion = FA_TCP_NEW_RENO}; // windows that can be reckoned in the head
    lab.now = 1000 * FA_NS_S;
    lab.start = lab.now;
    lab.ts_base = 0;
    lab.peer_ip = fa_ip4(192, 0, 2, 2);
    lab.peer_iss = 0x10000000;
    lab.has_iss = false;
    lab.tx_scale = 0;
    lab.flow = NULL;
    lab.conn = NULL;
    lab.lost_count = 0;
    written = 0;
    read_count = 0;
    tcp_end_init(
        &lab.end, config != NULL ? config : &none, fa_ip4(192, 0, 2, 1), LAB_PORT, 0, 1, lab.now);
}

void lab_listen(const struct fa_tcp_listen_config *config)
{
    struct fa_tcp_listen_config full = config != NULL ? *config : (struct fa_tcp_listen_config){0};
    full.port = LAB_PORT;
    CHECK_EQ(fa_tcp_listen(&lab.end.tcp, &lab.end.listener, &full), FA_OK);
}

/* Initial numbers grow with time (RFC 6528), so the right moment brings the right one. */
void lab_wrap_soon(uint32_t to_wrap)
{
    struct fa__tcp_tuple tuple = {lab.end.ip, lab.peer_ip, LAB_PORT, LAB_PEER_PORT};
    lab.end.tcp.now = lab.now;
    uint32_t wait = 0u - to_wrap - fa__tcp_isn(&lab.end.tcp, &tuple);
    lab.now += (fa_ns)wait * FA__TCP_ISN_TICK;
    lab.peer_iss = 0u - to_wrap;
}

/* ---- what comes in ---- */

static uint16_t local_port(void)
{
    return lab.conn != NULL ? lab.conn->tuple.local_port : LAB_PORT;
}

void lab_in(const struct lab_segment *seg)
{
    static uint8_t payload[65536];
    struct fa_ip_meta meta = {.local = lab.end.ip,
        .remote = lab.peer_ip,
        .protocol = FA_IP_PROTO_TCP,
        .traffic = seg->traffic,
        .mtu_bytes = TCP_END_MTU};
    uint32_t window = seg->window == 0 ? 65535 : seg->window;
    struct fa_tcp_header header = {
        .source_port = seg->port != 0 ? seg->port : LAB_PEER_PORT,
        .target_port = local_port(),
        .seq = lab.peer_iss + (uint32_t)seg->seq,
        .ack = (seg->flags & FA_TCP_ACK) != 0 ? lab.iss + (uint32_t)seg->ack : 0,
        .flags = seg->flags,
        .window = seg->closed ? 0 : (uint16_t)window,
        .mss = seg->mss,
        .has_scale = seg->has_scale,
        .scale = seg->scale,
        .sack_ok = seg->sack_ok,
        .has_ts = seg->has_ts,
        .ts_value = seg->ts_value,
        .ts_echo = (seg->flags & FA_TCP_ACK) != 0 ? lab.ts_base + seg->ts_echo : 0,
        .sack_count = seg->sack_count,
    };
    for (int i = 0; i < seg->sack_count; i++) {
        header.sacks[i].from = lab.iss + seg->sacks[i].from;
        header.sacks[i].to = lab.iss + seg->sacks[i].to;
    }
    FA_ASSERT(seg->len <= sizeof payload);
    for (uint32_t i = 0; i < seg->len; i++) {
        payload[i] = pattern_at((uint32_t)seg->seq - 1 + i);
    }
    struct fa_buf *buf = tcp_make(
        &lab.end.pool, &meta.local, &meta.remote, &header, (struct fa_slice){payload, seg->len});
    CHECK(buf != NULL);
    if (buf != NULL) {
        fa_tcp_input(&lab.end.tcp, lab.now, &meta, buf);
    }
    fa__tcp_check_all(&lab.end.tcp);
}

/* ---- what goes out ---- */

struct sent {
    struct fa_tcp_header header;
    struct fa_slice payload;
    uint8_t traffic;
    uint8_t ttl;
};

/* What holds of every segment that leaves. */
static void check_sent(const struct sent *sent, const struct fa_ip_meta *meta)
{
    const struct fa_tcp_header *h = &sent->header;
    bool syn = (h->flags & FA_TCP_SYN) != 0;
    CHECK((h->flags & FA_TCP_ACK) != 0 || h->ack == 0);
    CHECK((h->flags & FA_TCP_PSH) == 0 || sent->payload.len != 0);
    CHECK(syn || (h->mss == 0 && !h->has_scale && !h->sack_ok));
    CHECK(!syn || sent->payload.len == 0);
    CHECK(meta->dont_fragment || sent->payload.len == 0); // RFC 1191: else no path MTU is found
    CHECK((h->flags & FA_TCP_RST) == 0 || (h->window == 0 && sent->payload.len == 0));
}

/* The next segment, in a static buffer. */
static bool fetch(struct sent *ret_sent)
{
    static uint8_t bytes[FA_BUF_SIZE];
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    if (fa_buf_alloc(&lab.end.pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return false;
    }
    bool some = fa_tcp_output(&lab.end.tcp, lab.now, buf, &meta);
    if (some) {
        struct fa_slice slice = fa_buf_slice(buf);
        fa_copy(bytes, slice.at, slice.len);
        ret_sent->traffic = meta.traffic;
        ret_sent->ttl = meta.ttl;
        CHECK_EQ(fa_tcp_decode(slice, &meta, false, &ret_sent->header), FA_TCP_GOOD);
        ret_sent->payload =
            (struct fa_slice){bytes + ret_sent->header.len, slice.len - ret_sent->header.len};
    }
    fa_buf_drop(buf);
    fa__tcp_check_all(&lab.end.tcp);
    if (some) {
        check_sent(ret_sent, &meta);
    }
    if (some && (ret_sent->header.flags & FA_TCP_SYN) != 0) {
        lab.iss = ret_sent->header.seq;
        lab.has_iss = true;
        lab.tx_scale = ret_sent->header.has_scale ? ret_sent->header.scale : 0;
        lab.ts_base = ret_sent->header.ts_value - (uint32_t)((lab.now - lab.start) / FA_NS_MS);
    }
    return some;
}

static void describe(const char *file, int line, const char *what, const struct sent *sent)
{
    const struct fa_tcp_header *h = &sent->header;
    for (int i = 0; i < h->sack_count; i++) {
        t_note("sack %u-%u", h->sacks[i].from - lab.peer_iss, h->sacks[i].to - lab.peer_iss);
    }
    t_fail(file, line, "%s: flags %02x seq %u ack %u len %u window %u mss %u port %u", what,
        (unsigned)h->flags, h->seq - lab.iss, h->ack - lab.peer_iss, (unsigned)sent->payload.len,
        (unsigned)h->window, (unsigned)h->mss, (unsigned)h->target_port);
}

static bool is_wanted(const struct sent *sent, const struct lab_segment *want)
{
    const struct fa_tcp_header *h = &sent->header;
    unsigned ignored = FA_TCP_PSH | (want->ecn ? 0u : (unsigned)(FA_TCP_ECE | FA_TCP_CWR));
    unsigned flags = h->flags & ~ignored;
    bool numbers = h->seq == lab.iss + (uint32_t)want->seq && sent->payload.len == want->len;
    if ((want->flags & FA_TCP_ACK) != 0) {
        numbers = numbers && h->ack == lab.peer_iss + (uint32_t)want->ack;
    }
    for (size_t i = 0; i < sent->payload.len; i++) {
        numbers =
            numbers && sent->payload.at[i] == pattern_at((uint32_t)want->seq - 1 + (uint32_t)i);
    }
    bool window = want->closed ? h->window == 0 : want->window == 0 || h->window == want->window;
    bool options = want->mss == 0 || (h->mss == want->mss && h->has_scale == want->has_scale &&
                                         h->scale == want->scale);
    if (want->has_ts) {
        uint32_t at = h->ts_value - lab.ts_base;
        options = options && h->has_ts && h->ts_echo == want->ts_echo &&
                  (want->ts_value == 0 || at == want->ts_value);
    }
    if ((want->flags & FA_TCP_SYN) != 0 && want->mss != 0) {
        options = options && h->sack_ok >= want->sack_ok;
    }
    if (want->sack_count != 0) {
        options = options && h->sack_count == want->sack_count;
    }
    for (int i = 0; i < want->sack_count; i++) {
        options = options && h->sacks[i].from == lab.peer_iss + want->sacks[i].from &&
                  h->sacks[i].to == lab.peer_iss + want->sacks[i].to;
    }
    uint16_t port = want->port != 0 ? want->port : LAB_PEER_PORT;
    bool push = (want->flags & FA_TCP_PSH) == 0 || (h->flags & FA_TCP_PSH) != 0;
    bool traffic = (!want->ecn || sent->traffic == want->traffic) &&
                   (want->ttl == 0 || sent->ttl == want->ttl);
    return flags == (want->flags & ~ignored) && traffic && push && numbers && window && options &&
           h->target_port == port;
}

/* Let time pass until a segment leaves, at most until `until`. */
static bool fetch_until(fa_ns until, struct sent *ret_sent)
{
    while (!fetch(ret_sent)) {
        fa_ns next = fa_tcp_deadline(&lab.end.tcp);
        if (next > until) {
            lab.now = until;
            fa_tcp_tick(&lab.end.tcp, lab.now);
            return fetch(ret_sent);
        }
        lab.now = fa_max(lab.now + 1, next);
        fa_tcp_tick(&lab.end.tcp, lab.now);
        fa__tcp_check_all(&lab.end.tcp);
    }
    return true;
}

void lab_out(const char *file, int line, const struct lab_segment *want)
{
    struct sent sent;
    fa_ns start = lab.now;
    // A deadline fires within two ticks of the wheel.
    if (!fetch_until(start + want->within_ns + (want->within_ns != 0 ? 2500 : 0), &sent)) {
        t_fail(file, line, "nothing was sent");
        return;
    }
    if (!is_wanted(&sent, want)) {
        describe(file, line, "sent", &sent);
    }
    if (lab.now - start < want->within_ns) {
        t_fail(file, line, "sent %llu ns too early",
            (unsigned long long)(want->within_ns - (lab.now - start)));
    }
}

void lab_quiet(const char *file, int line)
{
    struct sent sent;
    if (fetch(&sent)) {
        describe(file, line, "unexpected", &sent);
    }
}

void lab_sleep(fa_ns duration)
{
    struct sent sent;
    fa_ns until = lab.now + duration;
    while (lab.now < until || fa_tcp_has_output(&lab.end.tcp)) {
        if (fetch_until(until, &sent)) {
            lab.lost_count++;
        }
    }
}

/* ---- a connection ---- */

void lab_accept(void)
{
    IN(.flags = FA_TCP_SYN, .mss = TCP_END_MSS);
    OUT(.flags = FA_TCP_SYN | FA_TCP_ACK, .ack = 1, .mss = TCP_END_MSS);
    IN(.flags = FA_TCP_ACK, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
}

void lab_connect(void)
{
    struct fa_tcp_connect_config config = {
        .remote = {lab.peer_ip, LAB_PEER_PORT},
        .local = lab.end.ip,
        .mtu_bytes = TCP_END_MTU,
    };
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &config, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    OUT(.flags = FA_TCP_SYN, .mss = TCP_END_MSS, .has_scale = true, .scale = lab.conn->rx_scale);
    IN(.flags = FA_TCP_SYN | FA_TCP_ACK, .ack = 1, .mss = TCP_END_MSS);
    OUT(.flags = FA_TCP_ACK, .seq = 1, .ack = 1);
}

void lab_to(enum fa_tcp_state state)
{
    bool by_us = state == FA_TCP_FIN_WAIT_1 || state == FA_TCP_FIN_WAIT_2 ||
                 state == FA_TCP_CLOSING || state == FA_TCP_TIME_WAIT;
    if (by_us) {
        CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
        OUT(.flags = FA_TCP_FIN | FA_TCP_ACK, .seq = 1, .ack = 1);
    }
    if (state == FA_TCP_FIN_WAIT_2 || state == FA_TCP_TIME_WAIT) {
        IN(.flags = FA_TCP_ACK, .seq = 1, .ack = 2);
    }
    if (state == FA_TCP_CLOSING || state == FA_TCP_TIME_WAIT || state == FA_TCP_CLOSE_WAIT ||
        state == FA_TCP_LAST_ACK) {
        IN(.flags = FA_TCP_FIN | FA_TCP_ACK, .seq = 1, .ack = state == FA_TCP_TIME_WAIT ? 2 : 1);
        OUT(.flags = FA_TCP_ACK, .seq = by_us ? 2 : 1, .ack = 2);
    }
    if (state == FA_TCP_LAST_ACK) {
        CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
        OUT(.flags = FA_TCP_FIN | FA_TCP_ACK, .seq = 1, .ack = 2);
    }
    CHECK_EQ(lab_state(), state);
}

enum fa_tcp_state lab_state(void)
{
    return (enum fa_tcp_state)lab.conn->state;
}

size_t lab_write(size_t len)
{
    size_t done = 0;
    uint8_t *at;
    size_t cap;
    while (done < len && fa_flow_reserve(lab.flow, &at, &cap) == FA_OK) {
        size_t piece = fa_min(cap, len - done);
        for (size_t i = 0; i < piece; i++) {
            at[i] = pattern_at(written++);
        }
        fa_flow_commit(lab.flow, piece);
        done += piece;
    }
    fa__tcp_check_all(&lab.end.tcp);
    return done;
}

size_t lab_read(size_t len)
{
    size_t done = 0;
    struct fa_slice seen;
    while (done < len && fa_flow_peek(lab.flow, &seen) == FA_OK) {
        size_t piece = fa_min(seen.len, len - done);
        size_t wrong_count = 0;
        for (size_t i = 0; i < piece; i++) {
            wrong_count += seen.at[i] != pattern_at(read_count++);
        }
        CHECK_EQ(wrong_count, 0);
        fa_flow_done(lab.flow, piece);
        done += piece;
    }
    fa__tcp_check_all(&lab.end.tcp);
    return done;
}

void lab_end(void)
{
    if (lab.flow != NULL) {
        fa_flow_abort(lab.flow);
    }
    if (lab.end.listener.listener.ops != NULL && fa_list_linked(&lab.end.listener.node)) {
        fa_listener_close(&lab.end.listener.listener);
    }
    fa_tcp_reset_all(&lab.end.tcp, lab.now, NULL);
    struct sent sent;
    while (fetch(&sent)) {
    }
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(lab.end.pool.used_count, 0);
}
