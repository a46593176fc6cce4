// SPDX-License-Identifier: ISC

#include "sentence.h"

#include <stdio.h>

bool sentence_say(struct sentence *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return false;
}
