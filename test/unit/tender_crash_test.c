// SPDX-License-Identifier: ISC
//
// Which words of a stack are taken for return addresses. The reports themselves: test/tender/spt.t.

#include "test/t.h"
#include "host/tender/crash.h"

T(a_return_address_stands_behind_a_call)
{
    static const struct {
        uint8_t code[8];
        size_t off;
        bool call;
    } table[] = {
        {{0xe8, 1, 2, 3, 4}, 5, true},
        {{0xe8, 1, 2, 3, 4}, 4, false},
        {{0xff, 0xd0}, 2, true},
        {{0xff, 0xe0}, 2, false},
        {{0x41, 0xff, 0x54, 0x24, 8}, 5, true},
        {{0xff, 0xd0}, 1, false},
        {{0xff, 0x14, 0x25, 0, 0, 0, 0}, 7, true},
        {{0xff, 0xd0}, 0, false},
        {{0x90, 0x90, 0x90, 0x90, 0x90}, 5, false},
        {{0xff, 0xd0}, 9, false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(table); i++) {
        struct fa_slice code = {table[i].code, sizeof table[i].code};
        CHECK_EQ(crash_is_call(code, table[i].off), table[i].call);
    }
}
