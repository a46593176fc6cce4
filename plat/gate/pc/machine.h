// SPDX-License-Identifier: ISC
//
// plat/gate/pc/machine.h: ring 0 on a PC without firmware services: what boot.c, uart.c,
// apic.c, time.c and power.c share.

#ifndef FA_VIRTIO_MACHINE_H
#define FA_VIRTIO_MACHINE_H

#include "plat/gate/ring0/ring0.h"

/* boot.c: where pvh.S ends. `start` is a struct hvm_start_info. */
[[gnu::noreturn]] void fa__virtio_boot(uintptr_t start);
/* Whether these physical bytes touch memory, the local APIC or an I/O APIC. */
bool fa__virtio_is_reserved(uint64_t physical, size_t len);

/* uart.c */
void fa__uart_init(void);

/* apic.c: the local APIC, its timer, and I/O APICs. */
void fa__apic_init(void);
void fa__apic_sleep(fa_ns duration);
uint32_t fa__apic_timer_left(void);
void fa__apic_timer_start(uint32_t ticks);
void fa__apic_timer_rate(uint64_t hz);
/* Returns: the vector; 0: refused. */
unsigned fa__apic_connect(unsigned source, unsigned line, uintptr_t ack);

/* time.c: fa__gate_boot's clock and wall time, the timer's rate. After fa__apic_init(). */
void fa__time_init(void);

#endif
