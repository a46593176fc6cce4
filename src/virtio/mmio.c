// SPDX-License-Identifier: ISC
//
// mmio.c: registers of one device, as virtio 1.2, 4.2.2 and 4.2.4 lay them out.

#include "src/virtio/mmio.h"

enum {
    MAGIC_VALUE = 0x74726976, // "virt"
    MAGIC = 0x00,
    VERSION = 0x04,
    DEVICE_ID = 0x08,
    DEVICE_FEATURES = 0x10,
    DEVICE_FEATURES_SELECT = 0x14,
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_SELECT = 0x24,
    LEGACY_PAGE_SIZE = 0x28,
    QUEUE_SELECT = 0x30,
    QUEUE_SIZE_MAX = 0x34,
    QUEUE_SIZE = 0x38,
    LEGACY_QUEUE_ALIGN = 0x3c,
    LEGACY_QUEUE_PAGE = 0x40,
    QUEUE_READY = 0x44,
    QUEUE_NOTIFY = 0x50,
    STATUS = 0x70,
    QUEUE_DESC = 0x80,
    QUEUE_AVAIL = 0x90,
    QUEUE_USED = 0xa0,
    CONFIG = 0x100,

    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
};

static uint32_t read32(const volatile uint8_t *at, size_t off)
{
    return *(const volatile uint32_t *)(const volatile void *)(at + off);
}

static void write32(const struct fa__virtio_mmio *dev, size_t off, uint32_t value)
{
    *(volatile uint32_t *)(volatile void *)(dev->at + off) = value;
}

static void write_place(const struct fa__virtio_mmio *dev, size_t off, const volatile void *place)
{
    write32(dev, off, (uint32_t)(uintptr_t)place);
    write32(dev, off + 4, (uint32_t)((uint64_t)(uintptr_t)place >> 32));
}

static void add_status(const struct fa__virtio_mmio *dev, uint32_t bits)
{
    write32(dev, STATUS, read32(dev->at, STATUS) | bits);
}

uint32_t fa__virtio_mmio_id(const volatile uint8_t *at)
{
    uint32_t version = read32(at, VERSION);
    bool known = read32(at, MAGIC) == MAGIC_VALUE && (version == 1 || version == 2);
    return known ? read32(at, DEVICE_ID) : 0;
}

bool fa__virtio_mmio_begin(struct fa__virtio_mmio *dev, volatile uint8_t *at, uint64_t wanted)
{
    *dev = (struct fa__virtio_mmio){.at = at, .legacy = read32(at, VERSION) == 1};
    write32(dev, STATUS, 0);
    add_status(dev, STATUS_ACKNOWLEDGE);
    add_status(dev, STATUS_DRIVER);
    wanted |= dev->legacy ? 0 : FA__VIRTIO_VERSION_1;
    for (uint32_t half = 0; half < 2; half++) {
        write32(dev, DEVICE_FEATURES_SELECT, half);
        uint64_t offered = (uint64_t)read32(at, DEVICE_FEATURES) << 32 * half;
        dev->features |= offered & wanted;
        write32(dev, DRIVER_FEATURES_SELECT, half);
        write32(dev, DRIVER_FEATURES, (uint32_t)(dev->features >> 32 * half));
    }
    if (dev->legacy) {
        write32(dev, LEGACY_PAGE_SIZE, FA__VIRTQ_MEMORY_ALIGN);
        return true;
    }
    add_status(dev, STATUS_FEATURES_OK);
    return (dev->features & FA__VIRTIO_VERSION_1) != 0 &&
           (read32(at, STATUS) & STATUS_FEATURES_OK) != 0;
}

bool fa__virtio_mmio_queue(struct fa__virtio_mmio *dev, uint32_t number, struct fa__virtq *q,
    struct fa__virtq_memory *memory, uint16_t size)
{
    FA_ASSERT(size > 0 && size <= FA__VIRTQ_SIZE_MAX);
    write32(dev, QUEUE_SELECT, number);
    const uint32_t size_max = read32(dev->at, QUEUE_SIZE_MAX);
    while (size > size_max) {
        size /= 2;
    }
    if (size == 0) {
        return false;
    }
    fa__virtq_init(q, memory, size, (dev->features & FA__VIRTIO_EVENT_IDX) != 0);
    write32(dev, QUEUE_SIZE, size);
    if (dev->legacy) {
        write32(dev, LEGACY_QUEUE_ALIGN, FA__VIRTQ_MEMORY_ALIGN);
        write32(dev, LEGACY_QUEUE_PAGE, (uint32_t)((uintptr_t)memory / FA__VIRTQ_MEMORY_ALIGN));
        return true;
    }
    write_place(dev, QUEUE_DESC, q->desc);
    write_place(dev, QUEUE_AVAIL, q->avail);
    write_place(dev, QUEUE_USED, q->used);
    write32(dev, QUEUE_READY, 1);
    return true;
}

void fa__virtio_mmio_run(struct fa__virtio_mmio *dev)
{
    add_status(dev, STATUS_DRIVER_OK);
}

void fa__virtio_mmio_kick(struct fa__virtio_mmio *dev, uint32_t number)
{
    write32(dev, QUEUE_NOTIFY, number);
}

void fa__virtio_mmio_reset(struct fa__virtio_mmio *dev)
{
    write32(dev, STATUS, 0);
}

uint8_t fa__virtio_mmio_config(const struct fa__virtio_mmio *dev, size_t off)
{
    return dev->at[CONFIG + off];
}
