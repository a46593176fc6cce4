// SPDX-License-Identifier: ISC
//
// Answers that cost the sender nothing, and therefore have a budget: resets for segments of no
// connection, SYN cookies, and challenge ACKs (RFC 5961). Budgets are for a second. That of
// challenges is drawn anew each second: a constant one tells an outsider who counts the answers
// whether his guess was right (CVE-2016-5696). Beside it each connection has its own gap between
// two challenges, so that one under attack does not use up what the others need.

#include "tcp_priv.h"

static void fill_budgets(struct fa_tcp *tcp)
{
    uint32_t challenges = tcp->config.challenge_acks_per_s;
    tcp->budget_start_ns = tcp->now;
    tcp->reset_budget = tcp->config.resets_per_s;
    tcp->cookie_budget = tcp->config.cookies_per_s;
    tcp->challenge_budget =
        (challenges + 1) / 2 + (uint32_t)fa_rand_below(tcp->config.rand, challenges);
}

void fa__tcp_reply_init(struct fa_tcp *tcp)
{
    fill_budgets(tcp);
}

static bool take_budget(struct fa_tcp *tcp, uint32_t *budget)
{
    if (tcp->now - tcp->budget_start_ns >= FA_NS_S) {
        fill_budgets(tcp);
    }
    if (*budget == 0) {
        return false;
    }
    (*budget)--;
    return true;
}

struct fa_tcp_reply *fa__tcp_reply_new(
    struct fa_tcp *tcp, const struct fa__tcp_segment *seg, uint32_t *budget)
{
    if (tcp->reply_count == FA_TCP_REPLY_COUNT_MAX || !take_budget(tcp, budget)) {
        return NULL;
    }
    uint32_t idx = (tcp->reply_head + tcp->reply_count++) % FA_TCP_REPLY_COUNT_MAX;
    struct fa_tcp_reply *reply = &tcp->replies[idx];
    *reply = (struct fa_tcp_reply){
        .local = seg->meta->local,
        .remote = seg->meta->remote,
        .local_port = seg->header.target_port,
        .remote_port = seg->header.source_port,
    };
    return reply;
}

void fa__tcp_reply_reset(struct fa_tcp *tcp, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    if ((header->flags & FA_TCP_RST) != 0) {
        return;
    }
    struct fa_tcp_reply *reply = fa__tcp_reply_new(tcp, seg, &tcp->reset_budget);
    if (reply == NULL) {
        FA_COUNT(tcp->config.counters, tcp_reset_limited);
        return;
    }
    reply->flags = FA_TCP_RST;
    if ((header->flags & FA_TCP_ACK) != 0) {
        reply->seq = header->ack;
    } else {
        reply->ack = header->seq + fa__tcp_segment_len(seg);
        reply->flags |= FA_TCP_ACK;
    }
}

void fa__tcp_reply_challenge(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t gap_ms = (uint32_t)(tcp->config.challenge_gap_ns / FA_NS_MS);
    if (fa__tcp_ms(tcp) - conn->challenge_ms < gap_ms ||
        !take_budget(tcp, &tcp->challenge_budget)) {
        FA_COUNT(tcp->config.counters, tcp_challenge_limited);
        return;
    }
    FA_COUNT(tcp->config.counters, tcp_challenge_sent);
    conn->challenge_ms = fa__tcp_ms(tcp);
    fa__tcp_mark_ack(conn);
}

bool fa__tcp_reply_output(struct fa_tcp *tcp, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    if (tcp->reply_count == 0) {
        return false;
    }
    const struct fa_tcp_reply *reply = &tcp->replies[tcp->reply_head];
    tcp->reply_head = (tcp->reply_head + 1) % FA_TCP_REPLY_COUNT_MAX;
    tcp->reply_count--;
    struct fa_tcp_header header = {
        .source_port = reply->local_port,
        .target_port = reply->remote_port,
        .seq = reply->seq,
        .ack = reply->ack,
        .flags = reply->flags,
        .window = reply->window,
        .mss = reply->mss,
        .has_scale = reply->has_scale,
        .scale = reply->scale,
        .sack_ok = reply->sack_ok,
        .has_ts = reply->has_ts,
        .ts_value = reply->ts_value,
        .ts_echo = reply->ts_echo,
    };
    *ret_meta = (struct fa_ip_meta){
        .local = reply->local,
        .remote = reply->remote,
        .protocol = FA_IP_PROTO_TCP,
        .answer = true,
        .ttl = reply->ttl,
        .traffic = reply->traffic,
    };
    fa_tcp_encode(fa_buf_append(buf, fa_tcp_encoded_len(&header)), ret_meta, &header, 0, 0);
    FA_COUNT(tcp->config.counters, tcp_tx_segments);
    if ((header.flags & FA_TCP_RST) != 0) {
        FA_COUNT(tcp->config.counters, tcp_reset_sent);
    }
    FA_TRACE(tcp_segment_out, tcp->now, 0, header.flags, header.seq, header.ack, header.window, 0);
    return true;
}
