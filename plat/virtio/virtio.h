// SPDX-License-Identifier: ISC
//
// plat/virtio/virtio.h: the machine's virtio devices, as its command line names them.

#ifndef FA_PLAT_VIRTIO_H
#define FA_PLAT_VIRTIO_H

#include "src/virtio/mmio.h"

/*
 * Find the device number `number` of those whose id is `id`, and have it wake fa_plat_wait().
 *
 * Returns: its registers; NULL: there are not as many.
 */
volatile uint8_t *fa__virtio_find(uint32_t id, size_t number);

#endif
