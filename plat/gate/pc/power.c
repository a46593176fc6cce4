// SPDX-License-Identifier: ISC
//
// power.c: ways to be no more. Each is tried, since none can be asked whether it is there.

#include "plat/gate/pc/machine.h"

enum {
    DEBUG_EXIT = 0xf4,    // isa-debug-exit,iobase=0xf4: QEMU leaves with 2 * value + 1
    DEBUG_EXIT_MAX = 127, // of which a shell sees 8 bits, so 127 stands for all above
    PM1A_CONTROL = 0x604, // of QEMU's q35
    PM1A_POWER_OFF = 0x2000,
    KEYBOARD = 0x64,
    KEYBOARD_RESET = 0xfe, // what Firecracker, and QEMU with -no-reboot, end at
};

void fa__target_stop(int status)
{
    fa__out8(DEBUG_EXIT, (uint8_t)(status < DEBUG_EXIT_MAX ? status : DEBUG_EXIT_MAX));
    fa__out16(PM1A_CONTROL, PM1A_POWER_OFF);
    fa__out8(KEYBOARD, KEYBOARD_RESET);
    for (;;) {
        __asm__ __volatile__("cli; hlt");
    }
}
