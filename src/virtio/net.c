// SPDX-License-Identifier: ISC
//
// net.c: frames in, frames out.

#include "src/virtio/net.h"
#include "fa/plat.h"
#include "src/dev/netdev_priv.h"

enum {
    QUEUE_RX = 0,
    QUEUE_TX = 1,
    MTU = 1500, // bytes
    HEADER_LEN = 12,
    HEADER_LEN_LEGACY = 10, // without the number of merged buffers
    CONFIG_MAC = 0,
};

#define FEATURE_MAC (UINT64_C(1) << 5)

_Static_assert(
    (int)FA_BUF_HEADROOM >= (int)HEADER_LEN, "a header is received in front of its frame");

static struct fa__virtio_net *of(const struct fa_netdev *dev)
{
    return FA_CONTAINER(dev, struct fa__virtio_net, dev);
}

/* Lend the device buffers to receive into, header in front, so that a frame lies where frames do.
 */
static void lend_buffers(struct fa__virtio_net *net)
{
    const size_t frame_max = fa__netdev_frame_max(&net->dev);
    struct fa_buf *buf;
    while (net->rx.lent_count < net->rx_lent_max &&
           fa_buf_alloc(net->pool, FA_BUF_HEADROOM, &buf) == FA_OK) {
        const struct fa__virtq_piece piece = {
            fa_buf_at(buf) - net->header_len, (uint32_t)(net->header_len + frame_max)};
        if (!fa__virtq_push(&net->rx, &piece, 0, 1, buf)) {
            fa_buf_drop(buf); // the queue is broken: nothing is received any more
            break;
        }
    }
    if (fa__virtq_publish(&net->rx)) {
        fa__virtio_mmio_kick(&net->mmio, QUEUE_RX);
    }
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa__virtio_net *net = of(dev);
    size_t count = 0;
    uint32_t len;
    (void)now;
    while (count < count_max) {
        struct fa_buf *buf = fa__virtq_pop(&net->rx, &len);
        if (buf == NULL) {
            break;
        }
        if (len < net->header_len + FA_ETH_HDR_LEN) {
            FA_COUNT(net->counters, netdev_rx_too_short);
            fa_buf_drop(buf);
            continue;
        }
        (void)fa_buf_append(buf, len - net->header_len);
        ret_bufs[count++] = buf;
    }
    lend_buffers(net);
    (void)fa__virtq_arm(&net->rx, 1); // what is there already is due by find_deadline()
    return count;
}

/* Take back what was sent. */
static void reclaim(struct fa__virtio_net *net)
{
    uint32_t len;
    struct fa_buf *buf;
    while ((buf = fa__virtq_pop(&net->tx, &len)) != NULL) {
        fa_buf_drop(buf);
    }
}

static void show_sent(struct fa__virtio_net *net)
{
    if (fa__virtq_publish(&net->tx)) {
        fa__virtio_mmio_kick(&net->mmio, QUEUE_TX);
    }
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa__virtio_net *net = of(dev);
    reclaim(net);
    if (net->tx.free_count < 2) {
        show_sent(net);
        // Wake for the half of them that is sent first; unless it is there by now.
        if (!fa__virtq_arm(&net->tx, (uint16_t)(net->tx.lent_count / 2 + 1))) {
            return FA_AGAIN;
        }
        reclaim(net);
    }
    return fa_buf_alloc(net->pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa__virtio_net *net = of(dev);
    (void)now;
    if (!fa__netdev_tx_check(dev, net->counters, take)) {
        fa_buf_drop(take);
        return;
    }
    const struct fa__virtq_piece pieces[2] = {
        {net->tx_header, (uint32_t)net->header_len}, {fa_buf_at(take), take->len}};
    if (fa__virtq_push(&net->tx, pieces, 2, 0, take)) {
        return;
    }
    show_sent(net);
    reclaim(net);
    if (!fa__virtq_push(&net->tx, pieces, 2, 0, take)) {
        FA_COUNT(net->counters, netdev_tx_lost);
        fa_buf_drop(take);
    }
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    (void)now;
    show_sent(of(dev));
}

static fa_ns find_deadline(const struct fa_netdev *dev)
{
    return fa__virtq_waiting(&of(dev)->rx) ? 0 : FA_NS_NEVER;
}

static void drop_lent(struct fa__virtq *q)
{
    for (size_t i = 0; i < q->size; i++) {
        fa_buf_drop(q->slot[i].token);
        q->slot[i].token = NULL;
    }
}

static void close_net(struct fa_netdev *dev)
{
    struct fa__virtio_net *net = of(dev);
    fa__virtio_mmio_reset(&net->mmio);
    drop_lent(&net->rx);
    drop_lent(&net->tx);
}

static const struct fa_netdev_ops net_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = find_deadline,
    .close = close_net,
};

fa_err fa__virtio_net_open(struct fa__virtio_net *net, const struct fa__virtio_net_config *config)
{
    uint8_t mac[FA_MAC_LEN] = {};
    uint64_t noise = 0;
    if (FA_BUF_HEADROOM + FA_ETH_HDR_LEN + (size_t)MTU > fa_pool_room(config->pool)) {
        return FA_EINVAL;
    }
    *net = (struct fa__virtio_net){
        .dev.ops = &net_ops,
        .pool = config->pool,
        .counters = config->counters != NULL ? config->counters : &fa_counters_main,
    };
    if (!fa__virtio_mmio_begin(&net->mmio, config->registers, FEATURE_MAC | FA__VIRTIO_EVENT_IDX) ||
        !fa__virtio_mmio_queue(
            &net->mmio, QUEUE_RX, &net->rx, &net->rx_memory, FA__VIRTIO_NET_SIZE) ||
        !fa__virtio_mmio_queue(
            &net->mmio, QUEUE_TX, &net->tx, &net->tx_memory, FA__VIRTIO_NET_SIZE)) {
        fa__virtio_mmio_reset(&net->mmio);
        return FA_EIO;
    }
    for (size_t i = 0; i < sizeof mac && (net->mmio.features & FEATURE_MAC) != 0; i++) {
        mac[i] = fa__virtio_mmio_config(&net->mmio, CONFIG_MAC + i);
    }
    mac[0] &= (uint8_t)~1; // a group's address would be a bug of the device, not ours to trap at
    fa_entropy_fill(&noise, sizeof noise);
    fa__netdev_info_set(&net->dev, config->name, mac, MTU, noise);
    net->header_len = net->mmio.legacy ? HEADER_LEN_LEGACY : HEADER_LEN;
    net->rx_lent_max = fa_min(net->rx.size, config->pool->buf_count / 2);
    fa__virtio_mmio_run(&net->mmio);
    lend_buffers(net);
    return FA_OK;
}
