// SPDX-License-Identifier: ISC
//
// The DHCP client: its states, timers and messages. What servers say is in dhcp_input.c.

#include "fa/dhcp.h"

#include "fa/trace.h"
#include "fa/wire/ip4.h"
#include "fa/wire/udp.h"
#include "src/net/dhcp_priv.h"

enum {
    CLIENT_ID_ETHERNET = 1, /* RFC 2132 9.14 */
    BACKOFF_S_MAX = 64,     /* RFC 2131 4.1 */
    CLIENT_ID_DUID = 255,   /* RFC 4361 6.1 */
    DUID_LL = 3,            /* RFC 8415 11.4 */
    LEN_MAX = 576,          /* bytes of a message that everybody takes */
    CLIENT_ID_LEN_MAX = 1 + 4 + 4 + FA_MAC_LEN,
};

/* Routes before the router, which they replace (RFC 3442). */
static const uint8_t parameters[] = {FA_DHCP_OPTION_MASK, FA_DHCP_OPTION_ROUTES,
    FA_DHCP_OPTION_ROUTER, FA_DHCP_OPTION_DNS, FA_DHCP_OPTION_HOST_NAME, FA_DHCP_OPTION_DOMAIN,
    FA_DHCP_OPTION_MTU, FA_DHCP_OPTION_NTP, FA_DHCP_OPTION_T1, FA_DHCP_OPTION_T2,
    FA_DHCP_OPTION_SEARCH};

const char *fa_dhcp_state_name(enum fa_dhcp_state state)
{
    static const char *const names[FA_DHCP_STATE_COUNT] = {"STOPPED", "SELECTING", "REQUESTING",
        "BOUND", "RENEWING", "REBINDING", "HOLDING", "REBOOTING", "PROBING", "INFORMING",
        "INFORMED"};
    FA_ASSERT(state < FA_DHCP_STATE_COUNT);
    return names[state];
}

void fa_dhcp_init(struct fa_dhcp *dhcp, const struct fa_dhcp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    FA_ASSERT(
        config->host_name == NULL || fa_slice_of(config->host_name).len <= FA_DHCP_VALUE_LEN_MAX);
    FA_ASSERT(config->vendor_class == NULL ||
              fa_slice_of(config->vendor_class).len <= FA_DHCP_VALUE_LEN_MAX / 2);
    *dhcp = (struct fa_dhcp){.config = *config, .due_ns = FA_NS_NEVER};
    dhcp->config.len_max = config->len_max > LEN_MAX ? config->len_max : LEN_MAX;
    if (dhcp->config.counters == NULL) {
        dhcp->config.counters = &fa_counters_main;
    }
}

/* ---- states ---- */

/* Seconds 1, 4, 8, 16, 32, 64, 64 ... each but the first give or take one (RFC 2131 4.1, which
 * begins with 4: a first message lost to a switch that still learns should cost less). */
static fa_ns backoff_ns(struct fa_dhcp *dhcp, uint32_t try_count)
{
    if (try_count == 0) {
        return FA_NS_S;
    }
    fa_ns delay_s = try_count >= 5 ? BACKOFF_S_MAX : (fa_ns)2 << try_count;
    return (delay_s - 1) * FA_NS_S + fa_rand_below(dhcp->config.rand, 2 * FA_NS_S);
}

void fa__dhcp_enter(struct fa_dhcp *dhcp, fa_ns now, enum fa_dhcp_state state)
{
    FA_TRACE(dhcp_state, now, 0, (uint64_t)dhcp->state, (uint64_t)state);
    dhcp->state = state;
    dhcp->verifying = false;
    dhcp->try_count = 0;
    dhcp->pending = 0;
    dhcp->due_ns = FA_NS_NEVER;
}

/* Renewals have an exchange, and a time at which it began, of their own (RFC 2131 4.4.1). */
static void begin_exchange(struct fa_dhcp *dhcp, fa_ns now, enum fa_dhcp_state state)
{
    fa__dhcp_enter(dhcp, now, state);
    dhcp->xid = fa_rand_u32(dhcp->config.rand);
    dhcp->begun_ns = now;
    dhcp->pending = state == FA_DHCP_SELECTING   ? FA_DHCP_DISCOVER
                    : state == FA_DHCP_INFORMING ? FA_DHCP_INFORM
                                                 : FA_DHCP_REQUEST;
}

void fa_dhcp_start(struct fa_dhcp *dhcp, fa_ns now)
{
    FA_ASSERT(dhcp->state == FA_DHCP_STOPPED);
    begin_exchange(dhcp, now,
        dhcp->config.inform_ip != 0 ? FA_DHCP_INFORMING
        : dhcp->config.last_ip != 0 ? FA_DHCP_REBOOTING
                                    : FA_DHCP_SELECTING);
}

static bool has_lease(const struct fa_dhcp *dhcp)
{
    return dhcp->state == FA_DHCP_BOUND || dhcp->state == FA_DHCP_RENEWING ||
           dhcp->state == FA_DHCP_REBINDING;
}

void fa_dhcp_verify(struct fa_dhcp *dhcp, fa_ns now)
{
    if (has_lease(dhcp) && now < dhcp->lease.end_ns) {
        begin_exchange(dhcp, now, FA_DHCP_REBINDING);
        dhcp->verifying = true;
    }
}

void fa_dhcp_stop(struct fa_dhcp *dhcp)
{
    bool release = has_lease(dhcp);
    dhcp->state = FA_DHCP_STOPPED;
    dhcp->due_ns = FA_NS_NEVER;
    dhcp->pending = release ? FA_DHCP_RELEASE : 0;
    dhcp->xid = fa_rand_u32(dhcp->config.rand);
}

void fa__dhcp_hold(struct fa_dhcp *dhcp, fa_ns now, fa_ns delay)
{
    if (has_lease(dhcp)) {
        dhcp->event = FA_DHCP_EVENT_LOST;
    }
    fa__dhcp_enter(dhcp, now, FA_DHCP_HOLDING);
    dhcp->due_ns = fa_ns_after(now, delay);
}

void fa_dhcp_decline(struct fa_dhcp *dhcp, fa_ns now)
{
    if (!has_lease(dhcp) && dhcp->state != FA_DHCP_PROBING) {
        return;
    }
    FA_COUNT(dhcp->config.counters, dhcp_declined);
    fa__dhcp_hold(dhcp, now, FA_DHCP_HOLD_NS);
    dhcp->pending = FA_DHCP_DECLINE;
    dhcp->xid = fa_rand_u32(dhcp->config.rand);
}

void fa_dhcp_probe_done(struct fa_dhcp *dhcp, fa_ns now, bool taken)
{
    if (dhcp->state != FA_DHCP_PROBING) {
        return; // stopped meanwhile
    }
    if (taken) {
        fa_dhcp_decline(dhcp, now);
    } else {
        fa__dhcp_bind(dhcp, now);
    }
}

void fa__dhcp_bind(struct fa_dhcp *dhcp, fa_ns now)
{
    fa__dhcp_enter(dhcp, now, FA_DHCP_BOUND);
    dhcp->due_ns = dhcp->lease.t1_ns;
    dhcp->nak_count = 0;
    dhcp->event = FA_DHCP_EVENT_BOUND;
    FA_COUNT(dhcp->config.counters, dhcp_bound);
}

void fa__dhcp_nak(struct fa_dhcp *dhcp, fa_ns now)
{
    // The first time at once; a server that offers what it then refuses must not be asked in a
    // loop.
    fa_ns delay = dhcp->nak_count == 0 ? 0 : backoff_ns(dhcp, dhcp->nak_count);
    dhcp->nak_count++;
    fa__dhcp_hold(dhcp, now, delay);
}

enum fa_dhcp_event fa_dhcp_event_take(struct fa_dhcp *dhcp)
{
    enum fa_dhcp_event event = dhcp->event;
    dhcp->event = FA_DHCP_EVENT_NONE;
    return event;
}

/* ---- time ---- */

/* When to extend a lease next: half of what is left, a minute at least (RFC 2131 4.4.5). */
static fa_ns renew_at(fa_ns now, fa_ns limit)
{
    fa_ns left = limit > now ? limit - now : 0;
    fa_ns delay = left / 2 > FA_DHCP_RENEW_MIN_NS ? left / 2 : FA_DHCP_RENEW_MIN_NS;
    return fa_ns_min(fa_ns_after(now, delay), limit);
}

void fa_dhcp_tick(struct fa_dhcp *dhcp, fa_ns now)
{
    if (now < dhcp->due_ns) {
        return;
    }
    dhcp->due_ns = FA_NS_NEVER;
    switch (dhcp->state) {
    case FA_DHCP_STOPPED:
    case FA_DHCP_PROBING:
    case FA_DHCP_INFORMED:
    case FA_DHCP_STATE_COUNT:
        break;
    case FA_DHCP_REBOOTING:
        if (dhcp->try_count >= FA_DHCP_REBOOT_TRY_COUNT_MAX) {
            FA_COUNT(dhcp->config.counters, dhcp_request_timeouts);
            begin_exchange(dhcp, now, FA_DHCP_SELECTING);
        } else {
            dhcp->pending = FA_DHCP_REQUEST;
        }
        break;
    case FA_DHCP_INFORMING:
        dhcp->pending = FA_DHCP_INFORM;
        break;
    case FA_DHCP_HOLDING:
        begin_exchange(dhcp, now, FA_DHCP_SELECTING);
        break;
    case FA_DHCP_SELECTING:
        dhcp->pending = FA_DHCP_DISCOVER;
        break;
    case FA_DHCP_REQUESTING:
        if (dhcp->try_count >= FA_DHCP_TRY_COUNT_MAX) {
            FA_COUNT(dhcp->config.counters, dhcp_request_timeouts);
            begin_exchange(dhcp, now, FA_DHCP_SELECTING);
        } else {
            dhcp->pending = FA_DHCP_REQUEST;
        }
        break;
    case FA_DHCP_BOUND:
    case FA_DHCP_RENEWING:
    case FA_DHCP_REBINDING:
        if (now >= dhcp->lease.end_ns) {
            FA_COUNT(dhcp->config.counters, dhcp_expired);
            dhcp->event = FA_DHCP_EVENT_LOST;
            begin_exchange(dhcp, now, FA_DHCP_SELECTING);
        } else if (now >= dhcp->lease.t2_ns && dhcp->state != FA_DHCP_REBINDING) {
            begin_exchange(dhcp, now, FA_DHCP_REBINDING);
        } else if (now >= dhcp->lease.t1_ns && dhcp->state == FA_DHCP_BOUND) {
            begin_exchange(dhcp, now, FA_DHCP_RENEWING);
        } else {
            dhcp->pending = FA_DHCP_REQUEST;
        }
        break;
    }
    if (has_lease(dhcp) && dhcp->due_ns == FA_NS_NEVER) {
        // Even if the device never takes the message, the lease ends.
        dhcp->due_ns = dhcp->lease.end_ns;
    }
}

/* When to speak again if nobody answers the message being sent. */
static fa_ns retry_at(struct fa_dhcp *dhcp, fa_ns now)
{
    switch (dhcp->state) {
    case FA_DHCP_SELECTING:
    case FA_DHCP_REQUESTING:
    case FA_DHCP_REBOOTING:
    case FA_DHCP_INFORMING:
        return fa_ns_after(now, backoff_ns(dhcp, dhcp->try_count));
    case FA_DHCP_RENEWING:
        return renew_at(now, dhcp->lease.t2_ns);
    case FA_DHCP_REBINDING:
        if (dhcp->verifying && dhcp->try_count + 1 < FA_DHCP_TRY_COUNT_MAX) {
            return fa_ns_min(
                fa_ns_after(now, backoff_ns(dhcp, dhcp->try_count)), dhcp->lease.end_ns);
        }
        dhcp->verifying = false;
        return renew_at(now, dhcp->lease.end_ns);
    default:
        return dhcp->due_ns;
    }
}

/* ---- messages ---- */

/* Who the message goes to. Before there is a lease, and when any server may answer: all. */
static struct fa_ip_meta choose_way(const struct fa_dhcp *dhcp)
{
    bool unicast = dhcp->pending == FA_DHCP_RELEASE || dhcp->state == FA_DHCP_RENEWING;
    bool speaks = unicast || (dhcp->state == FA_DHCP_REBINDING && !dhcp->verifying);
    bool informs = dhcp->pending == FA_DHCP_INFORM;
    return (struct fa_ip_meta){
        .local = fa_ip4_ip(informs  ? dhcp->config.inform_ip
                           : speaks ? dhcp->lease.ip
                                    : 0),
        .remote = fa_ip4_ip(unicast ? dhcp->lease.server_id : FA_IP4_BROADCAST),
        .protocol = FA_IP_PROTO_UDP,
        .multicast = !unicast,
    };
}

/* What each message says (RFC 2131 table 5). */
static struct fa_dhcp_message compose(
    const struct fa_dhcp *dhcp, fa_ns now, struct fa_slice client_id)
{
    struct fa_dhcp_message message = {
        .op = FA_DHCP_OP_REQUEST,
        .type = dhcp->pending,
        .xid = dhcp->xid,
        .client_id = client_id,
    };
    fa_copy(message.mac, dhcp->config.mac, FA_MAC_LEN);
    switch ((enum fa_dhcp_type)dhcp->pending) {
    case FA_DHCP_DECLINE:
        message.requested_ip = dhcp->lease.ip;
        message.server_id = dhcp->lease.server_id;
        return message;
    case FA_DHCP_RELEASE:
        message.client_ip = dhcp->lease.ip;
        message.server_id = dhcp->lease.server_id;
        return message;
    default:
        break;
    }
    uint64_t secs = (now - dhcp->begun_ns) / FA_NS_S;
    message.secs = (uint16_t)(secs < UINT16_MAX ? secs : UINT16_MAX);
    message.len_max = dhcp->config.len_max;
    message.parameters = (struct fa_slice){parameters, sizeof parameters};
    if (dhcp->config.host_name != NULL) {
        message.host_name = fa_slice_of(dhcp->config.host_name);
    }
    if (dhcp->config.vendor_class != NULL) {
        message.vendor_class = fa_slice_of(dhcp->config.vendor_class);
    }
    if (dhcp->state == FA_DHCP_INFORMING) {
        message.client_ip = dhcp->config.inform_ip;
    } else if (dhcp->state == FA_DHCP_REBOOTING) {
        message.requested_ip = dhcp->config.last_ip;
    } else if (dhcp->state == FA_DHCP_REQUESTING) {
        message.requested_ip = dhcp->offered_ip;
        message.server_id = dhcp->server_id;
    } else if (dhcp->verifying) {
        message.requested_ip = dhcp->lease.ip;
    } else if (has_lease(dhcp)) {
        message.client_ip = dhcp->lease.ip;
    }
    return message;
}

/* Who we are: our Ethernet address, as most have it, or the DUID made of it with an identifier of
 * the interface, which is a part of it as well. */
static struct fa_slice write_client_id(const struct fa_dhcp *dhcp, uint8_t at[CLIENT_ID_LEN_MAX])
{
    const uint8_t *mac = dhcp->config.mac;
    if (!dhcp->config.duid) {
        at[0] = CLIENT_ID_ETHERNET;
        fa_copy(at + 1, mac, FA_MAC_LEN);
        return (struct fa_slice){at, 1 + FA_MAC_LEN};
    }
    at[0] = CLIENT_ID_DUID;
    fa_copy(at + 1, mac + 2, 4);
    fa_be16_store(at + 5, DUID_LL);
    fa_be16_store(at + 7, CLIENT_ID_ETHERNET);
    fa_copy(at + 9, mac, FA_MAC_LEN);
    return (struct fa_slice){at, CLIENT_ID_LEN_MAX};
}

bool fa_dhcp_output(
    struct fa_dhcp *dhcp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(buf->len == 0);
    if (dhcp->pending == 0) {
        return false;
    }
    uint8_t client_id[CLIENT_ID_LEN_MAX];
    struct fa_dhcp_message message = compose(dhcp, now, write_client_id(dhcp, client_id));
    struct fa_ip_meta meta = choose_way(dhcp);
    uint8_t *at = fa_buf_at(buf);
    FA_ASSERT(fa_buf_tailroom(buf) >= FA_UDP_HDR_LEN + FA_DHCP_LEN_MAX);
    size_t len = fa_dhcp_encode(at + FA_UDP_HDR_LEN, FA_DHCP_LEN_MAX, &message);
    FA_ASSERT(len != 0); // 240 fixed bytes, a name, half as long a class and some 80 more
    fa_buf_append(buf, FA_UDP_HDR_LEN + len);
    struct fa_udp_header udp = {
        FA_DHCP_PORT_CLIENT, FA_DHCP_PORT_SERVER, (uint16_t)(FA_UDP_HDR_LEN + len)};
    fa_udp_encode(at, &meta, &udp);
    dhcp->pending = 0;
    dhcp->due_ns = retry_at(dhcp, now);
    dhcp->try_count++;
    FA_COUNT(dhcp->config.counters, dhcp_tx_messages);
    *ret_meta = meta;
    return true;
}
