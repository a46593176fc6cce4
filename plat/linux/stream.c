// SPDX-License-Identifier: ISC
//
// The stream device: how bytes become frames and frames bytes. Where the peer comes from is in
// stream_peer.c.

#include "fa/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "fa/plat.h"
#include "plat/linux/stream_priv.h"
#include "src/dev/netdev_priv.h"

enum {
    LENGTH_LEN = 4,  /* bytes in front of each frame */
    RECEIVE_MAX = 8, /* receive calls of one burst: bounds what a peer of useless frames costs */
    SEND_COUNT_MAX = 64, /* frames of one send call */
};

static size_t count_unparsed(const struct fa_stream *stream)
{
    return stream->received_len - stream->parsed_len;
}

/* Go past bytes that are not wanted, as far as they are here. Returns: whether they all were. */
static bool skip_bytes(struct fa_stream *stream)
{
    size_t len = fa_min(stream->skip_len, count_unparsed(stream));
    stream->parsed_len += len;
    stream->skip_len -= len;
    return stream->skip_len == 0;
}

/* The next frame of the area. Returns: FA_OK; FA_AGAIN: it is not all here; FA_ENOSPC: no buffer
 * for it; FA_ECORRUPT: its length makes no sense, so nothing behind it does. */
static fa_err parse_frame(struct fa_stream *stream, struct fa_buf **ret_buf)
{
    for (;;) {
        if (!skip_bytes(stream) || count_unparsed(stream) < LENGTH_LEN) {
            return FA_AGAIN;
        }
        const uint8_t *at = stream->area + stream->parsed_len;
        size_t len = fa_be32_load(at);
        if (len > FA_STREAM_FRAME_MAX) {
            return FA_ECORRUPT;
        }
        if (len < FA_ETH_HDR_LEN || len > fa__netdev_frame_max(&stream->dev)) {
            if (len < FA_ETH_HDR_LEN) {
                FA_COUNT(stream->counters, netdev_rx_too_short);
            } else {
                FA_COUNT(stream->counters, netdev_rx_too_long);
            }
            stream->skip_len = LENGTH_LEN + len;
            continue;
        }
        if (count_unparsed(stream) < LENGTH_LEN + len) {
            return FA_AGAIN;
        }
        struct fa_buf *buf;
        FA_TRY(fa_buf_alloc(stream->pool, FA_BUF_HEADROOM, &buf));
        fa_copy(fa_buf_append(buf, len), at + LENGTH_LEN, len);
        stream->parsed_len += LENGTH_LEN + len;
        *ret_buf = buf;
        return FA_OK;
    }
}

/* One receive call behind what is left of a frame. Returns: whether anything came. */
static bool receive_bytes(struct fa_stream *stream, fa_ns now)
{
    if (!stream->peer.readable) {
        return false;
    }
    size_t left_len = count_unparsed(stream);
    fa_move(stream->area, stream->area + stream->parsed_len, left_len);
    stream->parsed_len = 0;
    stream->received_len = left_len;
    FA_ASSERT(left_len < stream->area_len); /* a whole frame fits, and would have been taken */
    ssize_t len = recv(stream->peer.fd, stream->area + left_len, stream->area_len - left_len, 0);
    if (len > 0) {
        stream->received_len += (size_t)len;
        stream->retry_ns = FA_STREAM_RETRY_MIN_NS; /* a peer that speaks is one to come back to */
        return true;
    }
    if (len < 0 && errno == EAGAIN) {
        stream->peer.readable = false;
    } else if (len == 0 || errno != EINTR) {
        fa__stream_drop_peer(stream, now);
    }
    return false;
}

/* Describe what waits, oldest first. Returns: how many pieces. */
static int gather_frames(
    struct fa_stream *stream, struct iovec *pieces, uint8_t (*lengths)[LENGTH_LEN])
{
    int count = 0;
    size_t skip_len = stream->sent_len;
    FA_LIST_EACH(node, &stream->tx) {
        struct fa_buf *buf = fa_buf_of(node);
        struct iovec *piece = &pieces[2 * count];
        if (count == SEND_COUNT_MAX) {
            break;
        }
        size_t length_skip = fa_min(skip_len, LENGTH_LEN);
        size_t frame_skip = skip_len - length_skip;
        fa_be32_store(lengths[count], buf->len);
        piece[0] = (struct iovec){lengths[count] + length_skip, LENGTH_LEN - length_skip};
        piece[1] = (struct iovec){fa_buf_at(buf) + frame_skip, buf->len - frame_skip};
        skip_len = 0;
        count++;
    }
    return 2 * count;
}

/* Drop the frames that the peer has whole. */
static void retire_frames(struct fa_stream *stream, size_t len)
{
    stream->sent_len += len;
    while (stream->tx_count > 0) {
        struct fa_buf *buf = fa_buf_of(fa_list_first(&stream->tx));
        if (stream->sent_len < LENGTH_LEN + (size_t)buf->len) {
            break;
        }
        stream->sent_len -= LENGTH_LEN + (size_t)buf->len;
        fa_list_unlink(&buf->node);
        fa_buf_drop(buf);
        stream->tx_count--;
    }
}

/* The peer takes nothing any more. Nor is it to get more, for it may have half a frame. */
static void lose_frames(struct fa_stream *stream)
{
    FA_COUNT_ADD(stream->counters, netdev_tx_lost, stream->tx_count);
    fa_buf_drop_all(&stream->tx);
    stream->tx_count = 0;
    stream->sent_len = 0;
    (void)shutdown(stream->peer.fd, SHUT_WR); /* fails where it was shut already */
    stream->peer.readable = true;             /* where its end is seen */
}

/* Send until nothing waits or the peer takes no more. */
static void send_frames(struct fa_stream *stream)
{
    uint8_t lengths[SEND_COUNT_MAX][LENGTH_LEN];
    struct iovec pieces[2 * SEND_COUNT_MAX];
    while (stream->tx_count > 0 && stream->peer.writable) {
        struct msghdr message = {.msg_iov = pieces};
        /* The cast: one libc counts in size_t, the other in int. */
        message.msg_iovlen = (typeof(message.msg_iovlen))gather_frames(stream, pieces, lengths);
        ssize_t len = sendmsg(stream->peer.fd, &message, MSG_NOSIGNAL);
        if (len >= 0) {
            retire_frames(stream, (size_t)len);
        } else if (errno == EAGAIN) {
            stream->peer.writable = false;
            fa__linux_watch(&stream->peer, stream->peer.fd, true);
            stream->awaits_room = true;
        } else if (errno != EINTR) {
            lose_frames(stream); /* what the peer said before it went is still to be read */
        }
    }
    if (stream->awaits_room && stream->tx_count == 0) {
        fa__linux_watch(&stream->peer, stream->peer.fd, false);
        stream->awaits_room = false;
    }
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_stream *stream = FA_CONTAINER(dev, struct fa_stream, dev);
    size_t count = 0;
    size_t receive_count = 0;
    fa__stream_find_peer(stream, now);
    send_frames(stream);
    while (count < count_max && stream->state == FA_STREAM_UP) {
        fa_err err = parse_frame(stream, &ret_bufs[count]);
        if (err == FA_OK) {
            count++;
        } else if (err == FA_ECORRUPT) {
            FA_COUNT(stream->counters, stream_bad_len);
            fa__stream_drop_peer(stream, now);
        } else if (err == FA_ENOSPC || receive_count++ == RECEIVE_MAX ||
                   !receive_bytes(stream, now)) {
            break;
        }
    }
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_stream *stream = FA_CONTAINER(dev, struct fa_stream, dev);
    if (stream->tx_count >= stream->tx_count_max) {
        return FA_AGAIN;
    }
    return fa_buf_alloc(stream->pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_stream *stream = FA_CONTAINER(dev, struct fa_stream, dev);
    (void)now;
    if (!fa__netdev_tx_check(dev, stream->counters, take)) {
        fa_buf_drop(take);
        return;
    }
    if (stream->tx_count >= stream->tx_count_max) {
        send_frames(stream);
    }
    if (stream->state != FA_STREAM_UP || stream->tx_count >= stream->tx_count_max) {
        FA_COUNT(stream->counters, netdev_tx_lost);
        fa_buf_drop(take);
        return;
    }
    fa_list_push_back(&stream->tx, &take->node);
    stream->tx_count++;
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    (void)now;
    send_frames(FA_CONTAINER(dev, struct fa_stream, dev));
}

/* Edges do not repeat: what the last burst left is due now, in the kernel or in the area. While
 * whole frames are there nobody has asked the kernel for more, so the flag speaks for both. */
static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_stream *stream = FA_CONTAINER(dev, const struct fa_stream, dev);
    if (stream->listener.readable) {
        return 0;
    }
    if (stream->state != FA_STREAM_UP) {
        return stream->state == FA_STREAM_WAITING ? stream->retry_at_ns : FA_NS_NEVER;
    }
    return stream->peer.readable && fa_pool_free_count(stream->pool) > 0 ? 0 : FA_NS_NEVER;
}

static void close_stream(struct fa_netdev *dev)
{
    struct fa_stream *stream = FA_CONTAINER(dev, struct fa_stream, dev);
    send_frames(stream); /* what was committed in time; a full socket keeps the rest */
    fa__stream_close_peer(stream);
}

static const struct fa_netdev_ops stream_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = find_deadline,
    .close = close_stream,
};

fa_err fa_stream_open(
    struct fa_stream *stream, const struct fa_stream_config *config, const char **reterr_reason)
{
    uint64_t noise;
    uint16_t mtu_bytes = config->mtu_bytes != 0 ? config->mtu_bytes : FA_STREAM_MTU_DEFAULT;
    size_t frame_max = FA_ETH_HDR_LEN + (size_t)mtu_bytes;
    if (FA_BUF_HEADROOM + frame_max > fa_pool_room(config->pool)) {
        *reterr_reason = "the MTU is larger than the packet buffers: lower it, or enlarge them";
        return FA_EINVAL;
    }
    if (LENGTH_LEN + frame_max > config->area_len) {
        *reterr_reason = "the area is smaller than one frame: enlarge it";
        return FA_EINVAL;
    }
    *stream = (struct fa_stream){
        .dev.ops = &stream_ops,
        .retry_ns = FA_STREAM_RETRY_MIN_NS,
        .pool = config->pool,
        .counters = config->counters != NULL ? config->counters : &fa_counters_main,
        .area = config->area,
        .area_len = config->area_len,
        .tx_count_max =
            config->tx_count_max != 0 ? config->tx_count_max : FA_STREAM_TX_COUNT_DEFAULT,
    };
    fa_list_init(&stream->tx);
    fa_entropy_fill(&noise, sizeof noise);
    fa__netdev_info_set(&stream->dev, config->name, config->mac, mtu_bytes, noise);
    return fa__stream_open_peer(stream, config->address, reterr_reason);
}
