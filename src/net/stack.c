// SPDX-License-Identifier: ISC
//
// The stack: interfaces and their addresses, the poll, and connecting.

#include "fa/stack.h"

#include "fa/log.h"
#include "fa/wire/ip4.h"
#include "src/net/stack_priv.h"

/* ---- life ---- */

void fa__stack_up_check(struct fa_stack *stack)
{
    if (fa_stack_is_up(stack)) {
        fa_waitq_wake_all(&stack->up_waitq);
    }
}

static void init_iface(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    const struct fa_iface_config *config = &stack->config.ifaces[idx];
    FA_ASSERT(config->dev != NULL);
    iface->config = *config;
    iface->ip = (struct fa_ip){0};
    iface->prefix_bits = 0;
    iface->addrs.count = 0;
    iface->up = false;
    iface->unflushed = false;
    iface->mtu_bytes = fa__iface_link_mtu(config);
    fa__stack_ip4_start(stack, now, idx);
    fa__stack_ip6_start(stack, now, idx);
}

static bool poll_stack(struct fa_poller *poller, fa_ns now)
{
    return fa_stack_poll(FA_CONTAINER(poller, struct fa_stack, poller), now);
}

static fa_ns poll_deadline(const struct fa_poller *poller)
{
    return fa_stack_deadline(FA_CONTAINER(poller, const struct fa_stack, poller));
}

static const struct fa_poller_ops poller_ops = {.poll = poll_stack, .deadline = poll_deadline};

void fa_stack_init(struct fa_stack *stack, const struct fa_stack_config *config, fa_ns now)
{
    const char *reason;
    FA_ASSERT(fa_stack_config_check(config, &reason) == FA_OK);
    FA_ASSERT(config->pool != NULL);
    // Not *stack = {0}: tables of neighbours are initialised as they are used.
    stack->poller = (struct fa_poller){.ops = &poller_ops};
    stack->config = *config;
    stack->counters = config->counters != NULL ? config->counters : &fa_counters_main;
    stack->route_count = 0;
    fa_zero(stack->redirects, sizeof stack->redirects);
    stack->redirect_next = 0;
    fa_zero(stack->paths, sizeof stack->paths);
    fa_zero(stack->pairs, sizeof stack->pairs);
    stack->path_generation = 1;
    stack->loop = NULL;
    stack->loopback_count = 0;
    stack->turn = 0;
    stack->touched = true;
    stack->timers_ns = 0;
    stack->now = now;
    stack->retry_ns = FA_NS_NEVER;
    stack->suspended_ns = FA_NS_NEVER;
    fa_list_init(&stack->loopback);
    fa_waitq_init(&stack->up_waitq);
    fa_names_init(&stack->names, stack->counters);
    fa__stack_names_start(stack);
    if (config->seed != 0) {
        fa_rand_init_seed(&stack->rand, config->seed);
    } else {
        fa_rand_init_entropy(&stack->rand);
    }
    static const uint8_t zero[sizeof config->iid_secret];
    stack->secret_given = !fa_equal(config->iid_secret, zero, sizeof zero);
    if (!stack->secret_given) {
        fa_rand_fill(&stack->rand, stack->config.iid_secret, sizeof zero);
    }
    stack->flow_factor[0] = fa_rand_u64(&stack->rand) | 1;
    stack->flow_factor[1] = fa_rand_u64(&stack->rand) | 1;
    struct fa_counters *counters = stack->counters;
    struct fa_rand *rand = &stack->rand;
    struct fa_tcp_config tcp = config->tcp;
    tcp.pool = config->pool;
    tcp.counters = counters;
    tcp.rand = rand;
    fa_tcp_init(&stack->tcp, &tcp, now);
    fa_udp_init(&stack->udp,
        &(struct fa_udp_config){
            .counters = counters, .rand = rand, .group_set = fa__stack_group_set, .ctx = stack});
    fa_icmp_init(&stack->icmp, &(struct fa_icmp_config){.counters = counters, .rand = rand});
    struct fa_reass_config reass = config->reass;
    reass.pool = config->pool;
    reass.counters = counters;
    fa_reass_init(&stack->reass, &reass);
    struct fa_pmtu_config pmtu = config->pmtu;
    pmtu.counters = counters;
    fa_pmtu_init(&stack->pmtu, &pmtu);
    stack->fragment = (struct fa_fragment){0};
    for (uint32_t i = 0; i < config->iface_count; i++) {
        init_iface(stack, now, i);
    }
}

void fa_stack_start(struct fa_stack *stack, struct fa_loop *loop)
{
    FA_ASSERT(stack->loop == NULL);
    stack->loop = loop;
    fa_loop_add(loop, &stack->poller);
}

void fa_stack_stop(struct fa_stack *stack)
{
    fa_ns now = fa_stack_now(stack);
    fa_tcp_reset_all(&stack->tcp, now, NULL);
    fa__stack_touch(stack);
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        fa_dhcp_stop(&stack->ifaces[i].dhcp);
    }
    fa__stack_output(stack, now);
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        fa__stack_ip4_stop(stack, now, i);
        fa__stack_ip6_stop(stack, i);
    }
    fa_icmp_done(&stack->icmp);
    fa_reass_done(&stack->reass);
    fa_fragment_stop(&stack->fragment);
    fa_buf_drop_all(&stack->loopback);
    stack->loopback_count = 0;
    if (stack->loop != NULL) {
        fa_loop_remove(stack->loop, &stack->poller);
        stack->loop = NULL;
    }
}

/* ---- the poll ---- */

/* All timers but TCP's. */
static void tick(struct fa_stack *stack, fa_ns now)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        struct fa_iface *iface = &stack->ifaces[i];
        if (now >= fa_arp_deadline(&iface->arp)) {
            fa_arp_tick(&iface->arp, now);
            fa__stack_probe_check(stack, now, i);
            fa__stack_undelivered(stack, now, &iface->arp.neigh);
        }
        if (now >= fa_dhcp_deadline(&iface->dhcp)) {
            fa_dhcp_tick(&iface->dhcp, now);
            fa__stack_dhcp_event(stack, now, i);
        }
        if (now >= fa_igmp_deadline(&iface->igmp)) {
            fa_igmp_tick(&iface->igmp, now);
        }
        fa__stack_ip6_tick(stack, now, i);
    }
    fa_names_tick(&stack->names, now);
    fa__stack_reass_tick(stack, now);
}

/* When one of them is due. */
static fa_ns find_timers(const struct fa_stack *stack)
{
    fa_ns at = fa_ns_min(fa_names_deadline(&stack->names), fa_reass_deadline(&stack->reass));
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        const struct fa_iface *iface = &stack->ifaces[i];
        at = fa_ns_min(at, fa_arp_deadline(&iface->arp));
        at = fa_ns_min(at, fa_dhcp_deadline(&iface->dhcp));
        at = fa_ns_min(at, fa_ndp_deadline(&iface->ndp));
        at = fa_ns_min(at, fa_mld_deadline(&iface->mld));
        at = fa_ns_min(at, fa_igmp_deadline(&iface->igmp));
        at = fa_ns_min(at, fa_dhcp6_deadline(&iface->dhcp6));
    }
    return at;
}

bool fa_stack_poll(struct fa_stack *stack, fa_ns now)
{
    if (stack->suspended_ns != FA_NS_NEVER) {
        return false;
    }
    if (stack->config.oversleep_ns != 0 && now - stack->now >= stack->config.oversleep_ns) {
        fa__stack_overslept(stack, now);
    }
    stack->now = now;
    bool came = fa__stack_input(stack, now);
    if (stack->touched || now >= stack->timers_ns) {
        fa__stack_touch(stack);
        tick(stack, now);
    }
    if (now >= fa_tcp_deadline(&stack->tcp)) {
        fa_tcp_tick(&stack->tcp, now);
    }
    bool went = fa__stack_output(stack, now);
    if (stack->touched) {
        stack->touched = fa__stack_links_speak(stack);
        stack->timers_ns = find_timers(stack);
    }
    return came || went;
}

/* Whether someone has something to say that no device has refused yet. */
static bool has_output(const struct fa_stack *stack)
{
    bool output = fa_icmp_has_output(&stack->icmp) || fa_udp_has_output(&stack->udp) ||
                  fa_tcp_has_output(&stack->tcp) || stack->loopback_count != 0 ||
                  fa_fragment_is_busy(&stack->fragment);
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        const struct fa_iface *iface = &stack->ifaces[i];
        bool link = iface->arp.announce_due || fa_dhcp_has_output(&iface->dhcp) ||
                    iface->ndp.dad_due || iface->ndp.solicit_due ||
                    fa_mld_has_output(&iface->mld) || fa_igmp_has_output(&iface->igmp) ||
                    fa_dhcp6_has_output(&iface->dhcp6);
        FA_ASSERT(!link || stack->touched);
        output = output || link;
    }
    return output;
}

fa_ns fa_stack_deadline(const struct fa_stack *stack)
{
    if (stack->suspended_ns != FA_NS_NEVER) {
        return FA_NS_NEVER;
    }
    if (stack->retry_ns == FA_NS_NEVER && has_output(stack)) {
        return 0;
    }
    fa_ns timers = find_timers(stack);
    FA_ASSERT(stack->touched || stack->timers_ns <= timers); // who did not say fa__stack_touch()?
    fa_ns at = fa_ns_min(fa_ns_min(stack->retry_ns, fa_tcp_deadline(&stack->tcp)), timers);
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        at = fa_ns_min(at, fa_netdev_deadline(stack->ifaces[i].config.dev));
    }
    return at;
}

bool fa_stack_is_up(const struct fa_stack *stack)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        const struct fa_iface *iface = &stack->ifaces[i];
        if (iface->config.ipv4_off ? !fa__iface_ip6_is_up(iface) : !iface->up) {
            return false;
        }
    }
    return true;
}

fa_err fa_stack_up_wait(struct fa_stack *stack, fa_ns deadline)
{
    while (!fa_stack_is_up(stack)) {
        FA_TRY(fa_waitq_wait(&stack->up_waitq, deadline));
    }
    return FA_OK;
}

/* ---- connecting ---- */

/* Where the ports of one address have run out, those of another like it serve as well. */
static fa_err connect_moving_on(struct fa_stack *stack, fa_ns now, const struct fa_iface *iface,
    struct fa_tcp_connect_config *config, struct fa_flow **ret_flow)
{
    const struct fa_ip first = config->local;
    const struct fa_iface_addr *addr;
    uint32_t idx = 0;
    fa_err err = fa_tcp_connect(&stack->tcp, now, config, ret_flow);
    while (err == FA_ENOSPC && (addr = fa_addrs_alike(&iface->addrs, &first, &idx)) != NULL) {
        config->local = addr->ip;
        err = fa_tcp_connect(&stack->tcp, now, config, ret_flow);
    }
    return err;
}

fa_err fa_stack_connect_from(
    struct fa_stack *stack, const struct fa_tcp_connect_config *config, struct fa_flow **ret_flow)
{
    struct fa__way way;
    struct fa_ip_meta meta = {
        .local = config->local, .remote = config->remote.ip, .iface = config->iface};
    if (fa__stack_way(stack, &meta, &way) != FA_OK || way.group) {
        return FA_ENOENT;
    }
    const struct fa_iface *iface = &stack->ifaces[way.iface_idx];
    struct fa_tcp_connect_config full = *config;
    bool any = fa_ip_is_zero(&config->local);
    if (any) {
        full.local = fa__stack_source(stack, &way, &config->remote.ip);
    }
    fa_ns now = fa_stack_now(stack);
    const struct fa_ip *remote = &config->remote.ip;
    full.mtu_bytes = way.ours ? FA_STACK_LOOPBACK_MTU
                              : fa_pmtu_of(&stack->pmtu, now, remote, fa__iface_mtu(iface, remote));
    return any ? connect_moving_on(stack, now, iface, &full, ret_flow)
               : fa_tcp_connect(&stack->tcp, now, &full, ret_flow);
}

fa_err fa_stack_connect(
    struct fa_stack *stack, const struct fa_endpoint *remote, struct fa_flow **ret_flow)
{
    return fa_stack_connect_from(
        stack, &(struct fa_tcp_connect_config){.remote = *remote}, ret_flow);
}

fa_err fa_stack_connect_wait(struct fa_stack *stack, const struct fa_endpoint *remote,
    fa_ns deadline, struct fa_flow **ret_flow)
{
    struct fa_flow *flow;
    uint8_t *at;
    size_t cap;
    FA_TRY(fa_stack_connect(stack, remote, &flow));
    fa_err err = fa_flow_reserve_wait(flow, deadline, &at, &cap);
    if (err != FA_OK) {
        fa_flow_abort(flow);
        return err;
    }
    fa_flow_commit(flow, 0);
    *ret_flow = flow;
    return FA_OK;
}
