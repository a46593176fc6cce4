// SPDX-License-Identifier: ISC
//
// Redirects of IPv4 (RFC 792, RFC 1122 3.2.2.2): a router names a better first hop for one host.
//
// Nothing proves who sent such a message, so it counts only where the configuration says so, from
// the present first hop, for a router of our own network, and for a while; a router that does not
// answer is left at once. IPv6's are in ndp_router.c.

#include "fa/wire/ip4.h"
#include "src/net/stack_priv.h"

static struct fa_stack_redirect *find(struct fa_stack *stack, uint32_t iface, uint32_t target)
{
    for (uint32_t i = 0; i < FA_STACK_REDIRECT_MAX; i++) {
        struct fa_stack_redirect *redirect = &stack->redirects[i];
        if (redirect->target == target && redirect->iface == iface) {
            return redirect;
        }
    }
    return NULL;
}

/* Whether it is a station of a network of ours, not ourselves. */
static bool is_neighbour(const struct fa_stack *stack, uint32_t idx, const struct fa_ip *ip)
{
    const struct fa_iface *iface = &stack->ifaces[idx];
    bool near = false;
    for (uint32_t i = 0; i < iface->addrs.count; i++) {
        const struct fa_iface_addr *addr = &iface->addrs.at[i];
        near =
            near || (fa_ip_is4(&addr->ip) && fa_ip_prefix_equal(&addr->ip, ip, addr->prefix_bits));
    }
    uint32_t ip4 = fa_ip4_of(ip);
    return near && fa_ip4_is_host(ip4) && !fa__iface_is_broadcast(iface, ip4) &&
           !fa__stack_has(stack, ip);
}

void fa__stack_redirect(struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_report *report)
{
    struct fa__way way;
    uint32_t idx = meta->iface;
    if (idx >= stack->config.iface_count || !stack->ifaces[idx].config.redirects4) {
        FA_COUNT(stack->counters, icmp_rx_redirect_ignored);
        return;
    }
    if (fa__stack_way(stack, &report->meta, &way) != FA_OK || way.ours || way.group ||
        way.iface_idx != idx || !fa_ip_equal(&way.next_hop, &meta->remote) ||
        fa_ip_equal(&report->gateway, &meta->remote) ||
        fa_ip_equal(&report->meta.remote, &meta->remote) ||
        !is_neighbour(stack, idx, &report->gateway)) {
        FA_COUNT(stack->counters, icmp_rx_redirect_invalid);
        return;
    }
    FA_COUNT(stack->counters, icmp_rx_redirects);
    uint32_t target = fa_ip4_of(&report->meta.remote);
    struct fa_stack_redirect *redirect = find(stack, idx, target);
    if (redirect == NULL) {
        redirect = &stack->redirects[stack->redirect_next++ % FA_STACK_REDIRECT_MAX];
    }
    *redirect = (struct fa_stack_redirect){
        .target = target,
        .gateway = fa_ip4_of(&report->gateway),
        .until_ns = fa_ns_after(now, FA_STACK_REDIRECT_NS),
        .iface = (uint8_t)idx,
    };
    fa__stack_paths_forget(stack);
}

void fa__stack_redirect_apply(
    const struct fa_stack *stack, uint32_t idx, const struct fa_ip *remote, struct fa_ip *next)
{
    if (stack->redirect_next == 0 || !fa_ip_is4(remote) || fa_ip_equal(next, remote)) {
        return;
    }
    uint32_t target = fa_ip4_of(remote);
    for (uint32_t i = 0; i < FA_STACK_REDIRECT_MAX; i++) {
        const struct fa_stack_redirect *redirect = &stack->redirects[i];
        if (redirect->target == target && redirect->iface == idx &&
            redirect->until_ns > fa_stack_now(stack)) {
            *next = fa_ip4_ip(redirect->gateway);
        }
    }
}

void fa__stack_redirect_failed(struct fa_stack *stack, struct fa_slice packet)
{
    struct fa_ip4_header ip;
    if (stack->redirect_next == 0 || fa_ip4_decode_quoted(packet, &ip) != FA_IP4_GOOD) {
        return;
    }
    for (uint32_t i = 0; i < FA_STACK_REDIRECT_MAX; i++) {
        if (stack->redirects[i].target == ip.target) {
            stack->redirects[i] = (struct fa_stack_redirect){0};
            fa__stack_paths_forget(stack);
        }
    }
}
