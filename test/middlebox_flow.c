// SPDX-License-Identifier: ISC
//
// test/middlebox_flow.c: which connections the box knows, and by which ports; see middlebox.h.

#include "test/middlebox.h"

enum {
    OUTER_PORT_FIRST = 20000, /* neither well known nor chosen by a stack */
    OUTER_PORT_COUNT = 10000,
};

static bool is_alive(const struct middlebox *box, const struct middlebox_flow *flow, fa_ns now)
{
    return flow->used &&
           (box->config.idle_ns == 0 || now < fa_ns_after(flow->seen_ns, box->config.idle_ns));
}

static struct middlebox_flow *find_flow(struct middlebox *box, fa_ns now,
    const struct fa_ip *remote, uint16_t remote_port, uint16_t port, bool inner)
{
    for (size_t i = 0; i < MIDDLEBOX_FLOW_MAX; i++) {
        struct middlebox_flow *flow = &box->flows[i];
        if (flow->used && (inner ? flow->inner_port : flow->outer_port) == port &&
            flow->remote_port == remote_port && fa_ip_equal(&flow->remote, remote)) {
            flow->used = is_alive(box, flow, now);
            return flow->used ? flow : NULL;
        }
    }
    return NULL;
}

/* The place of a new connection: a free one, else the one not seen for longest. */
static struct middlebox_flow *new_flow(struct middlebox *box)
{
    struct middlebox_flow *best = &box->flows[0];
    for (size_t i = 0; i < MIDDLEBOX_FLOW_MAX && best->used; i++) {
        struct middlebox_flow *flow = &box->flows[i];
        if (!flow->used || flow->seen_ns < best->seen_ns) {
            best = flow;
        }
    }
    return best;
}

static struct middlebox_flow *learn_flow(struct middlebox *box, enum middlebox_dir dir,
    const struct fa_ip *remote, uint16_t remote_port, uint16_t port)
{
    struct middlebox_flow *flow = new_flow(box);
    bool translate = dir == MIDDLEBOX_OUT && box->config.nat;
    *flow = (struct middlebox_flow){
        .used = true,
        .from_inside = dir == MIDDLEBOX_OUT,
        .remote = *remote,
        .remote_port = remote_port,
        .inner_port = port,
        .outer_port =
            translate ? (uint16_t)(OUTER_PORT_FIRST + box->next_port++ % OUTER_PORT_COUNT) : port,
    };
    return flow;
}

bool middlebox_flow_pass(
    struct middlebox *box, enum middlebox_dir dir, fa_ns now, struct middlebox_segment *seg)
{
    bool out = dir == MIDDLEBOX_OUT;
    const struct fa_ip *remote = out ? &seg->meta.remote : &seg->meta.local;
    uint16_t remote_port = out ? seg->header.target_port : seg->header.source_port;
    uint16_t port = out ? seg->header.source_port : seg->header.target_port;
    if (!box->config.nat && box->config.idle_ns == 0) {
        return true;
    }
    struct middlebox_flow *flow = find_flow(box, now, remote, remote_port, port, out);
    bool syn = (seg->header.flags & (FA_TCP_SYN | FA_TCP_ACK)) == FA_TCP_SYN;
    if (flow == NULL) {
        /* A NAT binds anything that comes from inside, a firewall wants to see a SYN. */
        bool rebound = out && box->config.nat && !syn;
        if (!syn && !rebound) {
            return false;
        }
        box->stats.rebound_count += rebound;
        flow = learn_flow(box, dir, remote, remote_port, port);
    }
    flow->seen_ns = now;
    uint16_t other = out ? flow->outer_port : flow->inner_port;
    if (other != port) {
        fa_be16_store(seg->tcp + (out ? 0 : 2), other);
        seg->changed = true;
    }
    return true;
}

void middlebox_forget(struct middlebox *box)
{
    for (size_t i = 0; i < MIDDLEBOX_FLOW_MAX; i++) {
        box->flows[i].used = false;
    }
}
