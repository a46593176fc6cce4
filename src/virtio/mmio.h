// SPDX-License-Identifier: ISC
//
// src/virtio/mmio.h: a virtio device behind a block of registers (virtio 1.2, 4.2), and where
// command lines say that there are some.
//
// Version 2 and the legacy version 1, which QEMU's microvm has unless it is told otherwise. Nothing
// is allocated and nothing waits. Tested by test/unit/virtio_test.c over registers in memory.

#ifndef FA_VIRTIO_MMIO_H
#define FA_VIRTIO_MMIO_H

#include "src/virtio/virtq.h"

enum {
    FA__VIRTIO_NET = 1, /* device ids: virtio 1.2, 5 */
    FA__VIRTIO_MMIO_BYTES = 512,
    FA__VIRTIO_MMIO_INTERRUPT = 0x60, /* status; 4 further on it is acknowledged */
    FA__VIRTIO_PLACE_COUNT = 32,
};

#define FA__VIRTIO_EVENT_IDX (UINT64_C(1) << 29)
#define FA__VIRTIO_VERSION_1 (UINT64_C(1) << 32)

struct fa__virtio_mmio {
    volatile uint8_t *at;
    uint64_t features; /* that both sides have */
    bool legacy;
};

/* Returns: the id of the device whose registers are at `at`; 0: there is none that we know. */
uint32_t fa__virtio_mmio_id(const volatile uint8_t *at);

/* Reset it and agree on `wanted` features, as far as it has them. Returns: false: it does not. */
bool fa__virtio_mmio_begin(struct fa__virtio_mmio *dev, volatile uint8_t *at, uint64_t wanted);

/* Make `q` its queue `number`, of `size` at most. Returns: false: it has no such queue. */
bool fa__virtio_mmio_queue(struct fa__virtio_mmio *dev, uint32_t number, struct fa__virtq *q,
    struct fa__virtq_memory *memory, uint16_t size);

/* All queues are there: it may begin. */
void fa__virtio_mmio_run(struct fa__virtio_mmio *dev);

/* Tell it that queue `number` has something for it. */
void fa__virtio_mmio_kick(struct fa__virtio_mmio *dev, uint32_t number);

/* It no longer touches what it was lent. */
void fa__virtio_mmio_reset(struct fa__virtio_mmio *dev);

uint8_t fa__virtio_mmio_config(const struct fa__virtio_mmio *dev, size_t off);

struct fa__virtio_place {
    uint64_t at;
    uint32_t len;
    uint32_t line; /* of its interrupt */
};

/* Cut the words `virtio_mmio.device=LEN@AT:LINE[:ID]` out of a command line. Returns: how many
 * places they name; words that make no sense, and those beyond FA__VIRTIO_PLACE_COUNT, stay. */
size_t fa__virtio_mmio_places(char *line, struct fa__virtio_place ret_places[]);

#endif
