// SPDX-License-Identifier: ISC
//
// net.c: a card over "move this frame", one call a frame and none while nothing comes.

#include "fa/counter.h"
#include "plat/guest/guest.h"
#include "src/dev/netdev_priv.h"

struct card {
    struct fa_netdev dev;
    uint32_t handle;
    struct fa_pool *pool;
};

/* By handle: a card is opened once at a time. */
static struct card cards[FA_SOLO5_ENTRY_COUNT_MAX];

static bool is_ready(const struct card *card)
{
    return (fa__guest_ready >> card->handle & 1) != 0 && fa_pool_free_count(card->pool) > 0;
}

/* Returns: NULL if none waits or it was no good; is_ready() tells which. */
static struct fa_buf *read_frame(struct card *card)
{
    struct fa_buf *buf;
    size_t len;
    const size_t frame_max = fa__netdev_frame_max(&card->dev);
    if (fa_buf_alloc(card->pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return NULL;
    }
    /* With room for a byte more than is allowed, or a long frame would be cut without a word. */
    if (fa__guest_net_read(card->handle, fa_buf_at(buf), frame_max + 1, &len) != FA_OK) {
        fa__guest_ready &= ~((uint64_t)1 << card->handle);
    } else if (len < FA_ETH_HDR_LEN) {
        FA_COUNT(&fa_counters_main, netdev_rx_too_short);
    } else if (len > frame_max) {
        FA_COUNT(&fa_counters_main, netdev_rx_too_long);
    } else {
        (void)fa_buf_append(buf, len);
        return buf;
    }
    fa_buf_drop(buf);
    return NULL;
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct card *card = FA_CONTAINER(dev, struct card, dev);
    size_t count = 0;
    (void)now;
    for (size_t tried_count = 0; tried_count < count_max && is_ready(card); tried_count++) {
        struct fa_buf *buf = read_frame(card);
        if (buf != NULL) {
            ret_bufs[count++] = buf;
        }
    }
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct card *card = FA_CONTAINER(dev, struct card, dev);
    return fa_buf_alloc(card->pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    const struct card *card = FA_CONTAINER(dev, struct card, dev);
    (void)now;
    if (fa__netdev_tx_check(dev, &fa_counters_main, take) &&
        fa__guest_net_write(card->handle, fa_buf_at(take), take->len) != FA_OK) {
        FA_COUNT(&fa_counters_main, netdev_tx_lost);
    }
    fa_buf_drop(take);
}

static void flush_nothing(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    (void)now;
}

/* What the last burst left with the host is due now. */
static fa_ns find_deadline(const struct fa_netdev *dev)
{
    return is_ready(FA_CONTAINER(dev, const struct card, dev)) ? 0 : FA_NS_NEVER;
}

/* The tender attached it for as long as the image lives. */
static void close_card(struct fa_netdev *dev)
{
    dev->ops = NULL;
}

static const struct fa_netdev_ops card_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_nothing,
    .deadline = find_deadline,
    .close = close_card,
};

fa_err fa__guest_net_open(struct fa_slice name, struct fa_pool *pool, struct fa_netdev **ret_dev,
    const char **reterr_reason)
{
    uint32_t handle;
    const struct fa_solo5_entry *entry = fa__guest_device(name, FA_SOLO5_NET, &handle);
    if (entry == NULL) {
        *reterr_reason = "the image was built without a card of this name, or none was attached";
        return FA_ENOENT;
    }
    const size_t frame_max = FA_ETH_HDR_LEN + (size_t)entry->net.mtu;
    if (FA_BUF_HEADROOM + frame_max + 1 > fa_pool_room(pool)) {
        *reterr_reason = "the MTU is larger than the packet buffers: lower it, or enlarge them";
        return FA_EINVAL;
    }
    struct card *card = &cards[handle];
    FA_ASSERT(card->dev.ops == NULL); /* one user at a time */
    *card = (struct card){.dev.ops = &card_ops, .handle = handle, .pool = pool};
    fa__netdev_info_set(&card->dev, entry->name, entry->net.mac, entry->net.mtu, 0);
    fa__guest_ready |= (uint64_t)1 << handle;
    *ret_dev = &card->dev;
    return FA_OK;
}
