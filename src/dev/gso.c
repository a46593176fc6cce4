// SPDX-License-Identifier: ISC
//
// The wrapper, and cutting. A super-segment that the inner card has no room for stays, with how far
// it has left; nothing new is taken meanwhile, so that the card's back-pressure reaches the stack.

#include "src/dev/gso_priv.h"

#include "src/dev/netdev_priv.h"

/* ---- checksums ---- */

/* Do what CSUM_NEEDED asks for. The field holds the pseudo-header's sum. Returns: whether its place
 * is within the frame. */
static bool fill_checksum(struct fa_buf *buf)
{
    size_t start = buf->offload.csum_start;
    size_t field = start + buf->offload.csum_offset;
    if (buf->offload.csum_offset % 2 != 0 || field + 2 > buf->len) {
        return false;
    }
    uint8_t *at = fa_buf_at(buf);
    uint16_t csum = fa_csum_fold(fa_csum_add(0, at + start, buf->len - start));
    // RFC 768: a UDP checksum of zero would say that there is none. TCP takes either.
    fa_be16_store(at + field, csum != 0 ? csum : 0xffff);
    buf->offload = (struct fa_offload){};
    return true;
}

/* ---- cutting ---- */

/* Whether it is a super-segment of a kind that the inner card does not take. */
static bool must_cut(const struct fa_gso *gso, const struct fa_buf *buf)
{
    return (buf->offload.flags & FA__NETDEV_TSO & ~gso->config.inner->info.tx_offload) != 0;
}

/* Whether the descriptor says of the frame what its headers say. */
static bool check_super(const struct fa_buf *buf)
{
    const struct fa_offload *offload = &buf->offload;
    bool ip6 = (offload->flags & FA_OFFLOAD_TSO6) != 0;
    size_t ip_len_min = ip6 ? FA__IP6_LEN : FA__IP4_LEN;
    const uint8_t *at = fa_buf_slice(buf).at;
    size_t tcp = offload->csum_start;
    if ((offload->flags & FA_OFFLOAD_CSUM_NEEDED) == 0 || offload->gso_bytes == 0 ||
        tcp < FA_ETH_HDR_LEN + ip_len_min || tcp + FA__TCP_LEN_MIN > offload->hdr_bytes ||
        offload->hdr_bytes > buf->len || offload->csum_offset != 16) {
        return false;
    }
    size_t tcp_len = (size_t)(at[tcp + 12] >> 4) * 4;
    size_t ip_len = ip6 ? FA__IP6_LEN : (size_t)(at[FA_ETH_HDR_LEN] & 15) * 4;
    return tcp + tcp_len == offload->hdr_bytes && FA_ETH_HDR_LEN + ip_len == tcp &&
           at[FA_ETH_HDR_LEN] >> 4 == (ip6 ? 6 : 4);
}

/* Headers of the segment at `off` of the super-segment's payload; `last`: it is the last one. */
static void patch_headers(const struct fa_gso *gso, const struct fa_buf *super, struct fa_buf *buf,
    bool last, uint64_t payload_sum)
{
    const struct fa_offload *offload = &super->offload;
    bool ip6 = (offload->flags & FA_OFFLOAD_TSO6) != 0;
    uint8_t *at = fa_buf_at(buf);
    uint8_t *ip = at + FA_ETH_HDR_LEN;
    uint8_t *tcp = at + offload->csum_start;
    size_t tcp_len = buf->len - offload->csum_start;
    bool atomic = ip6 || (ip[6] & 0x40) != 0;
    if (!atomic) {
        fa_be16_store(ip + 4, (uint16_t)(fa_be16_load(ip + 4) + gso->cut_count));
    }
    fa__gso_ip_len_set(at, ip6, offload->csum_start - FA_ETH_HDR_LEN, buf->len);
    fa_be32_store(tcp + 4, fa_be32_load(tcp + 4) + gso->cut_bytes);
    tcp[13] &= (uint8_t)(last ? 0xff : ~(FA__TCP_FIN | FA__TCP_PSH));
    tcp[13] &= (uint8_t)(gso->cut_count == 0 ? 0xff : ~FA__TCP_CWR); // RFC 3168 6.1.2: once
    uint64_t pseudo = fa__gso_pseudo(at, ip6, tcp_len);
    if ((gso->config.inner->info.tx_offload & FA_OFFLOAD_CSUM_NEEDED) != 0) {
        fa_be16_store(tcp + 16, (uint16_t)~fa_csum_fold_fields(pseudo));
        buf->offload = (struct fa_offload){
            .flags = FA_OFFLOAD_CSUM_NEEDED,
            .csum_start = offload->csum_start,
            .csum_offset = offload->csum_offset,
        };
        return;
    }
    size_t tcp_hdr_len = (size_t)(offload->hdr_bytes - offload->csum_start);
    fa_be16_store(tcp + 16, 0);
    uint64_t sum = fa_csum_plus(fa_csum_add_short(0, tcp, tcp_hdr_len), payload_sum);
    fa_be16_store(tcp + 16, fa_csum_fold_fields(fa_csum_as_fields(sum) + pseudo));
}

/* Send the next segment of the first waiting frame. Returns: false if the card has no room. */
static bool cut_one(struct fa_gso *gso, struct fa_buf *super)
{
    struct fa_netdev *inner = gso->config.inner;
    struct fa_buf *buf;
    size_t hdr_bytes = super->offload.hdr_bytes;
    size_t left = super->len - hdr_bytes - gso->cut_bytes;
    size_t len = fa_min(left, super->offload.gso_bytes);
    if (fa_netdev_tx_reserve(inner, &buf) != FA_OK) {
        return false;
    }
    if (hdr_bytes + len > fa_buf_tailroom(buf)) { // no card lends less than its MTU
        FA_COUNT(gso->config.counters, netdev_tx_offload);
        fa_buf_drop(buf);
        gso->cut_bytes = (uint32_t)(super->len - hdr_bytes);
        return true;
    }
    const uint8_t *at = fa_buf_at(super);
    fa_copy(fa_buf_append(buf, hdr_bytes), at, hdr_bytes);
    uint64_t sum = fa_csum_copy(fa_buf_append(buf, len), at + hdr_bytes + gso->cut_bytes, len, 0);
    patch_headers(gso, super, buf, len == left, sum);
    gso->cut_bytes += (uint32_t)len;
    gso->cut_count++;
    fa_netdev_tx_commit(inner, gso->now, buf);
    return true;
}

/* Send what waits, as far as the inner card has room. Returns: whether nothing waits any more. */
static bool push_waiting(struct fa_gso *gso)
{
    struct fa_list *node;
    while ((node = fa_list_first(&gso->waiting)) != NULL) {
        struct fa_buf *first = fa_buf_of(node);
        bool super = must_cut(gso, first);
        while (super && gso->cut_bytes < first->len - first->offload.hdr_bytes) {
            if (!cut_one(gso, first)) {
                return false;
            }
        }
        fa_list_unlink(node);
        gso->cut_bytes = 0;
        gso->cut_count = 0;
        if (super) {
            FA_COUNT(gso->config.counters, netdev_gso_cut);
            fa_buf_drop(first);
        } else {
            fa_netdev_tx_commit(gso->config.inner, gso->now, first);
        }
    }
    return true;
}

/* ---- the card ---- */

static struct fa_gso *gso_of(struct fa_netdev *dev)
{
    return FA_CONTAINER(dev, struct fa_gso, dev);
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_gso *gso = gso_of(dev);
    gso->now = now;
    size_t count = fa_netdev_rx(gso->config.inner, now, ret_bufs, count_max);
    return gso->config.join && count > 1 ? fa__gro_join(gso, ret_bufs, count) : count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_gso *gso = gso_of(dev);
    if (!push_waiting(gso)) {
        return FA_AGAIN;
    }
    return fa_buf_alloc(gso->config.pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_gso *gso = gso_of(dev);
    unsigned lacks =
        take->offload.flags & FA__NETDEV_TX_ASKS & ~(unsigned)gso->config.inner->info.tx_offload;
    gso->now = now;
    if (!fa__netdev_tx_check(dev, gso->config.counters, take)) {
        fa_buf_drop(take);
        return;
    }
    bool cut = (lacks & FA__NETDEV_TSO) != 0;
    if (cut ? !check_super(take) : lacks != 0 && !fill_checksum(take)) {
        FA_COUNT(gso->config.counters, netdev_tx_offload);
        fa_buf_drop(take);
        return;
    }
    if (!cut && fa_list_empty(&gso->waiting)) {
        fa_netdev_tx_commit(gso->config.inner, now, take);
        return;
    }
    fa_list_push_back(&gso->waiting, &take->node);
    (void)push_waiting(gso); // what has no room waits for the next call
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    struct fa_gso *gso = gso_of(dev);
    gso->now = now;
    fa_netdev_tx_flush(gso->config.inner, now);
    if (!fa_list_empty(&gso->waiting)) {
        (void)push_waiting(gso); // a flush makes room
        fa_netdev_tx_flush(gso->config.inner, now);
    }
}

/* What waits is tried again with the stack's own next attempt. */
static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_gso *gso = FA_CONTAINER(dev, const struct fa_gso, dev);
    fa_ns at = fa_netdev_deadline(gso->config.inner);
    return fa_list_empty(&gso->waiting) ? at : fa_ns_min(at, fa_ns_after(gso->now, FA_NS_MS));
}

static void close_both(struct fa_netdev *dev)
{
    struct fa_gso *gso = gso_of(dev);
    fa_buf_drop_all(&gso->waiting);
    fa_netdev_close(gso->config.inner);
}

static const struct fa_netdev_ops gso_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = find_deadline,
    .close = close_both,
};

void fa_gso_wrap(struct fa_gso *gso, const struct fa_gso_config *config)
{
    *gso = (struct fa_gso){
        .dev = {.ops = &gso_ops, .info = config->inner->info},
        .config = *config,
    };
    if (gso->config.counters == NULL) {
        gso->config.counters = &fa_counters_main;
    }
    FA_ASSERT(fa_pool_room(config->pool) >= FA_BUF_HEADROOM + fa__netdev_frame_max(&gso->dev));
    gso->dev.info.tx_offload |= FA__NETDEV_TX_ASKS;
    if (config->join) {
        gso->dev.info.rx_offload |= FA__NETDEV_TSO | FA_OFFLOAD_CSUM_GOOD;
    }
    fa_list_init(&gso->waiting);
}
