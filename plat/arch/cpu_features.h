// SPDX-License-Identifier: ISC
//
// plat/arch/cpu_features.h: what libraries ask AT_HWCAP for.

#ifndef FA_PLAT_ARCH_CPU_FEATURES_H
#define FA_PLAT_ARCH_CPU_FEATURES_H

#include "fa/base.h"

/* AT_HWCAP as Linux would say it, as far as somebody asks; 0 where the processor is asked. */
size_t fa__cpu_hwcap(void);

#endif
