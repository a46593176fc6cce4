// SPDX-License-Identifier: ISC
#include "fa/buf.h"
#include "test/t.h"

enum {
    SIZE = 512,
    COUNT = 3,
};

static _Alignas(64) uint8_t memory[COUNT * SIZE + 100]; // the odd bytes at the end are not used
static struct fa_pool pool;

static struct fa_buf *alloc_buf(size_t headroom)
{
    struct fa_buf *buf = NULL;
    CHECK(fa_buf_alloc(&pool, headroom, &buf) == FA_OK);
    return buf;
}

static void init_pool(void)
{
    fa_pool_init(&pool, memory, sizeof memory, SIZE);
}

struct geometry {
    uint8_t *memory;
    size_t len;
    size_t buf_size;
};

static void init_geometry(void *ctx)
{
    const struct geometry *geometry = ctx;
    struct fa_pool bad;
    fa_pool_init(&bad, geometry->memory, geometry->len, geometry->buf_size);
}

T(pool_of_an_impossible_geometry_traps)
{
    struct geometry rows[] = {
        {memory + 8, SIZE, SIZE},           // not aligned
        {memory, sizeof memory, SIZE - 64}, // too small
        {memory, sizeof memory, SIZE + 8},  // not a multiple of 64
        {memory, SIZE - 1, SIZE},           // not even one
        {memory, SIZE_MAX, SIZE_MAX / 2 / 64 * 64},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK(t_traps(init_geometry, &rows[row]));
    }
}

T(pool_gives_every_buffer_once_and_then_refuses)
{
    init_pool();
    struct fa_buf *bufs[COUNT];
    CHECK_EQ(fa_pool_free_count(&pool), COUNT);
    for (size_t idx = 0; idx < COUNT; idx++) {
        bufs[idx] = alloc_buf(FA_BUF_HEADROOM);
        for (size_t other = 0; other < idx; other++) {
            CHECK(bufs[other] != bufs[idx]);
        }
    }
    struct fa_buf *none = NULL;
    CHECK(fa_buf_alloc(&pool, 0, &none) == FA_ENOSPC);
    CHECK(none == NULL);
    CHECK_EQ(pool.refused_count, 1);
    CHECK_EQ(pool.used_count_max, COUNT);
    fa_buf_drop(bufs[1]);
    CHECK_EQ(fa_pool_free_count(&pool), 1);
    CHECK(alloc_buf(0) == bufs[1]);
}

T(buffers_never_used_are_not_touched)
{
    __builtin_memset(memory, 0xee, sizeof memory);
    init_pool();
    for (int round = 0; round < 5; round++) {
        fa_buf_drop(alloc_buf(FA_BUF_HEADROOM));
    }
    CHECK_EQ(pool.carved_count, 1);
    for (size_t off = SIZE; off < sizeof memory; off++) {
        REQUIRE(memory[off] == 0xee);
    }
}

T(buffer_comes_back_as_new)
{
    init_pool();
    struct fa_buf *buf = alloc_buf(10);
    (void)fa_buf_append(buf, 20);
    buf->offload.flags = FA_OFFLOAD_TSO4;
    buf->tag = 7;
    buf->at_ns = 9;
    fa_buf_drop(buf);
    CHECK(alloc_buf(30) == buf);
    CHECK_EQ(buf->len, 0);
    CHECK_EQ(fa_buf_headroom(buf), 30);
    CHECK_EQ(fa_buf_tailroom(buf), fa_pool_room(&pool) - 30);
    CHECK_EQ(buf->offload.flags, 0);
    CHECK_EQ(buf->tag, 0);
    CHECK_EQ(buf->at_ns, 0);
}

T(headers_grow_in_front_of_the_payload)
{
    init_pool();
    struct fa_buf *buf = alloc_buf(4);
    fa_copy(fa_buf_append(buf, 3), "def", 3);
    fa_copy(fa_buf_push(buf, 3), "abc", 3);
    fa_copy(fa_buf_append(buf, 2), "gh", 2);
    CHECK_TEXT(fa_buf_slice(buf), "abcdefgh");
    fa_buf_pull(buf, 2);
    fa_buf_trim(buf, 3);
    CHECK_TEXT(fa_buf_slice(buf), "cde");
    CHECK_EQ(fa_buf_headroom(buf), 3);
    CHECK_EQ(fa_buf_headroom(buf) + buf->len + fa_buf_tailroom(buf), fa_pool_room(&pool));
}

static void push_one(void *ctx)
{
    (void)fa_buf_push(ctx, 1);
}

static void append_one(void *ctx)
{
    (void)fa_buf_append(ctx, 1);
}

static void pull_one(void *ctx)
{
    fa_buf_pull(ctx, 1);
}

static void trim_to_one(void *ctx)
{
    fa_buf_trim(ctx, 1);
}

static void alloc_too_much_headroom(void *ctx)
{
    struct fa_buf *buf;
    (void)fa_buf_alloc(ctx, fa_pool_room(ctx) + 1, &buf); // traps before it returns
}

T(content_cannot_leave_the_buffer)
{
    init_pool();
    struct fa_buf *buf = alloc_buf(0);
    CHECK(t_traps(push_one, buf));
    CHECK(t_traps(pull_one, buf));
    CHECK(t_traps(trim_to_one, buf));
    (void)fa_buf_append(buf, fa_pool_room(&pool));
    CHECK(t_traps(append_one, buf));
    CHECK(t_traps(alloc_too_much_headroom, &pool));
}

static void drop_buf(void *ctx)
{
    fa_buf_drop(ctx);
}

T(second_drop_traps)
{
    init_pool();
    struct fa_buf *first = alloc_buf(0);
    struct fa_buf *second = alloc_buf(0);
    fa_buf_drop(first);
    CHECK(t_traps(drop_buf, first));
    fa_buf_drop(second);
    CHECK(t_traps(drop_buf, first));
    CHECK_EQ(pool.used_count, 0);
    fa_buf_drop(NULL);
}

T(drop_of_a_listed_buffer_traps)
{
    init_pool();
    struct fa_list queue;
    fa_list_init(&queue);
    struct fa_buf *buf = alloc_buf(0);
    fa_list_push_back(&queue, &buf->node);
    CHECK(t_traps(drop_buf, buf));
}

T(drop_all_empties_a_queue)
{
    init_pool();
    struct fa_list queue;
    fa_list_init(&queue);
    for (size_t idx = 0; idx < COUNT; idx++) {
        fa_list_push_back(&queue, &alloc_buf(0)->node);
    }
    fa_buf_drop_all(&queue);
    CHECK(fa_list_empty(&queue));
    CHECK_EQ(fa_pool_free_count(&pool), COUNT);
    fa_buf_drop_all(&queue);
}
