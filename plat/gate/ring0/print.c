// SPDX-License-Identifier: ISC
//
// print.c: the few words that ring 0 says. It calls nothing of the libraries: they are CPL 3's.

#include "plat/gate/ring0/ring0.h"

void fa__ring0_print(const char *text)
{
    size_t len = 0;
    while (text[len] != 0) {
        len++;
    }
    fa__target_print(text, len);
}

void fa__ring0_print_hex(const char *text, uint64_t number)
{
    char digits[16];
    fa__ring0_print(text);
    for (size_t i = 0; i < sizeof digits; i++) {
        digits[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 15];
    }
    fa__target_print(digits, sizeof digits);
}

void fa__ring0_die(const char *text)
{
    fa__ring0_print("fata: ");
    fa__ring0_print(text);
    fa__ring0_print("\n");
    fa__target_stop(255);
}
