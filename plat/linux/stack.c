// SPDX-License-Identifier: ISC
//
// Memory for stacks, each with a page below it that faults.

#include <sys/mman.h>
#include <unistd.h>

#include "fa/plat.h"

fa_err fa_plat_stack_map(size_t len, uint8_t **ret_at)
{
    FA_ASSERT(len > 0);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole;
    if (__builtin_add_overflow(len, 2 * page - 1, &whole)) {
        return FA_ENOSPC;
    }
    whole -= whole % page; /* `len` rounded up to pages, and the guard page */
    void *at = mmap(NULL, whole, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (at == MAP_FAILED) {
        return FA_ENOSPC;
    }
    if (mprotect(at, page, PROT_NONE) != 0) { /* no room for one more mapping */
        (void)munmap(at, whole);
        return FA_ENOSPC;
    }
    *ret_at = (uint8_t *)at + page;
    return FA_OK;
}
