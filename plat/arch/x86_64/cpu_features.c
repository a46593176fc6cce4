// SPDX-License-Identifier: ISC
//
// cpu_features.c: CPUID answers everybody here.

#include "plat/arch/cpu_features.h"

size_t fa__cpu_hwcap(void)
{
    return 0;
}
