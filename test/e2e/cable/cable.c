// SPDX-License-Identifier: ISC
//
// cable: two network cards and the faults between them, where the kernel has no netem. What left
// sends is lost now and then; both ways take their time.

#include "cable.fata.h"

#include "fa/fault.h"
#include "fa/fiber.h"

static struct cable {
    struct fa_poller poller;
    struct fa_fault left;
    struct fa_netdev *right;
} cable;

static bool carry(struct fa_netdev *from, struct fa_netdev *to, fa_ns now)
{
    struct fa_buf *frames[FA_NETDEV_BURST_MAX];
    size_t count = fa_netdev_rx(from, now, frames, FA_NETDEV_BURST_MAX);
    for (size_t i = 0; i < count; i++) {
        fa_netdev_tx_commit(to, now, frames[i]);
    }
    fa_netdev_tx_flush(to, now);
    return count != 0;
}

static bool poll_cable(struct fa_poller *poller, fa_ns now)
{
    (void)poller;
    bool there = carry(&cable.left.dev, cable.right, now);
    bool back = carry(cable.right, &cable.left.dev, now);
    return there || back;
}

static fa_ns cable_deadline(const struct fa_poller *poller)
{
    (void)poller;
    return fa_ns_min(fa_netdev_deadline(&cable.left.dev), fa_netdev_deadline(cable.right));
}

static const struct fa_poller_ops ops = {.poll = poll_cable, .deadline = cable_deadline};

int cable_main(struct cable_devices *devices)
{
    const struct fa_fault_config there = {
        .delay_ns = devices->delay, .loss_per_million = (uint32_t)devices->loss};
    const struct fa_fault_config back = {.delay_ns = devices->delay};
    fa_fault_wrap(&cable.left, devices->left,
        &(struct fa_fault_wrap_config){
            .seed = devices->seed, .rx = there, .tx = back, .held_count_max = 8192});
    cable.right = devices->right;
    cable.poller.ops = &ops;
    fa_loop_add(devices->loop, &cable.poller);
    (void)fa_fiber_sleep_until(FA_NS_NEVER); // until the image is stopped
    return 0;
}
