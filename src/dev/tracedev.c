// SPDX-License-Identifier: ISC
//
// The wrapper that traces frames.

#include "fa/tracedev.h"

#include "fa/hash.h"
#include "fa/trace.h"

/* The same for all: a hash must compare equal between stacks, images and runs. */
static const struct fa_siphash_key frame_key;

static uint64_t load_type(struct fa_slice frame)
{
    return frame.len >= FA_ETH_HDR_LEN ? fa_be16_load(frame.at + 2 * FA_MAC_LEN) : 0;
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_tracedev *tracedev = FA_CONTAINER(dev, struct fa_tracedev, dev);
    size_t count = fa_netdev_rx(tracedev->inner, now, ret_bufs, count_max);
    for (size_t i = 0; i < count && FA_TRACE_ON(frame_rx); i++) {
        struct fa_slice frame = fa_buf_slice(ret_bufs[i]);
        FA_TRACE(frame_rx, now, tracedev->actor, frame.len, load_type(frame),
            fa_siphash13(&frame_key, frame));
    }
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_tracedev *tracedev = FA_CONTAINER(dev, struct fa_tracedev, dev);
    return fa_netdev_tx_reserve(tracedev->inner, ret_buf);
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_tracedev *tracedev = FA_CONTAINER(dev, struct fa_tracedev, dev);
    if (FA_TRACE_ON(frame_tx)) {
        struct fa_slice frame = fa_buf_slice(take);
        FA_TRACE(frame_tx, now, tracedev->actor, frame.len, load_type(frame),
            fa_siphash13(&frame_key, frame));
    }
    fa_netdev_tx_commit(tracedev->inner, now, take);
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    struct fa_tracedev *tracedev = FA_CONTAINER(dev, struct fa_tracedev, dev);
    fa_netdev_tx_flush(tracedev->inner, now);
}

static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_tracedev *tracedev = FA_CONTAINER(dev, const struct fa_tracedev, dev);
    return fa_netdev_deadline(tracedev->inner);
}

static void close_both(struct fa_netdev *dev)
{
    struct fa_tracedev *tracedev = FA_CONTAINER(dev, struct fa_tracedev, dev);
    fa_netdev_close(tracedev->inner);
}

static const struct fa_netdev_ops tracedev_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = find_deadline,
    .close = close_both,
};

void fa_tracedev_wrap(struct fa_tracedev *tracedev, struct fa_netdev *inner, uint32_t actor)
{
    *tracedev = (struct fa_tracedev){
        .dev = {.ops = &tracedev_ops, .info = inner->info},
        .inner = inner,
        .actor = actor,
    };
}
