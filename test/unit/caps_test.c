// SPDX-License-Identifier: ISC
//
// What a tender and an image of other ages must agree about: no field of version 1 ever moves.

#include "fa/caps.h"
#include "fa/solo5.h"

#include "test/t.h"

#define AT(type, field) __builtin_offsetof(struct type, field)

T(fields_of_version_1_stay_where_they_are)
{
    CHECK_EQ(AT(fa_caps_note, caps_addr), 8);
    CHECK_EQ(AT(fa_caps_note, memory_min), 16);
    CHECK_EQ(AT(fa_caps_note, guard_addr), 24);
    CHECK_EQ(AT(fa_caps_note, guard_stride), 32);
    CHECK_EQ(AT(fa_caps_note, guard_count), 40);
    CHECK_EQ(AT(fa_caps_note, rings_size), 44);
    CHECK_EQ(AT(fa_caps_note, rings_addr), 48);
    CHECK_EQ(AT(fa_caps_note, device_flags), 56);
    CHECK_EQ(AT(fa_caps, clock_fn), 8);
    CHECK_EQ(AT(fa_caps, control_addr), 16);
    CHECK_EQ(AT(fa_caps, control_fd), 24);
    CHECK_EQ(AT(fa_caps, entropy_fd), 28);
    CHECK_EQ(AT(fa_caps, seed), 32);
    CHECK_EQ(AT(fa_caps, device), 96);
    CHECK_EQ(AT(fa_caps_control, wall_offset_ns), 8);
}

T(numbers_beyond_solo5_leave_room_for_more_of_its_own)
{
    CHECK(FA_HVT_FLUSH >= 0x40);
    CHECK((uint32_t)FA_CAPS_CONTROL_READY > (uint32_t)FA_CAPS_DEVICE_COUNT);
    CHECK((uint32_t)FA_CAPS_CONTROL_READY != (uint32_t)FA_SPT_TIMER_READY);
}
