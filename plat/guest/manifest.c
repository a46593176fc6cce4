// SPDX-License-Identifier: ISC
//
// The manifest of an image that asks for no device and so brings none of its own.

#include "fa/solo5.h"

FA_SOLO5_MANIFEST(0);
