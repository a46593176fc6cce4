// SPDX-License-Identifier: ISC
//
// Bytes as a saved connection. The first byte says whether they are taken as they are or given the
// length and checksum they should have. What is loaded keeps all invariants while time passes and
// segments come and go, and can be saved again.

#include "fa/tcp_handover.h"
#include "src/net/tcp_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    CONNS = 4,
    BUFS = 64,
    BYTES_MAX = 65536,
    STEPS = 40,
    OFF_TOTAL_LEN = 8,
};

static struct fa_tcp tcp;
static struct fa_tcp_listener listener;
static struct fa_pool pool;
static struct fa_counters counters;
static struct fa_rand rand_;
static fa_ns now;
static uint32_t buckets[4];
static uint8_t bytes[BYTES_MAX];
static uint8_t again[BYTES_MAX * 2];
static _Alignas(64) uint8_t conns[CONNS * FA_TCP_CONN_BYTES];
static _Alignas(64) uint8_t pool_memory[BUFS * FA_BUF_SIZE];

static void start(void)
{
    now = 1000 * FA_NS_S;
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand_, 1);
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
        },
        now);
    FA_ASSERT(fa_tcp_listen(&tcp, &listener, &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
}

static void store_le32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static void seal(size_t len)
{
    if (len >= FA_TCP_SAVED_LEN_MIN) {
        store_le32(bytes + OFF_TOTAL_LEN, (uint32_t)len);
        store_le32(bytes + len - 4, fa_crc32c(0, (struct fa_slice){bytes, len - 4}));
    }
}

static void output_all(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    while (fa_tcp_has_output(&tcp) && fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK) {
        bool some = fa_tcp_output(&tcp, now, buf, &meta);
        fa_buf_drop(buf);
        fa__tcp_check_all(&tcp);
        if (!some) {
            break;
        }
    }
}

/* A segment that acknowledges what is out and brings a few bytes. */
static void input_one(const struct fa_tcp_conn *conn)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta = {
        .local = conn->tuple.local, .remote = conn->tuple.remote, .mtu_bytes = 1500};
    struct fa_tcp_header header = {
        .source_port = conn->tuple.remote_port,
        .target_port = conn->tuple.local_port,
        .seq = conn->rcv_nxt,
        .ack = conn->snd_max,
        .flags = FA_TCP_ACK,
        .window = 1000,
        .has_ts = conn->ts_ok,
        .ts_value = conn->ts_recent,
    };
    if (fa_buf_alloc(&pool, 0, &buf) == FA_OK) {
        uint8_t *at = fa_buf_append(buf, fa_tcp_encoded_len(&header));
        fa_zero(fa_buf_append(buf, 10), 10);
        fa_tcp_encode(at, &meta, &header, 10, 0);
        buf->offload.flags = FA_OFFLOAD_CSUM_GOOD;
        fa_tcp_input(&tcp, now, &meta, buf);
        fa__tcp_check_all(&tcp);
    }
}

static void live(struct fa_flow *flow)
{
    for (int step = 0; step < STEPS; step++) {
        struct fa_slice seen;
        output_all();
        now = fa_max(now + FA_NS_MS, fa_min(fa_tcp_deadline(&tcp), now + 60 * FA_NS_S));
        fa_tcp_tick(&tcp, now);
        fa__tcp_check_all(&tcp);
        if (step == 3) {
            input_one(fa__tcp_conn_at(&tcp, 0));
        }
        if (flow != NULL && fa_flow_peek(flow, &seen) == FA_OK) {
            fa_flow_done(flow, (seen.len + 1) / 2);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_flow *flow = NULL;
    size_t saved_len = 0;
    if (len < 1 || len > BYTES_MAX) {
        return 0;
    }
    start();
    fa_copy(bytes, data + 1, len - 1);
    if ((data[0] & 1) != 0) {
        seal(len - 1);
    }
    if (fa_tcp_load(&tcp, now, (struct fa_slice){bytes, len - 1}, &flow) == FA_OK) {
        fa__tcp_check_all(&tcp);
        if ((data[0] & 2) != 0) {
            live(flow);
        }
        fa_err err = flow != NULL ? fa_tcp_save(flow, now, again, sizeof again, &saved_len)
                                  : fa_tcp_save_next(&tcp, now, again, sizeof again, &saved_len);
        if (err == FA_OK) { // what we write we read
            FA_ASSERT(fa_tcp_load(&tcp, now, (struct fa_slice){again, saved_len}, &flow) == FA_OK);
            fa__tcp_check_all(&tcp);
            if (flow != NULL) {
                fa_flow_abort(flow);
            }
        }
    }
    fa_tcp_reset_all(&tcp, now, NULL);
    output_all();
    FA_ASSERT(tcp.live_count == 0 && tcp.held_bytes == 0 && pool.used_count == 0);
    return 0;
}
