// SPDX-License-Identifier: ISC
//
// Fragments on their way through the stack: packets that are too long for theirs are cut, what
// comes in pieces is put together.

#include "fa/wire/csum.h"
#include "fa/wire/icmp6.h"
#include "src/net/stack_priv.h"

/* ---- up ---- */

/* Make the first fragment's header that of the whole packet. */
static void mend_header4(struct fa_buf *buf, uint16_t header_len, const struct fa_ip_meta *meta)
{
    uint8_t *at = fa_buf_at(buf);
    at[1] = meta->traffic;
    fa_be16_store(at + 2, (uint16_t)buf->len);
    fa_be16_store(at + 6, 0); // neither an offset nor more fragments
    fa_be16_store(at + 10, 0);
    fa_be16_store(at + 10, fa_csum_fold(fa_csum_add(0, at, header_len)));
}

bool fa__rx_reassemble4(struct fa__rx *rx, struct fa_ip_meta *meta, struct fa_ip4_header *ip)
{
    fa__stack_touch(rx->stack);
    const struct fa_reass_part part = {
        .meta = meta,
        .id = ip->id,
        .header_len = ip->header_len,
        .off = ip->fragment_off,
        .more = ip->more_fragments,
    };
    struct fa_ip_meta whole;
    uint16_t header_len;
    FA_COUNT(rx->stack->counters, ip4_rx_fragments);
    rx->buf = fa_reass_input(&rx->stack->reass, rx->now, &part, rx->buf, &whole, &header_len);
    if (rx->buf == NULL) {
        return false;
    }
    mend_header4(rx->buf, header_len, &whole);
    ip->header_len = (uint8_t)header_len;
    ip->total_len = (uint16_t)rx->buf->len;
    *meta = whole;
    return true;
}

/* Take the fragment header, the last of `header_len` bytes, out of the whole packet. */
static void mend_header6(struct fa_buf *buf, uint16_t header_len, const struct fa_ip_meta *meta)
{
    size_t rest = header_len - (size_t)FA_IP6_FRAGMENT_HDR_LEN;
    uint8_t *at = fa_buf_at(buf);
    uint8_t next = at[rest];
    size_t next_off = FA_IP6_NEXT_OFF;
    for (size_t off = FA_IP6_HDR_LEN; off < rest; off += (at[off + 1] + 1u) * 8u) {
        next_off = off;
    }
    FA_ASSERT(at[next_off] == FA_IP6_NEXT_FRAGMENT);
    at[next_off] = next;
    fa_move(at + FA_IP6_FRAGMENT_HDR_LEN, at, rest);
    fa_buf_pull(buf, FA_IP6_FRAGMENT_HDR_LEN);
    at = fa_buf_at(buf);
    at[0] = (uint8_t)((at[0] & 0xf0) | meta->traffic >> 4);
    at[1] = (uint8_t)((at[1] & 0x0f) | meta->traffic << 4);
    fa_be16_store(at + 4, (uint16_t)(buf->len - FA_IP6_HDR_LEN));
}

/* Whether the fragment's length makes no sense (RFC 8200 4.5); its sender is told then. */
static bool refuse_len6(
    const struct fa__rx *rx, const struct fa_ip_meta *meta, const struct fa_ip6_chain *chain)
{
    size_t len = rx->buf->len - chain->off;
    bool uneven = chain->fragment.more && len % 8 != 0;
    bool beyond = chain->off + chain->fragment.off + len > UINT16_MAX;
    if (!uneven && !beyond) {
        return false;
    }
    const struct fa_icmp_header error = {
        .type = FA_ICMP6_PARAMETER,
        .seq = (uint16_t)(uneven ? 4 : chain->off - FA_IP6_FRAGMENT_HDR_LEN + 2), // the field
    };
    FA_COUNT(rx->stack->counters, reass_bad_len);
    fa_icmp_error_take(&rx->stack->icmp, rx->now, meta, &error, rx->buf);
    return true;
}

bool fa__rx_reassemble6(
    struct fa__rx *rx, struct fa_ip_meta *meta, const struct fa_ip6_chain *chain)
{
    fa__stack_touch(rx->stack);
    FA_COUNT(rx->stack->counters, ip6_rx_fragments);
    if (fa_ip_is_zero(&meta->remote)) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_martian);
        return false;
    }
    if (refuse_len6(rx, meta, chain)) {
        return false;
    }
    // What the first fragment has behind its header, as if it stood behind an IPv6 header.
    struct fa_ip6_chain inner;
    struct fa_slice behind =
        fa_slice_from(fa_buf_slice(rx->buf), chain->off - (size_t)FA_IP6_HDR_LEN);
    enum fa_ip6_chain_verdict verdict = fa_ip6_chain_walk(behind, chain->fragment.next, &inner);
    struct fa_ip_meta from = *meta;
    from.protocol = verdict == FA_IP6_CHAIN_GOOD ? inner.protocol : chain->fragment.next;
    const struct fa_reass_part part = {
        .meta = &from,
        .id = chain->fragment.id,
        .header_len = chain->off,
        .upper_off = chain->fragment.off == 0 ? (uint16_t)(inner.off - FA_IP6_HDR_LEN) : 0,
        .off = chain->fragment.off,
        .more = chain->fragment.more,
    };
    if (chain->fragment.off == 0 && verdict == FA_IP6_CHAIN_SHORT) {
        fa__rx_drop(rx, FA_COUNTER_reass_tiny); // RFC 7112
        return false;
    }
    uint16_t header_len;
    rx->buf = fa_reass_input(&rx->stack->reass, rx->now, &part, rx->buf, meta, &header_len);
    if (rx->buf == NULL) {
        return false;
    }
    mend_header6(rx->buf, header_len, meta);
    return true;
}

void fa__stack_reass_tick(struct fa_stack *stack, fa_ns now)
{
    static const struct fa_icmp_header late = {
        .type = FA_ICMP_TIME_EXCEEDED, .code = FA_ICMP_CODE_REASSEMBLY};
    static const struct fa_icmp_header late6 = {
        .type = FA_ICMP6_TIME_EXCEEDED, .code = FA_ICMP6_CODE_REASSEMBLY};
    struct fa_ip_meta meta;
    for (struct fa_buf *first; (first = fa_reass_tick(&stack->reass, now, &meta)) != NULL;) {
        bool four = fa_ip_is4(&meta.remote);
        fa_icmp_error_take(&stack->icmp, now, &meta, four ? &late : &late6, first);
    }
}

/* ---- down ---- */

void fa__stack_fragment_take(struct fa_stack *stack, fa_ns now, uint32_t iface_idx,
    uint16_t mtu_bytes, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    if (meta->dont_fragment && meta->protocol == FA_IP_PROTO_UDP) {
        struct fa_ip_meta told = *meta;
        told.mtu_bytes = mtu_bytes;
        (void)fa_udp_icmp(&stack->udp, &told, FA_UDP_ICMP_TOO_BIG, fa_buf_slice(take));
    }
    if (meta->dont_fragment || fa_fragment_is_busy(&stack->fragment) ||
        take->len + FA_IP4_HDR_LEN > UINT16_MAX) {
        fa__stack_drop(stack, now, iface_idx, take, FA_COUNTER_ip_tx_too_big);
        return;
    }
    FA_COUNT(stack->counters, ip_tx_fragmented);
    struct fa_ip_meta full = *meta;
    if (full.ttl == 0) {
        full.ttl = fa__stack_hop_limit(stack, iface_idx, fa_ip_is4(&meta->remote));
    }
    fa_fragment_begin(&stack->fragment, take, &full, mtu_bytes, fa_rand_u32(&stack->rand));
}

bool fa__stack_fragment_send(struct fa_stack *stack, fa_ns now)
{
    struct fa_buf *buf;
    struct fa__way way;
    struct fa_fragment *fragment = &stack->fragment;
    if (!fa_fragment_is_busy(fragment) || !fa__stack_reserve(stack, &buf)) {
        return false;
    }
    // The way may have changed between two pieces, or be gone.
    if (fa__stack_way(stack, &fragment->meta, &way) != FA_OK || way.ours) {
        FA_COUNT(stack->counters, ip_tx_no_route);
        fa_fragment_stop(fragment);
        fa_buf_drop(buf);
        return true;
    }
    fa_fragment_next(fragment, buf);
    FA_COUNT(stack->counters, ip_tx_fragments);
    fa__stack_frame_send(stack, now, &way, &fragment->meta, buf);
    return true;
}
