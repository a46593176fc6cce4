// SPDX-License-Identifier: ISC
//
// UDP: datagrams on their way down.
//
// One that waits carries where it goes in its own headroom, where its headers will be.

#include "fa/wire/csum.h"
#include "fa/wire/udp.h"
#include "src/net/udp_priv.h"

enum {
    PAYLOAD_LEN_MAX = UINT16_MAX - FA_UDP_HDR_LEN,
};

_Static_assert(sizeof(struct fa_udp_to) <= FA_UDP_HEADROOM);

static bool is_broadcast(const struct fa_ip *ip)
{
    return fa_ip_is4(ip) && fa_be32_load(fa_ip_bytes4(ip)) == UINT32_MAX;
}

/* Whether a datagram may go there at all. */
static bool check_way(const struct fa_udp_socket *socket, const struct fa_buf *datagram,
    const struct fa_endpoint *remote)
{
    return datagram->len <= PAYLOAD_LEN_MAX && remote->port != 0 &&
           (socket->config.broadcast || !is_broadcast(&remote->ip));
}

static void note_remote(struct fa_udp_socket *socket, const struct fa_endpoint *remote)
{
    uint32_t newest = (socket->recent_next + FA_UDP_RECENT_COUNT - 1) % FA_UDP_RECENT_COUNT;
    if (!fa__udp_same_endpoint(&socket->recent[newest], remote)) {
        socket->recent[socket->recent_next] = *remote;
        socket->recent_next = (socket->recent_next + 1) % FA_UDP_RECENT_COUNT;
    }
}

fa_err fa_udp_send_to(struct fa_udp_socket *socket, struct fa_buf *take, const struct fa_udp_to *to)
{
    struct fa_udp_to way = *to;
    FA_ASSERT(fa_list_linked(&socket->node));
    FA_ASSERT(fa_buf_headroom(take) >= FA_UDP_HEADROOM);
    if (way.remote.port == 0 && fa_ip_is_zero(&way.remote.ip)) {
        way.remote = socket->remote;
    }
    if (fa_ip_is_zero(&way.local)) {
        way.local = socket->config.ip;
    }
    fa_err err = fa__udp_error_take(socket);
    if (err == FA_OK && !check_way(socket, take, &way.remote)) {
        err = FA_EINVAL;
    }
    if (err != FA_OK) {
        fa_buf_drop(take);
        return err;
    }
    if (socket->tx_count >= socket->config.tx_count_max ||
        socket->tx_bytes + take->len > socket->config.tx_bytes_max) {
        FA_COUNT(socket->udp->config.counters, udp_tx_queue_full);
        socket->tx_refused = true;
        fa_buf_drop(take);
        return FA_ENOSPC;
    }
    fa_copy(fa_buf_at(take) - sizeof way, &way, sizeof way);
    take->offload = (struct fa_offload){0};
    note_remote(socket, &way.remote);
    fa_list_push_back(&socket->tx, &take->node);
    socket->tx_count++;
    socket->tx_bytes += take->len;
    if (!fa_list_linked(&socket->dirty_node)) {
        fa_list_push_back(&socket->udp->dirty, &socket->dirty_node);
    }
    return FA_OK;
}

fa_err fa_udp_send_take(struct fa_udp_socket *socket, struct fa_buf *take,
    const struct fa_ip *local, const struct fa_endpoint *remote)
{
    const struct fa_udp_socket_config *config = &socket->config;
    struct fa_udp_to to = {
        .remote = remote != NULL ? *remote : socket->remote,
        .iface = config->iface,
        .traffic = config->traffic,
    };
    to.local = local != NULL ? *local : to.local;
    to.ttl = fa_ip_is_group(&to.remote.ip) ? config->group_ttl : config->ttl;
    return fa_udp_send_to(socket, take, &to);
}

fa_err fa_udp_send(struct fa_udp_socket *socket, struct fa_slice payload, const struct fa_ip *local,
    const struct fa_endpoint *remote)
{
    FA_ASSERT(socket->config.pool != NULL);
    struct fa_buf *buf;
    FA_TRY(fa_buf_alloc(socket->config.pool, FA_BUF_HEADROOM, &buf));
    if (payload.len > fa_buf_tailroom(buf)) {
        fa_buf_drop(buf);
        return FA_EINVAL;
    }
    fa_copy(fa_buf_append(buf, payload.len), payload.at, payload.len);
    return fa_udp_send_take(socket, buf, local, remote);
}

/* The oldest datagram of the socket whose turn it is: one a socket and turn, so that a busy one
 * does not hold up the others. */
static struct fa_buf *take_next(struct fa_udp *udp, struct fa_udp_socket *socket)
{
    struct fa_buf *buf = fa_buf_of(fa_list_pop_front(&socket->tx));
    FA_ASSERT(socket->tx_count > 0 && socket->tx_bytes >= buf->len);
    socket->tx_bytes -= buf->len;
    if (--socket->tx_count > 0) {
        fa_list_push_back(&udp->dirty, &socket->dirty_node);
    }
    if (socket->tx_refused) {
        socket->tx_refused = false;
        fa__udp_tell(socket, FA_FLOW_WRITABLE);
    }
    return buf;
}

struct fa_buf *fa_udp_output(struct fa_udp *udp, fa_ns now, struct fa_ip_meta *ret_meta)
{
    (void)now;
    struct fa_list *node = fa_list_pop_front(&udp->dirty);
    if (node == NULL) {
        return NULL;
    }
    struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, dirty_node);
    const struct fa_udp_socket_config *config = &socket->config;
    struct fa_buf *buf = take_next(udp, socket);
    struct fa_udp_to way;
    fa_copy(&way, fa_buf_at(buf) - sizeof way, sizeof way);
    bool group = fa_ip_is_group(&way.remote.ip);
    bool many = group || is_broadcast(&way.remote.ip);
    *ret_meta = (struct fa_ip_meta){
        .local = way.local,
        .remote = way.remote.ip,
        .protocol = FA_IP_PROTO_UDP,
        .ttl = way.ttl,
        .traffic = way.traffic,
        .multicast = many,
        .loop = group && !config->group_quiet,
        .dont_fragment = config->dont_fragment,
        .iface = way.iface,
    };
    uint8_t *at = fa_buf_push(buf, FA_UDP_HDR_LEN);
    struct fa_udp_header header = {config->port, way.remote.port, (uint16_t)buf->len};
    fa_udp_encode(at, ret_meta, &header);
    FA_COUNT(udp->config.counters, udp_tx_datagrams);
    return buf;
}

void fa_udp_local_set(struct fa_buf *datagram, struct fa_ip_meta *meta, const struct fa_ip *local)
{
    FA_ASSERT(fa_ip_is_zero(&meta->local));
    FA_ASSERT(datagram->len >= FA_UDP_HDR_LEN);
    uint8_t *at = fa_buf_at(datagram) + 6;
    uint16_t csum = fa_be16_load(at);
    for (size_t i = 0; i < sizeof local->b; i += 2) {
        csum = fa_csum_update(csum, 0, fa_be16_load(local->b + i));
    }
    fa_be16_store(at, csum == 0 ? 0xffff : csum);
    meta->local = *local;
}
