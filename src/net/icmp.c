// SPDX-License-Identifier: ISC
//
// ICMP: answers, errors and ping.

#include "fa/icmp.h"

#include "fa/wire/ip4.h"

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
            .protocol = FA_IP_PROTO_ICMP,
            .traffic = meta->traffic,
            .iface = meta->iface,
            .mtu_bytes = meta->mtu_bytes},
    };
}

/* ---- input ---- */

static void answer_echo(struct fa_icmp *icmp, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *header, struct fa_buf *take)
{
    if (meta->multicast) {
        // Allowed (RFC 1122 3.2.2.6), and the way smurf attacks were made.
        FA_COUNT(icmp->config.counters, icmp_rx_group);
        fa_buf_drop(take);
        return;
    }
    FA_COUNT(icmp->config.counters, icmp_rx_echoes);
    struct fa_icmp_header reply = {FA_ICMP_ECHO_REPLY, 0, header->id, header->seq};
    fa_buf_pull(take, FA_ICMP_HDR_LEN);
    queue_answer(icmp, meta, &reply, take);
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
    uint16_t id = fa_be16_load(quoted.at + 4);
    uint16_t seq = fa_be16_load(quoted.at + 6);
    struct fa_ping *ping = quoted.at[0] == FA_ICMP_ECHO ? find_ping(icmp, remote, id, seq) : NULL;
    if (ping == NULL) {
        FA_COUNT(icmp->config.counters, icmp_rx_unasked);
        return;
    }
    finish_ping(ping, now, FA_EREFUSED);
}

/* Whether `packet` begins as one that we sent: not a later fragment, with the bytes that name its
 * connection. */
static bool decode_quote(struct fa_slice packet, struct fa_icmp_report *ret_report)
{
    struct fa_ip4_header ip;
    if (fa_ip4_decode_quoted(packet, &ip) != FA_IP4_GOOD || ip.fragment_off != 0 ||
        packet.len - ip.header_len < FA_ICMP_QUOTE_LEN_MIN) {
        return false;
    }
    *ret_report = (struct fa_icmp_report){
        .quoted = fa_slice_from(packet, ip.header_len),
        .meta = {.local = fa_ip4_ip(ip.source),
            .remote = fa_ip4_ip(ip.target),
            .protocol = ip.protocol},
    };
    return true;
}

bool fa_icmp_undelivered(
    struct fa_icmp *icmp, fa_ns now, struct fa_slice packet, struct fa_icmp_report *ret_report)
{
    struct fa_icmp_report report;
    if (!decode_quote(packet, &report)) {
        return false;
    }
    if (report.meta.protocol == FA_IP_PROTO_ICMP) {
        refuse_ping(icmp, now, &report.meta.remote, report.quoted);
        return false;
    }
    report.code = FA_ICMP_CODE_HOST;
    *ret_report = report;
    return true;
}

static bool take_error(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *header, struct fa_slice body, struct fa_icmp_report *ret_report)
{
    struct fa_icmp_report report;
    if (header->type != FA_ICMP_UNREACHABLE) {
        FA_COUNT(icmp->config.counters, icmp_rx_ignored);
        return false;
    }
    if (meta->multicast || !decode_quote(body, &report) ||
        !fa_ip_equal(&report.meta.local, &meta->local)) {
        FA_COUNT(icmp->config.counters, icmp_rx_quote);
        return false;
    }
    FA_COUNT(icmp->config.counters, icmp_rx_unreachable);
    if (report.meta.protocol == FA_IP_PROTO_ICMP) {
        refuse_ping(icmp, now, &report.meta.remote, report.quoted);
        return false;
    }
    report.code = header->code;
    report.meta.iface = meta->iface;
    if (header->code == FA_ICMP_CODE_TOO_BIG) {
        // 0: a router from before RFC 1191 does not say it, so take what every way carries.
        uint16_t mtu = header->seq != 0 ? header->seq : 576;
        report.meta.mtu_bytes = mtu < FA_IP4_MTU_MIN ? FA_IP4_MTU_MIN : mtu;
    }
    *ret_report = report;
    return true;
}

bool fa_icmp_input(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    struct fa_buf *take, struct fa_icmp_report *ret_report)
{
    struct fa_icmp_header header;
    struct fa_counters *counters = icmp->config.counters;
    enum fa_icmp_verdict verdict = fa_icmp_decode(fa_buf_slice(take), &header);
    if (verdict != FA_ICMP_GOOD) {
        counters->cell[verdict == FA_ICMP_SHORT ? FA_COUNTER_icmp_rx_short
                                                : FA_COUNTER_icmp_rx_bad_checksum]++;
        fa_buf_drop(take);
        return false;
    }
    if (header.type == FA_ICMP_ECHO) {
        answer_echo(icmp, meta, &header, take);
        return false;
    }
    struct fa_slice body = fa_slice_from(fa_buf_slice(take), FA_ICMP_HDR_LEN);
    if (fa_icmp_is_error(header.type)) {
        if (take_error(icmp, now, meta, &header, body, ret_report)) {
            return true;
        }
    } else if (header.type == FA_ICMP_ECHO_REPLY) {
        take_echo_reply(icmp, now, meta, &header);
    } else {
        FA_COUNT(counters, icmp_rx_ignored);
    }
    fa_buf_drop(take);
    return false;
}

/* ---- output ---- */

/* Whether `packet` must not be answered by an error (RFC 1122 3.2.2). */
static bool is_silent(const struct fa_ip_meta *meta, struct fa_slice packet)
{
    struct fa_ip4_header ip;
    if (meta->multicast || fa_ip4_decode_quoted(packet, &ip) != FA_IP4_GOOD ||
        ip.fragment_off != 0) {
        return true;
    }
    return ip.protocol == FA_IP_PROTO_ICMP &&
           (packet.len == ip.header_len || fa_icmp_is_error(packet.at[ip.header_len]));
}

void fa_icmp_error_take(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    uint8_t code, struct fa_buf *take)
{
    if (is_silent(meta, fa_buf_slice(take))) {
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
    fa_buf_trim(take, fa_min(take->len, FA_ICMP_QUOTE_LEN_MAX));
    struct fa_icmp_header header = {.type = FA_ICMP_UNREACHABLE, .code = code};
    struct fa_ip_meta back = *meta;
    back.traffic = 0;
    queue_answer(icmp, &back, &header, take);
}

static void write_answer(struct fa_icmp *icmp, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    struct fa_icmp_answer *answer = &icmp->answers[icmp->answer_head];
    icmp->answer_head = (icmp->answer_head + 1) % FA_ICMP_QUEUE_COUNT_MAX;
    icmp->answer_count--;
    // A reply that does not fit is cut: its length tells.
    size_t body_len = fa_min(answer->buf->len, fa_buf_tailroom(buf) - FA_ICMP_HDR_LEN);
    uint8_t *at = fa_buf_append(buf, FA_ICMP_HDR_LEN + body_len);
    fa_copy(at + FA_ICMP_HDR_LEN, fa_buf_at(answer->buf), body_len);
    fa_icmp_encode(at, FA_ICMP_HDR_LEN + body_len, &answer->header);
    *ret_meta = answer->meta;
    fa_buf_drop(answer->buf);
    FA_COUNT(icmp->config.counters, icmp_tx_answers);
}

static void write_ping(
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
    struct fa_icmp_header header = {FA_ICMP_ECHO, 0, ping->id, ping->seq};
    fa_icmp_encode(at, FA_ICMP_HDR_LEN + len, &header);
    *ret_meta = (struct fa_ip_meta){.remote = ping->remote, .protocol = FA_IP_PROTO_ICMP};
    FA_COUNT(icmp->config.counters, icmp_tx_echoes);
}

bool fa_icmp_output(
    struct fa_icmp *icmp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(buf->len == 0);
    FA_ASSERT(fa_buf_tailroom(buf) > FA_ICMP_HDR_LEN);
    if (icmp->answer_count != 0) {
        write_answer(icmp, buf, ret_meta);
        return true;
    }
    if (!fa_list_empty(&icmp->pings_unsent)) {
        write_ping(icmp, now, buf, ret_meta);
        return true;
    }
    return false;
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
