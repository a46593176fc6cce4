// SPDX-License-Identifier: ISC
//
// buf.c: packet buffers. A pool hands out buffers it has seen before it carves a new one, so its
// resident memory is its high-water mark and the warm ones are used first. A free buffer has no
// pool: that is the mark by which a second drop is found.

#include "fa/buf.h"

enum {
    BUF_SIZE_MIN = 512, /* bytes */
    BUF_ALIGN = 64,     /* bytes: a cache line */
};

void fa_pool_init(struct fa_pool *pool, uint8_t *memory, size_t len, size_t buf_size)
{
    FA_ASSERT((uintptr_t)memory % BUF_ALIGN == 0);
    FA_ASSERT(buf_size >= BUF_SIZE_MIN && buf_size % BUF_ALIGN == 0);
    FA_ASSERT(buf_size <= UINT32_MAX);
    FA_ASSERT(len >= buf_size);
    *pool = (struct fa_pool){
        .memory = memory,
        .buf_size = buf_size,
        .buf_count = len / buf_size,
    };
}

fa_err fa_buf_alloc(struct fa_pool *pool, size_t headroom, struct fa_buf **ret_buf)
{
    FA_ASSERT(headroom <= fa_pool_room(pool));
    struct fa_buf *buf;
    if (pool->free != NULL) {
        buf = fa_buf_of(pool->free);
        FA_ASSERT(buf->pool == NULL);
        pool->free = pool->free->next;
    } else if (pool->carved_count < pool->buf_count) {
        buf = (struct fa_buf *)(void *)(pool->memory + pool->carved_count * pool->buf_size);
        pool->carved_count++;
    } else {
        pool->refused_count++;
        return FA_ENOSPC;
    }
    *buf = (struct fa_buf){
        .pool = pool,
        .cap = (uint32_t)fa_pool_room(pool),
        .off = (uint32_t)headroom,
    };
    pool->used_count++;
    pool->used_count_max = fa_max(pool->used_count_max, pool->used_count);
    *ret_buf = buf;
    return FA_OK;
}

void fa_buf_drop(struct fa_buf *take)
{
    if (take == NULL) {
        return;
    }
    struct fa_pool *pool = take->pool;
    FA_ASSERT(pool != NULL); // dropped twice
    FA_ASSERT((uintptr_t)take - (uintptr_t)pool->memory < pool->carved_count * pool->buf_size);
    FA_ASSERT(pool->used_count > 0);
    take->pool = NULL;
    pool->used_count--;
    FA_ASSERT(!fa_list_linked(&take->node)); // still in the owner's list
    take->node.next = pool->free;
    pool->free = &take->node;
}

void fa_buf_drop_all(struct fa_list *bufs)
{
    struct fa_list *node;
    while ((node = fa_list_pop_front(bufs)) != NULL) {
        fa_buf_drop(fa_buf_of(node));
    }
}
