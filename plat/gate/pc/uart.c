// SPDX-License-Identifier: ISC
//
// uart.c: COM1, a 16550, polled.

#include "plat/gate/pc/machine.h"

enum {
    COM1 = 0x3f8,
    FIFO_BYTES = 16,
    LINE_CONTROL = 3,
    LINE_STATUS = 5,
    STATUS_EMPTY = 0x20,
    // A UART that never gets rid of its bytes, or is none, costs no more than this a burst.
    TRIES_MAX = 100000,
};

void fa__uart_init(void)
{
    fa__out8(COM1 + 1, 0x00);            // no interrupts
    fa__out8(COM1 + LINE_CONTROL, 0x80); // 115200 baud
    fa__out8(COM1 + 0, 1);
    fa__out8(COM1 + 1, 0);
    fa__out8(COM1 + LINE_CONTROL, 0x03); // 8 bits, no parity, one stop bit
    fa__out8(COM1 + 2, 0x07);            // FIFOs on, and empty
}

void fa__target_print(const char *text, size_t len)
{
    while (len > 0) {
        size_t burst = fa_min(len, FIFO_BYTES);
        for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
            if ((fa__in8(COM1 + LINE_STATUS) & STATUS_EMPTY) != 0) {
                break;
            }
        }
        len -= burst;
        __asm__ __volatile__("rep outsb"
                             : "+S"(text), "+c"(burst)
                             : "d"((uint16_t)COM1)
                             : "memory");
    }
}
