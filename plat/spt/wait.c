// SPDX-License-Identifier: ISC
//
// The sleep of an idle image: a timer and the devices in the tender's epoll set.
//
// The timer is set to a point in time and is level-triggered: once it has come, no sleep is one
// until the timer is set anew. It is set only to move it nearer, or after that; one that is due
// earlier than asked for wakes the image for nothing, which costs less than to set it each time.

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "fa/plat.h"
#include "plat/guest/entropy.h"
#include "plat/spt/spt.h"

enum {
    EVENT_COUNT_MAX = FA_SOLO5_ENTRY_COUNT_MAX + 1, /* every device, the timer and the control */
};

static fa_ns timer_ns = FA_NS_NEVER; /* what it is set to */
static bool timer_stale;             /* it has come */

bool fa__guest_stop_requested(void)
{
    const struct fa_caps_control *control =
        (const struct fa_caps_control *)fa__guest_caps.control_addr;
    return control != NULL && *(const volatile uint32_t *)&control->stop != 0;
}

static void set_timer(fa_ns deadline)
{
    if (deadline >= timer_ns && !timer_stale) {
        return;
    }
    /* All zero would mean: no timer. 0 nanoseconds is rounded up, as the ABI wants it. */
    struct itimerspec when = {0};
    if (deadline != FA_NS_NEVER) {
        when.it_value.tv_sec = (time_t)(deadline / FA_NS_S);
        when.it_value.tv_nsec = (long)(deadline % FA_NS_S) | 1;
    }
    const long status = fa__spt_call(
        SYS_timerfd_settime, fa__spt_info->timer_fd, TFD_TIMER_ABSTIME, (long)&when, 0, 0, 0);
    FA_ASSERT(status == 0);
    timer_ns = deadline;
    timer_stale = false;
}

void fa_plat_wait(fa_ns deadline)
{
    struct epoll_event events[EVENT_COUNT_MAX];
    if (deadline != 0) {
        set_timer(deadline);
    }
    const long count = fa__spt_call(SYS_epoll_pwait, fa__spt_info->epoll_fd, (long)events,
        EVENT_COUNT_MAX, deadline != 0 ? -1 : 0, 0, 0);
    FA_ASSERT(count >= 0 || count == -EINTR);
    for (long i = 0; i < count; i++) {
        const uint64_t handle = events[i].data.u64;
        if (deadline != 0) {
            fa__entropy_woken((uint8_t)handle);
        }
        if (handle == FA_SPT_TIMER_READY) {
            timer_stale = true;
        } else if (handle < FA_SOLO5_ENTRY_COUNT_MAX) {
            fa__guest_ready |= (uint64_t)1 << handle;
        }
    }
}
