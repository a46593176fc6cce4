// SPDX-License-Identifier: ISC
//
// The stateless DHCPv6 client: requests, their repetition, and what is believed of answers.

#include "fa/dhcp6.h"

#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"

enum {
    ADDRESS_LEN = 16,
    ELAPSED_UNIT_MS = 10,
};

/* ff02::1:2, RFC 8415 7.1 */
static const struct fa_ip servers = {{0xff, 2, [13] = 1, [15] = 2}};

void fa_dhcp6_init(struct fa_dhcp6 *dhcp6, const struct fa_dhcp6_config *config)
{
    FA_ASSERT(config->rand != NULL && config->names != NULL);
    *dhcp6 = (struct fa_dhcp6){.config = *config, .due_ns = FA_NS_NEVER};
    if (dhcp6->config.counters == NULL) {
        dhcp6->config.counters = &fa_counters_main;
    }
}

/* ---- time ---- */

/* Give or take a tenth, RFC 8415 15: `span` + RAND * `span`. */
static fa_ns jitter(struct fa_dhcp6 *dhcp6, fa_ns span)
{
    fa_ns tenth = span / 10;
    return span - tenth + fa_rand_below(dhcp6->config.rand, 2 * tenth + 1);
}

static fa_ns next_retry(struct fa_dhcp6 *dhcp6)
{
    fa_ns last = dhcp6->retry_ns;
    fa_ns next = last == 0 ? jitter(dhcp6, FA_DHCP6_RETRY_NS) : last + jitter(dhcp6, last);
    return next > dhcp6->max_rt_ns ? jitter(dhcp6, dhcp6->max_rt_ns) : next;
}

static void begin_exchange(struct fa_dhcp6 *dhcp6, fa_ns now)
{
    dhcp6->state = FA_DHCP6_DELAYING;
    dhcp6->request_due = false;
    dhcp6->xid = fa_rand_u32(dhcp6->config.rand) & FA_DHCP6_XID_MASK;
    dhcp6->retry_ns = 0;
    dhcp6->due_ns = fa_ns_after(now, fa_rand_below(dhcp6->config.rand, FA_DHCP6_DELAY_NS));
}

void fa_dhcp6_start(struct fa_dhcp6 *dhcp6, fa_ns now)
{
    if (dhcp6->state == FA_DHCP6_STOPPED) {
        dhcp6->max_rt_ns = FA_DHCP6_MAX_RT_NS;
        begin_exchange(dhcp6, now);
    }
}

void fa_dhcp6_verify(struct fa_dhcp6 *dhcp6, fa_ns now)
{
    if (dhcp6->state == FA_DHCP6_INFORMED) {
        begin_exchange(dhcp6, now);
    }
}

void fa_dhcp6_stop(struct fa_dhcp6 *dhcp6)
{
    dhcp6->state = FA_DHCP6_STOPPED;
    dhcp6->request_due = false;
    dhcp6->due_ns = FA_NS_NEVER;
    fa_names_forget(dhcp6->config.names, FA_NAMES_DHCP6, dhcp6->config.iface);
}

void fa_dhcp6_tick(struct fa_dhcp6 *dhcp6, fa_ns now)
{
    if (now < dhcp6->due_ns) {
        return;
    }
    dhcp6->due_ns = FA_NS_NEVER;
    switch (dhcp6->state) {
    case FA_DHCP6_DELAYING:
        dhcp6->state = FA_DHCP6_ASKING;
        dhcp6->request_due = true;
        break;
    case FA_DHCP6_ASKING:
        dhcp6->request_due = true;
        break;
    case FA_DHCP6_INFORMED:
        begin_exchange(dhcp6, now);
        break;
    case FA_DHCP6_STOPPED:
    case FA_DHCP6_STATE_COUNT:
        break;
    }
}

/* ---- requests ---- */

bool fa_dhcp6_output(struct fa_dhcp6 *dhcp6, fa_ns now, const struct fa_ip *local,
    struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    enum { LEN = FA_UDP_HDR_LEN + FA_DHCP6_INFORM_LEN };
    FA_ASSERT(buf->len == 0 && fa_buf_tailroom(buf) >= LEN);
    if (!dhcp6->request_due) {
        return false;
    }
    if (dhcp6->retry_ns == 0) {
        dhcp6->begun_ns = now;
    }
    fa_ns elapsed = (now - dhcp6->begun_ns) / (ELAPSED_UNIT_MS * FA_NS_MS);
    dhcp6->request_due = false;
    dhcp6->retry_ns = next_retry(dhcp6);
    dhcp6->due_ns = fa_ns_after(now, dhcp6->retry_ns);
    if (fa_ip_is_zero(local)) {
        FA_COUNT(dhcp6->config.counters, dhcp6_tx_no_source);
        return false;
    }
    FA_ASSERT(fa_ip6_is_link_local(local));
    const struct fa_ip_meta meta = {
        .local = *local, .remote = servers, .protocol = FA_IP_PROTO_UDP, .multicast = true};
    const struct fa_udp_header udp = {FA_DHCP6_PORT_CLIENT, FA_DHCP6_PORT_SERVER, LEN};
    uint8_t *at = fa_buf_at(buf);
    fa_buf_append(buf, LEN);
    fa_dhcp6_inform_encode(
        at + FA_UDP_HDR_LEN, dhcp6->config.mac, dhcp6->xid, (uint16_t)fa_min(elapsed, UINT16_MAX));
    fa_udp_encode(at, &meta, &udp);
    FA_COUNT(dhcp6->config.counters, dhcp6_tx_messages);
    *ret_meta = meta;
    return true;
}

/* ---- answers ---- */

static struct fa_names_entry new_entry(const struct fa_dhcp6 *dhcp6)
{
    return (struct fa_names_entry){
        .until_ns = FA_NS_NEVER, .iface = dhcp6->config.iface, .origin = FA_NAMES_DHCP6};
}

static void put_address(struct fa_dhcp6 *dhcp6, enum fa_names_kind kind, const uint8_t *at)
{
    struct fa_names_entry entry = new_entry(dhcp6);
    fa_copy(entry.ip.b, at, ADDRESS_LEN);
    if (fa_ip6_is_host(&entry.ip)) {
        fa_names_put(dhcp6->config.names, kind, &entry);
    }
}

static void put_texts(struct fa_dhcp6 *dhcp6, enum fa_names_kind kind, struct fa_slice bytes)
{
    struct fa_names_entry entry = new_entry(dhcp6);
    while (fa_names_wire_take(&bytes, &entry)) {
        if (entry.text[0] != '\0') {
            fa_names_put(dhcp6->config.names, kind, &entry);
        }
    }
}

/* Servers that send to groups are not listened to. */
static void put_ntp(struct fa_dhcp6 *dhcp6, struct fa_slice option)
{
    for (struct fa_dhcp6_option inner; fa_dhcp6_option_next(&option, &inner);) {
        if (inner.code == FA_DHCP6_NTP_ADDRESS && inner.value.len == ADDRESS_LEN) {
            put_address(dhcp6, FA_NAMES_NTP, inner.value.at);
        } else if (inner.code == FA_DHCP6_NTP_NAME) {
            put_texts(dhcp6, FA_NAMES_NTP, inner.value);
        }
    }
}

/* What it says, in place of what was said before. */
static void take_names(struct fa_dhcp6 *dhcp6, const struct fa_dhcp6_message *message)
{
    fa_names_forget(dhcp6->config.names, FA_NAMES_DHCP6, dhcp6->config.iface);
    for (size_t off = 0; off + ADDRESS_LEN <= message->dns.len; off += ADDRESS_LEN) {
        put_address(dhcp6, FA_NAMES_DNS, message->dns.at + off);
    }
    put_texts(dhcp6, FA_NAMES_DOMAIN, message->search);
    struct fa_slice options = message->options;
    for (struct fa_dhcp6_option option; fa_dhcp6_option_next(&options, &option);) {
        if (option.code == FA_DHCP6_OPTION_NTP) {
            put_ntp(dhcp6, option.value);
        }
    }
}

/* Whether it is a server's answer to our request (RFC 8415 16.10); counted if not. */
static bool check_reply(struct fa_dhcp6 *dhcp6, const struct fa_dhcp6_message *message)
{
    uint8_t duid[FA_DHCP6_DUID_LEN];
    struct fa_counters *counters = dhcp6->config.counters;
    fa_dhcp6_duid_encode(duid, dhcp6->config.mac);
    if (message->type != FA_DHCP6_REPLY) {
        FA_COUNT(counters, dhcp6_rx_type);
    } else if (dhcp6->state != FA_DHCP6_ASKING || dhcp6->retry_ns == 0) {
        FA_COUNT(counters, dhcp6_rx_unasked);
    } else if (message->xid != dhcp6->xid || message->server_id.len == 0 ||
               !fa_slice_equal(message->client_id, (struct fa_slice){duid, sizeof duid})) {
        FA_COUNT(counters, dhcp6_rx_not_for_us);
    } else if (message->status != 0) {
        FA_COUNT(counters, dhcp6_rx_refused); // asked again no sooner than if it were silent
    } else {
        return true;
    }
    return false;
}

bool fa_dhcp6_input(struct fa_dhcp6 *dhcp6, fa_ns now, struct fa_slice payload)
{
    static const enum fa_counter_id reasons[] = {
        [FA_DHCP6_SHORT] = FA_COUNTER_dhcp6_rx_short,
        [FA_DHCP6_TYPE] = FA_COUNTER_dhcp6_rx_type,
        [FA_DHCP6_OPTIONS] = FA_COUNTER_dhcp6_rx_options,
    };
    struct fa_dhcp6_message message;
    FA_COUNT(dhcp6->config.counters, dhcp6_rx_messages);
    enum fa_dhcp6_verdict verdict = fa_dhcp6_decode(payload, &message);
    if (verdict != FA_DHCP6_GOOD) {
        dhcp6->config.counters->cell[reasons[verdict]]++;
        return false;
    }
    if (!check_reply(dhcp6, &message)) {
        return false;
    }
    if (message.inf_max_rt_s != 0) {
        dhcp6->max_rt_ns = message.inf_max_rt_s * FA_NS_S;
    }
    take_names(dhcp6, &message);
    dhcp6->state = FA_DHCP6_INFORMED;
    dhcp6->request_due = false;
    dhcp6->due_ns = message.refresh_s == UINT32_MAX ? FA_NS_NEVER
                                                    : fa_ns_after(now, message.refresh_s * FA_NS_S);
    FA_COUNT(dhcp6->config.counters, dhcp6_informed);
    return true;
}
