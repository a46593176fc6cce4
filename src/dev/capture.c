// SPDX-License-Identifier: ISC
//
// The wrapper that records, and the pcapng blocks it writes: little-endian whatever the machine, so
// that the same run gives the same file.

#include "fa/capture.h"

#include "src/dev/capture_priv.h"

/* Names and numbers of draft-ietf-opsawg-pcapng. */
enum {
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINKTYPE_ETHERNET = 1,
    OPT_ENDOFOPT = 0,
    OPT_COMMENT = 1,
    SHB_USERAPPL = 4,
    IF_NAME = 2,
    IF_MACADDR = 6,
    IF_TSRESOL = 9,
    ISB_IFRECV = 4,
    EPB_FLAGS = 2,
    EPB_INBOUND = 1,
    EPB_OUTBOUND = 2,
};

enum {
    BLOCK_MAX = 128 + FA_CAPTURE_TEXT_MAX, /* bytes of any block without its packet */
};

/* A block under construction. */
struct block {
    uint8_t at[BLOCK_MAX];
    size_t len;
};

static void add_le32(struct block *block, uint32_t value)
{
    FA_ASSERT(block->len + 4 <= BLOCK_MAX);
    fa__le32_store(block->at + block->len, value);
    block->len += 4;
}

static void add_option(struct block *block, unsigned code, const void *at, size_t len)
{
    size_t pad_len = (4 - len % 4) % 4;
    add_le32(block, (uint32_t)(code | len << 16));
    FA_ASSERT(block->len + len + pad_len <= BLOCK_MAX);
    fa_copy(block->at + block->len, at, len);
    fa_zero(block->at + block->len + len, pad_len);
    block->len += len + pad_len;
}

static void add_text_option(struct block *block, unsigned code, const char *text)
{
    struct fa_slice slice = fa_slice_of(text);
    add_option(block, code, slice.at, fa_min(slice.len, FA_CAPTURE_TEXT_MAX));
}

/* High half first, in either byte order. */
static void add_time(struct block *block, const struct fa_capture *capture, fa_ns now)
{
    uint64_t at_ns = now + capture->config.wall_offset_ns;
    add_le32(block, (uint32_t)(at_ns >> 32));
    add_le32(block, (uint32_t)at_ns);
}

static void begin_block(struct block *block, uint32_t type)
{
    block->len = 0;
    add_le32(block, type);
    add_le32(block, 0); /* the length, once it is known */
}

static void write_piece(const struct fa_capture *capture, const uint8_t *at, size_t len)
{
    capture->config.sink.write(capture->config.sink.ctx, (struct fa_slice){at, len});
}

static void write_block(const struct fa_capture *capture, struct block *block)
{
    uint32_t total_len = (uint32_t)block->len + 4;
    add_le32(block, total_len);
    fa__le32_store(block->at + 4, total_len);
    write_piece(capture, block->at, block->len);
}

void fa_capture_init(struct fa_capture *capture, const struct fa_capture_config *config)
{
    struct block block;
    FA_ASSERT(config->sink.write != NULL);
    *capture = (struct fa_capture){.config = *config};
    begin_block(&block, FA__PCAPNG_SECTION);
    add_le32(&block, BYTE_ORDER_MAGIC);
    add_le32(&block, 1);          /* version 1.0 */
    add_le32(&block, UINT32_MAX); /* the section's length, 64 bits: not told */
    add_le32(&block, UINT32_MAX);
    if (config->comment != NULL) {
        add_text_option(&block, OPT_COMMENT, config->comment);
    }
    add_text_option(&block, SHB_USERAPPL, "fata");
    add_le32(&block, OPT_ENDOFOPT);
    write_block(capture, &block);
}

static void write_iface(const struct fa_capture *capture, const struct fa_netdev_info *info)
{
    const uint8_t nanoseconds = 9; /* ten to the minus ... */
    struct block block;
    begin_block(&block, FA__PCAPNG_IFACE);
    add_le32(&block, LINKTYPE_ETHERNET);
    add_le32(&block, capture->config.snap_bytes);
    add_text_option(&block, IF_NAME, info->name);
    add_option(&block, IF_MACADDR, info->mac, FA_MAC_LEN);
    add_option(&block, IF_TSRESOL, &nanoseconds, 1);
    add_le32(&block, OPT_ENDOFOPT);
    write_block(capture, &block);
}

/* In three pieces, so that the frame is not copied on the way. */
static void write_frame(struct fa_capture *capture, uint32_t iface, fa_ns now, unsigned direction,
    struct fa_slice frame)
{
    struct block head;
    struct block tail = {.len = 0};
    size_t snap_bytes = capture->config.snap_bytes;
    size_t kept_len = snap_bytes != 0 ? fa_min(frame.len, snap_bytes) : frame.len;
    size_t pad_len = (4 - kept_len % 4) % 4;
    uint8_t flags[4];
    fa__le32_store(flags, direction);
    add_option(&tail, EPB_FLAGS, flags, sizeof flags);
    add_le32(&tail, OPT_ENDOFOPT);

    begin_block(&head, FA__PCAPNG_PACKET);
    add_le32(&head, iface);
    add_time(&head, capture, now);
    add_le32(&head, (uint32_t)kept_len);
    add_le32(&head, (uint32_t)frame.len);
    uint32_t total_len = (uint32_t)(head.len + kept_len + pad_len + tail.len + 4);
    fa__le32_store(head.at + 4, total_len);
    add_le32(&tail, total_len);

    static const uint8_t padding[4];
    write_piece(capture, head.at, head.len);
    write_piece(capture, frame.at, kept_len);
    write_piece(capture, padding, pad_len);
    write_piece(capture, tail.at, tail.len);
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_capture_dev *captured = FA_CONTAINER(dev, struct fa_capture_dev, dev);
    size_t count = fa_netdev_rx(captured->inner, now, ret_bufs, count_max);
    for (size_t i = 0; i < count; i++) {
        write_frame(
            captured->capture, captured->iface, now, EPB_INBOUND, fa_buf_slice(ret_bufs[i]));
    }
    captured->rx_count += count;
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_capture_dev *captured = FA_CONTAINER(dev, struct fa_capture_dev, dev);
    return fa_netdev_tx_reserve(captured->inner, ret_buf);
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_capture_dev *captured = FA_CONTAINER(dev, struct fa_capture_dev, dev);
    write_frame(captured->capture, captured->iface, now, EPB_OUTBOUND, fa_buf_slice(take));
    fa_netdev_tx_commit(captured->inner, now, take);
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    struct fa_capture_dev *captured = FA_CONTAINER(dev, struct fa_capture_dev, dev);
    fa_netdev_tx_flush(captured->inner, now);
}

static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_capture_dev *captured = FA_CONTAINER(dev, const struct fa_capture_dev, dev);
    return fa_netdev_deadline(captured->inner);
}

static void close_both(struct fa_netdev *dev)
{
    struct fa_capture_dev *captured = FA_CONTAINER(dev, struct fa_capture_dev, dev);
    fa_netdev_close(captured->inner);
}

static const struct fa_netdev_ops capture_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = find_deadline,
    .close = close_both,
};

void fa_capture_wrap(
    struct fa_capture_dev *dev, struct fa_capture *capture, struct fa_netdev *inner)
{
    *dev = (struct fa_capture_dev){
        .dev = {.ops = &capture_ops, .info = inner->info},
        .inner = inner,
        .capture = capture,
        .iface = capture->iface_count++,
    };
    write_iface(capture, &inner->info);
}

void fa_capture_remark(const struct fa_capture_dev *dev, fa_ns now, const char *text)
{
    struct block block;
    uint8_t rx_count[8];
    fa__le32_store(rx_count, (uint32_t)dev->rx_count);
    fa__le32_store(rx_count + 4, (uint32_t)(dev->rx_count >> 32));
    begin_block(&block, FA__PCAPNG_STATS);
    add_le32(&block, dev->iface);
    add_time(&block, dev->capture, now);
    add_text_option(&block, OPT_COMMENT, text);
    add_option(&block, ISB_IFRECV, rx_count, sizeof rx_count);
    add_le32(&block, OPT_ENDOFOPT);
    write_block(dev->capture, &block);
}
