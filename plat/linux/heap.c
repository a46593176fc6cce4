// SPDX-License-Identifier: ISC
//
// Memory beyond what the image brings along.

#include <sys/mman.h>

#include "fa/plat.h"

#include "linux.h"

static const size_t heap_bytes_max = (size_t)4 << 30;
static const size_t heap_bytes_min = (size_t)1 << 20;

static void *map(size_t len)
{
    void *at =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void *fa__linux_memory(size_t len)
{
    FA_ASSERT(len > 0);
    return map(len);
}

/* Where the process may not have so many addresses (RLIMIT_AS), half, and half of that. */
void fa_plat_heap(uint8_t **ret_at, size_t *ret_len)
{
    static bool taken;
    *ret_at = NULL;
    *ret_len = 0;
    for (size_t len = heap_bytes_max; !taken && *ret_at == NULL && len >= heap_bytes_min;
         len /= 2) {
        *ret_at = map(len);
        *ret_len = *ret_at != NULL ? len : 0;
    }
    taken = true;
}
