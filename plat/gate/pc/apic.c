// SPDX-License-Identifier: ISC
//
// apic.c: interrupts as alarm clocks. They are off while CPL 3 runs and come in only while it
// sleeps, so a device that needs it no sooner interrupts nothing; what came meanwhile is pending in
// the local APIC and ends the next sleep at once.

#include "plat/gate/pc/machine.h"

enum {
    MSR_APIC_BASE = 0x1b,
    LAPIC_ID = 0x20,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_TIMER = 0x320,
    LAPIC_LINT0 = 0x350,
    LAPIC_LINT1 = 0x360,
    LAPIC_TIMER_COUNT = 0x380,
    LAPIC_TIMER_LEFT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
    MASKED = 1 << 16,
    ENABLED = 0x100,
    DIVIDE_BY_16 = 3,
    IOAPIC_LINE_COUNT = 24,
    IOAPIC_VERSION = 1,
    IOAPIC_ENTRY = 0x10, // two words a line
    PIC_MASK_1 = 0x21,
    PIC_MASK_2 = 0xa1,
    IOAPIC_COUNT = 2,
};

#define LAPIC_AT UINT64_C(0xfee00000)

/* The second is microvm's, for its lines from 24 on. */
static const uint64_t ioapic_places[IOAPIC_COUNT] = {0xfec00000, 0xfec10000};

struct interrupt {
    unsigned source; // enum fa__gate_source
    unsigned vector;
    uintptr_t ack;
};

static volatile uint8_t *lapic;
static volatile uint32_t *ioapic[IOAPIC_COUNT];
static struct interrupt interrupts[FA__GATE_INTERRUPT_COUNT];
static size_t interrupt_count;
static uint64_t ticks_per_ns_q32; // of the timer

static uint32_t lapic_read(unsigned reg)
{
    return *(const volatile uint32_t *)(lapic + reg);
}

static void lapic_write(unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(lapic + reg) = value;
}

void fa__apic_init(void)
{
    fa__out8(PIC_MASK_1, 0xff);
    fa__out8(PIC_MASK_2, 0xff);
    fa__msr_write(MSR_APIC_BASE, LAPIC_AT | 1u << 11 | 1u << 8); // on, boot processor
    lapic = (volatile uint8_t *)fa__ring0_map_device(LAPIC_AT, FA__RING0_PAGE, false);
    lapic_write(LAPIC_LINT0, MASKED);
    lapic_write(LAPIC_LINT1, MASKED);
    lapic_write(LAPIC_TIMER, FA__VECTOR_TIMER | MASKED);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
    lapic_write(LAPIC_SPURIOUS, FA__VECTOR_SPURIOUS | ENABLED);
    for (size_t i = 0; i < IOAPIC_COUNT; i++) {
        ioapic[i] =
            (volatile uint32_t *)fa__ring0_map_device(ioapic_places[i], FA__RING0_PAGE, false);
    }
}

void fa__apic_timer_start(uint32_t ticks)
{
    lapic_write(LAPIC_TIMER, FA__VECTOR_TIMER | (ticks == 0 ? (uint32_t)MASKED : 0));
    lapic_write(LAPIC_TIMER_COUNT, ticks);
}

uint32_t fa__apic_timer_left(void)
{
    return lapic_read(LAPIC_TIMER_LEFT);
}

void fa__apic_timer_rate(uint64_t hz)
{
    ticks_per_ns_q32 = (hz << 32) / FA_NS_S;
}

void fa__apic_sleep(fa_ns duration)
{
    uint32_t ticks = 0;
    if (duration != 0) {
        // Rounded up, so nobody finds that it is too early; what is too far is asked for again.
        unsigned __int128 product = (unsigned __int128)duration * ticks_per_ns_q32;
        uint64_t whole = product >> 32 >= UINT32_MAX ? UINT32_MAX - 1 : (uint64_t)(product >> 32);
        ticks = (uint32_t)(whole + 1);
    }
    fa__apic_timer_start(ticks);
    __asm__ __volatile__("sti; hlt; cli" : : : "memory");
    fa__apic_timer_start(0);
}

static void ioapic_write(volatile uint32_t *at, uint32_t reg, uint32_t value)
{
    at[0] = reg;
    at[4] = value;
}

static uint32_t ioapic_read(volatile uint32_t *at, uint32_t reg)
{
    at[0] = reg;
    return at[4];
}

/* Level or edge is no matter: the device is made silent before the interrupt ends. */
static bool connect_line(unsigned line, unsigned vector)
{
    size_t which = line / IOAPIC_LINE_COUNT;
    uint32_t entry = IOAPIC_ENTRY + line % IOAPIC_LINE_COUNT * 2;
    if (which >= IOAPIC_COUNT) {
        return false;
    }
    uint32_t last = ioapic_read(ioapic[which], IOAPIC_VERSION) >> 16 & 0xff;
    if (last == 0xff || line % IOAPIC_LINE_COUNT > last) { // all ones: nobody is there
        return false;
    }
    ioapic_write(ioapic[which], entry + 1, lapic_read(LAPIC_ID));
    ioapic_write(ioapic[which], entry, vector);
    return true;
}

unsigned fa__apic_connect(unsigned source, unsigned line, uintptr_t ack)
{
    if (interrupt_count == FA_COUNT_OF(interrupts) || source > FA__GATE_MESSAGE ||
        (source != FA__GATE_MESSAGE && !fa__ring0_is_device(ack, 8))) {
        return 0;
    }
    // More sources than vectors share them: each is asked.
    unsigned vector = FA__VECTOR_DEVICE + (unsigned)interrupt_count % FA__VECTOR_DEVICE_COUNT;
    if (source != FA__GATE_MESSAGE && !connect_line(line, vector)) {
        return 0;
    }
    interrupts[interrupt_count++] = (struct interrupt){source, vector, ack};
    return vector;
}

static void silence(const struct interrupt *interrupt)
{
    if (interrupt->source == FA__GATE_LINE_MMIO) {
        volatile uint32_t *status = (volatile uint32_t *)interrupt->ack;
        status[1] = status[0];
    } else if (interrupt->source == FA__GATE_LINE_READ) {
        (void)*(const volatile uint8_t *)interrupt->ack; // reading it is what it is for
    }
}

void fa__target_interrupt(unsigned vector)
{
    for (size_t i = 0; i < interrupt_count; i++) {
        if (interrupts[i].vector == vector) {
            silence(&interrupts[i]);
        }
    }
    lapic_write(LAPIC_EOI, 0);
}
