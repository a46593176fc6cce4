// SPDX-License-Identifier: ISC
//
// Solo5's structs against the offsets that its tenders and guests agree upon.

#include "fa/solo5.h"

#include "test/t.h"

#define AT(type, field) __builtin_offsetof(struct type, field)

T(a_manifests_entry_is_laid_out_as_tenders_read_it)
{
    CHECK_EQ(AT(fa_solo5_manifest, entry), 8);
    CHECK_EQ(AT(fa_solo5_entry, type), 68);
    CHECK_EQ(AT(fa_solo5_entry, block.capacity), 72);
    CHECK_EQ(AT(fa_solo5_entry, block.block_size), 80);
    CHECK_EQ(AT(fa_solo5_entry, net.mac), 72);
    CHECK_EQ(AT(fa_solo5_entry, net.mtu), 78);
    CHECK_EQ(AT(fa_solo5_entry, fd), 88);
    CHECK_EQ(AT(fa_solo5_entry, attached), 96);
}

T(boot_info_of_spt_is_where_its_guests_look)
{
    CHECK_EQ(AT(fa_spt_boot_info, cmdline), 16);
    CHECK_EQ(AT(fa_spt_boot_info, manifest), 24);
    CHECK_EQ(AT(fa_spt_boot_info, epoll_fd), 32);
    CHECK_EQ(AT(fa_spt_boot_info, timer_fd), 36);
}

T(boot_info_of_hvt_is_where_its_guests_look)
{
    CHECK_EQ(AT(fa_hvt_boot_info, cycle_hz), 16);
    CHECK_EQ(AT(fa_hvt_boot_info, cmdline), 24);
    CHECK_EQ(AT(fa_hvt_boot_info, manifest), 32);
    CHECK_EQ(AT(fa_hvt_boot_info, host_features), 40);
    CHECK_EQ(AT(fa_hvt_boot_info, guest_features), 44);
    CHECK_EQ(AT(fa_hvt_boot_info, net_ring), 48);
}

T(the_results_of_hypercalls_are_where_tenders_write_them)
{
    CHECK_EQ(AT(fa_hvt_puts, len), 8);
    CHECK_EQ(AT(fa_hvt_poll, ready), 8);
    CHECK_EQ(AT(fa_hvt_poll, ret), 16);
    CHECK_EQ(AT(fa_hvt_block, data), 16);
    CHECK_EQ(AT(fa_hvt_block, len), 24);
    CHECK_EQ(AT(fa_hvt_block, ret), 32);
    CHECK_EQ(AT(fa_hvt_net, len), 16);
    CHECK_EQ(AT(fa_hvt_net, ret), 24);
    CHECK_EQ(AT(fa_hvt_halt, status), 8);
    CHECK_EQ(FA_HVT_HALT, 8);
}

T(the_types_of_notes_spell_their_names)
{
    const uint32_t abi = FA_SOLO5_NOTE_ABI, manifest = FA_SOLO5_NOTE_MANIFEST;
    CHECK(__builtin_memcmp(&abi, "ABI1", 4) == 0);
    CHECK(__builtin_memcmp(&manifest, "MFT1", 4) == 0);
}
