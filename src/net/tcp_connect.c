// SPDX-License-Identifier: ISC
//
// Active opens: the initial sequence number (RFC 6528) and the SYN.

#include "tcp_priv.h"

static uint64_t secret_of(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    uint8_t room[12];
    struct fa_tcp_hashed *hashed = fa__tcp_hashed_of(tcp, tuple);
    if (!hashed->secret_known) {
        hashed->secret = fa_siphash(&tcp->isn_key, fa__tcp_tuple_bytes(tuple, room));
        hashed->secret_known = true;
    }
    return hashed->secret;
}

uint32_t fa__tcp_isn(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    return (uint32_t)secret_of(tcp, tuple) + (uint32_t)(tcp->now / FA__TCP_ISN_TICK);
}

uint32_t fa__tcp_isn_after(
    struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple, const uint32_t *past)
{
    uint32_t iss = fa__tcp_isn(tcp, tuple);
    if (past != NULL && fa__seq_leq(iss, *past)) {
        iss = *past + 1 + fa_rand_u32(tcp->config.rand) % 65536;
    }
    return iss;
}

uint32_t fa__tcp_ts_offset(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    return (uint32_t)(secret_of(tcp, tuple) >> 32);
}

fa_err fa_tcp_connect(struct fa_tcp *tcp, fa_ns now, const struct fa_tcp_connect_config *config,
    struct fa_flow **ret_flow)
{
    tcp->now = now;
    struct fa__tcp_tuple tuple = {
        .local = config->local,
        .remote = config->remote.ip,
        .local_port = config->local_port,
        .remote_port = config->remote.port,
    };
    if (tuple.remote_port == 0 || fa_ip_is_zero(&tuple.remote) || fa_ip_is_zero(&tuple.local)) {
        return FA_EINVAL;
    }
    if (tuple.local_port == 0 && !fa__tcp_port_choose(tcp, &tuple)) {
        return FA_ENOSPC;
    }
    bool self = tuple.local_port == tuple.remote_port && fa_ip_equal(&tuple.local, &tuple.remote);
    struct fa_tcp_conn *old = fa__tcp_find(tcp, &tuple);
    if (self || (old != NULL && !fa__tcp_time_wait_gives_way(old))) {
        return FA_EINVAL;
    }
    uint32_t iss = fa__tcp_isn_after(tcp, &tuple, old != NULL ? &old->snd_max : NULL);
    if (old != NULL) {
        FA_COUNT(tcp->config.counters, tcp_time_wait_reused);
        fa__tcp_conn_release(old);
    }
    struct fa_tcp_conn *conn = fa__tcp_conn_new(tcp, &tuple, iss, config->mtu_bytes);
    if (conn == NULL) {
        return FA_ENOSPC;
    }
    fa__tcp_options_begin(conn, &config->options);
    conn->nagle = config->nagle;
    conn->flow_open = true;
    conn->syn_due = true;
    fa__tcp_set_state(conn, FA_TCP_SYN_SENT);
    fa__tcp_mark(conn);
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_CONNECT, FA_OK, 0);
    *ret_flow = &conn->flow;
    return FA_OK;
}
