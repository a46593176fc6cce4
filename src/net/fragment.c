// SPDX-License-Identifier: ISC
//
// Fragmentation.

#include "fa/fragment.h"

#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

enum {
    UNIT = 8, /* bytes: offsets count these */
};

static size_t headers_len(const struct fa_ip *remote)
{
    return fa_ip_is4(remote) ? (size_t)FA_IP4_HDR_LEN
                             : (size_t)FA_IP6_HDR_LEN + FA_IP6_FRAGMENT_HDR_LEN;
}

void fa_fragment_begin(struct fa_fragment *fragment, struct fa_buf *take,
    const struct fa_ip_meta *meta, uint16_t mtu_bytes, uint32_t id)
{
    FA_ASSERT(!fa_fragment_is_busy(fragment));
    FA_ASSERT(mtu_bytes >= FA_IP4_MTU_MIN && take->len + FA_IP4_HDR_LEN <= UINT16_MAX);
    *fragment =
        (struct fa_fragment){.packet = take, .meta = *meta, .id = id, .mtu_bytes = mtu_bytes};
}

void fa_fragment_stop(struct fa_fragment *fragment)
{
    fa_buf_drop(fragment->packet);
    fragment->packet = NULL;
}

static void push_ip4(const struct fa_fragment *fragment, struct fa_buf *buf, bool more)
{
    const struct fa_ip_meta *meta = &fragment->meta;
    struct fa_ip4_header ip = {
        .source = fa_ip4_of(&meta->local),
        .target = fa_ip4_of(&meta->remote),
        .total_len = (uint16_t)(FA_IP4_HDR_LEN + buf->len),
        .id = (uint16_t)fragment->id,
        .fragment_off = (uint16_t)fragment->off,
        .traffic = meta->traffic,
        .ttl = meta->ttl != 0 ? meta->ttl : FA_IP4_TTL_DEFAULT,
        .protocol = meta->protocol,
        .more_fragments = more,
    };
    fa_ip4_encode(fa_buf_push(buf, FA_IP4_HDR_LEN), &ip);
}

static void push_ip6(const struct fa_fragment *fragment, struct fa_buf *buf, bool more)
{
    const struct fa_ip_meta *meta = &fragment->meta;
    const struct fa_ip6_fragment header = {
        .id = fragment->id,
        .off = (uint16_t)fragment->off,
        .more = more,
        .next = meta->protocol,
    };
    fa_ip6_fragment_encode(fa_buf_push(buf, FA_IP6_FRAGMENT_HDR_LEN), &header);
    const struct fa_ip6_header ip = {
        .source = meta->local,
        .target = meta->remote,
        .payload_len = (uint16_t)buf->len,
        .traffic = meta->traffic,
        .next = FA_IP6_NEXT_FRAGMENT,
        .hop_limit = meta->ttl != 0 ? meta->ttl : FA_IP6_HOP_LIMIT_DEFAULT,
    };
    fa_ip6_encode(fa_buf_push(buf, FA_IP6_HDR_LEN), &ip);
}

void fa_fragment_next(struct fa_fragment *fragment, struct fa_buf *buf)
{
    FA_ASSERT(fa_fragment_is_busy(fragment) && buf->len == 0);
    struct fa_slice rest = fa_slice_from(fa_buf_slice(fragment->packet), fragment->off);
    size_t room = fragment->mtu_bytes - headers_len(&fragment->meta.remote);
    room = fa_min(room, fa_buf_tailroom(buf));
    FA_ASSERT(room >= UNIT);
    bool more = rest.len > room;
    size_t len = more ? room / UNIT * UNIT : rest.len;
    fa_copy(fa_buf_append(buf, len), rest.at, len);
    if (fa_ip_is4(&fragment->meta.remote)) {
        push_ip4(fragment, buf, more);
    } else {
        push_ip6(fragment, buf, more);
    }
    fragment->off += (uint32_t)len;
    if (!more) {
        fa_fragment_stop(fragment);
    }
}
