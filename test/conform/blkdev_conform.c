// SPDX-License-Identifier: ISC
//
// Every sentence of fa/blkdev.h, one function a claim. Blocks are stamped with their number and a
// version in every word, so that any stray, stale or torn byte shows.

#include "test/conform/blkdev_conform.h"

#include "fa/plat.h"
#include "fa/rand.h"
#include "test/t.h"

enum {
    BYTES = CONFORM_BLK_BYTES_MAX,
    SPAN = CONFORM_BLK_COUNT_MIN, /* blocks the suite works on */
    IN_FLIGHT_MAX = 16,
    STEP_COUNT = 2000,
    POWER_CUT_COUNT = 200,
    TRIES_MAX = 1000,
};

static uint8_t bytes[SPAN * BYTES];

static void stamp(uint8_t *at, size_t len, uint64_t block, uint32_t version)
{
    for (size_t off = 0; off < len; off += 8) {
        fa_be32_store(at + off, (uint32_t)block);
        fa_be32_store(at + off + 4, version);
    }
}

/* Version of the stamps in at[len]; UINT32_MAX if they differ or are another block's. Zeros are
 * version 0 of any block. */
static uint32_t version_of(const uint8_t *at, size_t len, uint64_t block)
{
    const uint32_t version = fa_be32_load(at + 4);
    for (size_t off = 0; off < len; off += 8) {
        if (fa_be32_load(at + off) != (version == 0 ? 0 : (uint32_t)block) ||
            fa_be32_load(at + off + 4) != version) {
            return UINT32_MAX;
        }
    }
    return version;
}

/* Collect one request, sleeping as the device advises. */
static struct fa_blk_req *collect(struct fa_blkdev *dev)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        const fa_ns now = fa_clock_mono_ns();
        struct fa_blk_req *req = fa_blkdev_complete(dev, now);
        if (req != NULL) {
            return req;
        }
        fa_plat_wait(fa_ns_min(fa_blkdev_deadline(dev), now + FA_NS_S));
    }
    return NULL;
}

/* Submit one request to an idle device and wait for it. */
static fa_err carry_out(struct fa_blkdev *dev, struct fa_blk_req *req)
{
    FA_TRY(fa_blkdev_submit(dev, fa_clock_mono_ns(), req));
    CHECK(collect(dev) == req);
    CHECK(fa_blkdev_complete(dev, fa_clock_mono_ns()) == NULL);
    return req->result;
}

static fa_err do_op(
    struct fa_blkdev *dev, enum fa_blk_op op, uint64_t block, uint32_t count, uint8_t *at)
{
    struct fa_blk_req req = {
        .op = op, .block = block, .count = count, .at = at, .result = FA_ECANCEL, .ctx = at};
    const fa_err err = carry_out(dev, &req);
    CHECK(req.ctx == at);
    return err;
}

static void check_info(struct fa_blkdev *dev)
{
    const struct fa_blkdev_info *info = &dev->info;
    CHECK(info->block_bytes >= 512 && (info->block_bytes & (info->block_bytes - 1)) == 0);
    CHECK(info->block_count >= CONFORM_BLK_COUNT_MIN);
    CHECK(info->req_count_max >= 1);
    CHECK(info->req_blocks_max >= 1);
    CHECK(info->name[0] != '\0' && info->name[sizeof info->name - 1] == '\0');
    REQUIRE(info->block_bytes <= CONFORM_BLK_BYTES_MAX);
    CHECK_EQ(fa_blkdev_deadline(dev), FA_NS_NEVER);
    CHECK(fa_blkdev_complete(dev, fa_clock_mono_ns()) == NULL);
}

static void check_written_is_read(struct fa_blkdev *dev)
{
    const uint32_t block_bytes = dev->info.block_bytes;
    const uint32_t most = (uint32_t)fa_min(dev->info.req_blocks_max, SPAN);
    const struct {
        uint64_t block;
        uint32_t count;
    } rows[] = {
        {0, 1},
        {1, 1},
        {0, most},
        {SPAN - most, most},
        {dev->info.block_count - 1, 1},
        {dev->info.block_count - most, most},
        {7, (uint32_t)fa_min(2, most)},
    };
    for (uint32_t i = 0; i < FA_COUNT_OF(rows); i++) {
        for (uint32_t k = 0; k < rows[i].count; k++) {
            stamp(bytes + (size_t)k * block_bytes, block_bytes, rows[i].block + k, i + 1);
        }
        CHECK_EQ(do_op(dev, FA_BLK_WRITE, rows[i].block, rows[i].count, bytes), FA_OK);
        __builtin_memset(bytes, 0xa5, sizeof bytes);
        CHECK_EQ(do_op(dev, FA_BLK_READ, rows[i].block, rows[i].count, bytes), FA_OK);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            CHECK_EQ(
                version_of(bytes + (size_t)k * block_bytes, block_bytes, rows[i].block + k), i + 1);
        }
        const size_t len = (size_t)rows[i].count * block_bytes;
        CHECK(len == sizeof bytes || bytes[len] == 0xa5);
    }
    CHECK_EQ(do_op(dev, FA_BLK_FLUSH, UINT64_MAX, 0, NULL), FA_OK);
    CHECK_EQ(do_op(dev, FA_BLK_READ, 7, 1, bytes), FA_OK);
    CHECK_EQ(version_of(bytes, block_bytes, 7), FA_COUNT_OF(rows));
}

static void check_wrong_requests_are_refused(struct fa_blkdev *dev)
{
    const uint64_t count = dev->info.block_count;
    const uint32_t most = dev->info.req_blocks_max;
    const struct {
        uint64_t block;
        uint32_t count;
    } rows[] = {
        {0, 0},
        {count, 1},
        {count, 0},
        {count - 1, 2},
        {count + 1, 1},
        {UINT64_MAX, 1},
        {UINT64_MAX, 2},
        {UINT64_MAX - 1, 2},
        {0, most + 1},
        {0, UINT32_MAX},
        {UINT64_MAX / dev->info.block_bytes + 1, 1},
    };
    const enum fa_blk_op ops[] = {
        FA_BLK_READ, FA_BLK_WRITE, FA_BLK_DISCARD, (enum fa_blk_op)(FA_BLK_DISCARD + 1)};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        for (size_t k = 0; k < FA_COUNT_OF(ops); k++) {
            struct fa_blk_req req = {
                .op = ops[k], .block = rows[i].block, .count = rows[i].count, .at = bytes};
            CHECK_EQ(fa_blkdev_submit(dev, fa_clock_mono_ns(), &req), FA_EINVAL);
            CHECK(!fa_list_linked(&req.node));
        }
    }
    struct fa_blk_req foreign = {.op = ops[3], .block = 0, .count = 1, .at = bytes};
    CHECK_EQ(fa_blkdev_submit(dev, fa_clock_mono_ns(), &foreign), FA_EINVAL);
    CHECK_EQ(fa_blkdev_deadline(dev), FA_NS_NEVER);
    CHECK(fa_blkdev_complete(dev, fa_clock_mono_ns()) == NULL);
}

static void check_read_only(struct fa_blkdev *dev)
{
    struct fa_blk_req req = {.op = FA_BLK_WRITE, .block = 1, .count = 1, .at = bytes};
    CHECK_EQ(fa_blkdev_submit(dev, fa_clock_mono_ns(), &req), FA_EINVAL);
    req.op = FA_BLK_DISCARD;
    CHECK_EQ(fa_blkdev_submit(dev, fa_clock_mono_ns(), &req), FA_EINVAL);
    CHECK_EQ(do_op(dev, FA_BLK_READ, 1, 1, bytes), FA_OK);
    CHECK_EQ(do_op(dev, FA_BLK_FLUSH, 0, 0, NULL), FA_OK);
    CHECK_EQ(version_of(bytes, dev->info.block_bytes, 1), 0);
}

/* Fill the device with writes of one block each. Returns: how many it took. */
static uint32_t fill_in_flight(struct fa_blkdev *dev, struct fa_blk_req *reqs, uint32_t count_max)
{
    uint32_t count = 0;
    while (count < count_max) {
        uint8_t *at = bytes + (size_t)count * dev->info.block_bytes;
        stamp(at, dev->info.block_bytes, count, 100 + count);
        reqs[count] = (struct fa_blk_req){.op = FA_BLK_WRITE, .block = count, .count = 1, .at = at};
        const fa_err err = fa_blkdev_submit(dev, fa_clock_mono_ns(), &reqs[count]);
        if (err != FA_OK) {
            CHECK_EQ(err, FA_AGAIN);
            CHECK(!fa_list_linked(&reqs[count].node));
            break;
        }
        count++;
    }
    return count;
}

static void check_the_queue_is_bounded(struct fa_blkdev *dev)
{
    struct fa_blk_req reqs[SPAN];
    const uint32_t limit = dev->info.req_count_max;
    const uint32_t count = fill_in_flight(dev, reqs, (uint32_t)fa_min(limit + 1, SPAN));
    CHECK_EQ(count, fa_min(limit, SPAN));

    bool seen[SPAN] = {false};
    for (uint32_t i = 0; i < count; i++) {
        struct fa_blk_req *req = collect(dev);
        REQUIRE(req != NULL && req >= reqs && req < reqs + count);
        CHECK(!seen[req - reqs]);
        seen[req - reqs] = true;
        CHECK_EQ(req->result, FA_OK);
        CHECK(!fa_list_linked(&req->node));
    }
    CHECK_EQ(fa_blkdev_deadline(dev), FA_NS_NEVER);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(do_op(dev, FA_BLK_READ, i, 1, bytes), FA_OK);
        CHECK_EQ(version_of(bytes, dev->info.block_bytes, i), 100 + i);
    }
}

static void check_discard(struct fa_blkdev *dev)
{
    const uint32_t block_bytes = dev->info.block_bytes;
    for (uint32_t i = 0; i < 16; i++) {
        stamp(bytes, block_bytes, i, 7);
        CHECK_EQ(do_op(dev, FA_BLK_WRITE, i, 1, bytes), FA_OK);
    }
    const uint32_t count = (uint32_t)fa_min(8, dev->info.req_blocks_max);
    CHECK_EQ(do_op(dev, FA_BLK_DISCARD, 4, count, NULL), FA_OK);
    for (uint32_t i = 0; i < 16; i++) {
        CHECK_EQ(do_op(dev, FA_BLK_READ, i, 1, bytes), FA_OK);
        const uint32_t version = version_of(bytes, block_bytes, i);
        const bool discarded = dev->info.can_discard && i >= 4 && i < 4 + count;
        CHECK(version == 7 || (discarded && version == 0));
    }
}

/* Random reads and writes with several in flight, never two on one block, against a model. */
static void check_against_a_model(struct fa_blkdev *dev)
{
    const uint32_t block_bytes = dev->info.block_bytes;
    static uint32_t versions[SPAN];
    bool busy[SPAN] = {false};
    struct fa_blk_req reqs[IN_FLIGHT_MAX];
    bool used[IN_FLIGHT_MAX] = {false};
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    for (uint32_t i = 0; i < SPAN; i++) {
        CHECK_EQ(do_op(dev, FA_BLK_READ, i, 1, bytes), FA_OK);
        versions[i] = version_of(bytes, block_bytes, i);
        REQUIRE(versions[i] != UINT32_MAX);
    }
    for (uint32_t step = 1; step <= STEP_COUNT; step++) {
        const size_t slot = (size_t)fa_rand_below(&rand, IN_FLIGHT_MAX);
        const uint64_t block = fa_rand_below(&rand, SPAN);
        uint8_t *at = bytes + slot * block_bytes;
        if (!used[slot] && !busy[block]) {
            const bool writes = fa_rand_below(&rand, 2) == 0;
            reqs[slot] = (struct fa_blk_req){
                .op = writes ? FA_BLK_WRITE : FA_BLK_READ, .block = block, .count = 1, .at = at};
            stamp(at, block_bytes, block, 1000 + step);
            const fa_err err = fa_blkdev_submit(dev, fa_clock_mono_ns(), &reqs[slot]);
            if (err == FA_OK) {
                used[slot] = busy[block] = true;
                versions[block] = writes ? 1000 + step : versions[block];
                continue;
            }
            CHECK_EQ(err, FA_AGAIN);
        }
        struct fa_blk_req *req = fa_blkdev_complete(dev, fa_clock_mono_ns());
        if (req == NULL) {
            fa_plat_wait(fa_ns_min(fa_blkdev_deadline(dev), fa_clock_mono_ns() + FA_NS_MS));
            continue;
        }
        CHECK_EQ(req->result, FA_OK);
        CHECK_EQ(version_of(req->at, block_bytes, req->block), versions[req->block]);
        used[req - reqs] = busy[req->block] = false;
    }
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        CHECK(!used[i] || collect(dev) != NULL);
    }
}

/* One life of a disk: stamped writes and flushes, then a power cut at any moment. */
struct life {
    uint32_t latest[SPAN];    /* version last submitted for a block */
    uint32_t completed[SPAN]; /* version last completed */
    uint32_t durable[SPAN];   /* version that a completed flush covers */
    uint32_t promised[SPAN];  /* version that the flush in flight covers */
    struct fa_blk_req reqs[IN_FLIGHT_MAX];
    struct fa_blk_req flush;
    bool writing[IN_FLIGHT_MAX]; /* reqs in flight */
    bool flushing;
};

static void complete_one(struct life *life, struct fa_blkdev *dev)
{
    struct fa_blk_req *req = fa_blkdev_complete(dev, fa_clock_mono_ns());
    if (req == NULL) {
        fa_plat_wait(fa_ns_min(fa_blkdev_deadline(dev), fa_clock_mono_ns() + FA_NS_MS));
        return;
    }
    CHECK_EQ(req->result, FA_OK);
    if (req == &life->flush) {
        fa_copy(life->durable, life->promised, sizeof life->durable);
        life->flushing = false;
    } else {
        life->completed[req->block] = life->latest[req->block];
        life->writing[req - life->reqs] = false;
    }
}

static bool is_busy(const struct life *life, uint64_t block)
{
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        if (life->writing[i] && life->reqs[i].block == block) {
            return true;
        }
    }
    return false;
}

static void submit_flush(struct life *life, struct fa_blkdev *dev)
{
    life->flush = (struct fa_blk_req){.op = FA_BLK_FLUSH};
    if (fa_blkdev_submit(dev, fa_clock_mono_ns(), &life->flush) == FA_OK) {
        life->flushing = true;
        fa_copy(life->promised, life->completed, sizeof life->promised);
    }
}

static void submit_write(
    struct life *life, struct fa_blkdev *dev, size_t slot, uint64_t block, uint32_t version)
{
    uint8_t *at = bytes + slot * dev->info.block_bytes;
    stamp(at, dev->info.block_bytes, block, version);
    life->reqs[slot] =
        (struct fa_blk_req){.op = FA_BLK_WRITE, .block = block, .count = 1, .at = at};
    if (fa_blkdev_submit(dev, fa_clock_mono_ns(), &life->reqs[slot]) == FA_OK) {
        life->writing[slot] = true;
        life->latest[block] = version;
    }
}

static void live(struct life *life, struct fa_blkdev *dev, struct fa_rand *rand, uint32_t *version)
{
    for (uint64_t left = fa_rand_below(rand, 200); left > 0; left--) {
        const size_t slot = (size_t)fa_rand_below(rand, IN_FLIGHT_MAX);
        const uint64_t block = fa_rand_below(rand, SPAN / 4);
        const uint64_t kind = fa_rand_below(rand, 10);
        if (kind == 0 && !life->flushing) {
            submit_flush(life, dev);
        } else if (kind < 5 && !life->writing[slot] && !is_busy(life, block)) {
            submit_write(life, dev, slot, block, ++*version);
        } else {
            complete_one(life, dev);
        }
    }
}

static void check_power_cuts(const struct conform_blkdev_target *target, struct fa_blkdev *dev)
{
    const uint32_t block_bytes = dev->info.block_bytes;
    static struct life life;
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 2);
    uint32_t version = 1;
    size_t lost_count = 0;
    size_t kept_count = 0;
    for (uint32_t cut = 0; cut < POWER_CUT_COUNT; cut++) {
        for (uint32_t i = 0; i < SPAN; i++) {
            stamp(bytes, block_bytes, i, version);
            CHECK_EQ(do_op(dev, FA_BLK_WRITE, i, 1, bytes), FA_OK);
            life.latest[i] = life.completed[i] = life.durable[i] = version;
        }
        CHECK_EQ(do_op(dev, FA_BLK_FLUSH, 0, 0, NULL), FA_OK);
        live(&life, dev, &rand, &version);
        target->power_cut(target->ctx, dev);
        life.flushing = false;
        fa_zero(life.writing, sizeof life.writing);
        CHECK_EQ(fa_blkdev_deadline(dev), FA_NS_NEVER);
        for (uint32_t i = 0; i < SPAN; i++) {
            uint8_t again[CONFORM_BLK_BYTES_MAX];
            CHECK_EQ(do_op(dev, FA_BLK_READ, i, 1, bytes), FA_OK);
            for (uint32_t off = 0; off < block_bytes; off += target->atomic_bytes) {
                const uint32_t found = version_of(bytes + off, target->atomic_bytes, i);
                CHECK(found >= life.durable[i] && found <= life.latest[i]);
                lost_count += found < life.completed[i];
                kept_count += found > life.durable[i];
            }
            target->power_cut(target->ctx, dev);
            CHECK_EQ(do_op(dev, FA_BLK_READ, i, 1, again), FA_OK);
            CHECK(fa_equal(again, bytes, block_bytes));
        }
        version++;
    }
    CHECK(lost_count > 0 && kept_count > 0); /* or the cut is none */
}

static void check_close_gives_requests_back(const struct conform_blkdev_target *target)
{
    struct fa_blkdev *dev = target->open(target->ctx);
    REQUIRE(dev != NULL);
    struct fa_blk_req reqs[SPAN];
    const bool writes = !dev->info.read_only;
    const uint32_t count =
        writes ? fill_in_flight(dev, reqs, (uint32_t)fa_min(dev->info.req_count_max, SPAN)) : 0;
    fa_blkdev_close(dev);
    target->close(target->ctx);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(!fa_list_linked(&reqs[i].node));
    }
}

void conform_blkdev(const struct conform_blkdev_target *target)
{
    struct fa_blkdev *dev = target->open(target->ctx);
    REQUIRE(dev != NULL);
    check_info(dev);
    check_wrong_requests_are_refused(dev);
    if (dev->info.read_only) {
        check_read_only(dev);
    } else {
        check_written_is_read(dev);
        check_the_queue_is_bounded(dev);
        check_discard(dev);
        check_against_a_model(dev);
    }
    fa_blkdev_close(dev);
    target->close(target->ctx);
    check_close_gives_requests_back(target);

    if (target->power_cut != NULL) {
        dev = target->open(target->ctx);
        REQUIRE(dev != NULL);
        check_power_cuts(target, dev);
        fa_blkdev_close(dev);
        target->close(target->ctx);
    }
}
