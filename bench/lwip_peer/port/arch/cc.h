// SPDX-License-Identifier: ISC
//
// arch/cc.h: what lwIP asks of the compiler and the machine: little-endian, 64 bits, a hosted libc.

#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdio.h>
#include <stdlib.h>

#define LWIP_PLATFORM_DIAG(x)                                                                      \
    do {                                                                                           \
        printf x;                                                                                  \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x)                                                                    \
    do {                                                                                           \
        fprintf(stderr, "lwIP: %s\n", x);                                                          \
        abort();                                                                                   \
    } while (0)
#define LWIP_RAND() ((u32_t)rand())

#endif
