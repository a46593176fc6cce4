// SPDX-License-Identifier: ISC
//
// A virtqueue between a driver and a device, both steered by the input. An honest device must get
// every chain once, be woken when it sleeps, and its answers must arrive; whatever it writes beyond
// that, the driver gets back only what it lent, once, and never more bytes than there was room for.

#include "src/virtio/virtq.h"

enum {
    SIZE = 16,
    TOKENS = 64,
};

static struct fa__virtq_memory memory;
static struct fa__virtq q;
static struct {
    bool out;
    uint32_t room;
} lent[TOKENS];
static uint16_t device_seen;
static uint16_t taken[SIZE]; // first descriptors that the device holds
static size_t taken_count;
static bool honest, asleep;

static void driver_push(uint8_t shape)
{
    static uint8_t bytes[4][64];
    struct fa__virtq_piece pieces[4];
    const size_t out_count = shape & 3, in_count = shape >> 2 & 1;
    size_t token = 0;
    while (token < TOKENS && lent[token].out) {
        token++;
    }
    if (out_count + in_count == 0 || token == TOKENS) {
        return;
    }
    for (size_t i = 0; i < out_count + in_count; i++) {
        pieces[i] = (struct fa__virtq_piece){bytes[i], 1u + (shape >> 3)};
    }
    const uint16_t free_count = q.free_count;
    const bool done = fa__virtq_push(&q, pieces, out_count, in_count, &lent[token]);
    FA_ASSERT(done == (!q.broken && free_count >= out_count + in_count));
    lent[token].out = done;
    lent[token].room = in_count != 0 ? 1u + (shape >> 3) : 0;
}

static void driver_pop(void)
{
    uint32_t len;
    const void *token = fa__virtq_pop(&q, &len);
    if (token != NULL) {
        const size_t idx = (size_t)((const uint8_t *)token - (const uint8_t *)lent) / sizeof *lent;
        FA_ASSERT(idx < TOKENS && lent[idx].out && len <= lent[idx].room);
        lent[idx].out = false;
    }
}

static void driver_publish(void)
{
    const bool kick = fa__virtq_publish(&q);
    // A device that sleeps having seen all but what was published now must be told.
    FA_ASSERT(!honest || !asleep || kick || device_seen == q.avail[1]);
    asleep = asleep && !kick;
}

static void device_take(void)
{
    if (device_seen != q.avail[1] && taken_count < SIZE) {
        taken[taken_count++] = q.avail[2 + device_seen++ % SIZE];
    }
}

/* Ask to be told of the next, unless there is one. */
static void device_sleep(void)
{
    fa_copy(q.used + 4 + (size_t)8 * SIZE, &device_seen, sizeof device_seen);
    asleep = device_seen == q.avail[1];
}

static void device_give(uint32_t id, uint32_t len)
{
    uint16_t index;
    const struct fa__virtq_used entry = {id, len};
    fa_copy(&index, q.used + 2, sizeof index);
    fa_copy(q.used + 4 + (size_t)8 * (index % SIZE), &entry, sizeof entry);
    index++;
    fa_copy(q.used + 2, &index, sizeof index);
}

static void device_answer(uint8_t which)
{
    if (taken_count > 0) {
        const size_t idx = which % taken_count;
        device_give(taken[idx], 0);
        taken[idx] = taken[--taken_count];
    }
}

static void step(uint8_t what, uint8_t with)
{
    switch (what % 10) {
    case 0:
        driver_push(with);
        return;
    case 1:
        driver_publish();
        return;
    case 2:
        driver_pop();
        return;
    case 3:
        (void)fa__virtq_arm(&q, 1u + with % 4u);
        return;
    case 4:
        device_take();
        return;
    case 5:
        device_sleep();
        return;
    case 6:
        device_answer(with);
        return;
    case 7:
        (void)fa__virtq_waiting(&q);
        return;
    default:
        break;
    }
    if (what % 10 == 8) {
        honest = false;
        device_give(with, (uint32_t)with << 24);
    } else {
        honest = false;
        memory.bytes[((size_t)what << 8 | with) % sizeof memory.bytes] ^= with;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1) {
        return 0;
    }
    fa__virtq_init(&q, &memory, SIZE, true);
    fa_zero(lent, sizeof lent);
    device_seen = 0;
    taken_count = 0;
    honest = true;
    asleep = false;
    for (size_t i = 1; i + 1 < len; i += 2) {
        // A first byte that is even keeps the device honest.
        const uint8_t what = (data[0] & 1) == 0 ? data[i] % 8 : data[i];
        step(what, data[i + 1]);
        FA_ASSERT(!honest || (q.bad_count == 0 && !q.broken));
    }
    return 0;
}
