// SPDX-License-Identifier: ISC
//
// UDP: sockets and their queues.
//
// A queued datagram carries its addresses in its own headroom, where the headers were or will be,
// so that queues need no memory beside the buffers.

#include "fa/udp.h"

#include "fa/wire/csum.h"
#include "fa/wire/udp.h"

enum {
    PAYLOAD_LEN_MAX = UINT16_MAX - FA_UDP_HDR_LEN,
    PORT_COUNT = UINT16_MAX - FA_UDP_PORT_FIRST + 1,
};

/* Where a datagram goes that waits to be sent. */
struct way {
    struct fa_ip local;
    struct fa_endpoint remote;
};

_Static_assert(sizeof(struct fa_udp_from) <= FA_UDP_HEADROOM);
_Static_assert(sizeof(struct way) <= FA_UDP_HEADROOM);

void fa_udp_init(struct fa_udp *udp, const struct fa_udp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    *udp = (struct fa_udp){.config = *config};
    if (udp->config.counters == NULL) {
        udp->config.counters = &fa_counters_main;
    }
    for (size_t i = 0; i < FA_UDP_BUCKET_COUNT; i++) {
        fa_list_init(&udp->buckets[i]);
    }
    fa_list_init(&udp->dirty);
}

/* ---- sockets ---- */

static struct fa_list *bucket_of(struct fa_udp *udp, uint16_t port)
{
    return &udp->buckets[port % FA_UDP_BUCKET_COUNT];
}

/* The socket bound to `port` that speaks for `ip`; a zero address on either side fits all. */
static struct fa_udp_socket *find_socket(struct fa_udp *udp, uint16_t port, const struct fa_ip *ip)
{
    FA_LIST_EACH(node, bucket_of(udp, port)) {
        struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, node);
        bool fits = fa_ip_is_zero(ip) || fa_ip_is_zero(&socket->config.ip) ||
                    fa_ip_equal(&socket->config.ip, ip);
        if (socket->config.port == port && fits) {
            return socket;
        }
    }
    return NULL;
}

/* The first free port at or after a random one; 0 if there is none. */
static uint16_t choose_port(struct fa_udp *udp, const struct fa_ip *ip)
{
    uint32_t first = (uint32_t)fa_rand_below(udp->config.rand, PORT_COUNT);
    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        uint16_t port = (uint16_t)(FA_UDP_PORT_FIRST + (first + i) % PORT_COUNT);
        if (find_socket(udp, port, ip) == NULL) {
            return port;
        }
    }
    return 0;
}

fa_err fa_udp_bind(
    struct fa_udp *udp, struct fa_udp_socket *socket, const struct fa_udp_socket_config *config)
{
    uint16_t port = config->port;
    if (port != 0 && find_socket(udp, port, &config->ip) != NULL) {
        return FA_EINVAL;
    }
    if (port == 0) {
        port = choose_port(udp, &config->ip);
        if (port == 0) {
            return FA_ENOSPC;
        }
    }
    *socket = (struct fa_udp_socket){.udp = udp, .config = *config};
    socket->config.port = port;
    if (config->rx_count_max == 0) {
        socket->config.rx_count_max = FA_UDP_QUEUE_COUNT_DEFAULT;
    }
    if (config->tx_count_max == 0) {
        socket->config.tx_count_max = FA_UDP_QUEUE_COUNT_DEFAULT;
    }
    fa_list_init(&socket->rx);
    fa_list_init(&socket->tx);
    fa_list_push_back(bucket_of(udp, port), &socket->node);
    return FA_OK;
}

void fa_udp_close(struct fa_udp_socket *socket)
{
    if (!fa_list_linked(&socket->node)) {
        return;
    }
    fa_buf_drop_all(&socket->rx);
    fa_buf_drop_all(&socket->tx);
    socket->rx_count = 0;
    socket->tx_count = 0;
    fa_list_unlink(&socket->dirty_node);
    fa_list_unlink(&socket->node);
}

/* ---- receiving ---- */

static void queue_rx(struct fa_udp_socket *socket, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_udp_header *header, struct fa_buf *take)
{
    struct fa_udp_from from = {
        .local = {.port = header->target_port},
        .remote = {.ip = meta->remote, .port = header->source_port},
        .iface = meta->iface,
    };
    if (!meta->multicast) {
        from.local.ip = meta->local;
    }
    fa_buf_trim(take, header->len);
    fa_buf_pull(take, FA_UDP_HDR_LEN);
    fa_copy(fa_buf_at(take) - sizeof from, &from, sizeof from);
    take->at_ns = now;
    fa_list_push_back(&socket->rx, &take->node);
    socket->rx_count++;
    FA_COUNT(socket->udp->config.counters, udp_rx_datagrams);
    if (socket->watch != NULL) {
        socket->watch->fn(socket->watch, FA_FLOW_READABLE);
    }
}

bool fa_udp_input(struct fa_udp *udp, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    FA_ASSERT(fa_buf_headroom(take) + FA_UDP_HDR_LEN >= FA_UDP_HEADROOM);
    static const enum fa_counter_id reasons[] = {
        [FA_UDP_SHORT] = FA_COUNTER_udp_rx_short,
        [FA_UDP_LEN] = FA_COUNTER_udp_rx_bad_len,
        [FA_UDP_PORT] = FA_COUNTER_udp_rx_port_zero,
        [FA_UDP_CSUM] = FA_COUNTER_udp_rx_bad_checksum,
    };
    struct fa_udp_header header;
    struct fa_counters *counters = udp->config.counters;
    bool csum_good = (take->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0;
    enum fa_udp_verdict verdict = fa_udp_decode(fa_buf_slice(take), meta, csum_good, &header);
    if (verdict != FA_UDP_GOOD) {
        counters->cell[reasons[verdict]]++;
        fa_buf_drop(take);
        return true;
    }
    static const struct fa_ip any;
    const struct fa_ip *ip = meta->multicast ? &any : &meta->local;
    struct fa_udp_socket *socket = find_socket(udp, header.target_port, ip);
    if (socket == NULL && !meta->multicast) {
        FA_COUNT(counters, udp_rx_no_socket);
        return false;
    }
    if (socket == NULL || (meta->multicast && !socket->config.broadcast)) {
        FA_COUNT(counters, udp_rx_group_unwanted);
        fa_buf_drop(take);
        return true;
    }
    if (socket->rx_count >= socket->config.rx_count_max) {
        FA_COUNT(counters, udp_rx_queue_full);
        fa_buf_drop(take);
        return true;
    }
    queue_rx(socket, now, meta, &header, take);
    return true;
}

fa_err fa_udp_recv(
    struct fa_udp_socket *socket, struct fa_buf **ret_buf, struct fa_udp_from *ret_from)
{
    struct fa_list *node = fa_list_pop_front(&socket->rx);
    if (node == NULL) {
        return FA_AGAIN;
    }
    FA_ASSERT(socket->rx_count > 0);
    socket->rx_count--;
    struct fa_buf *buf = fa_buf_of(node);
    fa_copy(ret_from, fa_buf_at(buf) - sizeof *ret_from, sizeof *ret_from);
    *ret_buf = buf;
    return FA_OK;
}

void fa_udp_icmp(struct fa_udp *udp, const struct fa_ip_meta *meta, struct fa_slice quoted)
{
    FA_ASSERT(quoted.len >= FA_UDP_HDR_LEN);
    struct fa_udp_socket *socket = find_socket(udp, fa_be16_load(quoted.at), &meta->local);
    if (socket == NULL) {
        FA_COUNT(udp->config.counters, udp_icmp_unasked);
        return;
    }
    FA_COUNT(udp->config.counters, udp_refused);
    socket->refused_count++;
}

/* ---- sending ---- */

fa_err fa_udp_send_take(struct fa_udp_socket *socket, struct fa_buf *take,
    const struct fa_ip *local, const struct fa_endpoint *remote)
{
    FA_ASSERT(fa_list_linked(&socket->node));
    FA_ASSERT(fa_buf_headroom(take) >= FA_UDP_HEADROOM);
    if (take->len > PAYLOAD_LEN_MAX || remote->port == 0) {
        fa_buf_drop(take);
        return FA_EINVAL;
    }
    if (socket->tx_count >= socket->config.tx_count_max) {
        FA_COUNT(socket->udp->config.counters, udp_tx_queue_full);
        fa_buf_drop(take);
        return FA_ENOSPC;
    }
    struct way way = {fa_ip_is_zero(local) ? socket->config.ip : *local, *remote};
    fa_copy(fa_buf_at(take) - sizeof way, &way, sizeof way);
    take->offload = (struct fa_offload){0};
    fa_list_push_back(&socket->tx, &take->node);
    socket->tx_count++;
    if (!fa_list_linked(&socket->dirty_node)) {
        fa_list_push_back(&socket->udp->dirty, &socket->dirty_node);
    }
    return FA_OK;
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

struct fa_buf *fa_udp_output(struct fa_udp *udp, fa_ns now, struct fa_ip_meta *ret_meta)
{
    (void)now;
    struct fa_list *node = fa_list_pop_front(&udp->dirty);
    if (node == NULL) {
        return NULL;
    }
    // One datagram a socket and turn, so that a busy socket does not hold up the others.
    struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, dirty_node);
    struct fa_buf *buf = fa_buf_of(fa_list_pop_front(&socket->tx));
    FA_ASSERT(socket->tx_count > 0);
    if (--socket->tx_count > 0) {
        fa_list_push_back(&udp->dirty, &socket->dirty_node);
    }
    struct way way;
    fa_copy(&way, fa_buf_at(buf) - sizeof way, sizeof way);
    *ret_meta = (struct fa_ip_meta){
        .local = way.local,
        .remote = way.remote.ip,
        .protocol = FA_IP_PROTO_UDP,
    };
    uint8_t *at = fa_buf_push(buf, FA_UDP_HDR_LEN);
    struct fa_udp_header header = {socket->config.port, way.remote.port, (uint16_t)buf->len};
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
