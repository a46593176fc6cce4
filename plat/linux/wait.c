// SPDX-License-Identifier: ISC
//
// The sleep of an idle image, and the signals that end it.

#include <signal.h>

#include "fa/plat.h"
#include "plat/linux/linux.h"

enum {
    SLEEP_MAX_S = 24 * 60 * 60, /* stands for ever: the caller asks again */
};

static volatile sig_atomic_t stop_requested;
static volatile sig_atomic_t wake_pending;
/* What the kernel is given as the timeout of a sleep. The handler zeroes it, so a signal between
 * the last look at `wake_pending` and the sleep is not slept through, and no sleep needs the signal
 * mask changed around it. */
static volatile struct timespec timeout;

static void on_stop_signal(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
    wake_pending = 1;
    timeout.tv_sec = 0;
    timeout.tv_nsec = 0;
}

void fa__linux_signals_init(void)
{
    /* Only the first is caught: the second ends a program that does not get round to stopping. */
    struct sigaction stop = {.sa_handler = on_stop_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGINT, &stop, NULL); /* cannot fail: the numbers are constant and valid */
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

bool fa_plat_stop_requested(void)
{
    return stop_requested != 0;
}

void fa_plat_wait(fa_ns deadline)
{
    fa_ns left = 0;
    if (deadline == FA_NS_NEVER) {
        left = SLEEP_MAX_S * FA_NS_S;
    } else if (deadline != 0) {
        fa_ns now = fa_clock_mono_ns();
        left = deadline > now ? deadline - now : 0;
    }
    left = fa_ns_min(left, SLEEP_MAX_S * FA_NS_S);
    timeout.tv_sec = (time_t)(left / FA_NS_S);
    timeout.tv_nsec = (long)(left % FA_NS_S);
    if (wake_pending != 0) {
        timeout.tv_sec = 0;
        timeout.tv_nsec = 0;
    }
    (void)fa__linux_poll(&timeout);
    wake_pending = 0; /* one that comes right here is seen by the caller, who is about to look */
}
