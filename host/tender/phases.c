// SPDX-License-Identifier: ISC

#include "phases.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "slots.h"

static uint64_t end_ns[PHASE_COUNT];
static uint64_t exec_ns;

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void phases_end(enum phase phase)
{
    if (phase == PHASE_EXEC) {
        exec_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    }
    end_ns[phase] = read_clock(CLOCK_MONOTONIC);
}

void phases_print(void)
{
    static const char *const names[] = {"exec", "check", "devices", "load", "lock"};
    char text[256];
    int len = snprintf(text, sizeof text, "fata-tender: microseconds:");
    for (int i = 0; i < PHASE_COUNT; i++) {
        uint64_t ns = i == PHASE_EXEC ? exec_ns : end_ns[i] - end_ns[i - 1];
        len += snprintf(text + len, sizeof text - (size_t)len, " %s %u.%u", names[i],
            (unsigned)(ns / 1000), (unsigned)(ns / 100 % 10));
    }
    text[len++] = '\n';
    (void)!write(FD_LOG, text, (size_t)len);
}
