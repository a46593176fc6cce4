// SPDX-License-Identifier: ISC
//
// The manifest of an image that asks for no device and so brings none of its own.

#include "fa/solo5.h"

// cppcheck-suppress syntaxError // which knows no __VA_OPT__
FA_SOLO5_MANIFEST(0);
