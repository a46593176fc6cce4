// SPDX-License-Identifier: ISC
//
// What others may know of a connection.

#include "tcp_priv.h"

void fa_tcp_info_of(const struct fa_flow *flow, struct fa_tcp_info *ret_info)
{
    const struct fa_tcp_conn *conn = (const struct fa_tcp_conn *)(const void *)flow;
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    *ret_info = (struct fa_tcp_info){
        .local = {conn->tuple.local, conn->tuple.local_port},
        .remote = {conn->tuple.remote, conn->tuple.remote_port},
        .state = (enum fa_tcp_state)conn->state,
        .id = conn->id,
        .mss_bytes = conn->mss,
        .cwnd_bytes = conn->cwnd,
        .ssthresh_bytes = conn->ssthresh,
        .tx_window_bytes = conn->snd_wnd,
        .rx_window_bytes = conn->rcv_adv - conn->rcv_nxt,
        .in_flight_bytes = conn->snd_nxt - conn->snd_una,
        .unsent_bytes = fa__tcp_unsent(conn),
        .unread_bytes = conn->rx_bytes,
        .retransmit_count = conn->retransmit_count,
        .srtt_ns = conn->srtt_ns,
        .rto_ns = fa__tcp_rto(conn),
    };
}

struct fa_slice fa_tcp_unread_next(const struct fa_flow *flow, const struct fa_buf **cursor)
{
    const struct fa_tcp_conn *conn = (const struct fa_tcp_conn *)(const void *)flow;
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    struct fa_list *next = *cursor == NULL ? conn->rx.next : (*cursor)->node.next;
    if (next == &conn->rx) {
        return (struct fa_slice){0};
    }
    *cursor = fa_buf_of(next);
    return fa_buf_slice(*cursor);
}

const char *fa_tcp_state_name(enum fa_tcp_state state)
{
    static const char *const names[FA_TCP_STATE_COUNT] = {
        [FA_TCP_CLOSED] = "CLOSED",
        [FA_TCP_SYN_SENT] = "SYN-SENT",
        [FA_TCP_SYN_RECEIVED] = "SYN-RECEIVED",
        [FA_TCP_ESTABLISHED] = "ESTABLISHED",
        [FA_TCP_FIN_WAIT_1] = "FIN-WAIT-1",
        [FA_TCP_FIN_WAIT_2] = "FIN-WAIT-2",
        [FA_TCP_CLOSE_WAIT] = "CLOSE-WAIT",
        [FA_TCP_CLOSING] = "CLOSING",
        [FA_TCP_LAST_ACK] = "LAST-ACK",
        [FA_TCP_TIME_WAIT] = "TIME-WAIT",
    };
    return (unsigned)state < FA_TCP_STATE_COUNT ? names[state] : "?";
}

fa_err fa_tcp_congestion_set(struct fa_flow *flow, enum fa_tcp_congestion which)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    const struct fa__tcp_cc *cc = fa__tcp_cc_of(which);
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    if (cc == NULL) {
        return FA_EINVAL;
    }
    uint32_t cwnd = conn->cwnd;
    uint32_t ssthresh = conn->ssthresh;
    conn->congestion = (uint8_t)which;
    if (conn->state >= FA_TCP_ESTABLISHED) {
        cc->init(conn, false);
        conn->cwnd = cwnd;
        conn->ssthresh = ssthresh;
    }
    return FA_OK;
}

enum fa_tcp_congestion fa_tcp_congestion_of(const struct fa_flow *flow)
{
    const struct fa_tcp_conn *conn = (const struct fa_tcp_conn *)(const void *)flow;
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    return (enum fa_tcp_congestion)conn->congestion;
}

void fa__tcp_trace_options(
    const struct fa_tcp_conn *conn, const struct fa_tcp_header *header, bool out)
{
    static const struct fa_tcp_sack none[FA_TCP_SACK_MAX];
    const struct fa_tcp_sack *sacks[FA_TCP_SACK_MAX];
    if (!header->has_ts && header->sack_count == 0) {
        return;
    }
    for (size_t i = 0; i < FA_TCP_SACK_MAX; i++) {
        sacks[i] = i < header->sack_count ? &header->sacks[i] : &none[i];
    }
    FA_TRACE(tcp_options, conn->tcp->now, conn->id, out, header->has_ts, header->ts_value,
        header->ts_echo, header->sack_count, sacks[0]->from, sacks[0]->to, sacks[1]->from,
        sacks[1]->to, sacks[2]->from, sacks[2]->to, sacks[3]->from, sacks[3]->to);
}
