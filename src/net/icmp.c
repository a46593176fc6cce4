// SPDX-License-Identifier: ISC
//
// ICMP of both families: answers, errors and ping.

#include "fa/icmp.h"

#include "fa/wire/csum.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

void fa_icmp_init(struct fa_icmp *icmp, const struct fa_icmp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    *icmp = (struct fa_icmp){.config = *config};
    if (icmp->config.counters == NULL) {
        icmp->config.counters = &fa_counters_main;
    }
    icmp->ping_seq = (uint16_t)fa_rand_u32(config->rand);
    fa_list_init(&icmp->pings_unsent);
    fa_list_init(&icmp->pings_sent);
}

void fa_icmp_done(struct fa_icmp *icmp)
{
    for (; icmp->answer_count != 0; icmp->answer_count--) {
        fa_buf_drop(icmp->answers[icmp->answer_head].buf);
        icmp->answer_head = (icmp->answer_head + 1) % FA_ICMP_QUEUE_COUNT_MAX;
    }
}

static uint8_t protocol_for(const struct fa_ip *remote)
{
    return fa_ip_is4(remote) ? FA_IP_PROTO_ICMP : FA_IP_PROTO_ICMP6;
}

/* Write the header of a message of either family. */
static void encode(
    uint8_t *at, size_t len, const struct fa_ip_meta *meta, const struct fa_icmp_header *header)
{
    if (meta->protocol == FA_IP_PROTO_ICMP) {
        fa_icmp_encode(at, len, header);
        return;
    }
    uint32_t word = (uint32_t)header->id << 16 | header->seq;
    fa_icmp6_encode(at, len, meta, &(struct fa_icmp6_header){header->type, header->code, word});
}

/* Read one. Returns: FA_ICMP_GOOD; FA_ICMP_SHORT; FA_ICMP_CSUM. */
static enum fa_icmp_verdict decode(
    struct fa_slice message, const struct fa_ip_meta *meta, struct fa_icmp_header *ret_header)
{
    if (meta->protocol == FA_IP_PROTO_ICMP) {
        return fa_icmp_decode(message, ret_header);
    }
    struct fa_icmp6_header six;
    enum fa_icmp6_verdict verdict = fa_icmp6_decode(message, meta, &six);
    if (verdict != FA_ICMP6_GOOD) {
        return verdict == FA_ICMP6_SHORT ? FA_ICMP_SHORT : FA_ICMP_CSUM;
    }
    *ret_header =
        (struct fa_icmp_header){six.type, six.code, (uint16_t)(six.word >> 16), (uint16_t)six.word};
    return FA_ICMP_GOOD;
}

static void queue_answer(struct fa_icmp *icmp, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *header, struct fa_buf *take)
{
    if (icmp->answer_count == FA_ICMP_QUEUE_COUNT_MAX) {
        FA_COUNT(icmp->config.counters, icmp_tx_queue_full);
        fa_buf_drop(take);
        return;
    }
    uint32_t idx = (icmp->answer_head + icmp->answer_count) % FA_ICMP_QUEUE_COUNT_MAX;
    icmp->answer_count++;
    icmp->answers[idx] = (struct fa_icmp_answer){
        .buf = take,
        .header = *header,
        .meta = {.local = meta->local,
            .remote = meta->remote,
            .protocol = protocol_for(&meta->remote),
            .traffic = meta->traffic,
            .answer = true,
            .iface = meta->iface,
            .mtu_bytes = meta->mtu_bytes},
    };
}

/* ---- input ---- */

static void answer_echo(struct fa_icmp *icmp, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *header, struct fa_buf *take)
{
    bool six = meta->protocol == FA_IP_PROTO_ICMP6;
    struct fa_ip_meta back = *meta;
    if (meta->multicast && !(six && fa_ip6_is_link_local(&meta->remote))) {
        // Allowed (RFC 1122 3.2.2.6), and the way smurf attacks were made. Of IPv6 neighbours it is
        // how they find each other.
        FA_COUNT(icmp->config.counters, icmp_rx_group);
        fa_buf_drop(take);
        return;
    }
    if (meta->multicast) {
        back.local = (struct fa_ip){0};
    }
    FA_COUNT(icmp->config.counters, icmp_rx_echoes);
    uint8_t type = six ? FA_ICMP6_ECHO_REPLY : FA_ICMP_ECHO_REPLY;
    struct fa_icmp_header reply = {type, 0, header->id, header->seq};
    fa_buf_pull(take, FA_ICMP_HDR_LEN);
    queue_answer(icmp, &back, &reply, take);
}

static struct fa_ping *find_ping(
    struct fa_icmp *icmp, const struct fa_ip *remote, uint16_t id, uint16_t seq)
{
    FA_LIST_EACH(node, &icmp->pings_sent) {
        struct fa_ping *ping = FA_CONTAINER(node, struct fa_ping, node);
        if (ping->id == id && ping->seq == seq && fa_ip_equal(&ping->remote, remote)) {
            return ping;
        }
    }
    return NULL;
}

static void finish_ping(struct fa_ping *ping, fa_ns now, fa_err result)
{
    fa_list_unlink(&ping->node);
    ping->rtt_ns = now - ping->sent_ns;
    ping->result = result;
    if (ping->watch != NULL) {
        ping->watch->fn(ping->watch, FA_FLOW_READABLE);
    }
}

static void take_echo_reply(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *header)
{
    struct fa_ping *ping = find_ping(icmp, &meta->remote, header->id, header->seq);
    if (ping == NULL) {
        FA_COUNT(icmp->config.counters, icmp_rx_unasked);
        return;
    }
    finish_ping(ping, now, FA_OK);
}

/* An echo request of ours was not delivered: `quoted` is its ICMP header. */
static void refuse_ping(
    struct fa_icmp *icmp, fa_ns now, const struct fa_ip *remote, struct fa_slice quoted)
{
    bool echo = quoted.at[0] == (fa_ip_is4(remote) ? FA_ICMP_ECHO : FA_ICMP6_ECHO);
    uint16_t id = fa_be16_load(quoted.at + 4);
    uint16_t seq = fa_be16_load(quoted.at + 6);
    struct fa_ping *ping = echo ? find_ping(icmp, remote, id, seq) : NULL;
    if (ping == NULL) {
        FA_COUNT(icmp->config.counters, icmp_rx_unasked);
        return;
    }
    finish_ping(ping, now, FA_EREFUSED);
}

/* Where the transport header of a packet begins, 0: nowhere, and whose it is. A later fragment has
 * none. */
static size_t find_transport(struct fa_slice packet, struct fa_ip_meta *ret_meta)
{
    struct fa_ip4_header ip;
    struct fa_ip6_header ip6;
    struct fa_ip6_chain chain;
    if (fa_ip4_decode_quoted(packet, &ip) == FA_IP4_GOOD) {
        *ret_meta = (struct fa_ip_meta){
            .local = fa_ip4_ip(ip.source),
            .remote = fa_ip4_ip(ip.target),
            .protocol = ip.protocol,
        };
        return ip.fragment_off == 0 ? ip.header_len : 0;
    }
    if (fa_ip6_decode_quoted(packet, &ip6) != FA_IP6_GOOD) {
        return 0;
    }
    *ret_meta = (struct fa_ip_meta){.local = ip6.source, .remote = ip6.target};
    enum fa_ip6_chain_verdict verdict = fa_ip6_chain_walk(packet, ip6.next, &chain);
    bool first = verdict == FA_IP6_CHAIN_FRAGMENT && chain.fragment.off == 0;
    ret_meta->protocol = first ? chain.fragment.next : chain.protocol;
    return verdict == FA_IP6_CHAIN_GOOD || first ? chain.off : 0;
}

/* Whether `packet` begins as one that we sent, with the bytes that name its connection. */
static bool decode_quote(struct fa_slice packet, struct fa_icmp_report *ret_report)
{
    struct fa_icmp_report report = {0};
    size_t off = find_transport(packet, &report.meta);
    if (off == 0 || packet.len < off + FA_ICMP_QUOTE_LEN_MIN) {
        return false;
    }
    report.quoted = fa_slice_from(packet, off);
    *ret_report = report;
    return true;
}

/* Say what is known of an undelivered packet. Returns: whether it is a transport's. */
static bool report_to(struct fa_icmp *icmp, fa_ns now, struct fa_icmp_report *report)
{
    if (report->meta.protocol == protocol_for(&report->meta.remote)) {
        refuse_ping(icmp, now, &report->meta.remote, report->quoted);
        return false;
    }
    return true;
}

bool fa_icmp_undelivered(
    struct fa_icmp *icmp, fa_ns now, struct fa_slice packet, struct fa_icmp_report *ret_report)
{
    return decode_quote(packet, ret_report) && report_to(icmp, now, ret_report);
}

/* What an error of either family means. */
enum meaning {
    MEANS_NOTHING,
    MEANS_UNREACHABLE,
    MEANS_TOO_BIG,
    MEANS_REDIRECT, /* of IPv4; those of IPv6 are neighbour discovery's */
};

static enum meaning meaning_of(const struct fa_ip_meta *meta, const struct fa_icmp_header *header)
{
    if (meta->protocol == FA_IP_PROTO_ICMP) {
        bool too_big = header->code == FA_ICMP_CODE_TOO_BIG;
        return header->type == FA_ICMP_REDIRECT      ? MEANS_REDIRECT
               : header->type != FA_ICMP_UNREACHABLE ? MEANS_NOTHING
               : too_big                             ? MEANS_TOO_BIG
                                                     : MEANS_UNREACHABLE;
    }
    // That the protocol is not spoken is a parameter problem here.
    bool no_next = header->type == FA_ICMP6_PARAMETER && header->code == FA_ICMP6_CODE_NEXT;
    return header->type == FA_ICMP6_TOO_BIG                  ? MEANS_TOO_BIG
           : header->type == FA_ICMP6_UNREACHABLE || no_next ? MEANS_UNREACHABLE
                                                             : MEANS_NOTHING;
}

/* The next hop's MTU, no less than what every way carries. */
static uint16_t mtu_of(const struct fa_ip_meta *meta, const struct fa_icmp_header *header)
{
    if (meta->protocol == FA_IP_PROTO_ICMP6) {
        uint16_t mtu = header->id != 0 ? UINT16_MAX : header->seq;
        return mtu < FA_IP6_MTU_MIN ? FA_IP6_MTU_MIN : mtu;
    }
    // 0: a router from before RFC 1191 does not say it, so take what every way carries.
    uint16_t mtu = header->seq != 0 ? header->seq : 576;
    return mtu < FA_IP4_MTU_MIN ? FA_IP4_MTU_MIN : mtu;
}

static bool take_error(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *header, struct fa_slice body, struct fa_icmp_report *ret_report)
{
    struct fa_icmp_report report;
    enum meaning meaning = meaning_of(meta, header);
    if (meaning == MEANS_NOTHING) {
        FA_COUNT(icmp->config.counters, icmp_rx_ignored);
        return false;
    }
    if (meta->multicast || !decode_quote(body, &report) ||
        !fa_ip_equal(&report.meta.local, &meta->local)) {
        FA_COUNT(icmp->config.counters, icmp_rx_quote);
        return false;
    }
    report.meta.iface = meta->iface;
    if (meaning == MEANS_REDIRECT) {
        report.gateway = fa_ip4_ip((uint32_t)header->id << 16 | header->seq);
        *ret_report = report;
        return true;
    }
    FA_COUNT(icmp->config.counters, icmp_rx_unreachable);
    report.too_big = meaning == MEANS_TOO_BIG;
    if (report.too_big) {
        report.meta.mtu_bytes = mtu_of(meta, header);
    }
    if (!report_to(icmp, now, &report)) {
        return false;
    }
    *ret_report = report;
    return true;
}

bool fa_icmp_input(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    struct fa_buf *take, struct fa_icmp_report *ret_report)
{
    struct fa_icmp_header header;
    struct fa_counters *counters = icmp->config.counters;
    bool six = meta->protocol == FA_IP_PROTO_ICMP6;
    enum fa_icmp_verdict verdict = decode(fa_buf_slice(take), meta, &header);
    if (verdict != FA_ICMP_GOOD) {
        counters->cell[verdict == FA_ICMP_SHORT ? FA_COUNTER_icmp_rx_short
                                                : FA_COUNTER_icmp_rx_bad_checksum]++;
        fa_buf_drop(take);
        return false;
    }
    if (header.type == (six ? FA_ICMP6_ECHO : FA_ICMP_ECHO)) {
        answer_echo(icmp, meta, &header, take);
        return false;
    }
    struct fa_slice body = fa_slice_from(fa_buf_slice(take), FA_ICMP_HDR_LEN);
    if (six ? fa_icmp6_is_error(header.type) : fa_icmp_is_error(header.type)) {
        if (take_error(icmp, now, meta, &header, body, ret_report)) {
            return true;
        }
    } else if (header.type == (six ? FA_ICMP6_ECHO_REPLY : FA_ICMP_ECHO_REPLY)) {
        take_echo_reply(icmp, now, meta, &header);
    } else {
        FA_COUNT(counters, icmp_rx_ignored);
    }
    fa_buf_drop(take);
    return false;
}

/* ---- output ---- */

/* Whether groups are told as well (RFC 4443 2.4 e.3). */
static bool is_for_groups(const struct fa_ip_meta *meta, const struct fa_icmp_header *error)
{
    return !fa_ip_is4(&meta->remote) &&
           (error->type == FA_ICMP6_TOO_BIG ||
               (error->type == FA_ICMP6_PARAMETER && error->code == FA_ICMP6_CODE_OPTION));
}

/* Whether `packet` must not be answered by an error (RFC 1122 3.2.2, RFC 4443 2.4 e). */
static bool is_silent(
    const struct fa_ip_meta *meta, const struct fa_icmp_header *error, struct fa_slice packet)
{
    struct fa_ip_meta packet_meta;
    struct fa_ip6_header ip6;
    struct fa_ip6_chain chain;
    if (meta->multicast && !is_for_groups(meta, error)) {
        return true;
    }
    if (fa_ip_is4(&meta->remote)) {
        size_t off = find_transport(packet, &packet_meta);
        return off == 0 || (packet_meta.protocol == FA_IP_PROTO_ICMP &&
                               (packet.len <= off || fa_icmp_is_error(packet.at[off])));
    }
    if (fa_ip_is_zero(&meta->remote) || fa_ip6_is_multicast(&meta->remote) ||
        fa_ip6_decode_quoted(packet, &ip6) != FA_IP6_GOOD) {
        return true;
    }
    // What is wrong may be the chain of headers: then nothing says that it is an error itself.
    (void)fa_ip6_chain_walk(packet, ip6.next, &chain);
    uint8_t protocol =
        chain.protocol == FA_IP6_NEXT_FRAGMENT ? chain.fragment.next : chain.protocol;
    return protocol == FA_IP_PROTO_ICMP6 &&
           (packet.len <= chain.off || fa_icmp6_is_error(packet.at[chain.off]) ||
               packet.at[chain.off] == FA_ICMP6_REDIRECT);
}

void fa_icmp_error_take(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *error, struct fa_buf *take)
{
    if (is_silent(meta, error, fa_buf_slice(take))) {
        FA_COUNT(icmp->config.counters, icmp_tx_suppressed);
        fa_buf_drop(take);
        return;
    }
    if (now >= fa_ns_after(icmp->window_ns, FA_NS_S)) {
        icmp->window_ns = now;
        icmp->window_count = 0;
    }
    if (icmp->window_count == FA_ICMP_ERRORS_PER_S) {
        FA_COUNT(icmp->config.counters, icmp_tx_rate_limited);
        fa_buf_drop(take);
        return;
    }
    icmp->window_count++;
    bool four = fa_ip_is4(&meta->remote);
    size_t len_max = four ? FA_ICMP_QUOTE_LEN_MAX : FA_ICMP6_QUOTE_LEN_MAX;
    fa_buf_trim(take, fa_min(take->len, len_max));
    struct fa_ip_meta back = *meta;
    back.traffic = 0;
    if (meta->multicast) {
        back.local = (struct fa_ip){0};
    }
    queue_answer(icmp, &back, error, take);
}

static struct fa_buf *write_answer(
    struct fa_icmp *icmp, struct fa_buf *take, struct fa_ip_meta *ret_meta)
{
    struct fa_icmp_answer *answer = &icmp->answers[icmp->answer_head];
    icmp->answer_head = (icmp->answer_head + 1) % FA_ICMP_QUEUE_COUNT_MAX;
    icmp->answer_count--;
    *ret_meta = answer->meta;
    FA_COUNT(icmp->config.counters, icmp_tx_answers);
    struct fa_buf *body = answer->buf;
    if (body->len + FA_ICMP_HDR_LEN > fa_buf_tailroom(take)) {
        // An echo that was put together of fragments. Where its headers were is room for ours.
        uint8_t *header = fa_buf_push(body, FA_ICMP_HDR_LEN);
        encode(header, body->len, ret_meta, &answer->header);
        body->offload = (struct fa_offload){0};
        fa_buf_drop(take);
        return body;
    }
    uint8_t *at = fa_buf_append(take, FA_ICMP_HDR_LEN + body->len);
    fa_copy(at + FA_ICMP_HDR_LEN, fa_buf_at(body), body->len);
    encode(at, FA_ICMP_HDR_LEN + body->len, ret_meta, &answer->header);
    fa_buf_drop(body);
    return take;
}

static struct fa_buf *write_ping(
    struct fa_icmp *icmp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    struct fa_ping *ping =
        FA_CONTAINER(fa_list_pop_front(&icmp->pings_unsent), struct fa_ping, node);
    fa_list_push_back(&icmp->pings_sent, &ping->node);
    ping->sent_ns = now;
    size_t len = fa_min(ping->len, fa_buf_tailroom(buf) - FA_ICMP_HDR_LEN);
    uint8_t *at = fa_buf_append(buf, FA_ICMP_HDR_LEN + len);
    for (size_t i = 0; i < len; i++) {
        at[FA_ICMP_HDR_LEN + i] = (uint8_t)i;
    }
    *ret_meta = (struct fa_ip_meta){
        .remote = ping->remote, .protocol = protocol_for(&ping->remote), .iface = ping->iface};
    bool six = ret_meta->protocol == FA_IP_PROTO_ICMP6;
    uint8_t type = six ? FA_ICMP6_ECHO : FA_ICMP_ECHO;
    struct fa_icmp_header header = {type, 0, ping->id, ping->seq};
    encode(at, FA_ICMP_HDR_LEN + len, ret_meta, &header);
    FA_COUNT(icmp->config.counters, icmp_tx_echoes);
    return buf;
}

struct fa_buf *fa_icmp_output(
    struct fa_icmp *icmp, fa_ns now, struct fa_buf *take, struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(take->len == 0);
    FA_ASSERT(fa_buf_tailroom(take) > FA_ICMP_HDR_LEN);
    if (icmp->answer_count != 0) {
        return write_answer(icmp, take, ret_meta);
    }
    if (!fa_list_empty(&icmp->pings_unsent)) {
        return write_ping(icmp, now, take, ret_meta);
    }
    fa_buf_drop(take);
    return NULL;
}

void fa_icmp_local_set(struct fa_buf *message, struct fa_ip_meta *meta, const struct fa_ip *local)
{
    FA_ASSERT(fa_ip_is_zero(&meta->local));
    if (meta->protocol == FA_IP_PROTO_ICMP6) {
        uint8_t *at = fa_buf_at(message) + 2;
        uint16_t csum = fa_be16_load(at);
        for (size_t i = 0; i < sizeof local->b; i += 2) {
            csum = fa_csum_update(csum, 0, fa_be16_load(local->b + i));
        }
        fa_be16_store(at, csum);
    }
    meta->local = *local;
}

/* ---- ping ---- */

void fa_ping_start(
    struct fa_icmp *icmp, struct fa_ping *ping, const struct fa_ip *remote, uint16_t len)
{
    *ping = (struct fa_ping){
        .remote = *remote,
        .id = (uint16_t)fa_rand_u32(icmp->config.rand),
        .seq = icmp->ping_seq++,
        .len = len,
        .result = FA_AGAIN,
    };
    fa_list_push_back(&icmp->pings_unsent, &ping->node);
}

fa_err fa_ping_result(const struct fa_ping *ping, fa_ns *ret_rtt_ns)
{
    if (ping->result == FA_OK) {
        *ret_rtt_ns = ping->rtt_ns;
    }
    return ping->result;
}

void fa_ping_stop(struct fa_ping *ping)
{
    fa_list_unlink(&ping->node);
}
