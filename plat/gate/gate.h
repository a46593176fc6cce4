// SPDX-License-Identifier: ISC
//
// plat/gate/gate.h: what the application at CPL 3 asks of ring 0, and what it finds when it begins.
//
// The gate is the little that must be privileged: page tables, exceptions, the timer, the sleep,
// ports. Everything else, drivers among it, is ordinary code at CPL 3. A call is `int $0x80` in
// plat/gate/x86_64: a number and three arguments in, one result out. Addresses that are handed in
// must lie in memory that the application itself may read or write; otherwise the call is a bug of
// the image, printed as an exception is. Tested by test/boot/virtio.t.

#ifndef FA_GATE_H
#define FA_GATE_H

#include "fa/base.h"
#include "fa/solo5.h"

enum fa__gate_call_number {
    FA__GATE_CONSOLE,    /* at, len: print */
    FA__GATE_EXIT,       /* status 0..255: leave */
    FA__GATE_ABORT,      /* registers and call chain on the console, then leave with 255 */
    FA__GATE_SLEEP,      /* ns: until an interrupt, or that long; 0: forever, for the timer */
    FA__GATE_THREAD,     /* at: what %fs shall point at */
    FA__GATE_DEVICE_MAP, /* physical address, len: registers. Returns where they are; 0: refused */
    FA__GATE_INTERRUPT,  /* enum fa__gate_source, line, ack: wake for it. Returns its vector; 0 */
    FA__GATE_PCI_READ,   /* bus << 16 | function << 8 | offset, of 4 bytes. Returns: them */
    FA__GATE_PCI_WRITE,  /* the same, value */
};

/* Where an interrupt comes from, so how ring 0 makes the device silent: `ack` is an address that
 * FA__GATE_DEVICE_MAP returned, plus an offset. */
enum fa__gate_source {
    FA__GATE_LINE_MMIO, /* read 4 bytes at `ack`, write them 4 further on (virtio 1.2, 4.2.2) */
    FA__GATE_LINE_READ, /* read 1 byte at `ack` (virtio 1.2, 4.1.4.5) */
    FA__GATE_MESSAGE,   /* MSI-X: nothing to do */
};

enum {
    FA__GATE_CMDLINE_BYTES = 8192, /* with its NUL; longer ones are refused */
    FA__GATE_INTERRUPT_COUNT = 32, /* sources at once */
    FA__GATE_DEVICE_PAGES = 512,   /* of registers, 4 KiB each */
};

/* nanoseconds = base_ns + ((tsc - base_tsc) shifted by `shift`) * mul / 2^32: the layout of
 * KVM's struct pvclock_vcpu_time_info, which KVM itself keeps up to date where there is one. */
struct fa__gate_clock {
    uint32_t version; /* odd while it is being changed */
    uint32_t pad;
    uint64_t base_tsc;
    uint64_t base_ns;
    uint32_t mul;
    int8_t shift;
    uint8_t flags;
    uint8_t pad2[2];
};

_Static_assert(sizeof(struct fa__gate_clock) == 32, "as KVM writes it");

/* Written by ring 0 before the application begins. */
struct fa__gate_boot {
    _Alignas(64) struct fa__gate_clock clock;
    uint64_t wall_ns;     /* since 1970 when the clock was 0; 0: not known */
    uintptr_t memory_end; /* nothing of the image lies behind */
    char cmdline[FA__GATE_CMDLINE_BYTES];
};

extern struct fa__gate_boot fa__gate_boot;

/* Nanoseconds since the machine started, or the gate began (plat/gate/x86_64). */
fa_ns fa__gate_clock_ns(const struct fa__gate_clock *clock);

uintptr_t fa__gate_call(uintptr_t number, uintptr_t a, uintptr_t b, uintptr_t c);

/* Where the application begins, at CPL 3, on the main stack: it draws the canary and goes on in
 * fa__gate_main(). */
[[gnu::noreturn]] void fa__gate_begin(void);
[[gnu::noreturn]] void fa__gate_main(void);

#endif
