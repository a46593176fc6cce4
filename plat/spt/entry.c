// SPDX-License-Identifier: ISC
//
// From the tender's jump to plat/guest, and the note of the ABI.

#include "plat/spt/spt.h"

const struct fa_spt_boot_info *fa__spt_info;

/* For entry.S alone. */
size_t fa__spt_early(void);
[[gnu::noreturn]] void fa__spt_start(const struct fa_spt_boot_info *info);

struct abi_note {
    uint32_t name_len;
    uint32_t desc_len;
    uint32_t type;
    char name[8];
    struct fa_solo5_abi abi;
};

extern const struct abi_note fa__abi_note;
[[gnu::section(".note.solo5.abi"), gnu::aligned(4)]] const struct abi_note fa__abi_note = {
    .name_len = sizeof "Solo5",
    .desc_len = sizeof(struct fa_solo5_abi),
    .type = FA_SOLO5_NOTE_ABI,
    .name = "Solo5",
    .abi = {.target = FA_SOLO5_SPT, .version = FA_SOLO5_SPT_VERSION},
};

__attribute__((no_stack_protector)) size_t fa__spt_early(void)
{
    fa__spt_thread_set(fa__guest_thread + FA__GUEST_THREAD_POINTER_OFF);
    return fa__guest_early();
}

void fa__spt_start(const struct fa_spt_boot_info *info)
{
    fa__spt_info = info;
    fa__guest_start(&(struct fa__guest_boot){
        .memory_end = info->mem_size,
        .command_line = (const char *)info->cmdline,
        .manifest = (const struct fa_solo5_manifest *)info->manifest,
    });
}
