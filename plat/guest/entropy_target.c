// SPDX-License-Identifier: ISC
//
// entropy_target.c: sources that a target alone has. Here: none; devices add themselves.

#include "plat/guest/entropy.h"

void fa__entropy_target_add(void)
{
}
