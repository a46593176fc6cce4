// SPDX-License-Identifier: ISC
//
// What DHCP servers say: offers, acknowledgements, refusals.

#include "fa/wire/ip4.h"
#include "src/net/dhcp_priv.h"

enum {
    PREFIX_BITS_MIN = 1, /* a mask of 0 would make everyone a neighbour */
};

/* A netmask as a prefix length; 0 if its bits have a hole. */
static uint8_t prefix_of(uint32_t mask)
{
    uint8_t bits = (uint8_t)(mask == UINT32_MAX ? 32 : __builtin_clz(~mask));
    return fa_ip4_mask(bits) == mask ? bits : 0;
}

/* Without a mask, the address's class decides (RFC 950), as it did when the option was new. */
static uint32_t mask_of(const struct fa_dhcp_message *message)
{
    if (message->mask != 0) {
        return message->mask;
    }
    uint8_t first = (uint8_t)(message->your_ip >> 24);
    return fa_ip4_mask(first < 128 ? 8 : first < 192 ? 16 : 24);
}

/* Whether what is offered can be an address of ours and a way out. */
static bool check_offer(const struct fa_dhcp_message *message)
{
    uint32_t mask = mask_of(message);
    uint8_t bits = prefix_of(mask);
    uint32_t host = message->your_ip & ~mask;
    bool is_end = bits < 31 && (host == 0 || host == ~mask);
    bool router_good = message->router == 0 || fa_ip4_is_host(message->router);
    return fa_ip4_is_host(message->your_ip) && bits >= PREFIX_BITS_MIN && !is_end && router_good &&
           message->router != message->your_ip && message->lease_s != 0 &&
           fa_ip4_is_host(message->server_id);
}

/* T1 and T2 are taken from the server only where they are in order (RFC 2131 4.4.5). */
static void set_times(struct fa_dhcp *dhcp, const struct fa_dhcp_message *message)
{
    struct fa_dhcp_lease *lease = &dhcp->lease;
    uint32_t all_s = message->lease_s;
    if (all_s == UINT32_MAX) {
        lease->t1_ns = lease->t2_ns = lease->end_ns = FA_NS_NEVER;
        return;
    }
    fa_ns all = all_s * FA_NS_S;
    bool t2_good = message->t2_s != 0 && message->t2_s < all_s;
    fa_ns t2 = t2_good ? message->t2_s * FA_NS_S : all / 8 * 7;
    bool t1_good = message->t1_s != 0 && message->t1_s * FA_NS_S < t2;
    fa_ns t1 = t1_good ? message->t1_s * FA_NS_S : (all / 2 < t2 ? all / 2 : t2 / 2);
    lease->t1_ns = fa_ns_after(dhcp->begun_ns, t1);
    lease->t2_ns = fa_ns_after(dhcp->begun_ns, t2);
    lease->end_ns = fa_ns_after(dhcp->begun_ns, all);
}

/* Text of a server, with a final NUL or without; empty if it is longer than a name. */
static void copy_text(char *target, struct fa_slice text)
{
    while (text.len > 0 && text.at[text.len - 1] == 0) {
        text.len--;
    }
    size_t len = text.len <= FA_DHCP_DOMAIN_LEN_MAX ? text.len : 0;
    fa_copy(target, text.at, len);
    target[len] = '\0';
}

/* What the message says beside address and times. */
static void set_parameters(struct fa_dhcp_lease *lease, const struct fa_dhcp_message *message)
{
    *lease = (struct fa_dhcp_lease){
        .router = message->router,
        .server_id = message->server_id,
        .mtu_bytes = message->mtu_bytes,
        .dns_count = message->dns_count,
        .ntp_count = message->ntp_count,
        .search_len = (uint16_t)message->search.len,
    };
    fa_copy(lease->dns, message->dns, sizeof message->dns);
    fa_copy(lease->ntp, message->ntp, sizeof message->ntp);
    fa_copy(lease->search, message->search.at, message->search.len);
    copy_text(lease->domain, message->domain);
    copy_text(lease->host_name, message->host_name);
    size_t off = 0;
    while (lease->route_count < FA_DHCP_ROUTE_COUNT_MAX &&
           fa_dhcp_route_next(message->routes, &off, &lease->routes[lease->route_count])) {
        lease->route_count++;
    }
}

static void take_lease(struct fa_dhcp *dhcp, fa_ns now, const struct fa_dhcp_message *message)
{
    bool first = dhcp->state == FA_DHCP_REQUESTING || dhcp->state == FA_DHCP_REBOOTING;
    set_parameters(&dhcp->lease, message);
    dhcp->lease.ip = message->your_ip;
    dhcp->lease.lease_s = message->lease_s;
    dhcp->lease.prefix_bits = prefix_of(mask_of(message));
    set_times(dhcp, message);
    if (first && dhcp->config.probe) {
        fa__dhcp_enter(dhcp, now, FA_DHCP_PROBING);
        dhcp->event = FA_DHCP_EVENT_PROBE;
        return;
    }
    fa__dhcp_bind(dhcp, now);
}

static void take_information(struct fa_dhcp *dhcp, fa_ns now, const struct fa_dhcp_message *message)
{
    set_parameters(&dhcp->lease, message);
    dhcp->lease.t1_ns = dhcp->lease.t2_ns = dhcp->lease.end_ns = FA_NS_NEVER;
    fa__dhcp_enter(dhcp, now, FA_DHCP_INFORMED);
    dhcp->event = FA_DHCP_EVENT_INFORMED;
    FA_COUNT(dhcp->config.counters, dhcp_informed);
}

static void take_offer(struct fa_dhcp *dhcp, fa_ns now, const struct fa_dhcp_message *message)
{
    if (dhcp->state != FA_DHCP_SELECTING) {
        FA_COUNT(dhcp->config.counters, dhcp_rx_unasked);
        return;
    }
    if (!check_offer(message)) {
        FA_COUNT(dhcp->config.counters, dhcp_rx_bad_lease);
        return;
    }
    fa__dhcp_enter(dhcp, now, FA_DHCP_REQUESTING);
    dhcp->offered_ip = message->your_ip;
    dhcp->server_id = message->server_id;
    dhcp->begun_ns = now; // the lease counts from the REQUEST (RFC 2131 4.4.1)
    dhcp->pending = FA_DHCP_REQUEST;
}

/* Whether a REQUEST of ours is out that this server may answer. */
static bool is_awaited(const struct fa_dhcp *dhcp, const struct fa_dhcp_message *message)
{
    switch (dhcp->state) {
    case FA_DHCP_REQUESTING:
        return message->server_id == dhcp->server_id;
    case FA_DHCP_RENEWING:
        return message->server_id == dhcp->lease.server_id;
    case FA_DHCP_REBINDING:
    case FA_DHCP_REBOOTING:
        return true;
    case FA_DHCP_INFORMING:
        return message->type == FA_DHCP_ACK;
    default:
        return false;
    }
}

static void take_answer(struct fa_dhcp *dhcp, fa_ns now, const struct fa_dhcp_message *message)
{
    if (!is_awaited(dhcp, message)) {
        FA_COUNT(dhcp->config.counters, dhcp_rx_unasked);
    } else if (message->type == FA_DHCP_NAK) {
        FA_COUNT(dhcp->config.counters, dhcp_rx_naks);
        fa__dhcp_nak(dhcp, now);
    } else if (dhcp->state == FA_DHCP_INFORMING) {
        take_information(dhcp, now, message);
    } else if (check_offer(message)) {
        take_lease(dhcp, now, message);
    } else {
        FA_COUNT(dhcp->config.counters, dhcp_rx_bad_lease);
    }
}

void fa_dhcp_input(struct fa_dhcp *dhcp, fa_ns now, struct fa_slice payload)
{
    static const enum fa_counter_id reasons[] = {
        [FA_DHCP_SHORT] = FA_COUNTER_dhcp_rx_short,
        [FA_DHCP_FORMAT] = FA_COUNTER_dhcp_rx_format,
        [FA_DHCP_OPTIONS] = FA_COUNTER_dhcp_rx_options,
        [FA_DHCP_TYPE] = FA_COUNTER_dhcp_rx_type,
    };
    struct fa_dhcp_message message;
    FA_COUNT(dhcp->config.counters, dhcp_rx_messages);
    enum fa_dhcp_verdict verdict = fa_dhcp_decode(payload, &message);
    if (verdict != FA_DHCP_GOOD) {
        dhcp->config.counters->cell[reasons[verdict]]++;
        return;
    }
    bool ours = message.op == FA_DHCP_OP_REPLY && message.xid == dhcp->xid &&
                fa_equal(message.mac, dhcp->config.mac, FA_MAC_LEN);
    if (!ours) {
        FA_COUNT(dhcp->config.counters, dhcp_rx_not_for_us);
        return;
    }
    switch ((enum fa_dhcp_type)message.type) {
    case FA_DHCP_OFFER:
        take_offer(dhcp, now, &message);
        break;
    case FA_DHCP_ACK:
    case FA_DHCP_NAK:
        take_answer(dhcp, now, &message);
        break;
    default:
        FA_COUNT(dhcp->config.counters, dhcp_rx_type);
    }
}
