// SPDX-License-Identifier: ISC
//
// test/middlebox.c: the box as a netdev: what waits in it, and what becomes of a frame.

#include "test/middlebox.h"

#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"

enum { IS_HELD_ACK = 1 }; /* fa_buf.tag */

static enum middlebox_dir other_way(enum middlebox_dir dir)
{
    return dir == MIDDLEBOX_IN ? MIDDLEBOX_OUT : MIDDLEBOX_IN;
}

/* Put a frame where it is due, behind those of the same moment. */
static void hold_frame(
    struct middlebox *box, enum middlebox_dir dir, struct fa_buf *take, fa_ns due, uint32_t tag)
{
    struct fa_list *place = box->held[dir].prev;
    if (box->held_count >= MIDDLEBOX_HELD_MAX) {
        fa_buf_drop(take);
        return;
    }
    while (place != &box->held[dir] && fa_buf_of(place)->at_ns > due) {
        place = place->prev;
    }
    take->at_ns = due;
    take->tag = tag;
    fa_list_insert_after(place, &take->node);
    box->held_count++;
}

/* Addresses and ports, which begin the same way in all segments of one direction. */
static bool same_flow(const struct middlebox_segment *a, const struct middlebox_segment *b)
{
    return fa_equal(a->tcp, b->tcp, 4) && fa_ip_equal(&a->meta.local, &b->meta.local) &&
           fa_ip_equal(&a->meta.remote, &b->meta.remote);
}

/* Drop the ACK that waits, if there is one that `seg` supersedes. */
static void thin_acks(
    struct middlebox *box, enum middlebox_dir dir, const struct middlebox_segment *seg)
{
    struct fa_list *node = box->held[dir].next;
    while (node != &box->held[dir]) {
        struct fa_buf *buf = fa_buf_of(node);
        struct middlebox_segment held;
        node = node->next;
        if (buf->tag == IS_HELD_ACK && middlebox_segment_read(&held, buf) &&
            same_flow(&held, seg) && (int32_t)(seg->header.ack - held.header.ack) >= 0) {
            fa_list_unlink(&buf->node);
            fa_buf_drop(buf);
            box->held_count--;
            box->stats.thinned_count++;
        }
    }
}

static bool is_pure_ack(const struct middlebox_segment *seg)
{
    const uint8_t *end = fa_buf_at(seg->buf) + seg->buf->len;
    return (seg->header.flags & ~(FA_TCP_ECE | FA_TCP_PSH)) == FA_TCP_ACK &&
           end == seg->tcp + seg->header.len;
}

static bool is_too_big(const struct middlebox *box, const struct fa_buf *buf)
{
    return box->config.mtu_bytes != 0 && buf->len > FA_ETH_HDR_LEN + (size_t)box->config.mtu_bytes;
}

/* Drop it, or send it back as an ICMP error. */
static void refuse_big(
    struct middlebox *box, enum middlebox_dir dir, fa_ns now, struct middlebox_segment *seg)
{
    box->stats.too_big_count++;
    if (box->config.mtu_icmp) {
        middlebox_turn_too_big(seg->buf, box->config.mtu_bytes);
        hold_frame(box, other_way(dir), seg->buf, now, 0);
    } else {
        fa_buf_drop(seg->buf);
    }
}

static void refuse_unknown(
    struct middlebox *box, enum middlebox_dir dir, fa_ns now, struct middlebox_segment *seg)
{
    box->stats.unknown_count++;
    if (box->config.reset && (seg->header.flags & FA_TCP_RST) == 0) {
        box->stats.reset_count++;
        middlebox_turn_reset(seg);
        hold_frame(box, other_way(dir), seg->buf, now, 0);
    } else {
        fa_buf_drop(seg->buf);
    }
}

static void input_frame(
    struct middlebox *box, enum middlebox_dir dir, fa_ns now, struct fa_buf *take)
{
    struct middlebox_segment seg;
    fa_ns due = now;
    if (box->transparent) {
        hold_frame(box, dir, take, now, 0);
        return;
    }
    if (box->config.path_ns[0] != box->config.path_ns[1]) {
        due = fa_ns_after(now, box->config.path_ns[fa_rand_below(&box->rand, 2)]);
    }
    if (!middlebox_segment_read(&seg, take)) {
        hold_frame(box, dir, take, due, 0);
        return;
    }
    if (is_too_big(box, take)) {
        refuse_big(box, dir, now, &seg);
        return;
    }
    if (!middlebox_flow_pass(box, dir, now, &seg)) {
        refuse_unknown(box, dir, now, &seg);
        return;
    }
    middlebox_segment_edit(box, dir, &seg);
    if (seg.changed) {
        middlebox_segment_mend(&seg);
        box->stats.edited_count++;
    }
    bool pure = box->config.ack_hold_ns != 0 && is_pure_ack(&seg);
    if (box->config.ack_hold_ns != 0 && (seg.header.flags & FA_TCP_ACK) != 0) {
        thin_acks(box, dir, &seg);
    }
    hold_frame(box, dir, take, pure ? fa_ns_after(due, box->config.ack_hold_ns) : due,
        pure ? IS_HELD_ACK : 0);
}

static struct fa_buf *output_frame(struct middlebox *box, enum middlebox_dir dir, fa_ns now)
{
    struct fa_list *node = fa_list_first(&box->held[dir]);
    if (node == NULL || fa_buf_of(node)->at_ns > now) {
        return NULL;
    }
    fa_list_unlink(node);
    box->held_count--;
    return fa_buf_of(node);
}

static void send_due(struct middlebox *box, fa_ns now)
{
    struct fa_buf *buf;
    while ((buf = output_frame(box, MIDDLEBOX_OUT, now)) != NULL) {
        fa_netdev_tx_commit(box->inner, now, buf);
    }
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct middlebox *box = FA_CONTAINER(dev, struct middlebox, dev);
    size_t taken = fa_netdev_rx(box->inner, now, ret_bufs, count_max);
    for (size_t i = 0; i < taken; i++) {
        input_frame(box, MIDDLEBOX_IN, now, ret_bufs[i]);
    }
    send_due(box, now);
    fa_netdev_tx_flush(box->inner, now);
    struct fa_buf *buf;
    size_t count = 0;
    while (count < count_max && (buf = output_frame(box, MIDDLEBOX_IN, now)) != NULL) {
        ret_bufs[count++] = buf;
    }
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    return fa_netdev_tx_reserve(FA_CONTAINER(dev, struct middlebox, dev)->inner, ret_buf);
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct middlebox *box = FA_CONTAINER(dev, struct middlebox, dev);
    input_frame(box, MIDDLEBOX_OUT, now, take);
    send_due(box, now);
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    struct middlebox *box = FA_CONTAINER(dev, struct middlebox, dev);
    send_due(box, now);
    fa_netdev_tx_flush(box->inner, now);
}

static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct middlebox *box = FA_CONTAINER(dev, const struct middlebox, dev);
    fa_ns deadline = fa_netdev_deadline(box->inner);
    for (unsigned dir = 0; dir < MIDDLEBOX_DIR_COUNT; dir++) {
        struct fa_list *node = fa_list_first(&box->held[dir]);
        if (node != NULL) {
            deadline = fa_ns_min(deadline, fa_buf_of(node)->at_ns);
        }
    }
    return deadline;
}

static void close_both(struct fa_netdev *dev)
{
    struct middlebox *box = FA_CONTAINER(dev, struct middlebox, dev);
    for (unsigned dir = 0; dir < MIDDLEBOX_DIR_COUNT; dir++) {
        fa_buf_drop_all(&box->held[dir]);
    }
    fa_netdev_close(box->inner);
}

void middlebox_wrap(struct middlebox *box, struct fa_netdev *inner,
    const struct middlebox_config *config, uint64_t seed)
{
    static const struct fa_netdev_ops ops = {
        .rx = take_received,
        .tx_reserve = reserve_frame,
        .tx_commit = commit_frame,
        .tx_flush = flush_frames,
        .deadline = find_deadline,
        .close = close_both,
    };
    *box = (struct middlebox){.dev = {.ops = &ops, .info = inner->info}, .inner = inner};
    fa_rand_init_seed(&box->rand, seed);
    box->shift_key = fa_rand_u64(&box->rand);
    for (unsigned dir = 0; dir < MIDDLEBOX_DIR_COUNT; dir++) {
        fa_list_init(&box->held[dir]);
    }
    middlebox_set(box, config);
}

void middlebox_set(struct middlebox *box, const struct middlebox_config *config)
{
    static const struct middlebox_config none;
    box->config = *config;
    box->transparent = fa_equal(config, &none, sizeof none);
}
