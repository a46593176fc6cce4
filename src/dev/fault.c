// SPDX-License-Identifier: ISC
//
// A frame enters a side, may be spoiled or lost, and waits in the side's list until it is due. With
// no fault set it is due at once, so there is one path and it is always the one that is tested.

#include "fa/fault.h"

#include "src/dev/netdev_priv.h"

#define COUNT_FAULT(fault, side, name)                                                             \
    ((side)->stats.name##_count++, FA_COUNT((fault)->counters, fault_##name))

/* Time that `bytes` take at a rate, rounded up. FA_FAULT_RATE_MAX keeps the product in range. */
static fa_ns find_duration(uint64_t bytes, uint64_t bytes_per_s)
{
    uint64_t whole_s = bytes / bytes_per_s;
    uint64_t rest = bytes % bytes_per_s;
    if (whole_s >= FA_NS_NEVER / FA_NS_S) {
        return FA_NS_NEVER;
    }
    fa_ns rest_ns = (rest * FA_NS_S + bytes_per_s - 1) / bytes_per_s;
    return fa_ns_after(whole_s * FA_NS_S, rest_ns);
}

/* Faults that lose the frame whole. */
static bool check_lost(
    struct fa_fault *fault, struct fa_fault_side *side, fa_ns now, size_t frame_len)
{
    const struct fa_fault_config *config = &side->config;
    if (side->off) {
        COUNT_FAULT(fault, side, off_dropped);
        return true;
    }
    if (config->mtu_bytes != 0 && frame_len > FA_ETH_HDR_LEN + (size_t)config->mtu_bytes) {
        COUNT_FAULT(fault, side, mtu_dropped);
        return true;
    }
    if (now < side->silent_until_ns) {
        COUNT_FAULT(fault, side, silent_dropped);
        return true;
    }
    if (config->silence_bytes != 0) {
        side->loud_bytes += frame_len;
        if (side->loud_bytes >= config->silence_bytes) {
            side->loud_bytes = 0;
            side->silent_until_ns = fa_ns_after(now, config->silence_ns); /* after this frame */
        }
    }
    if (fa_rand_chance(&side->rand, config->loss_per_million)) {
        COUNT_FAULT(fault, side, lost);
        return true;
    }
    uint32_t small_bytes =
        config->small_bytes != 0 ? config->small_bytes : FA_FAULT_SMALL_BYTES_DEFAULT;
    if (frame_len <= small_bytes && fa_rand_chance(&side->rand, config->small_loss_per_million)) {
        COUNT_FAULT(fault, side, small_lost);
        return true;
    }
    return false;
}

static void corrupt_frame(struct fa_fault *fault, struct fa_fault_side *side, struct fa_buf *buf)
{
    if (!fa_rand_chance(&side->rand, side->config.corrupt_per_million)) {
        return;
    }
    uint64_t bit_count = 1 + fa_rand_below(&side->rand, fa_max(side->config.corrupt_bits_max, 1));
    for (uint64_t i = 0; i < bit_count; i++) {
        uint64_t bit = fa_rand_below(&side->rand, 8 * (uint64_t)buf->len);
        fa_buf_at(buf)[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    /* Without the descriptor nobody vouches for the bytes or mends their checksum below. */
    buf->offload = (struct fa_offload){};
    COUNT_FAULT(fault, side, corrupted);
}

static void pad_frame(struct fa_fault *fault, struct fa_fault_side *side, struct fa_buf *buf)
{
    if (side->config.trailing_bytes_max == 0) {
        return;
    }
    size_t len = fa_rand_below(&side->rand, (uint64_t)side->config.trailing_bytes_max + 1);
    size_t frame_max = fa__netdev_frame_max(&fault->dev);
    len = fa_min(len, frame_max - fa_min(buf->len, frame_max));
    len = fa_min(len, fa_buf_tailroom(buf));
    /* A card that fills in a checksum sums to the frame's end: leave such frames alone. */
    if (len == 0 || (buf->offload.flags & FA__NETDEV_TX_ASKS) != 0) {
        return;
    }
    fa_rand_fill(&side->rand, fa_buf_append(buf, len), len);
    COUNT_FAULT(fault, side, padded);
}

/* The rate limit: a token bucket kept as the time at which it will be even. Returns: false if the
 * frame finds no room in the queue; else when it has left. */
static bool check_rate(struct fa_fault_side *side, fa_ns now, size_t frame_len, fa_ns *ret_due)
{
    const struct fa_fault_config *config = &side->config;
    *ret_due = now;
    if (config->rate_bytes_per_s == 0) {
        return true;
    }
    fa_ns burst_ns = find_duration(config->burst_bytes, config->rate_bytes_per_s);
    fa_ns free_at = side->rate_free_at_ns > now ? side->rate_free_at_ns : now;
    fa_ns even_at = fa_ns_after(free_at, find_duration(frame_len, config->rate_bytes_per_s));
    fa_ns wait_ns = even_at - now > burst_ns ? even_at - now - burst_ns : 0;
    if (config->queue_bytes != 0 &&
        wait_ns > find_duration(config->queue_bytes, config->rate_bytes_per_s)) {
        return false;
    }
    side->rate_free_at_ns = even_at;
    *ret_due = fa_ns_after(now, wait_ns);
    return true;
}

/* Put a frame into the list by when it is due, behind those of the same moment. */
static void hold_frame(struct fa_fault_side *side, struct fa_buf *take, fa_ns due)
{
    struct fa_list *place = side->held.prev;
    while (place != &side->held && fa_buf_of(place)->at_ns > due) {
        place = place->prev;
    }
    take->at_ns = due;
    fa_list_insert_after(place, &take->node);
    side->held_count++;
}

/* What happens to a frame that is not lost: spoil it, then decide when it arrives. */
static void delay_frame(
    struct fa_fault *fault, struct fa_fault_side *side, fa_ns now, struct fa_buf *take)
{
    const struct fa_fault_config *config = &side->config;
    fa_ns due;
    corrupt_frame(fault, side, take);
    pad_frame(fault, side, take);
    if (side->held_count >= side->held_count_max) {
        COUNT_FAULT(fault, side, held_full);
        fa_buf_drop(take);
        return;
    }
    if (!check_rate(side, now, take->len, &due)) {
        COUNT_FAULT(fault, side, rate_dropped);
        fa_buf_drop(take);
        return;
    }
    due = fa_ns_after(due, config->delay_ns);
    if (config->jitter_ns != 0) {
        due = fa_ns_after(due, fa_rand_below(&side->rand, config->jitter_ns));
    }
    if (due < side->due_max_ns) {
        due = side->due_max_ns;
    }
    side->due_max_ns = due;
    if (config->reorder_ns != 0 && fa_rand_chance(&side->rand, config->reorder_per_million)) {
        due = fa_ns_after(due, 1 + fa_rand_below(&side->rand, config->reorder_ns));
        COUNT_FAULT(fault, side, reordered);
    }
    hold_frame(side, take, due);
}

static void input_frame(
    struct fa_fault *fault, struct fa_fault_side *side, fa_ns now, struct fa_buf *take)
{
    struct fa_buf *copy = NULL;
    if (check_lost(fault, side, now, take->len)) {
        fa_buf_drop(take);
        return;
    }
    if (fa_rand_chance(&side->rand, side->config.duplicate_per_million) &&
        take->len <= fa_pool_room(take->pool) - FA_BUF_HEADROOM &&
        fa_buf_alloc(take->pool, FA_BUF_HEADROOM, &copy) == FA_OK) {
        fa_copy(fa_buf_append(copy, take->len), fa_buf_at(take), take->len);
        copy->offload = take->offload;
        COUNT_FAULT(fault, side, duplicated);
    }
    delay_frame(fault, side, now, take);
    if (copy != NULL) {
        delay_frame(fault, side, now, copy);
    }
}

/* The oldest frame that is due at `now`, or NULL. The caller owns it. */
static struct fa_buf *output_frame(struct fa_fault_side *side, fa_ns now)
{
    struct fa_list *node = fa_list_first(&side->held);
    if (node == NULL || fa_buf_of(node)->at_ns > now) {
        return NULL;
    }
    fa_list_unlink(node);
    side->held_count--;
    side->stats.passed_count++;
    return fa_buf_of(node);
}

/* Send on what is due. Returns: whether there was anything. */
static bool send_due(struct fa_fault *fault, fa_ns now)
{
    struct fa_buf *buf;
    bool any = false;
    while ((buf = output_frame(&fault->side[FA_FAULT_TX], now)) != NULL) {
        fa_netdev_tx_commit(fault->inner, now, buf);
        any = true;
    }
    return any;
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_fault *fault = FA_CONTAINER(dev, struct fa_fault, dev);
    struct fa_fault_side *side = &fault->side[FA_FAULT_RX];
    if (send_due(fault, now)) {
        fa_netdev_tx_flush(fault->inner, now);
    }
    /* The caller's array is free until the answer is known: the inner burst goes there first. */
    size_t taken_count = fa_netdev_rx(fault->inner, now, ret_bufs, count_max);
    for (size_t i = 0; i < taken_count; i++) {
        input_frame(fault, side, now, ret_bufs[i]);
    }
    struct fa_buf *buf;
    size_t count = 0;
    while (count < count_max && (buf = output_frame(side, now)) != NULL) {
        ret_bufs[count++] = buf;
    }
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_fault *fault = FA_CONTAINER(dev, struct fa_fault, dev);
    return fa_netdev_tx_reserve(fault->inner, ret_buf);
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_fault *fault = FA_CONTAINER(dev, struct fa_fault, dev);
    if (!fa__netdev_tx_check(dev, fault->counters, take)) {
        fa_buf_drop(take);
        return;
    }
    input_frame(fault, &fault->side[FA_FAULT_TX], now, take);
    (void)send_due(fault, now); /* the caller flushes */
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    struct fa_fault *fault = FA_CONTAINER(dev, struct fa_fault, dev);
    (void)send_due(fault, now);
    fa_netdev_tx_flush(fault->inner, now);
}

static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_fault *fault = FA_CONTAINER(dev, const struct fa_fault, dev);
    fa_ns deadline = fa_netdev_deadline(fault->inner);
    for (unsigned i = 0; i < FA_FAULT_DIR_COUNT; i++) {
        struct fa_list *node = fa_list_first(&fault->side[i].held);
        if (node != NULL) {
            deadline = fa_ns_min(deadline, fa_buf_of(node)->at_ns);
        }
    }
    return deadline;
}

static void close_both(struct fa_netdev *dev)
{
    struct fa_fault *fault = FA_CONTAINER(dev, struct fa_fault, dev);
    for (unsigned i = 0; i < FA_FAULT_DIR_COUNT; i++) {
        fa_buf_drop_all(&fault->side[i].held);
        fault->side[i].held_count = 0;
    }
    fa_netdev_close(fault->inner);
}

static const struct fa_netdev_ops fault_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = find_deadline,
    .close = close_both,
};

void fa_fault_wrap(
    struct fa_fault *fault, struct fa_netdev *inner, const struct fa_fault_wrap_config *config)
{
    *fault = (struct fa_fault){
        .dev = {.ops = &fault_ops, .info = inner->info},
        .inner = inner,
        .counters = config->counters != NULL ? config->counters : &fa_counters_main,
    };
    for (unsigned i = 0; i < FA_FAULT_DIR_COUNT; i++) {
        struct fa_fault_side *side = &fault->side[i];
        fa_rand_init_seed(&side->rand, 2 * config->seed + i);
        fa_list_init(&side->held);
        side->held_count_max =
            config->held_count_max != 0 ? config->held_count_max : FA_FAULT_HELD_COUNT_DEFAULT;
    }
    fa_fault_set(fault, FA_FAULT_RX, &config->rx);
    fa_fault_set(fault, FA_FAULT_TX, &config->tx);
}

void fa_fault_set(
    struct fa_fault *fault, enum fa_fault_dir dir, const struct fa_fault_config *config)
{
    FA_ASSERT(dir < FA_FAULT_DIR_COUNT);
    FA_ASSERT(config->loss_per_million <= 1000000 && config->small_loss_per_million <= 1000000);
    FA_ASSERT(config->duplicate_per_million <= 1000000 && config->corrupt_per_million <= 1000000);
    FA_ASSERT(config->reorder_per_million <= 1000000);
    FA_ASSERT(config->rate_bytes_per_s <= FA_FAULT_RATE_MAX);
    fault->side[dir].config = *config;
}

void fa_fault_switch(struct fa_fault *fault, enum fa_fault_dir dir, bool on)
{
    FA_ASSERT(dir < FA_FAULT_DIR_COUNT);
    fault->side[dir].off = !on;
}
