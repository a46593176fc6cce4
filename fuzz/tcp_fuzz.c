// SPDX-License-Identifier: ISC
//
// Bytes as a life of one TCP: segments near its windows, calls of the application, steps of time,
// buffers that run out. After every step all invariants hold; at the end nothing is left.

#include "fa/wire/csum.h"
#include "src/net/tcp_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    CONNS = 6,
    FLOWS = 6,
    BUFS = 48,
    HOARD = BUFS,
    PORT = 80,
    STEPS_MAX = 4096,
};

enum op {
    OP_SEGMENT, /* several times as likely as the others */
    OP_SEGMENT_2,
    OP_SEGMENT_3,
    OP_SEGMENT_4,
    OP_OUTPUT,
    OP_TIME,
    OP_ACCEPT,
    OP_READ,
    OP_WRITE,
    OP_RESERVE,
    OP_SHUTDOWN,
    OP_CLOSE,
    OP_ABORT,
    OP_CONNECT,
    OP_ICMP,
    OP_HOARD,
    OP_COUNT,
};

static struct fa_tcp tcp;
static struct fa_tcp_listener listener;
static struct fa_pool pool;
static struct fa_counters counters;
static struct fa_rand rand_;
static fa_ns now;
static struct fa_flow *flows[FLOWS];
static bool reserved[FLOWS];
static struct fa_buf *hoard[HOARD];
static size_t hoard_count;
static uint32_t buckets[8];
static _Alignas(64) uint8_t conns[CONNS * FA_TCP_CONN_BYTES];
static _Alignas(64) uint8_t pool_memory[BUFS * FA_BUF_SIZE];
static const uint8_t *input;
static size_t input_len;

static uint8_t take8(void)
{
    if (input_len == 0) {
        return 0;
    }
    input_len--;
    return *input++;
}

static uint32_t take16(void)
{
    uint32_t high = take8();
    return high << 8 | take8();
}

static struct fa_ip local_ip(void)
{
    return fa_ip4(10, 0, 0, 1);
}

static struct fa_ip remote_ip(void)
{
    return fa_ip4(10, 0, 0, 2);
}

static void start(uint8_t flavour)
{
    now = 1000 * FA_NS_S;
    counters = (struct fa_counters){0};
    hoard_count = 0;
    for (size_t i = 0; i < FLOWS; i++) {
        flows[i] = NULL;
        reserved[i] = false;
    }
    fa_rand_init_seed(&rand_, flavour);
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    fa_tcp_init(&tcp,
        &(struct fa_tcp_config){
            .conn_memory = conns,
            .conn_count_max = CONNS,
            .bucket_memory = buckets,
            .bucket_count = FA_COUNT_OF(buckets),
            .pool = &pool,
            .counters = &counters,
            .rand = &rand_,
            .features_off = (flavour & 64) != 0 ? take8() : 0,
            .congestion = (flavour & 128) != 0 ? FA_TCP_NEW_RENO : FA_TCP_CUBIC,
            .rx_window_bytes = 1000u << (flavour & 7),
            .tx_buffer_bytes = 1000u << (flavour >> 3 & 3),
        },
        now);
    FA_ASSERT(fa_tcp_listen(&tcp, &listener,
                  &(struct fa_tcp_listen_config){.port = PORT,
                      .backlog_max = 2,
                      .half_open_max = 3,
                      .nagle = (flavour & 32) != 0}) == FA_OK);
}

static const struct fa_tcp_conn *conn_of(uint8_t idx)
{
    return tcp.carved_count == 0 ? NULL : fa__tcp_conn_at(&tcp, idx % tcp.carved_count);
}

/* Timestamps near the connection's, there if it wants them but now and then; SACK blocks near what
 * is in flight. */
static void add_options(const struct fa_tcp_conn *conn, struct fa_tcp_header *header)
{
    uint8_t which = take8();
    bool usual = conn != NULL ? conn->ts_ok : (which & 1) != 0;
    header->sack_ok = (which & 2) != 0;
    header->has_ts = usual != ((which & 0x1c) == 0x1c);
    if (header->has_ts) {
        int32_t off = (int8_t)(which & 0xe0);
        header->ts_value = (conn != NULL ? conn->ts_recent : 0) + (uint32_t)(off / 32);
        header->ts_echo = conn != NULL ? fa__tcp_ts_now(conn) - (which & 3) : 0;
    }
    header->sack_count = conn != NULL && (which & 4) != 0 ? (which >> 3) % 4 : 0;
    for (unsigned i = 0; i < header->sack_count; i++) {
        header->sacks[i].from = conn->snd_una + (uint32_t)((int16_t)take16() >> 3);
        header->sacks[i].to = header->sacks[i].from + take16() / 8;
    }
}

/* A segment of a small world of ports, whose numbers are near those of a connection there. */
static void do_segment(void)
{
    uint8_t which = take8();
    const struct fa_tcp_conn *conn = (which & 0x80) != 0 ? NULL : conn_of(which & 0x0f);
    struct fa_ip_meta meta = {
        .local = local_ip(), .remote = remote_ip(), .mtu_bytes = 1500, .traffic = which & 3};
    struct fa_tcp_header header = {
        .source_port = conn != NULL ? conn->tuple.remote_port : (uint16_t)(1000 + which % 8),
        .target_port = conn != NULL ? conn->tuple.local_port : PORT,
        .flags = take8(),
    };
    uint8_t near = take8();
    int32_t seq_off = (int16_t)take16() >> (near & 15);
    int32_t ack_off = (int16_t)take16() >> (near >> 4);
    if (conn != NULL) {
        header.seq = ((which & 0x40) != 0 ? conn->rcv_adv : conn->rcv_nxt) + (uint32_t)seq_off;
        header.ack = ((which & 0x20) != 0 ? conn->snd_una : conn->snd_max) + (uint32_t)ack_off;
    } else {
        header.seq = (uint32_t)seq_off;
    }
    uint8_t shape = take8();
    header.window = (uint16_t)(take16() >> (shape & 15));
    header.mss = (shape & 0x10) != 0 ? (uint16_t)(1 + take16()) : 0;
    header.has_scale = (shape & 0x20) != 0;
    header.scale = header.has_scale ? (uint8_t)(shape & 15) % (FA_TCP_SCALE_MAX + 1) : 0;
    add_options(conn, &header);
    if (fa_tcp_encoded_len(&header) > FA_TCP_HDR_LEN_MAX) {
        header.sack_count = 0;
    }
    size_t len = (shape & 0x40) != 0 ? take16() % 1461 : take8() % 8u;
    struct fa_buf *buf;
    if (fa_buf_alloc(&pool, 34, &buf) == FA_OK) {
        uint8_t *at = fa_buf_append(buf, fa_tcp_encoded_len(&header));
        uint8_t *payload = fa_buf_append(buf, len);
        __builtin_memset(payload, 'x', len);
        fa_tcp_encode(at, &meta, &header, len, fa_csum_add(0, payload, len));
        fa_tcp_input(&tcp, now, &meta, buf);
    }
}

/* Returns: whether a segment left; its numbers are those of a living connection or a reset. */
static bool do_output(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    struct fa_tcp_header header;
    if (fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return false;
    }
    bool some = fa_tcp_output(&tcp, now, buf, &meta);
    if (some) {
        FA_ASSERT(fa_tcp_decode(fa_buf_slice(buf), &meta, false, &header) == FA_TCP_GOOD);
        FA_ASSERT(buf->len <= 1480);
    }
    fa_buf_drop(buf);
    return some;
}

static void do_time(void)
{
    uint8_t step = take8();
    fa_ns next = fa_tcp_deadline(&tcp);
    if (step >= 64 && next != FA_NS_NEVER) {
        now = fa_max(now, next);
    } else {
        now += FA_NS_US << step % 28;
    }
    fa_tcp_tick(&tcp, now);
}

static void keep_flow(struct fa_flow *flow)
{
    for (size_t i = 0; i < FLOWS; i++) {
        if (flows[i] == NULL) {
            flows[i] = flow;
            reserved[i] = false;
            return;
        }
    }
    fa_flow_close(flow);
}

static void do_connect(void)
{
    struct fa_flow *flow;
    uint16_t port = take8() % 4;
    struct fa_tcp_connect_config config = {
        .remote = {remote_ip(), (uint16_t)(1 + take8() % 4)},
        .local = local_ip(),
        .local_port = port == 0 ? 0 : (uint16_t)(2000 + port),
        .mtu_bytes = (uint16_t)(take8() % 188 * 8),
    };
    if (fa_tcp_connect(&tcp, now, &config, &flow) == FA_OK) {
        keep_flow(flow);
    }
}

static void do_read(struct fa_flow *flow)
{
    struct fa_slice seen;
    uint32_t len = take16();
    if (fa_flow_peek(flow, &seen) == FA_OK) {
        FA_ASSERT(seen.len != 0 && seen.at[seen.len - 1] == 'x');
        fa_flow_done(flow, fa_min(len, seen.len));
    }
}

static void do_reserve(struct fa_flow *flow, bool *is_reserved)
{
    uint8_t *at;
    size_t cap;
    if (fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        __builtin_memset(at, 'y', cap); // all of it is ours until the commit
        *is_reserved = true;
    }
}

static void do_write(struct fa_flow *flow, bool *is_reserved)
{
    uint8_t *at;
    size_t cap;
    uint32_t len = take16();
    if (fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        __builtin_memset(at, 'y', cap);
        fa_flow_commit(flow, fa_min(len, cap));
        *is_reserved = false;
    }
}

static void do_icmp(void)
{
    const struct fa_tcp_conn *conn = conn_of(take8());
    uint8_t quoted[8] = {0};
    struct fa_ip_meta meta = {
        .local = local_ip(), .remote = remote_ip(), .mtu_bytes = (uint16_t)take16()};
    enum fa_tcp_icmp kind = take8() % 2 == 0 ? FA_TCP_ICMP_UNREACHABLE : FA_TCP_ICMP_TOO_BIG;
    if (conn != NULL) {
        fa_be16_store(quoted, conn->tuple.local_port);
        fa_be16_store(quoted + 2, conn->tuple.remote_port);
        fa_be32_store(quoted + 4, conn->snd_una);
    }
    fa_tcp_icmp(&tcp, now, &meta, kind, (struct fa_slice){quoted, sizeof quoted});
}

static void do_hoard(void)
{
    uint8_t count = take8();
    if (count < 128) {
        for (size_t i = 0; i < count && hoard_count < HOARD; i++) {
            if (fa_buf_alloc(&pool, 0, &hoard[hoard_count]) != FA_OK) {
                break;
            }
            hoard_count++;
        }
    } else {
        while (hoard_count > 0) {
            fa_buf_drop(hoard[--hoard_count]);
        }
    }
}

static void do_flow(enum op op)
{
    size_t idx = take8() % FLOWS;
    struct fa_flow *flow = flows[idx];
    if (flow == NULL) {
        return;
    }
    if (op == OP_READ) {
        do_read(flow);
    } else if (op == OP_WRITE) {
        do_write(flow, &reserved[idx]);
    } else if (op == OP_RESERVE && !reserved[idx]) {
        do_reserve(flow, &reserved[idx]);
    } else if (op == OP_RESERVE) {
        fa_flow_commit(flow, take8() % 2);
        reserved[idx] = false;
    } else if (op == OP_SHUTDOWN) {
        (void)fa_flow_shutdown(flow); // any outcome is fine here
        reserved[idx] = false;
    } else {
        flows[idx] = NULL;
        if (op == OP_CLOSE) {
            fa_flow_close(flow);
        } else {
            fa_flow_abort(flow);
        }
    }
}

static void step(void)
{
    struct fa_flow *flow;
    enum op op = (enum op)(take8() % OP_COUNT);
    switch (op) {
    case OP_SEGMENT:
    case OP_SEGMENT_2:
    case OP_SEGMENT_3:
    case OP_SEGMENT_4:
        do_segment();
        break;
    case OP_OUTPUT:
        (void)do_output(); // nothing to say is fine
        break;
    case OP_TIME:
        do_time();
        break;
    case OP_ACCEPT:
        if (fa_listener_accept(&listener.listener, &flow) == FA_OK) {
            keep_flow(flow);
        }
        break;
    case OP_CONNECT:
        do_connect();
        break;
    case OP_ICMP:
        do_icmp();
        break;
    case OP_HOARD:
        do_hoard();
        break;
    case OP_READ:
    case OP_WRITE:
    case OP_RESERVE:
    case OP_SHUTDOWN:
    case OP_CLOSE:
    case OP_ABORT:
    case OP_COUNT:
        do_flow(op);
        break;
    }
    fa__tcp_check_all(&tcp);
}

static void finish(void)
{
    while (hoard_count > 0) {
        fa_buf_drop(hoard[--hoard_count]);
    }
    for (size_t i = 0; i < FLOWS; i++) {
        if (flows[i] != NULL) {
            fa_flow_close(flows[i]);
        }
    }
    fa_listener_close(&listener.listener);
    fa_tcp_reset_all(&tcp, now, NULL);
    while (do_output()) {
    }
    FA_ASSERT(tcp.live_count == 0);
    FA_ASSERT(pool.used_count == 0);
    FA_ASSERT(fa_tcp_deadline(&tcp) == FA_NS_NEVER || tcp.starved_retry.at_ns != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    input = data;
    input_len = len;
    start(take8());
    for (size_t i = 0; i < STEPS_MAX && input_len != 0; i++) {
        step();
    }
    finish();
    return 0;
}
