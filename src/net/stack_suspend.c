// SPDX-License-Identifier: ISC
//
// A stack stands still for a while and goes on: a snapshot, a laptop's lid, a debugger, a host that
// gave its processor to others.

#include "fa/log.h"
#include "stack_priv.h"

void fa_stack_suspend(struct fa_stack *stack, fa_ns now)
{
    FA_ASSERT(stack->suspended_ns == FA_NS_NEVER);
    stack->now = now;
    fa__stack_output(stack, now);
    stack->suspended_ns = now;
    FA_TRACE(stack_suspend, now, 0, 1, 0);
}

void fa_stack_resume(struct fa_stack *stack, fa_ns now)
{
    FA_ASSERT(stack->suspended_ns != FA_NS_NEVER);
    fa_ns gap = now > stack->suspended_ns ? now - stack->suspended_ns : 0;
    stack->suspended_ns = FA_NS_NEVER;
    stack->now = now;
    stack->retry_ns = FA_NS_NEVER;
    if (stack->config.seed == 0) {
        fa_rand_init_entropy(&stack->rand); // a copy of this memory must not draw the same numbers
    }
    fa_tcp_resume(&stack->tcp, now, gap);
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        struct fa_iface *iface = &stack->ifaces[i];
        fa_neigh_doubt(&iface->arp.neigh);
        fa_neigh_doubt(&iface->ndp.neigh);
        fa_arp_announce(&iface->arp);
        fa_dhcp_verify(&iface->dhcp, now);
        fa_dhcp6_verify(&iface->dhcp6, now);
        fa_ndp_resume(&iface->ndp, now);
        fa_igmp_repeat(&iface->igmp, now);
        fa_mld_repeat(&iface->mld, now);
    }
    fa__stack_paths_forget(stack);
    FA_COUNT(stack->counters, net_resumed);
    FA_TRACE(stack_suspend, now, 0, 0, gap);
    FA_LOG(net, FA_LOG_INFO, "resumed after %llu ms", (unsigned long long)(gap / FA_NS_MS));
}

void fa__stack_overslept(struct fa_stack *stack, fa_ns now)
{
    fa_ns limit = stack->config.oversleep_ns;
    fa_ns due = fa_max(fa_stack_deadline(stack), stack->now);
    if (due >= now || now - due < limit) {
        return;
    }
    stack->suspended_ns = due;
    fa_stack_resume(stack, now);
}
