// SPDX-License-Identifier: ISC
//
// UDP: sockets, their ports, groups and errors.

#include "fa/udp.h"

#include "src/net/udp_priv.h"

enum {
    PORT_COUNT = UINT16_MAX - FA_UDP_PORT_FIRST + 1,
};

void fa_udp_init(struct fa_udp *udp, const struct fa_udp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    *udp = (struct fa_udp){.config = *config};
    if (udp->config.counters == NULL) {
        udp->config.counters = &fa_counters_main;
    }
    fa_rand_fill(config->rand, &udp->key, sizeof udp->key);
    for (size_t i = 0; i < FA_UDP_BUCKET_COUNT; i++) {
        fa_list_init(&udp->buckets[i]);
        fa_list_init(&udp->connected[i]);
    }
    fa_list_init(&udp->dirty);
}

/* ---- ports ---- */

struct fa_list *fa__udp_bucket(struct fa_udp *udp, uint16_t port)
{
    return &udp->buckets[port % FA_UDP_BUCKET_COUNT];
}

struct fa_list *fa__udp_connected_bucket(
    struct fa_udp *udp, uint16_t port, const struct fa_endpoint *remote)
{
    uint8_t bytes[sizeof remote->ip.b + 4];
    fa_copy(bytes, remote->ip.b, sizeof remote->ip.b);
    fa_be16_store(bytes + sizeof remote->ip.b, remote->port);
    fa_be16_store(bytes + sizeof remote->ip.b + 2, port);
    uint64_t hash = fa_siphash13(&udp->key, (struct fa_slice){bytes, sizeof bytes});
    return &udp->connected[hash % FA_UDP_BUCKET_COUNT];
}

/* Whether a socket stands in the way of another that binds `port` at `ip`. A zero address on either
 * side meets all. */
static bool is_taken(struct fa_udp *udp, uint16_t port, const struct fa_ip *ip, bool shared)
{
    FA_LIST_EACH(node, fa__udp_bucket(udp, port)) {
        struct fa_udp_socket *socket = FA_CONTAINER(node, struct fa_udp_socket, node);
        bool meets = fa_ip_is_zero(ip) || fa_ip_is_zero(&socket->config.ip) ||
                     fa_ip_equal(&socket->config.ip, ip);
        if (socket->config.port == port && meets && !(shared && socket->config.shared)) {
            return true;
        }
    }
    return false;
}

/* The first free port at or after a random one; 0 if there is none. */
static uint16_t choose_port(struct fa_udp *udp, const struct fa_ip *ip)
{
    uint32_t first = (uint32_t)fa_rand_below(udp->config.rand, PORT_COUNT);
    for (uint32_t i = 0; i < PORT_COUNT; i++) {
        uint16_t port = (uint16_t)(FA_UDP_PORT_FIRST + (first + i) % PORT_COUNT);
        if (!is_taken(udp, port, ip, false)) {
            return port;
        }
    }
    return 0;
}

static void fill_defaults(struct fa_udp_socket_config *config)
{
    if (config->rx_count_max == 0) {
        config->rx_count_max = FA_UDP_QUEUE_COUNT_DEFAULT;
    }
    if (config->tx_count_max == 0) {
        config->tx_count_max = FA_UDP_QUEUE_COUNT_DEFAULT;
    }
    if (config->rx_bytes_max == 0) {
        config->rx_bytes_max = FA_UDP_QUEUE_BYTES_DEFAULT;
    }
    if (config->tx_bytes_max == 0) {
        config->tx_bytes_max = FA_UDP_QUEUE_BYTES_DEFAULT;
    }
    if (config->group_ttl == 0) {
        config->group_ttl = 1;
    }
}

fa_err fa_udp_bind(
    struct fa_udp *udp, struct fa_udp_socket *socket, const struct fa_udp_socket_config *config)
{
    uint16_t port = config->port;
    if (port != 0 && is_taken(udp, port, &config->ip, config->shared)) {
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
    fill_defaults(&socket->config);
    fa_list_init(&socket->rx);
    fa_list_init(&socket->tx);
    fa_list_push_back(fa__udp_bucket(udp, port), &socket->node);
    return FA_OK;
}

static void disconnect(struct fa_udp_socket *socket)
{
    if (fa__udp_is_connected(socket)) {
        socket->udp->connected_count--;
        fa_list_unlink(&socket->connected_node);
        socket->remote = (struct fa_endpoint){0};
    }
}

fa_err fa_udp_connect(struct fa_udp_socket *socket, const struct fa_endpoint *remote)
{
    FA_ASSERT(fa_list_linked(&socket->node));
    if (remote == NULL) {
        disconnect(socket);
        return FA_OK;
    }
    struct fa_list *bucket = fa__udp_connected_bucket(socket->udp, socket->config.port, remote);
    if (remote->port == 0) {
        return FA_EINVAL;
    }
    FA_LIST_EACH(node, bucket) {
        struct fa_udp_socket *other = FA_CONTAINER(node, struct fa_udp_socket, connected_node);
        if (other != socket && other->config.port == socket->config.port &&
            fa__udp_same_endpoint(&other->remote, remote)) {
            return FA_EINVAL;
        }
    }
    disconnect(socket);
    socket->remote = *remote;
    socket->udp->connected_count++;
    fa_list_push_back(bucket, &socket->connected_node);
    return FA_OK;
}

/* ---- groups ---- */

static struct fa_udp_group *find_group(
    struct fa_udp_socket *socket, const struct fa_ip *group, uint8_t iface)
{
    for (uint32_t i = 0; i < socket->group_count; i++) {
        if (socket->groups[i].iface == iface && fa_ip_equal(&socket->groups[i].ip, group)) {
            return &socket->groups[i];
        }
    }
    return NULL;
}

fa_err fa_udp_join(struct fa_udp_socket *socket, const struct fa_ip *group, uint8_t iface)
{
    const struct fa_udp_config *config = &socket->udp->config;
    FA_ASSERT(fa_list_linked(&socket->node));
    if (!fa_ip_is_group(group) || find_group(socket, group, iface) != NULL) {
        return FA_EINVAL;
    }
    if (socket->group_count == FA_UDP_GROUP_COUNT_MAX) {
        return FA_ENOSPC;
    }
    if (config->group_set != NULL) {
        FA_TRY(config->group_set(config->ctx, group, iface, true));
    }
    socket->groups[socket->group_count++] = (struct fa_udp_group){*group, iface};
    return FA_OK;
}

fa_err fa_udp_leave(struct fa_udp_socket *socket, const struct fa_ip *group, uint8_t iface)
{
    const struct fa_udp_config *config = &socket->udp->config;
    struct fa_udp_group *entry = find_group(socket, group, iface);
    if (entry == NULL) {
        return FA_ENOENT;
    }
    struct fa_udp_group gone = *entry;
    *entry = socket->groups[--socket->group_count];
    if (config->group_set != NULL) {
        fa_err err = config->group_set(config->ctx, &gone.ip, gone.iface, false);
        FA_ASSERT(err == FA_OK);
    }
    return FA_OK;
}

void fa_udp_close(struct fa_udp_socket *socket)
{
    if (!fa_list_linked(&socket->node)) {
        return;
    }
    while (socket->group_count > 0) {
        struct fa_udp_group last = socket->groups[socket->group_count - 1];
        fa_err err = fa_udp_leave(socket, &last.ip, last.iface);
        FA_ASSERT(err == FA_OK);
    }
    disconnect(socket);
    fa_buf_drop_all(&socket->rx);
    fa_buf_drop_all(&socket->tx);
    socket->rx_count = socket->rx_bytes = 0;
    socket->tx_count = socket->tx_bytes = 0;
    fa_list_unlink(&socket->dirty_node);
    fa_list_unlink(&socket->node);
}

/* ---- errors ---- */

/* Whether the socket has just sent to `remote`, so that news about it can be meant for it. */
static bool knows(const struct fa_udp_socket *socket, const struct fa_endpoint *remote)
{
    for (size_t i = 0; i < FA_UDP_RECENT_COUNT; i++) {
        if (fa__udp_same_endpoint(&socket->recent[i], remote)) {
            return true;
        }
    }
    return false;
}

bool fa_udp_icmp(struct fa_udp *udp, const struct fa_ip_meta *meta, enum fa_udp_icmp kind,
    struct fa_slice quoted)
{
    FA_ASSERT(quoted.len >= 8);
    struct fa_endpoint remote = {.ip = meta->remote, .port = fa_be16_load(quoted.at + 2)};
    struct fa_udp_socket *socket =
        fa__udp_find(udp, fa_be16_load(quoted.at), &meta->local, &remote);
    if (socket == NULL || !knows(socket, &remote)) {
        FA_COUNT(udp->config.counters, udp_icmp_unasked);
        return false;
    }
    FA_COUNT(udp->config.counters, udp_refused);
    socket->refused_count++;
    socket->error = (struct fa_udp_error){.err = FA_EREFUSED, .remote = remote};
    if (kind == FA_UDP_ICMP_TOO_BIG) {
        socket->error.err = FA_EINVAL;
        socket->error.mtu_bytes = meta->mtu_bytes;
    }
    if (fa__udp_is_connected(socket) || socket->config.errors) {
        fa__udp_tell(socket, FA_FLOW_READABLE);
    }
    return true;
}

fa_err fa__udp_error_take(struct fa_udp_socket *socket)
{
    fa_err err = socket->error.err;
    if (err == FA_OK || (!fa__udp_is_connected(socket) && !socket->config.errors)) {
        return FA_OK;
    }
    socket->error.err = FA_OK;
    return err;
}
