// SPDX-License-Identifier: ISC
//
// time.c: how fast the counters count, and what time it is. KVM tells both; anywhere else the PIT,
// whose rate is fixed, is the measure, and the CMOS clock tells the second.

#include "plat/gate/pc/machine.h"

enum {
    MSR_KVM_WALL_CLOCK = 0x4b564d00,
    MSR_KVM_SYSTEM_TIME = 0x4b564d01,
    KVM_FEATURES = 0x40000001,
    KVM_FEATURE_CLOCK = 1 << 3,
    PIT_HZ = 1193182,
    PIT_COUNTER_0 = 0x40,
    PIT_CONTROL = 0x43,
    PIT_MEASURE = 4773, // ticks, 4 ms: one too many or too few is 200 ppm
    PIT_TRIES_MAX = 10 * 1000 * 1000,
    CMOS_INDEX = 0x70,
    CMOS_DATA = 0x71,
};

/* What KVM writes when it is asked for the wall clock at its boot. */
struct kvm_wall {
    uint32_t version;
    uint32_t seconds;
    uint32_t ns;
};

static bool has_kvm_clock(void)
{
    struct fa__cpuid who = fa__cpuid(0x40000000, 0);
    bool kvm = who.ebx == 0x4b4d564b && who.ecx == 0x564b4d56 && who.edx == 0x4d; // "KVMKVMKVM"
    return kvm && (fa__cpuid(KVM_FEATURES, 0).eax & KVM_FEATURE_CLOCK) != 0;
}

static uint16_t pit_read(void)
{
    fa__out8(PIT_CONTROL, 0x00); // latch counter 0
    uint8_t low = fa__in8(PIT_COUNTER_0);
    return (uint16_t)(low | fa__in8(PIT_COUNTER_0) << 8);
}

/* The counters' rates by the PIT's. */
static void measure_rates(uint64_t *ret_tsc_hz, uint64_t *ret_timer_hz)
{
    fa__out8(PIT_CONTROL, 0x34); // counter 0, mode 2, from 65536 down
    fa__out8(PIT_COUNTER_0, 0);
    fa__out8(PIT_COUNTER_0, 0);
    uint16_t first = pit_read();
    fa__apic_timer_start(UINT32_MAX);
    uint64_t tsc = fa__tsc();
    unsigned tries = 0;
    uint16_t passed;
    do {
        passed = (uint16_t)(first - pit_read());
        if (++tries == PIT_TRIES_MAX) {
            fa__ring0_die("no clock: neither KVM's nor a PIT that counts");
        }
    } while (passed < PIT_MEASURE);
    tsc = fa__tsc() - tsc;
    uint32_t timer = UINT32_MAX - fa__apic_timer_left();
    fa__apic_timer_start(0);
    *ret_tsc_hz = tsc * PIT_HZ / passed;
    *ret_timer_hz = (uint64_t)timer * PIT_HZ / passed;
}

/* base 0, so that nanoseconds = (tsc << shift) * mul / 2^32. */
static void set_clock(struct fa__gate_clock *clock, uint64_t tsc_hz)
{
    int8_t shift = 0;
    while (tsc_hz > FA_NS_S * 2) {
        tsc_hz >>= 1;
        shift--;
    }
    while (tsc_hz <= FA_NS_S) {
        tsc_hz <<= 1;
        shift++;
    }
    clock->base_tsc = fa__tsc();
    clock->shift = shift;
    clock->mul = (uint32_t)((FA_NS_S << 32) / tsc_hz);
}

static unsigned cmos_read(unsigned reg)
{
    fa__out8(CMOS_INDEX, (uint8_t)reg);
    return fa__in8(CMOS_DATA);
}

static unsigned from_bcd(unsigned value)
{
    return (value >> 4) * 10 + (value & 15);
}

/* Seconds since 1970 of a date of the proleptic Gregorian calendar. */
static uint64_t seconds_of(unsigned year, unsigned month, unsigned day, unsigned seconds)
{
    unsigned shifted = year - (month <= 2); // years begin in March
    unsigned days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 +
                    (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return (uint64_t)(days - 719468) * 86400 + seconds;
}

/* The CMOS clock, to the second. 0: there is none. */
static uint64_t read_cmos_ns(void)
{
    unsigned at[10], again[10];
    for (unsigned tries = 0; tries < 100; tries++) {
        bool same = true;
        for (unsigned i = 0; i < 10; i++) {
            at[i] = cmos_read(i);
        }
        for (unsigned i = 0; i < 10; i++) {
            again[i] = cmos_read(i);
            same = same && at[i] == again[i];
        }
        if (same && (cmos_read(10) & 0x80) == 0) { // no update under way
            break;
        }
    }
    unsigned format = cmos_read(11);
    bool afternoon = (at[4] & 0x80) != 0;
    at[4] &= 0x7f;
    for (unsigned i = 0; i < 10 && (format & 4) == 0; i++) {
        at[i] = from_bcd(at[i]);
    }
    if ((format & 2) == 0) { // 12 hours
        at[4] = at[4] % 12 + (afternoon ? 12 : 0);
    }
    bool plausible = at[8] >= 1 && at[8] <= 12 && at[7] >= 1 && at[7] <= 31 && at[9] <= 99;
    unsigned seconds = at[4] * 3600 + at[2] * 60 + at[0];
    return plausible ? seconds_of(2000 + at[9], at[8], at[7], seconds) * FA_NS_S : 0;
}

void fa__time_init(void)
{
    static struct kvm_wall wall;
    uint64_t tsc_hz, timer_hz = FA_NS_S / 16; // KVM's local APIC counts nanoseconds
    if (has_kvm_clock()) {
        fa__msr_write(MSR_KVM_SYSTEM_TIME, (uintptr_t)&fa__gate_boot.clock | 1);
        fa__msr_write(MSR_KVM_WALL_CLOCK, (uintptr_t)&wall);
        fa__gate_boot.wall_ns = wall.seconds * FA_NS_S + wall.ns;
    } else {
        measure_rates(&tsc_hz, &timer_hz);
        set_clock(&fa__gate_boot.clock, tsc_hz);
        fa__gate_boot.wall_ns = read_cmos_ns();
    }
    fa__apic_timer_rate(timer_hz);
}
