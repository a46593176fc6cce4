// SPDX-License-Identifier: ISC
//
// The kv suite on those that need no platform: in memory and compiled in.

#include "fa/embedkv.h"
#include "fa/memkv.h"
#include "test/conform/kv_conform.h"
#include "test/t.h"

static struct fa_kv *open_mem(void *ctx)
{
    static struct fa_memkv mem;
    static struct fa_memkv_entry entries[512];
    _Alignas(16) static uint8_t memory[512 * 1024];
    (void)ctx;
    fa_memkv_init(&mem, &(struct fa_memkv_config){
                            .entries = entries,
                            .entry_count_max = FA_COUNT_OF(entries),
                            .memory = memory,
                            .memory_bytes = sizeof memory,
                        });
    return &mem.kv;
}

static struct fa_kv *open_embed(void *ctx)
{
    static struct fa_embedkv embed;
    static struct fa_embedkv_file files[16];
    (void)ctx;
    FA_ASSERT(conform_kv_file_count <= FA_COUNT_OF(files));
    for (size_t i = 0; i < conform_kv_file_count; i++) {
        const struct fa_slice value = fa_slice_of(conform_kv_files[i].value);
        files[i] = (struct fa_embedkv_file){
            .key = conform_kv_files[i].key, .at = value.at, .len = value.len};
    }
    fa_embedkv_init(&embed, files, conform_kv_file_count);
    return &embed.kv;
}

static void close_nothing(void *ctx, struct fa_kv *kv)
{
    (void)ctx;
    (void)kv;
}

T(memkv_conforms)
{
    conform_kv(&(struct conform_kv_target){
        .open = open_mem, .close = close_nothing, .lends = true, .limited = true});
}

T(embedkv_conforms)
{
    conform_kv(
        &(struct conform_kv_target){.open = open_embed, .close = close_nothing, .lends = true});
}
