// SPDX-License-Identifier: ISC
//
// fa/buf.h: packet buffers with headroom, one owner each.
//
// A pool is one block of memory cut into equal buffers. Whoever holds a `struct fa_buf *` owns it
// alone: it is passed on (the callee's parameter says "take") or dropped, never shared and never
// counted. Headers are pushed into the headroom in front of the payload, so a payload is written
// once. Buffers that were never used are not touched, so a large idle pool costs no memory.
// Tested by test/unit/buf_test.c.
//
//     struct fa_buf *buf;
//     FA_TRY(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf));
//     fa_copy(fa_buf_append(buf, len), payload, len);
//     udp_header_write(fa_buf_push(buf, 8));
//     send_take(buf);

#ifndef FA_BUF_H
#define FA_BUF_H

#include "fa/base.h"
#include "fa/list.h"

enum {
    FA_BUF_HEADROOM = 128, /* bytes: room for Ethernet, IPv6 and a full TCP header (14+40+60) */
    FA_BUF_SIZE = 2048,    /* bytes: a usual buffer, its struct included */
};

/* What a network card is asked to finish, or says it has checked (virtio 1.2, 5.1.6). */
enum fa_offload_flags {
    FA_OFFLOAD_CSUM_NEEDED = 1 << 0, /* tx: fill the checksum at csum_start + csum_offset */
    FA_OFFLOAD_CSUM_GOOD = 1 << 1,   /* rx: the transport checksum was verified below */
    FA_OFFLOAD_TSO4 = 1 << 2,        /* a TCP/IPv4 super-segment: cut at gso_bytes */
    FA_OFFLOAD_TSO6 = 1 << 3,        /* a TCP/IPv6 super-segment: cut at gso_bytes */
};

/* Offload descriptor of one frame. All zero: an ordinary frame, complete as it stands. */
struct fa_offload {
    uint8_t flags;       /* enum fa_offload_flags */
    uint8_t csum_offset; /* bytes from csum_start to the checksum field */
    uint16_t csum_start; /* bytes from the frame's first byte */
    uint16_t gso_bytes;  /* payload bytes of each segment */
    uint16_t hdr_bytes;  /* bytes of Ethernet + IP + TCP header, repeated on each segment */
};

struct fa_pool;

/* One packet buffer. Private to its owner; use the functions below. Pinned. */
struct fa_buf {
    struct fa_list node; /* the owner may link it into one list */
    struct fa_pool *pool;
    uint32_t cap; /* bytes of memory behind this struct */
    uint32_t off; /* first byte of the content */
    uint32_t len; /* bytes of content */
    uint32_t tag; /* free for the owner: a sequence number, a mark */
    struct fa_offload offload;
    fa_ns at_ns; /* free for the owner: when it arrived, when it is due */
};

/* A pool. Zeroed memory is not a pool: call fa_pool_init(). Pinned. */
struct fa_pool {
    struct fa_list *free; /* the last one dropped, which node.next leads on from; NULL: none */
    uint8_t *memory;
    size_t buf_size;
    size_t buf_count;
    size_t carved_count; /* buffers used at least once */
    size_t used_count;
    size_t used_count_max;  /* high-water mark */
    uint64_t refused_count; /* allocations that found the pool empty */
};

/*
 * Cut `len` bytes at `memory` into buffers of `buf_size` bytes, struct included.
 *
 * Owns:   the pool borrows the memory until it is no longer used. It touches only what is used.
 * Limits: buf_size is a multiple of 64 and at least 512; memory is 64-byte aligned.
 */
void fa_pool_init(struct fa_pool *pool, uint8_t *memory, size_t len, size_t buf_size);

/* Bytes that an empty buffer of this pool holds, headroom included. */
static inline size_t fa_pool_room(const struct fa_pool *pool)
{
    return pool->buf_size - sizeof(struct fa_buf);
}

/* Buffers that can still be taken. */
static inline size_t fa_pool_free_count(const struct fa_pool *pool)
{
    return pool->buf_count - pool->used_count;
}

/*
 * Take an empty buffer with `headroom` bytes kept free in front.
 *
 * Owns:    the caller; fa_buf_drop() or a function that says "take" ends that.
 * Returns: FA_OK; FA_ENOSPC if every buffer is in use (counted in refused_count).
 */
fa_err fa_buf_alloc(struct fa_pool *pool, size_t headroom, struct fa_buf **ret_buf);

/* Give a buffer back to its pool. NULL is allowed. */
void fa_buf_drop(struct fa_buf *take);

/* Drop every buffer of a list of fa_buf.node; the list is empty afterwards. */
void fa_buf_drop_all(struct fa_list *bufs);

static inline struct fa_buf *fa_buf_of(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa_buf, node);
}

/* First byte of the memory and of the content. */
static inline uint8_t *fa_buf_base(struct fa_buf *buf)
{
    return (uint8_t *)(buf + 1);
}

static inline uint8_t *fa_buf_at(struct fa_buf *buf)
{
    return fa_buf_base(buf) + buf->off;
}

static inline struct fa_slice fa_buf_slice(const struct fa_buf *buf)
{
    return (struct fa_slice){(const uint8_t *)(buf + 1) + buf->off, buf->len};
}

static inline size_t fa_buf_headroom(const struct fa_buf *buf)
{
    return buf->off;
}

static inline size_t fa_buf_tailroom(const struct fa_buf *buf)
{
    return buf->cap - buf->off - buf->len;
}

/* Grow the content by `len` bytes at its end. Returns: where they go. Traps without room. */
static inline uint8_t *fa_buf_append(struct fa_buf *buf, size_t len)
{
    FA_ASSERT(len <= fa_buf_tailroom(buf));
    uint8_t *at = fa_buf_at(buf) + buf->len;
    buf->len += (uint32_t)len;
    return at;
}

/* Grow the content by `len` bytes at its front. Returns: where they go. Traps without room. */
static inline uint8_t *fa_buf_push(struct fa_buf *buf, size_t len)
{
    FA_ASSERT(len <= buf->off);
    buf->off -= (uint32_t)len;
    buf->len += (uint32_t)len;
    return fa_buf_at(buf);
}

/* Cut `len` bytes from the front. Traps if there are fewer. */
static inline void fa_buf_pull(struct fa_buf *buf, size_t len)
{
    FA_ASSERT(len <= buf->len);
    buf->off += (uint32_t)len;
    buf->len -= (uint32_t)len;
}

/* Keep the first `len` bytes. Traps if there are fewer. */
static inline void fa_buf_trim(struct fa_buf *buf, size_t len)
{
    FA_ASSERT(len <= buf->len);
    buf->len = (uint32_t)len;
}

#endif
