// SPDX-License-Identifier: ISC
//
// The faults of fa/memblk.h, each by itself. That it is a disk at all is
// test/conform/blkdev_test.c.

#include "fa/memblk.h"

#include "test/t.h"

enum {
    BLOCK_BYTES = 512,
    BLOCK_COUNT = 64,
    BYTES = BLOCK_BYTES * BLOCK_COUNT,
};

static struct fa_memblk disk;
static uint8_t memory[BYTES];
static uint8_t durable[BYTES];
static uint64_t dirty[BLOCK_COUNT];

static struct fa_memblk_config plain_config(void)
{
    return (struct fa_memblk_config){
        .block_bytes = BLOCK_BYTES,
        .block_count = BLOCK_COUNT,
        .req_count_max = 16,
        .req_blocks_max = BLOCK_COUNT,
        .memory = memory,
    };
}

static struct fa_memblk_config losing_config(uint64_t seed)
{
    struct fa_memblk_config config = plain_config();
    config.durable = durable;
    config.dirty = dirty;
    config.seed = seed;
    return config;
}

static void open_disk(const struct fa_memblk_config *config)
{
    fa_zero(memory, sizeof memory);
    fa_memblk_init(&disk, config);
}

/* Carry out one request at time 0. */
static fa_err do_op(enum fa_blk_op op, uint64_t block, uint32_t count, uint8_t *at)
{
    struct fa_blk_req req = {.op = op, .block = block, .count = count, .at = at};
    FA_TRY(fa_blkdev_submit(&disk.dev, 0, &req));
    CHECK(fa_blkdev_complete(&disk.dev, FA_NS_NEVER - 1) == &req);
    return req.result;
}

static fa_err write_byte(uint64_t block, uint8_t value)
{
    uint8_t bytes[BLOCK_BYTES];
    __builtin_memset(bytes, value, sizeof bytes);
    return do_op(FA_BLK_WRITE, block, 1, bytes);
}

static uint8_t first_byte(uint64_t block)
{
    uint8_t bytes[BLOCK_BYTES];
    CHECK_EQ(do_op(FA_BLK_READ, block, 1, bytes), FA_OK);
    return bytes[0];
}

T(content_is_kept_and_the_name_cut)
{
    struct fa_memblk_config config = plain_config();
    config.name = "a name of more than fifteen";
    memory[0] = 7;
    fa_memblk_init(&disk, &config);
    CHECK_EQ(first_byte(0), 7);
    CHECK_TEXT(fa_slice_of(disk.dev.info.name), "a name of more ");
}

T(latency_is_waited_for)
{
    struct fa_memblk_config config = plain_config();
    config.latency_ns = 1000;
    open_disk(&config);
    uint8_t bytes[BLOCK_BYTES];
    struct fa_blk_req req = {.op = FA_BLK_READ, .block = 1, .count = 1, .at = bytes};
    CHECK_EQ(fa_blkdev_submit(&disk.dev, 500, &req), FA_OK);
    CHECK_EQ(fa_blkdev_deadline(&disk.dev), 1500);
    CHECK(fa_blkdev_complete(&disk.dev, 1499) == NULL);
    CHECK(fa_blkdev_complete(&disk.dev, 1500) == &req);
    CHECK_EQ(fa_blkdev_deadline(&disk.dev), FA_NS_NEVER);
}

/* Submit 16 flushes at once. Returns: whether they complete in order. */
static bool completes_in_order(const struct fa_memblk_config *config)
{
    struct fa_blk_req reqs[16];
    open_disk(config);
    for (size_t i = 0; i < FA_COUNT_OF(reqs); i++) {
        reqs[i] = (struct fa_blk_req){.op = FA_BLK_FLUSH};
        CHECK_EQ(fa_blkdev_submit(&disk.dev, 0, &reqs[i]), FA_OK);
    }
    bool in_order = true;
    for (size_t i = 0; i < FA_COUNT_OF(reqs); i++) {
        in_order &= fa_blkdev_complete(&disk.dev, FA_NS_S) == &reqs[i];
    }
    CHECK(fa_blkdev_complete(&disk.dev, FA_NS_S) == NULL);
    return in_order;
}

T(order_is_kept_unless_asked_otherwise)
{
    struct fa_memblk_config config = plain_config();
    CHECK(completes_in_order(&config));
    config.jitter_ns = 1000;
    CHECK(completes_in_order(&config));
    config.reorder = true;
    CHECK(!completes_in_order(&config));
    config.jitter_ns = 0;
    CHECK(!completes_in_order(&config));
}

T(the_nth_request_fails)
{
    static const struct {
        uint64_t nth;
        uint64_t every;
        const char *expected; /* x: fails */
    } rows[] = {
        {0, 0, "........"},
        {1, 0, "x......."},
        {3, 0, "..x....."},
        {1, 1, "xxxxxxxx"},
        {2, 3, ".x..x..x"},
    };
    const struct fa_memblk_config config = plain_config();
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        open_disk(&config);
        fa_memblk_fail(&disk, rows[i].nth, rows[i].every);
        char seen[9] = {0};
        for (size_t k = 0; k < 8; k++) {
            const fa_err err = do_op(k % 2 == 0 ? FA_BLK_FLUSH : FA_BLK_DISCARD, 0, 1, NULL);
            CHECK(err == FA_OK || err == FA_EIO);
            seen[k] = err == FA_OK ? '.' : 'x';
        }
        CHECK_TEXT(fa_slice_of(seen), rows[i].expected);
    }
}

T(a_refused_request_is_not_the_nth)
{
    const struct fa_memblk_config config = plain_config();
    open_disk(&config);
    fa_memblk_fail(&disk, 1, 0);
    CHECK_EQ(do_op(FA_BLK_READ, BLOCK_COUNT, 1, memory), FA_EINVAL);
    CHECK_EQ(do_op(FA_BLK_FLUSH, 0, 0, NULL), FA_EIO);
    CHECK_EQ(disk.failed_count, 1);
}

T(a_failed_read_leaves_rubbish)
{
    const struct fa_memblk_config config = plain_config();
    open_disk(&config);
    uint8_t bytes[BLOCK_BYTES] = {0};
    fa_memblk_fail(&disk, 1, 0);
    CHECK_EQ(do_op(FA_BLK_READ, 0, 1, bytes), FA_EIO);
    CHECK(bytes[0] != 0 && bytes[BLOCK_BYTES - 1] != 0);
}

T(a_failed_write_is_there_partly)
{
    struct fa_memblk_config config = plain_config();
    size_t written_count = 0;
    config.atomic_bytes = 128;
    for (uint64_t seed = 0; seed < 100; seed++) {
        config.seed = seed;
        open_disk(&config);
        fa_memblk_fail(&disk, 1, 0);
        CHECK_EQ(write_byte(3, 9), FA_EIO);
        for (size_t off = 0; off < BLOCK_BYTES; off += 128) {
            const uint8_t *unit = memory + 3 * BLOCK_BYTES + off;
            CHECK(unit[0] == unit[127] && (unit[0] == 0 || unit[0] == 9));
            written_count += unit[0] == 9;
        }
        CHECK(memory[3 * BLOCK_BYTES - 1] == 0 && memory[4 * BLOCK_BYTES] == 0);
    }
    CHECK(written_count > 100 && written_count < 300); /* of 400 */
}

T(a_flushed_write_survives)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        const struct fa_memblk_config config = losing_config(seed);
        open_disk(&config);
        CHECK_EQ(write_byte(5, 1), FA_OK);
        CHECK_EQ(do_op(FA_BLK_FLUSH, 0, 0, NULL), FA_OK);
        fa_memblk_power_cut(&disk);
        CHECK_EQ(first_byte(5), 1);
    }
}

T(an_unflushed_write_survives_or_not)
{
    size_t counts[3] = {0};
    for (uint64_t seed = 0; seed < 400; seed++) {
        const struct fa_memblk_config config = losing_config(seed);
        open_disk(&config);
        CHECK_EQ(write_byte(5, 1), FA_OK);
        CHECK_EQ(write_byte(5, 2), FA_OK);
        CHECK_EQ(first_byte(5), 2);
        fa_memblk_power_cut(&disk);
        const uint8_t found = first_byte(5);
        REQUIRE(found < 3);
        counts[found]++;
    }
    CHECK(counts[0] > 50 && counts[1] > 50 && counts[2] > 50);
}

T(a_write_in_flight_survives_or_not)
{
    size_t counts[2] = {0};
    for (uint64_t seed = 0; seed < 200; seed++) {
        const struct fa_memblk_config config = losing_config(seed);
        open_disk(&config);
        uint8_t bytes[BLOCK_BYTES];
        __builtin_memset(bytes, 1, sizeof bytes);
        struct fa_blk_req req = {.op = FA_BLK_WRITE, .block = 5, .count = 1, .at = bytes};
        CHECK_EQ(fa_blkdev_submit(&disk.dev, 0, &req), FA_OK);
        fa_memblk_power_cut(&disk);
        CHECK(fa_blkdev_complete(&disk.dev, FA_NS_S) == NULL);
        CHECK(!fa_list_linked(&req.node));
        counts[first_byte(5)]++;
    }
    CHECK(counts[0] > 40 && counts[1] > 40);
}

T(a_flush_keeps_its_promise_though_the_block_changes_under_way)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        const struct fa_memblk_config config = losing_config(seed);
        open_disk(&config);
        CHECK_EQ(write_byte(5, 1), FA_OK);
        uint8_t bytes[BLOCK_BYTES];
        __builtin_memset(bytes, 2, sizeof bytes);
        struct fa_blk_req write = {.op = FA_BLK_WRITE, .block = 5, .count = 1, .at = bytes};
        struct fa_blk_req flush = {.op = FA_BLK_FLUSH};
        CHECK_EQ(fa_blkdev_submit(&disk.dev, 0, &write), FA_OK);
        CHECK_EQ(fa_blkdev_submit(&disk.dev, 0, &flush), FA_OK);
        if (seed % 2 == 0) {
            fa_memblk_fail(&disk, 0, 0);
            write.result = FA_EIO; /* the write fails, the flush does not */
        }
        CHECK(fa_blkdev_complete(&disk.dev, 0) == &write);
        CHECK(fa_blkdev_complete(&disk.dev, 0) == &flush);
        CHECK_EQ(flush.result, FA_OK);
        fa_memblk_power_cut(&disk);
        CHECK(first_byte(5) != 0);
    }
}

T(a_failed_flush_promises_nothing)
{
    size_t lost_count = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        const struct fa_memblk_config config = losing_config(seed);
        open_disk(&config);
        CHECK_EQ(write_byte(5, 1), FA_OK);
        fa_memblk_fail(&disk, 1, 0);
        CHECK_EQ(do_op(FA_BLK_FLUSH, 0, 0, NULL), FA_EIO);
        fa_memblk_power_cut(&disk);
        lost_count += first_byte(5) == 0;
    }
    CHECK(lost_count > 20 && lost_count < 80);
}

T(discarded_blocks_come_back_until_flushed)
{
    size_t counts[2] = {0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct fa_memblk_config config = losing_config(seed);
        config.can_discard = true;
        open_disk(&config);
        CHECK_EQ(write_byte(5, 1), FA_OK);
        CHECK_EQ(do_op(FA_BLK_FLUSH, 0, 0, NULL), FA_OK);
        CHECK_EQ(do_op(FA_BLK_DISCARD, 5, 1, NULL), FA_OK);
        CHECK_EQ(first_byte(5), 0);
        fa_memblk_power_cut(&disk);
        counts[first_byte(5)]++;
    }
    CHECK(counts[0] > 20 && counts[1] > 20);
}

T(misdirected_writes_land_elsewhere)
{
    struct fa_memblk_config config = plain_config();
    config.misdirect_per_million = 1000 * 1000;
    open_disk(&config);
    size_t astray_count = 0;
    for (uint8_t i = 1; i < 50; i++) {
        CHECK_EQ(write_byte(0, i), FA_OK);
        astray_count += memory[0] != i;
    }
    CHECK(astray_count > 40);
}

T(one_seed_makes_one_history)
{
    static uint8_t first[BYTES];
    bool differs = false;
    for (uint64_t seed = 0; seed < 20; seed++) {
        for (int run = 0; run < 2; run++) {
            struct fa_memblk_config config = losing_config(seed);
            config.atomic_bytes = 64;
            open_disk(&config);
            for (uint8_t i = 0; i < 200; i++) {
                CHECK_EQ(write_byte(i % BLOCK_COUNT, i), FA_OK);
                CHECK_EQ(i % 50 != 0 ? FA_OK : do_op(FA_BLK_FLUSH, 0, 0, NULL), FA_OK);
            }
            fa_memblk_power_cut(&disk);
            CHECK(run == 0 || fa_equal(first, memory, sizeof memory));
            differs |= run == 0 && seed > 0 && !fa_equal(first, memory, sizeof memory);
            fa_copy(first, memory, sizeof memory);
        }
    }
    CHECK(differs);
}

static void init_with(void *ctx)
{
    fa_memblk_init(&disk, ctx);
}

T(impossible_geometry_traps)
{
    struct fa_memblk_config configs[6];
    for (size_t i = 0; i < FA_COUNT_OF(configs); i++) {
        configs[i] = plain_config();
    }
    configs[0].block_bytes = 256;
    configs[1].block_bytes = 1000;
    configs[2].block_count = 0;
    configs[3].memory = NULL;
    configs[4].durable = durable;
    configs[5].atomic_bytes = 100;
    for (size_t i = 0; i < FA_COUNT_OF(configs); i++) {
        CHECK(t_traps(init_with, &configs[i]));
    }
}
