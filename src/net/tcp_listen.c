// SPDX-License-Identifier: ISC
//
// Passive opens: from a SYN to an accepted connection, through two bounded lists. When the first is
// full SYNs are answered by cookies (tcp_cookie.c); when the second is, the handshake's last ACK is
// not heard, and the other side's retransmissions ask again.

#include "tcp_priv.h"

static struct fa_tcp_listener *listener_of(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa_tcp_listener, node);
}

static struct fa_tcp_conn *conn_of_node(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa_tcp_conn, node);
}

struct fa_tcp_listener *fa__tcp_listener_find(
    const struct fa_tcp *tcp, const struct fa_ip *ip, uint16_t port)
{
    struct fa_tcp_listener *any = NULL;
    FA_LIST_EACH(node, &tcp->listeners) {
        struct fa_tcp_listener *listener = listener_of(node);
        if (listener->config.port == port) {
            if (fa_ip_equal(&listener->config.ip, ip)) {
                return listener;
            }
            if (fa_ip_is_zero(&listener->config.ip)) {
                any = listener;
            }
        }
    }
    return any;
}

struct fa_tcp_conn *fa__tcp_listener_half(struct fa_tcp_listener *listener,
    const struct fa__tcp_tuple *tuple, const struct fa_tcp_header *syn, uint16_t mtu_bytes,
    uint32_t iss)
{
    struct fa_tcp *tcp = listener->tcp;
    struct fa_tcp_conn *conn = fa__tcp_conn_new(tcp, tuple, iss, mtu_bytes);
    if (conn == NULL) {
        return NULL;
    }
    conn->passive = true;
    conn->nagle = listener->config.nagle;
    fa__tcp_options_begin(conn, &listener->config.options);
    conn->irs = syn->seq;
    conn->rcv_nxt = syn->seq + 1;
    conn->rcv_acked = conn->rcv_nxt;
    conn->tune_seq = conn->rcv_nxt;
    conn->rcv_adv = conn->rcv_nxt + fa__u32_min(conn->rx_space, UINT16_MAX);
    fa__tcp_options_input(conn, syn);
    conn->listener = listener;
    fa_list_push_back(&listener->half_open, &conn->node);
    listener->half_open_count++;
    fa__tcp_set_state(conn, FA_TCP_SYN_RECEIVED);
    return conn;
}

static void open_half(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    const struct fa__tcp_segment *seg, uint32_t iss)
{
    struct fa_tcp_conn *conn =
        fa__tcp_listener_half(listener, tuple, &seg->header, seg->meta->mtu_bytes, iss);
    if (conn != NULL) {
        conn->syn_due = true;
        fa__tcp_mark(conn);
    }
}

void fa__tcp_listener_input(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    struct fa__tcp_segment *seg, const uint32_t *past)
{
    struct fa_tcp *tcp = listener->tcp;
    unsigned flags = seg->header.flags;
    if ((flags & FA_TCP_RST) != 0) {
        FA_COUNT(tcp->config.counters, tcp_rx_no_connection);
    } else if ((flags & FA_TCP_ACK) != 0) {
        if (!fa__tcp_cookie_input(listener, tuple, seg)) {
            FA_COUNT(tcp->config.counters, tcp_rx_no_connection);
            fa__tcp_reply_reset(tcp, seg);
        }
    } else if ((flags & (FA_TCP_SYN | FA_TCP_FIN)) != FA_TCP_SYN) {
        FA_COUNT(tcp->config.counters, tcp_rx_bad_syn);
    } else if (listener->half_open_count >= listener->config.half_open_max) {
        if (fa__tcp_uses(tcp, FA_TCP_COOKIES)) {
            fa__tcp_cookie_reply(listener, tuple, seg);
        } else {
            FA_COUNT(tcp->config.counters, tcp_syn_dropped);
        }
    } else {
        open_half(listener, tuple, seg, fa__tcp_isn_after(tcp, tuple, past));
    }
}

bool fa__tcp_listener_push(struct fa_tcp_conn *conn)
{
    struct fa_tcp_listener *listener = conn->listener;
    FA_ASSERT(listener != NULL && conn->state == FA_TCP_SYN_RECEIVED);
    if (listener->accept_count >= listener->config.backlog_max) {
        FA_COUNT(conn->tcp->config.counters, tcp_accept_full);
        return false;
    }
    FA_ASSERT(listener->half_open_count > 0);
    listener->half_open_count--;
    listener->accept_count++;
    fa_list_unlink(&conn->node);
    fa_list_push_back(&listener->accept_queue, &conn->node);
    if (listener->listener.watch != NULL) {
        listener->listener.watch->fn(listener->listener.watch, FA_FLOW_READABLE);
    }
    return true;
}

fa_err fa__tcp_listener_room(const struct fa_tcp_listener *listener, enum fa_tcp_state state)
{
    if (listener == NULL) {
        return FA_EINVAL;
    }
    bool room = state == FA_TCP_SYN_RECEIVED
                    ? listener->half_open_count < listener->config.half_open_max
                    : listener->accept_count < listener->config.backlog_max;
    return room ? FA_OK : FA_ENOSPC;
}

void fa__tcp_listener_adopt(struct fa_tcp_listener *listener, struct fa_tcp_conn *conn)
{
    conn->listener = listener;
    if (conn->state == FA_TCP_SYN_RECEIVED) {
        fa_list_push_back(&listener->half_open, &conn->node);
        listener->half_open_count++;
        return;
    }
    fa_list_push_back(&listener->accept_queue, &conn->node);
    listener->accept_count++;
    if (listener->listener.watch != NULL) {
        listener->listener.watch->fn(listener->listener.watch, FA_FLOW_READABLE);
    }
}

void fa__tcp_listener_forget(struct fa_tcp_conn *conn)
{
    struct fa_tcp_listener *listener = conn->listener;
    if (listener == NULL) {
        return;
    }
    uint32_t *count =
        conn->state == FA_TCP_SYN_RECEIVED ? &listener->half_open_count : &listener->accept_count;
    FA_ASSERT(*count > 0);
    (*count)--;
    fa_list_unlink(&conn->node);
    conn->listener = NULL;
}

static fa_err accept_conn(struct fa_listener *base, struct fa_flow **ret_flow)
{
    struct fa_tcp_listener *listener = FA_CONTAINER(base, struct fa_tcp_listener, listener);
    struct fa_list *node = fa_list_first(&listener->accept_queue);
    if (node == NULL) {
        return FA_AGAIN;
    }
    struct fa_tcp_conn *conn = conn_of_node(node);
    fa__tcp_listener_forget(conn);
    conn->flow_open = true;
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_ACCEPT, FA_OK, 0);
    *ret_flow = &conn->flow;
    return FA_OK;
}

static void end_all(struct fa_list *conns)
{
    struct fa_list *node;
    while ((node = fa_list_first(conns)) != NULL) {
        fa__tcp_conn_end(conn_of_node(node), FA_ERESET, true);
    }
}

static void close_listener(struct fa_listener *base)
{
    struct fa_tcp_listener *listener = FA_CONTAINER(base, struct fa_tcp_listener, listener);
    end_all(&listener->half_open);
    end_all(&listener->accept_queue);
    FA_ASSERT(listener->half_open_count == 0 && listener->accept_count == 0);
    fa_list_unlink(&listener->node);
    fa__tcp_port_forget(listener->tcp);
}

static const struct fa_listener_ops listener_ops = {.accept = accept_conn, .close = close_listener};

fa_err fa_tcp_listen(
    struct fa_tcp *tcp, struct fa_tcp_listener *listener, const struct fa_tcp_listen_config *config)
{
    if (config->port == 0) {
        return FA_EINVAL;
    }
    const struct fa_tcp_listener *other = fa__tcp_listener_find(tcp, &config->ip, config->port);
    if (other != NULL && fa_ip_equal(&other->config.ip, &config->ip)) {
        return FA_EINVAL;
    }
    *listener = (struct fa_tcp_listener){
        .listener.ops = &listener_ops,
        .tcp = tcp,
        .config = *config,
    };
    if (config->backlog_max == 0) {
        listener->config.backlog_max = 128;
    }
    if (config->half_open_max == 0) {
        listener->config.half_open_max = tcp->config.half_open_max;
    }
    fa_list_init(&listener->half_open);
    fa_list_init(&listener->accept_queue);
    fa_list_push_back(&tcp->listeners, &listener->node);
    fa__tcp_port_forget(tcp);
    return FA_OK;
}
