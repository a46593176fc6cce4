// SPDX-License-Identifier: ISC
//
// From a target's entry to fa_main().

#include "fa/plat.h"
#include "plat/guest/guest.h"

enum {
    LINE_TOO_LONG_STATUS = 64, /* as of any argument that is not understood */
};

typedef void (*constructor)(void);
extern const constructor fa__constructors[];
extern const constructor fa__constructors_end[];

static const struct fa_solo5_manifest *manifest;
uint64_t fa__guest_ready = UINT64_MAX;

void fa__guest_start(const struct fa__guest_boot *boot)
{
    manifest = boot->manifest;
    fa__guest_heap_init(boot->memory_end);
    if (fa__guest_args_init(boot->command_line) != FA_OK) {
        fa_console_write(FA_LIT("image: the command line has more than 8191 bytes\n"));
        fa__guest_halt(LINE_TOO_LONG_STATUS);
    }
    for (const constructor *fn = fa__constructors; fn < fa__constructors_end; fn++) {
        (*fn)();
    }
    fa_plat_exit(fa_main());
}

const struct fa_solo5_entry *fa__guest_device(
    struct fa_slice name, enum fa_solo5_device type, uint32_t *ret_handle)
{
    /* Entry 0 has no name. */
    for (uint32_t i = 1; manifest != NULL && i < manifest->count; i++) {
        const struct fa_solo5_entry *entry = &manifest->entry[i];
        if (fa_slice_equal(name, fa_slice_of(entry->name)) && entry->type == type &&
            entry->attached != 0) {
            *ret_handle = i;
            return entry;
        }
    }
    return NULL;
}
