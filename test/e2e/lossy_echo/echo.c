// SPDX-License-Identifier: ISC
//
// app/echo as it is; only the cable differs, in fata.lua.

#include "../../../app/echo/echo.c"
