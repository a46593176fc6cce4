// SPDX-License-Identifier: ISC
//
// boot.c: from the loader's hands to CPL 3.

#include "plat/gate/pc/machine.h"

enum {
    START_MAGIC = 0x336ec578,
    MEMORY_USABLE = 1, // type of a range
    RANGE_COUNT_MAX = 64,
    PCI_ADDRESS = 0xcf8,
    PCI_DATA = 0xcfc,
};

/* xen/arch-x86/hvm/start_info.h */
struct start {
    uint32_t magic;
    uint32_t version; // 1 and up have a map of memory
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t cmdline;
    uint64_t rsdp;
    uint64_t ranges;
    uint32_t range_count;
    uint32_t reserved;
};

struct range {
    uint64_t at;
    uint64_t len;
    uint32_t type;
    uint32_t reserved;
};

#define EARLY_END  UINT64_C(0x40000000) // pvh.S maps as far
#define APICS_AT   UINT64_C(0xfec00000)
#define APICS_END  UINT64_C(0xfef00000)
#define LOW_MEMORY UINT64_C(0x100000)

static struct range ranges[RANGE_COUNT_MAX];
static size_t range_count;

static const void *early(uint64_t at, uint64_t len)
{
    if (at == 0 || at >= EARLY_END || len > EARLY_END - at) {
        fa__ring0_die("the loader put what it tells beyond the first GiB");
    }
    return (const void *)(uintptr_t)at;
}

static void copy_cmdline(uint64_t at)
{
    size_t len = 0;
    if (at == 0) {
        return;
    }
    const char *text = early(at, FA__GATE_CMDLINE_BYTES);
    while (text[len] != 0) {
        fa__gate_boot.cmdline[len] = text[len];
        if (++len == FA__GATE_CMDLINE_BYTES) {
            fa__ring0_die("the command line is too long: 8191 bytes are allowed");
        }
    }
    fa__gate_boot.cmdline[len] = 0;
}

/* The end of the memory that the image lies in. Other ranges are not used. */
static uintptr_t find_memory_end(const struct start *start)
{
    uintptr_t end = 0;
    if (start->version < 1 || start->range_count > RANGE_COUNT_MAX) {
        fa__ring0_die("the loader gives no map of memory, or a longer one than 64 ranges");
    }
    const struct range *given = early(start->ranges, start->range_count * sizeof(struct range));
    for (; range_count < start->range_count; range_count++) {
        struct range range = given[range_count];
        bool usable = range.type == MEMORY_USABLE && range.len <= UINT64_MAX - range.at;
        ranges[range_count] = range;
        if (usable && range.at <= (uintptr_t)fa__image_gate &&
            (uintptr_t)fa__image_end <= range.at + range.len) {
            end = (uintptr_t)(range.at + range.len);
        }
    }
    if (end == 0) {
        fa__ring0_die("the machine has too little memory for this image: give it more");
    }
    return fa_min(end, APICS_AT);
}

bool fa__virtio_is_reserved(uint64_t physical, size_t len)
{
    uint64_t end;
    if (__builtin_add_overflow(physical, len, &end) || physical < LOW_MEMORY) {
        return true;
    }
    bool touches = physical < APICS_END && APICS_AT < end;
    for (size_t i = 0; i < range_count; i++) {
        const struct range *range = &ranges[i];
        touches = touches || (range->type == MEMORY_USABLE && physical - range->at < range->len) ||
                  (range->type == MEMORY_USABLE && range->at - physical < len);
    }
    return touches;
}

static uintptr_t map_registers(uint64_t physical, size_t len)
{
    return fa__virtio_is_reserved(physical, len) ? 0 : fa__ring0_map_device(physical, len, true);
}

uintptr_t fa__target_call(const struct fa__frame *frame)
{
    switch (frame->rax) {
    case FA__GATE_SLEEP:
        fa__apic_sleep(frame->rdi);
        return 0;
    case FA__GATE_DEVICE_MAP:
        return map_registers(frame->rdi, frame->rsi);
    case FA__GATE_INTERRUPT:
        return fa__apic_connect((unsigned)frame->rdi, (unsigned)frame->rsi, frame->rdx);
    case FA__GATE_PCI_READ:
        fa__out32(PCI_ADDRESS, UINT32_C(1) << 31 | (uint32_t)(frame->rdi & 0xfffffc));
        return fa__in32(PCI_DATA);
    case FA__GATE_PCI_WRITE:
        fa__out32(PCI_ADDRESS, UINT32_C(1) << 31 | (uint32_t)(frame->rdi & 0xfffffc));
        fa__out32(PCI_DATA, (uint32_t)frame->rsi);
        return 0;
    default:
        fa__ring0_report(frame, "the gate was called with a number that it does not know");
    }
}

void fa__virtio_boot(uintptr_t start_at)
{
    fa__uart_init();
    fa__ring0_cpu_init();
    const struct start *start = early(start_at, sizeof *start);
    if (start->magic != START_MAGIC) {
        fa__ring0_die("this was not started by PVH: use -kernel of QEMU, or a loader that has it");
    }
    copy_cmdline(start->cmdline);
    fa__ring0_pages_init(find_memory_end(start));
    fa__apic_init();
    fa__time_init();
    fa__ring0_enter(fa__gate_begin, (uintptr_t)fa__main_stack_top);
}
