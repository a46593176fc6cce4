// SPDX-License-Identifier: ISC
//
// The compiled filters get the numbers of this run.

#include "filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender_filter.inc"

_Static_assert(FA_COUNT_OF(filter_ours) <= FILTER_LEN_MAX, "room for ours");
_Static_assert(FA_COUNT_OF(filter_solo5) <= FILTER_LEN_MAX, "room for Solo5's");

#define FD_NONE UINT32_MAX /* no descriptor has this number */

/* A disk that is not there has a descriptor that is not there, whatever its other numbers. */
static uint32_t number_of(const struct filter_numbers *numbers, const struct slot_patch *patch)
{
    const size_t idx = patch->idx;
    const uint64_t capacity = numbers->disk[idx].capacity;
    const uint64_t block = numbers->disk[idx].block_bytes;
    const uint64_t burst = numbers->disk[idx].burst_bytes;
    const bool bursts = burst != 0 && burst <= capacity;
    /* Without bursts: what the rule for blocks allows. */
    const uint64_t burst_last = capacity - (bursts ? burst : block);
    switch ((enum slot_number)patch->number) {
    case SLOT_NET_FD:
        return numbers->net[idx].used ? (uint32_t)(FD_NET + patch->idx) : FD_NONE;
    case SLOT_DISK_FD:
        return capacity != 0 ? (uint32_t)(FD_DISK + patch->idx) : FD_NONE;
    case SLOT_BLOCK_BYTES:
        return (uint32_t)block;
    case SLOT_BLOCK_LAST_HIGH:
        return (uint32_t)((capacity - block) >> 32);
    case SLOT_BLOCK_LAST_LOW:
        return (uint32_t)(capacity - block);
    case SLOT_BURST_BYTES:
        return (uint32_t)(bursts ? burst : block);
    case SLOT_BURST_LAST_HIGH:
        return (uint32_t)(burst_last >> 32);
    case SLOT_BURST_LAST_LOW:
        return (uint32_t)burst_last;
    case SLOT_NUMBER_COUNT:
        break;
    }
    return 0;
}

size_t filter_make(const struct filter_numbers *numbers, struct sock_filter *ret)
{
    const struct slot_patch *patches = numbers->strict ? patches_solo5 : patches_ours;
    size_t count = numbers->strict ? FA_COUNT_OF(patches_solo5) : FA_COUNT_OF(patches_ours);
    size_t len = numbers->strict ? FA_COUNT_OF(filter_solo5) : FA_COUNT_OF(filter_ours);
    memcpy(ret, numbers->strict ? filter_solo5 : filter_ours, len * sizeof *ret);
    for (size_t i = 0; i < count; i++) {
        ret[patches[i].at].k = number_of(numbers, &patches[i]);
    }
    return len;
}

bool filter_install(const struct filter_numbers *numbers, struct sentence *why)
{
    struct sock_filter program[FILTER_LEN_MAX];
    struct sock_fprog filter = {.filter = program};
    filter.len = (unsigned short)filter_make(numbers, program);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
        return sentence_say(why,
            "seccomp: %s; this needs a kernel with CONFIG_SECCOMP_FILTER and a caller that may use "
            "it",
            strerror(errno));
    }
    return true;
}
