// SPDX-License-Identifier: ISC
//
// page.c: the page tables. Addresses are physical ones, but for registers of devices, which have a
// window of their own above 4 GiB. Rights change at 4 KiB; where they do not, a page has 2 MiB.
// What is not the image's stays unmapped: page zero, the firmware's megabyte, the loader's tables.

#include "plat/gate/ring0/ring0.h"

enum {
    ENTRY_COUNT = 512,
};

#define DEVICE_WINDOW UINT64_C(0x100000000)
#define IDENTITY_END  DEVICE_WINDOW

static uint64_t *root;
static size_t table_count;
static size_t device_page_count;

/* The linker script has counted how many there will be: see fa__image_tables. */
static uint64_t *take_table(void)
{
    uint64_t *table = (uint64_t *)(void *)(fa__image_tables + table_count * FA__RING0_PAGE);
    if ((uintptr_t)table >= (uintptr_t)fa__image_rodata) {
        fa__ring0_die("no page is left for page tables");
    }
    table_count++;
    return table; // it is zero, as all of .bss
}

static size_t index_of(uintptr_t at, unsigned level)
{
    return at >> (12 + 9 * level) & (ENTRY_COUNT - 1);
}

/* The entry for `at` in the table of `level`, tables above it made. Rights are the last one's. */
static uint64_t *make_entry(uintptr_t at, unsigned level)
{
    uint64_t *table = root;
    for (unsigned above = 3; above > level; above--) {
        uint64_t *entry = &table[index_of(at, above)];
        if (*entry == 0) {
            *entry = (uintptr_t)take_table() | FA__PAGE_PRESENT | FA__PAGE_WRITE | FA__PAGE_USER;
        }
        table = (uint64_t *)(uintptr_t)(*entry & FA__PAGE_AT);
    }
    return &table[index_of(at, level)];
}

/* In large pages, where one lies in the range as a whole. */
static void map(uintptr_t from, uintptr_t end, uint64_t rights)
{
    uintptr_t at = from;
    while (at < end) {
        const bool large = at % FA__RING0_LARGE == 0 && end - at >= FA__RING0_LARGE;
        *make_entry(at, large) = at | rights | FA__PAGE_PRESENT | (large ? FA__PAGE_LARGE : 0);
        at += large ? FA__RING0_LARGE : FA__RING0_PAGE;
    }
}

/* The stacks of fibers, each above a page that faults. */
static void map_stacks(uint64_t rights)
{
    uintptr_t at = (uintptr_t)fa__stacks;
    for (size_t i = 0; i < (size_t)fa__stack_count; i++) {
        *make_entry(at, 0) = FA__PAGE_GUARD;
        map(at + FA__RING0_PAGE, at + (size_t)fa__stack_stride, rights);
        at += (size_t)fa__stack_stride;
    }
    map(at, (uintptr_t)fa__image_end, rights);
}

/* 0 where nothing is mapped. A large page's entry has FA__PAGE_LARGE. */
static uint64_t *find_entry(uintptr_t at)
{
    uint64_t *table = root;
    if (at >> 47 != 0) {
        return NULL;
    }
    for (unsigned level = 3;; level--) {
        uint64_t *entry = &table[index_of(at, level)];
        if (level == 0 || (*entry & FA__PAGE_PRESENT) == 0 || (*entry & FA__PAGE_LARGE) != 0) {
            return entry;
        }
        table = (uint64_t *)(uintptr_t)(*entry & FA__PAGE_AT);
    }
}

uint64_t fa__ring0_page_of(uintptr_t at)
{
    const uint64_t *entry = find_entry(at);
    return entry != NULL ? *entry : 0;
}

bool fa__ring0_may(uintptr_t at, size_t len, bool write)
{
    const uint64_t wanted =
        FA__PAGE_PRESENT | FA__PAGE_USER | (write ? FA__PAGE_WRITE : UINT64_C(0));
    uintptr_t end;
    // Registers are not memory: what is there is the device's, not the caller's.
    if (__builtin_add_overflow(at, len, &end) || end > IDENTITY_END) {
        return false;
    }
    while (at < end) {
        uint64_t page = fa__ring0_page_of(at);
        size_t size = (page & FA__PAGE_LARGE) != 0 ? FA__RING0_LARGE : FA__RING0_PAGE;
        if ((page & wanted) != wanted) {
            return false;
        }
        at = (at | (size - 1)) + 1;
    }
    return true;
}

uintptr_t fa__ring0_map_device(uint64_t physical, size_t len, bool user)
{
    uint64_t from = physical & ~(uint64_t)(FA__RING0_PAGE - 1);
    uint64_t end;
    if (len == 0 || __builtin_add_overflow(physical, len, &end) || end > FA__PAGE_AT) {
        return 0;
    }
    size_t count = (size_t)((end - from + FA__RING0_PAGE - 1) / FA__RING0_PAGE);
    if (count > FA__GATE_DEVICE_PAGES - device_page_count) {
        return 0;
    }
    uintptr_t at = DEVICE_WINDOW + device_page_count * FA__RING0_PAGE;
    for (size_t i = 0; i < count; i++) {
        *make_entry(at + i * FA__RING0_PAGE, 0) = (from + i * FA__RING0_PAGE) | FA__PAGE_PRESENT |
                                                  FA__PAGE_WRITE | FA__PAGE_UNCACHED | FA__PAGE_NX |
                                                  (user ? FA__PAGE_USER : UINT64_C(0));
    }
    device_page_count += count;
    return at + (physical - from);
}

bool fa__ring0_is_device(uintptr_t at, size_t len)
{
    uintptr_t end = DEVICE_WINDOW + device_page_count * FA__RING0_PAGE;
    if (at < DEVICE_WINDOW || at >= end || len > end - at) {
        return false;
    }
    return (fa__ring0_page_of(at) & fa__ring0_page_of(at + len - 1) & FA__PAGE_USER) != 0;
}

void fa__ring0_pages_init(uintptr_t memory_end)
{
    const uint64_t write = FA__PAGE_WRITE | FA__PAGE_NX;
    memory_end -= memory_end % FA__RING0_PAGE;
    if ((uintptr_t)fa__image_end > memory_end || memory_end > IDENTITY_END) {
        fa__ring0_die("the machine has too little memory for this image: give it more");
    }
    root = take_table();
    map((uintptr_t)fa__image_gate, (uintptr_t)fa__image_gate_bss, 0);
    map((uintptr_t)fa__image_gate_bss, (uintptr_t)fa__image_rodata, write);
    map((uintptr_t)fa__image_rodata, (uintptr_t)fa__image_text, FA__PAGE_USER | FA__PAGE_NX);
    map((uintptr_t)fa__image_text, (uintptr_t)fa__image_stack, FA__PAGE_USER);
    map((uintptr_t)fa__image_stack, (uintptr_t)fa__stacks, FA__PAGE_USER | write);
    map_stacks(FA__PAGE_USER | write);
    map((uintptr_t)fa__image_end, memory_end, FA__PAGE_USER | write);
    fa__gate_boot.memory_end = memory_end;
    __asm__ __volatile__("mov %0, %%cr3" : : "r"((uintptr_t)root) : "memory");
}
