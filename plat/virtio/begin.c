// SPDX-License-Identifier: ISC
//
// begin.c: the first C at CPL 3, and where the machine has its devices.

#include "plat/gate/gate.h"
#include "plat/guest/guest.h"
#include "plat/virtio/virtio.h"

struct fa__gate_boot fa__gate_boot;

static struct fa__virtio_place places[FA__VIRTIO_PLACE_COUNT];
static uintptr_t mapped[FA__VIRTIO_PLACE_COUNT]; // 0: not yet, or refused
static size_t place_count;

void fa__gate_main(void)
{
    place_count = fa__virtio_mmio_places(fa__gate_boot.cmdline, places);
    const struct fa__guest_boot boot = {
        .memory_end = fa__gate_boot.memory_end,
        .command_line = fa__gate_boot.cmdline,
    };
    fa__guest_start(&boot);
}

volatile uint8_t *fa__virtio_find(uint32_t id, size_t number)
{
    for (size_t i = 0; i < place_count; i++) { // in the order that the monitor was told of them
        if (mapped[i] == 0) {
            mapped[i] = fa__gate_call(FA__GATE_DEVICE_MAP, places[i].at, FA__VIRTIO_MMIO_BYTES, 0);
        }
        volatile uint8_t *registers = (volatile uint8_t *)mapped[i];
        if (registers == NULL || fa__virtio_mmio_id(registers) != id || number-- > 0) {
            continue;
        }
        (void)fa__gate_call(FA__GATE_INTERRUPT, FA__GATE_LINE_MMIO, places[i].line,
            mapped[i] + FA__VIRTIO_MMIO_INTERRUPT);
        return registers;
    }
    return NULL;
}
