// SPDX-License-Identifier: ISC
//
// UDP: datagrams on their way up, to one socket or to every member of a group.
//
// A queued datagram carries its addresses in its own headroom, where the headers were, so that
// queues need no memory beside the buffers.

#include "fa/wire/udp.h"
#include "src/net/udp_priv.h"

_Static_assert(sizeof(struct fa_udp_from) <= FA_UDP_HEADROOM);

/* A datagram that was found good. */
struct rx {
    struct fa_udp *udp;
    fa_ns now;
    const struct fa_ip_meta *meta;
    struct fa_udp_header header;
};

/* ---- who hears it ---- */

static struct fa_udp_socket *find_connected(
    struct fa_udp *udp, uint16_t port, const struct fa_ip *local, const struct fa_endpoint *remote)
{
    FA_LIST_EACH(node, fa__udp_connected_bucket(udp, port, remote)) {
        struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, connected_node);
        bool fits = fa_ip_is_zero(&socket->config.ip) || fa_ip_equal(&socket->config.ip, local);
        if (socket->config.port == port && fits && fa__udp_same_endpoint(&socket->remote, remote)) {
            return socket;
        }
    }
    return NULL;
}

struct fa_udp_socket *fa__udp_find(
    struct fa_udp *udp, uint16_t port, const struct fa_ip *local, const struct fa_endpoint *remote)
{
    struct fa_udp_socket *found =
        udp->connected_count == 0 ? NULL : find_connected(udp, port, local, remote);
    if (found != NULL) {
        return found;
    }
    FA_LIST_EACH(node, fa__udp_bucket(udp, port)) {
        struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, node);
        if (socket->config.port != port || fa__udp_is_connected(socket)) {
            continue;
        }
        if (fa_ip_equal(&socket->config.ip, local)) {
            return socket; // none speaks for it more exactly
        }
        if (found == NULL && fa_ip_is_zero(&socket->config.ip)) {
            found = socket;
        }
    }
    return found;
}

/* Whether a socket wants what was sent to many. */
static bool hears_group(const struct fa_udp_socket *socket, const struct rx *rx)
{
    struct fa_endpoint remote = {rx->meta->remote, rx->header.source_port};
    const struct fa_ip *group = &rx->meta->local;
    if (socket->config.port != rx->header.target_port ||
        (fa__udp_is_connected(socket) && !fa__udp_same_endpoint(&socket->remote, &remote))) {
        return false;
    }
    if (!fa_ip_is_group(group)) {
        return socket->config.broadcast;
    }
    for (uint32_t i = 0; i < socket->group_count; i++) {
        if (socket->groups[i].iface == rx->meta->iface &&
            fa_ip_equal(&socket->groups[i].ip, group)) {
            return true;
        }
    }
    return false;
}

/* ---- queues ---- */

/* Queue a datagram, its header still in front, if there is room. */
static void deliver(struct fa_udp_socket *socket, const struct rx *rx, struct fa_buf *take)
{
    struct fa_counters *counters = rx->udp->config.counters;
    uint32_t len = (uint32_t)rx->header.len - FA_UDP_HDR_LEN;
    if (socket->rx_count >= socket->config.rx_count_max ||
        socket->rx_bytes + len > socket->config.rx_bytes_max) {
        FA_COUNT(counters, udp_rx_queue_full);
        fa_buf_drop(take);
        return;
    }
    const struct fa_ip_meta *meta = rx->meta;
    struct fa_udp_from from = {
        .local = {.port = rx->header.target_port},
        .remote = {.ip = meta->remote, .port = rx->header.source_port},
        .iface = meta->iface,
        .ttl = meta->ttl,
        .traffic = meta->traffic,
    };
    *(meta->multicast ? &from.group : &from.local.ip) = meta->local;
    fa_buf_trim(take, rx->header.len);
    fa_buf_pull(take, FA_UDP_HDR_LEN);
    fa_copy(fa_buf_at(take) - sizeof from, &from, sizeof from);
    take->at_ns = rx->now;
    fa_list_push_back(&socket->rx, &take->node);
    socket->rx_count++;
    socket->rx_bytes += len;
    FA_COUNT(counters, udp_rx_datagrams);
    fa__udp_tell(socket, FA_FLOW_READABLE);
}

static void deliver_copy(
    struct fa_udp_socket *socket, const struct rx *rx, const struct fa_buf *datagram)
{
    struct fa_buf *copy;
    if (fa_buf_alloc(datagram->pool, FA_UDP_HEADROOM, &copy) != FA_OK) {
        FA_COUNT(rx->udp->config.counters, udp_rx_no_buffer);
        return;
    }
    if (rx->header.len > fa_buf_tailroom(copy)) {
        FA_COUNT(rx->udp->config.counters, udp_rx_no_buffer);
        fa_buf_drop(copy);
        return;
    }
    fa_copy(fa_buf_append(copy, rx->header.len), fa_buf_slice(datagram).at, rx->header.len);
    deliver(socket, rx, copy);
}

/* Copies for all members but one, who is left to the caller; NULL: there was none. */
static struct fa_udp_socket *deliver_to_group(const struct rx *rx, const struct fa_buf *datagram)
{
    struct fa_udp_socket *last = NULL;
    FA_LIST_EACH(node, fa__udp_bucket(rx->udp, rx->header.target_port)) {
        struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, node);
        if (!hears_group(socket, rx)) {
            continue;
        }
        if (last != NULL) {
            deliver_copy(last, rx, datagram);
        }
        last = socket;
    }
    return last;
}

/* ---- the way up ---- */

/* Whether it is well-formed; else it is counted. */
static bool check(struct rx *rx, const struct fa_buf *datagram)
{
    static const enum fa_counter_id reasons[] = {
        [FA_UDP_SHORT] = FA_COUNTER_udp_rx_short,
        [FA_UDP_LEN] = FA_COUNTER_udp_rx_bad_len,
        [FA_UDP_PORT] = FA_COUNTER_udp_rx_port_zero,
        [FA_UDP_CSUM] = FA_COUNTER_udp_rx_bad_checksum,
    };
    bool csum_good = (datagram->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0;
    enum fa_udp_verdict verdict =
        fa_udp_decode(fa_buf_slice(datagram), rx->meta, csum_good, &rx->header);
    if (verdict != FA_UDP_GOOD) {
        rx->udp->config.counters->cell[reasons[verdict]]++;
    }
    return verdict == FA_UDP_GOOD;
}

bool fa_udp_input(struct fa_udp *udp, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    FA_ASSERT(fa_buf_headroom(take) + FA_UDP_HDR_LEN >= FA_UDP_HEADROOM);
    struct rx rx = {.udp = udp, .now = now, .meta = meta};
    struct fa_udp_socket *socket;
    if (!check(&rx, take)) {
        fa_buf_drop(take);
        return true;
    }
    if (meta->multicast) {
        socket = deliver_to_group(&rx, take);
        if (socket == NULL) {
            FA_COUNT(udp->config.counters, udp_rx_group_unwanted);
            fa_buf_drop(take);
            return true;
        }
    } else {
        struct fa_endpoint remote = {meta->remote, rx.header.source_port};
        socket = fa__udp_find(udp, rx.header.target_port, &meta->local, &remote);
        if (socket == NULL) {
            FA_COUNT(udp->config.counters, udp_rx_no_socket);
            return false;
        }
    }
    deliver(socket, &rx, take);
    return true;
}

void fa_udp_loop(
    struct fa_udp *udp, fa_ns now, const struct fa_ip_meta *meta, const struct fa_buf *datagram)
{
    struct fa_ip_meta mirrored = *meta;
    mirrored.local = meta->remote;
    mirrored.remote = meta->local;
    struct rx rx = {.udp = udp, .now = now, .meta = &mirrored};
    FA_ASSERT(!fa_ip_is_zero(&meta->local) && datagram->len >= FA_UDP_HDR_LEN);
    const uint8_t *at = fa_buf_slice(datagram).at;
    rx.header =
        (struct fa_udp_header){fa_be16_load(at), fa_be16_load(at + 2), (uint16_t)datagram->len};
    struct fa_udp_socket *last = deliver_to_group(&rx, datagram);
    if (last != NULL) {
        deliver_copy(last, &rx, datagram);
    }
}

/* ---- reading ---- */

fa_err fa_udp_recv(
    struct fa_udp_socket *socket, struct fa_buf **ret_buf, struct fa_udp_from *ret_from)
{
    FA_TRY(fa__udp_error_take(socket));
    struct fa_list *node = fa_list_pop_front(&socket->rx);
    if (node == NULL) {
        return FA_AGAIN;
    }
    struct fa_buf *buf = fa_buf_of(node);
    FA_ASSERT(socket->rx_count > 0 && socket->rx_bytes >= buf->len);
    socket->rx_count--;
    socket->rx_bytes -= buf->len;
    fa_copy(ret_from, fa_buf_at(buf) - sizeof *ret_from, sizeof *ret_from);
    *ret_buf = buf;
    return FA_OK;
}

fa_err fa_udp_recv_wait(struct fa_udp_socket *socket, fa_ns deadline, struct fa_buf **ret_buf,
    struct fa_udp_from *ret_from)
{
    fa_err err;
    while ((err = fa_udp_recv(socket, ret_buf, ret_from)) == FA_AGAIN) {
        FA_TRY(fa_watch_wait(&socket->watch, deadline));
    }
    return err;
}
