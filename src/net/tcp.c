// SPDX-License-Identifier: ISC
//
// TCP's table of connections: how one is found, begins, ends and gives its memory back; and where
// an arriving segment goes.

#include "tcp_priv.h"

static uint32_t default_u32(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static size_t default_size(size_t value, size_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static fa_ns default_ns(fa_ns value, fa_ns otherwise)
{
    return value != 0 ? value : otherwise;
}

static void fill_defaults(struct fa_tcp_config *config)
{
    if (config->counters == NULL) {
        config->counters = &fa_counters_main;
    }
    config->rx_window_bytes = default_u32(config->rx_window_bytes, 4194304);
    config->rx_window_initial_bytes =
        fa__u32_min(default_u32(config->rx_window_initial_bytes, 65535), config->rx_window_bytes);
    config->tx_buffer_bytes = default_u32(config->tx_buffer_bytes, 4194304);
    size_t pool_bytes = config->pool->buf_count * config->pool->buf_size;
    config->memory_high_bytes = default_size(config->memory_high_bytes, pool_bytes / 4 * 3);
    config->memory_pressure_bytes =
        default_size(config->memory_pressure_bytes, config->memory_high_bytes / 3 * 2);
    config->memory_low_bytes =
        default_size(config->memory_low_bytes, config->memory_high_bytes / 2);
    config->tx_buffer_count_keep =
        default_u32(config->tx_buffer_count_keep, (uint32_t)(config->pool->buf_count / 8));
    config->time_wait_ns = default_ns(config->time_wait_ns, 60 * FA_NS_S);
    config->user_timeout_ns = default_ns(config->user_timeout_ns, 300 * FA_NS_S);
    config->fin_wait_2_ns = default_ns(config->fin_wait_2_ns, 60 * FA_NS_S);
    config->delayed_ack_ns = default_ns(config->delayed_ack_ns, 40 * FA_NS_MS);
    config->initial_segments = default_u32(config->initial_segments, FA__TCP_INITIAL_SEGMENTS);
    config->rto_min_ns = default_ns(config->rto_min_ns, 200 * FA_NS_MS);
    config->challenge_acks_per_s = default_u32(config->challenge_acks_per_s, 100);
    config->challenge_gap_ns = default_ns(config->challenge_gap_ns, 500 * FA_NS_MS);
    config->resets_per_s = default_u32(config->resets_per_s, 1000);
    config->half_open_max = config->half_open_max != 0 ? config->half_open_max : 256;
    config->cookies_per_s = default_u32(config->cookies_per_s, 100000);
    config->keepalive_after_ns = default_ns(config->keepalive_after_ns, 7200 * FA_NS_S);
    config->keepalive_interval_ns = default_ns(config->keepalive_interval_ns, 75 * FA_NS_S);
    config->keepalive_probes = default_u32(config->keepalive_probes, 9);
    config->orphan_count_max =
        default_u32(config->orphan_count_max, (config->conn_count_max + 1) / 2);
    config->time_wait_count_max = default_u32(config->time_wait_count_max, config->conn_count_max);
}

void fa_tcp_init(struct fa_tcp *tcp, const struct fa_tcp_config *config, fa_ns now)
{
    FA_ASSERT(config->pool != NULL && config->rand != NULL);
    FA_ASSERT(config->conn_memory != NULL && (uintptr_t)config->conn_memory % 64 == 0);
    FA_ASSERT(config->bucket_memory != NULL);
    FA_ASSERT(config->bucket_count != 0);
    FA_ASSERT((config->bucket_count & (config->bucket_count - 1)) == 0);
    FA_ASSERT(config->rx_window_bytes <= UINT32_C(65535) << FA_TCP_SCALE_MAX);
    FA_ASSERT(fa__tcp_cc_of(config->congestion) != NULL);
    FA_ASSERT(config->tx_buffer_bytes <= UINT32_C(65535) << FA_TCP_SCALE_MAX);
    *tcp = (struct fa_tcp){.config = *config, .now = now, .next_id = 1};
    fill_defaults(&tcp->config);
    fa_rand_fill(config->rand, &tcp->table_key, sizeof tcp->table_key);
    fa_rand_fill(config->rand, &tcp->isn_key, sizeof tcp->isn_key);
    fa_rand_fill(config->rand, &tcp->cookie_key, sizeof tcp->cookie_key);
    fa_list_init(&tcp->listeners);
    fa_list_init(&tcp->free);
    fa_list_init(&tcp->dirty);
    fa_list_init(&tcp->time_wait);
    fa_list_init(&tcp->orphans);
    fa_list_init(&tcp->starved);
    fa_deadline_queue_init(&tcp->deadlines, now);
    fa_zero(config->bucket_memory, config->bucket_count * sizeof config->bucket_memory[0]);
    fa__tcp_reply_init(tcp);
    fa__tcp_port_init(tcp);
}

/* ---- the table: chains of indices + 1, so that zeroed memory is an empty table ---- */

struct fa_tcp_conn *fa__tcp_conn_at(const struct fa_tcp *tcp, uint32_t idx)
{
    FA_ASSERT(idx < tcp->carved_count);
    uint8_t *memory = tcp->config.conn_memory;
    return (struct fa_tcp_conn *)(void *)(memory + (size_t)idx * FA_TCP_CONN_BYTES);
}

static uint32_t index_of(const struct fa_tcp_conn *conn)
{
    uintptr_t off = (uintptr_t)conn - (uintptr_t)conn->tcp->config.conn_memory;
    return (uint32_t)(off / FA_TCP_CONN_BYTES);
}

/* Both ports, to compare. */
static uint32_t ports_of(const struct fa__tcp_tuple *tuple)
{
    return (uint32_t)tuple->local_port << 16 | tuple->remote_port;
}

struct fa_slice fa__tcp_tuple_bytes(const struct fa__tcp_tuple *tuple, uint8_t room[12])
{
    if (!fa_ip_is4(&tuple->local) || !fa_ip_is4(&tuple->remote)) {
        return (struct fa_slice){(const uint8_t *)tuple, sizeof *tuple};
    }
    // In one piece: what is stored in two would have to wait to be loaded as one.
    uint64_t addresses = (uint64_t)fa_be32_load(fa_ip_bytes4(&tuple->local)) << 32 |
                         fa_be32_load(fa_ip_bytes4(&tuple->remote));
    uint32_t ports = ports_of(tuple);
    fa_copy(room, &addresses, sizeof addresses);
    fa_copy(room + sizeof addresses, &ports, sizeof ports);
    return (struct fa_slice){room, 12};
}

struct fa_tcp_hashed *fa__tcp_hashed_of(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    struct fa_tcp_hashed *hashed = &tcp->hashed;
    if (!fa_equal(&hashed->tuple, tuple, sizeof *tuple)) {
        *hashed = (struct fa_tcp_hashed){.tuple = *tuple};
    }
    return hashed;
}

static uint32_t hash_tuple(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    uint8_t room[12];
    struct fa_tcp_hashed *hashed = fa__tcp_hashed_of(tcp, tuple);
    if (!hashed->known) {
        struct fa_slice bytes = fa__tcp_tuple_bytes(tuple, room);
        hashed->hash = (uint32_t)fa_siphash13(&tcp->table_key, bytes);
        hashed->known = true;
    }
    return hashed->hash;
}

static uint32_t *bucket_of(const struct fa_tcp *tcp, uint32_t hash)
{
    return &tcp->config.bucket_memory[hash & (tcp->config.bucket_count - 1)];
}

/* The place of those found lately that a connection may take. No secret: who fills it with others
 * makes us search the table. */
static struct fa_tcp_recent *recent_of(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    _Static_assert(FA_TCP_RECENT_COUNT == 1 << 6, "the upper 6 bits are taken");
    struct fa__ip_words remote = fa__ip_words_of(&tuple->remote);
    uint64_t mixed = remote.lower ^ ports_of(tuple);
    return &tcp->recent[mixed * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

static void note_recent(struct fa_tcp_conn *conn)
{
    *recent_of(conn->tcp, &conn->tuple) = (struct fa_tcp_recent){
        .conn = conn,
        .ports = ports_of(&conn->tuple),
    };
}

static struct fa_tcp_conn *find_recent(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    const struct fa_tcp_recent *recent = recent_of(tcp, tuple);
    bool alike = recent->conn != NULL && recent->ports == ports_of(tuple);
    return alike && recent->conn->hashed && fa_equal(&recent->conn->tuple, tuple, sizeof *tuple)
               ? recent->conn
               : NULL;
}

struct fa_tcp_conn *fa__tcp_find(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    struct fa_tcp_conn *found = find_recent(tcp, tuple);
    if (found != NULL) {
        return found;
    }
    uint32_t hash = hash_tuple(tcp, tuple);
    uint32_t link = *bucket_of(tcp, hash);
    tcp->search_count++;
    while (link != 0) {
        struct fa_tcp_conn *conn = fa__tcp_conn_at(tcp, link - 1);
        if (conn->hash == hash && fa_equal(&conn->tuple, tuple, sizeof *tuple)) {
            note_recent(conn);
            return conn;
        }
        link = conn->hash_next;
    }
    return NULL;
}

uint32_t fa__tcp_expect(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    uint32_t hash = hash_tuple(tcp, tuple);
    __builtin_prefetch(bucket_of(tcp, hash));
    return hash;
}

void fa__tcp_expect_more(struct fa_tcp *tcp, uint32_t hash)
{
    uint32_t link = *bucket_of(tcp, hash);
    if (link != 0) {
        fa__tcp_prefetch(fa__tcp_conn_at(tcp, link - 1));
    }
}

static void table_add(struct fa_tcp_conn *conn)
{
    uint32_t *bucket = bucket_of(conn->tcp, conn->hash);
    conn->hash_next = *bucket;
    *bucket = index_of(conn) + 1;
    conn->hashed = true;
    note_recent(conn);
    fa__tcp_port_note(conn->tcp, &conn->tuple, false);
}

void fa__tcp_table_remove(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (!conn->hashed) {
        return;
    }
    uint32_t *link = bucket_of(tcp, conn->hash);
    while (*link != index_of(conn) + 1) {
        FA_ASSERT(*link != 0);
        link = &fa__tcp_conn_at(tcp, *link - 1)->hash_next;
    }
    *link = conn->hash_next;
    conn->hashed = false;
    fa__tcp_port_note(tcp, &conn->tuple, true);
}

/* ---- life and death ---- */

uint16_t fa__tcp_mss_of(const struct fa_ip *remote, uint16_t mtu_bytes)
{
    unsigned headers = (fa_ip_is4(remote) ? 20u : 40u) + FA_TCP_HDR_LEN;
    if (mtu_bytes < headers + FA__TCP_MSS_MIN) {
        return FA_TCP_MSS_DEFAULT;
    }
    return (uint16_t)(mtu_bytes - headers);
}

static struct fa_tcp_conn *take_memory(struct fa_tcp *tcp)
{
    struct fa_list *node = fa_list_first(&tcp->free);
    if (node == NULL && tcp->carved_count < tcp->config.conn_count_max) {
        return fa__tcp_conn_at(tcp, tcp->carved_count++);
    }
    if (node == NULL && fa__tcp_time_wait_evict(tcp)) {
        node = fa_list_first(&tcp->free);
    }
    if (node == NULL) {
        return NULL;
    }
    fa_list_unlink(node);
    return FA_CONTAINER(node, struct fa_tcp_conn, node);
}

/* The smallest shift by which the whole receive window fits its field (RFC 7323 2.2). */
uint8_t fa__tcp_rx_scale(const struct fa_tcp *tcp)
{
    uint32_t window_bytes = tcp->config.rx_window_bytes;
    uint8_t scale = 0;
    while (window_bytes >> scale > UINT16_MAX) {
        scale++;
    }
    return scale;
}

struct fa_tcp_conn *fa__tcp_conn_new(
    struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple, uint32_t iss, uint16_t mtu_bytes)
{
    struct fa_tcp_conn *conn = take_memory(tcp);
    if (conn == NULL) {
        FA_COUNT(tcp->config.counters, tcp_conn_refused);
        return NULL;
    }
    uint16_t mss = fa__tcp_mss_of(&tuple->remote, mtu_bytes);
    *conn = (struct fa_tcp_conn){
        .flow.ops = &fa__tcp_flow_ops,
        .tcp = tcp,
        .tuple = *tuple,
        .hash = hash_tuple(tcp, tuple),
        .id = tcp->next_id++,
        .retransmit_ns = FA_NS_NEVER,
        .ack_ns = FA_NS_NEVER,
        .end_ns = FA_NS_NEVER,
        .progress_ns = tcp->now,
        .iss = iss,
        .snd_una = iss,
        .snd_nxt = iss,
        .snd_max = iss,
        .tx_end = iss + 1,
        .tx_small_end = iss,
        .challenge_ms = fa__tcp_ms(tcp) - (uint32_t)(tcp->config.challenge_gap_ns / FA_NS_MS),
        .keepalive = tcp->config.keepalive,
        .recover = iss,
        .min_rtt_ns = FA_NS_NEVER,
        .congestion = (uint8_t)tcp->config.congestion,
        .mss = mss,
        .rx_mss = mss,
        .rx_full = FA_TCP_MSS_DEFAULT,
        .rx_scale = fa__tcp_rx_scale(tcp),
        .scale_ok = fa__tcp_uses(tcp, FA_TCP_WINDOW_SCALE),
        .ts_ok = fa__tcp_uses(tcp, FA_TCP_TIMESTAMPS),
        .sack_ok = fa__tcp_uses(tcp, FA_TCP_SACK),
        .ecn_ok = fa__tcp_uses(tcp, FA_TCP_ECN),
        .long_way = !fa__tcp_uses(tcp, FA_TCP_FAST_PATH),
    };
    conn->rx_scale = conn->scale_ok ? conn->rx_scale : 0;
    conn->ts_offset = conn->ts_ok ? fa__tcp_ts_offset(tcp, tuple) : 0;
    fa_list_init(&conn->tx);
    fa_list_init(&conn->rx);
    fa_list_init(&conn->ooo);
    fa__tcp_rx_space_init(conn);
    table_add(conn);
    tcp->live_count++;
    return conn;
}

void fa__tcp_set_state(struct fa_tcp_conn *conn, enum fa_tcp_state state)
{
    enum fa_tcp_state old = (enum fa_tcp_state)conn->state;
    conn->state = (uint8_t)state;
    FA_TRACE(tcp_state, conn->tcp->now, conn->id, old, FA__TCP_TRACE_TCB(conn));
}

static void stop_timers(struct fa_tcp_conn *conn)
{
    conn->retransmit_ns = FA_NS_NEVER;
    conn->ack_ns = FA_NS_NEVER;
    conn->end_ns = FA_NS_NEVER;
    fa_deadline_clear(&conn->tcp->deadlines, &conn->timer);
}

void fa__tcp_conn_release(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->flow_open || conn->reset_due) {
        return;
    }
    FA_ASSERT(conn->listener == NULL);
    FA_ASSERT(tcp->live_count > 0);
    stop_timers(conn);
    fa__tcp_table_remove(conn);
    fa__tcp_unlist(conn);
    fa_list_unlink(&conn->dirty_node);
    fa__tcp_tx_drop(conn);
    fa__tcp_rx_drop(conn);
    if (conn->state != FA_TCP_CLOSED) {
        fa__tcp_set_state(conn, FA_TCP_CLOSED);
    }
    fa_list_push_front(&tcp->free, &conn->node);
    tcp->live_count--;
}

void fa__tcp_conn_end(struct fa_tcp_conn *conn, fa_err why, bool reset)
{
    FA_ASSERT(conn->state != FA_TCP_CLOSED);
    FA_ASSERT(why != FA_OK && why != FA_AGAIN);
    bool peer_knows_us = conn->state != FA_TCP_SYN_SENT && conn->state != FA_TCP_TIME_WAIT;
    stop_timers(conn);
    fa__tcp_listener_forget(conn);
    fa__tcp_unlist(conn);
    fa_list_unlink(&conn->dirty_node);
    fa__tcp_tx_drop(conn);
    if (why == FA_ERESET && reset) {
        fa__tcp_rx_break(conn);
    } else {
        fa__tcp_rx_end(conn); // what was acknowledged may still be read, as in Linux
    }
    fa__tcp_set_state(conn, FA_TCP_CLOSED);
    conn->error = (int8_t)why;
    if (reset && peer_knows_us) {
        conn->reset_due = true; // it stays in the table until then
        fa__tcp_mark(conn);
    } else {
        fa__tcp_table_remove(conn);
    }
    fa__tcp_wake(conn, FA_FLOW_READABLE | FA_FLOW_WRITABLE);
    fa__tcp_conn_release(conn);
}

void fa__tcp_conn_reset_sent(struct fa_tcp_conn *conn)
{
    conn->reset_due = false;
    fa__tcp_table_remove(conn);
    fa__tcp_conn_release(conn);
}

void fa__tcp_wake(struct fa_tcp_conn *conn, unsigned events)
{
    unsigned wanted = (conn->want_read ? (unsigned)FA_FLOW_READABLE : 0u) |
                      (conn->want_write ? (unsigned)FA_FLOW_WRITABLE : 0u);
    events &= wanted;
    if (events == 0) {
        return;
    }
    conn->want_read = conn->want_read && (events & FA_FLOW_READABLE) == 0;
    conn->want_write = conn->want_write && (events & FA_FLOW_WRITABLE) == 0;
    if (conn->flow.watch != NULL) {
        conn->flow.watch->fn(conn->flow.watch, events);
    }
}

/* ---- where a segment goes ---- */

static bool decode(struct fa_tcp *tcp, struct fa__tcp_segment *seg)
{
    struct fa_counters *counters = tcp->config.counters;
    bool csum_good = (seg->buf->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0;
    if (seg->meta->multicast) {
        FA_COUNT(counters, tcp_rx_group);
        return false;
    }
    switch (fa_tcp_decode(fa_buf_slice(seg->buf), seg->meta, csum_good, &seg->header)) {
    case FA_TCP_GOOD:
        break;
    case FA_TCP_SHORT:
        FA_COUNT(counters, tcp_rx_short);
        return false;
    case FA_TCP_OFFSET:
        FA_COUNT(counters, tcp_rx_bad_offset);
        return false;
    case FA_TCP_PORT:
        FA_COUNT(counters, tcp_rx_bad_port);
        return false;
    case FA_TCP_OPTION:
        FA_COUNT(counters, tcp_rx_bad_option);
        return false;
    case FA_TCP_CSUM:
        FA_COUNT(counters, tcp_rx_bad_checksum);
        return false;
    }
    if (seg->header.source_port == seg->header.target_port &&
        fa_ip_equal(&seg->meta->local, &seg->meta->remote)) {
        FA_COUNT(counters, tcp_rx_land);
        return false;
    }
    return true;
}

/* RFC 9293 3.6.1, RFC 1122 4.2.2.13 and RFC 6191 2: a SYN opens anew if its timestamp, or without
 * one its number, is above all that was received. */
static bool reopens(const struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    unsigned flags = header->flags & (FA_TCP_SYN | FA_TCP_ACK | FA_TCP_RST);
    if (conn->state != FA_TCP_TIME_WAIT || conn->flow_open || flags != FA_TCP_SYN) {
        return false;
    }
    if (conn->ts_ok && header->has_ts && header->ts_value != conn->ts_recent) {
        return fa__seq_lt(conn->ts_recent, header->ts_value);
    }
    return fa__seq_lt(conn->rcv_nxt, header->seq);
}

static void dispatch(struct fa_tcp *tcp, struct fa__tcp_segment *seg)
{
    struct fa__tcp_tuple tuple = {
        .local = seg->meta->local,
        .remote = seg->meta->remote,
        .local_port = seg->header.target_port,
        .remote_port = seg->header.source_port,
    };
    struct fa_tcp_conn *conn = fa__tcp_find(tcp, &tuple);
    if (conn != NULL && !reopens(conn, seg)) {
        fa__tcp_conn_input(conn, seg);
        return;
    }
    struct fa_tcp_listener *listener = fa__tcp_listener_find(tcp, &tuple.local, tuple.local_port);
    if (conn == NULL && listener == NULL) {
        FA_COUNT(tcp->config.counters, tcp_rx_no_connection);
        fa__tcp_reply_reset(tcp, seg);
    } else if (conn == NULL) {
        fa__tcp_listener_input(listener, &tuple, seg, NULL);
    } else if (listener == NULL) {
        fa__tcp_conn_input(conn, seg);
    } else {
        uint32_t past = conn->snd_max;
        FA_COUNT(tcp->config.counters, tcp_time_wait_reused);
        fa__tcp_conn_release(conn);
        fa__tcp_listener_input(listener, &tuple, seg, &past);
    }
}

/* Its buffer goes, unless somebody kept it. */
static void finish(struct fa_tcp *tcp, struct fa__tcp_segment *seg)
{
    fa_buf_drop(seg->buf);
    if (!fa_list_empty(&tcp->starved)) {
        fa__tcp_tx_feed(tcp);
    }
}

void fa__tcp_input_read(struct fa_tcp *tcp, fa_ns now, struct fa__tcp_segment *seg)
{
    tcp->now = now;
    FA_COUNT(tcp->config.counters, tcp_rx_segments);
    fa_buf_pull(seg->buf, seg->header.len);
    dispatch(tcp, seg);
    finish(tcp, seg);
}

void fa_tcp_input(struct fa_tcp *tcp, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    FA_ASSERT(take != NULL);
    struct fa__tcp_segment seg = {.meta = meta, .buf = take};
    tcp->now = now;
    if (decode(tcp, &seg)) {
        fa__tcp_input_read(tcp, now, &seg);
        return;
    }
    FA_COUNT(tcp->config.counters, tcp_rx_segments);
    finish(tcp, &seg);
}

void fa_tcp_reset_all(struct fa_tcp *tcp, fa_ns now, const struct fa_ip *local)
{
    tcp->now = now;
    for (uint32_t i = 0; i < tcp->carved_count; i++) {
        struct fa_tcp_conn *conn = fa__tcp_conn_at(tcp, i);
        if (conn->state != FA_TCP_CLOSED &&
            (local == NULL || fa_ip_equal(local, &conn->tuple.local))) {
            fa__tcp_conn_end(conn, FA_ERESET, true);
        }
    }
}
