// SPDX-License-Identifier: ISC
//
// The SNTP client.

#include "fa/sntp.h"

#include "fa/trace.h"

enum {
    EXCHANGE_COUNT_DEFAULT = 4,
    ROOT_MAX = 1 << 16, // 1/65,536 s: what RFC 4330 5 lets a root's delay and dispersion be
    JITTER_PART = 8,    // so much of an interval is left to chance
};

void fa_sntp_init(struct fa_sntp *sntp, const struct fa_sntp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    *sntp = (struct fa_sntp){.config = *config, .due_ns = FA_NS_NEVER};
    if (config->counters == NULL) {
        sntp->config.counters = &fa_counters_main;
    }
    if (config->exchange_count == 0) {
        sntp->config.exchange_count = EXCHANGE_COUNT_DEFAULT;
    }
}

/* ---- rounds ---- */

/* Ask the next server that has not sent us away; none: never again. */
static void begin_exchange(struct fa_sntp *sntp)
{
    for (uint32_t i = 0; i < sntp->server_count; i++) {
        sntp->server = (sntp->server + 1) % sntp->server_count;
        if (!sntp->servers[sntp->server].denied) {
            sntp->state = FA_SNTP_DUE;
            return;
        }
    }
    sntp->state = FA_SNTP_IDLE;
    sntp->due_ns = FA_NS_NEVER;
}

static void begin_round(struct fa_sntp *sntp)
{
    sntp->exchanges = 0;
    sntp->rated = false;
    sntp->best.delay_ns = FA_NS_NEVER;
    begin_exchange(sntp);
}

void fa_sntp_servers_set(
    struct fa_sntp *sntp, fa_ns now, const struct fa_endpoint *servers, size_t count)
{
    (void)now;
    sntp->server_count = (uint32_t)fa_min(count, FA_SNTP_SERVER_COUNT_MAX);
    for (uint32_t i = 0; i < sntp->server_count; i++) {
        sntp->servers[i] = (struct fa_sntp_server){.endpoint = servers[i]};
    }
    sntp->server = sntp->server_count - 1; // the first one is next
    sntp->interval_ns = 0;
    begin_round(sntp);
}

/* How long to rest: twice as long as before, from a beginning that depends on success. */
static fa_ns next_interval(const struct fa_sntp *sntp, bool good)
{
    fa_ns first = good ? FA_SNTP_POLL_MIN_NS : FA_SNTP_RETRY_NS;
    bool same = sntp->interval_ns != 0 && sntp->last_good == good;
    fa_ns interval_ns = same ? sntp->interval_ns * 2 : first;
    if (sntp->rated) {
        interval_ns = fa_max(interval_ns, FA_SNTP_POLL_MIN_NS) * 2;
    }
    return fa_ns_min(interval_ns, FA_SNTP_POLL_MAX_NS);
}

static void end_round(struct fa_sntp *sntp, fa_ns now)
{
    bool good = sntp->best.delay_ns != FA_NS_NEVER;
    if (good) {
        sntp->found = sntp->best;
        sntp->ready = true;
    }
    FA_COUNT_ADD(sntp->config.counters, sntp_rounds_failed, !good);
    sntp->interval_ns = next_interval(sntp, good);
    sntp->last_good = good;
    sntp->state = FA_SNTP_IDLE;
    fa_ns less = fa_rand_below(sntp->config.rand, sntp->interval_ns / JITTER_PART);
    sntp->due_ns = fa_ns_after(now, sntp->interval_ns - less);
}

static bool is_round_over(const struct fa_sntp *sntp)
{
    return sntp->exchanges >= fa_max(sntp->config.exchange_count, sntp->server_count);
}

/* An exchange is over, well or not. */
static void end_exchange(struct fa_sntp *sntp, fa_ns now)
{
    sntp->exchanges++;
    if (is_round_over(sntp)) {
        end_round(sntp, now);
        return;
    }
    sntp->state = FA_SNTP_IDLE;
    sntp->due_ns = fa_ns_after(now, FA_SNTP_SPACING_NS);
}

void fa_sntp_tick(struct fa_sntp *sntp, fa_ns now)
{
    if (now < sntp->due_ns || sntp->state == FA_SNTP_DUE) {
        return;
    }
    if (sntp->state == FA_SNTP_SENT) {
        FA_COUNT(sntp->config.counters, sntp_timeouts);
        end_exchange(sntp, now);
        return;
    }
    if (is_round_over(sntp)) {
        begin_round(sntp);
    } else {
        begin_exchange(sntp);
    }
}

bool fa_sntp_output(struct fa_sntp *sntp, fa_ns now, struct fa_sntp_send *ret_send)
{
    if (sntp->state != FA_SNTP_DUE) {
        return false;
    }
    sntp->nonce = fa_rand_u64(sntp->config.rand);
    sntp->sent_ns = now;
    sntp->due_ns = fa_ns_after(now, FA_SNTP_TIMEOUT_NS);
    sntp->state = FA_SNTP_SENT;
    ret_send->server = sntp->servers[sntp->server].endpoint;
    fa_ntp_encode(ret_send->bytes,
        &(struct fa_ntp_packet){
            .version = FA_NTP_VERSION, .mode = FA_NTP_MODE_CLIENT, .transmit = sntp->nonce});
    FA_COUNT(sntp->config.counters, sntp_tx_requests);
    return true;
}

void fa_sntp_failed(struct fa_sntp *sntp, fa_ns now)
{
    if (sntp->state == FA_SNTP_SENT) {
        FA_COUNT(sntp->config.counters, sntp_unreachable);
        end_exchange(sntp, now);
    }
}

bool fa_sntp_take(struct fa_sntp *sntp, struct fa_sntp_sample *ret_sample)
{
    if (!sntp->ready) {
        return false;
    }
    sntp->ready = false;
    *ret_sample = sntp->found;
    return true;
}

/* ---- answers ---- */

/* A server that has no time for us: RATE asks for more distance, DENY and RSTR to go away; others
 * are only no answer (RFC 5905 7.4). */
static void heed_kiss(struct fa_sntp *sntp, fa_ns now, const struct fa_ntp_packet *packet)
{
    FA_COUNT(sntp->config.counters, sntp_rx_kisses);
    sntp->rated = sntp->rated || fa_equal(packet->ref_id, "RATE", 4);
    if (fa_equal(packet->ref_id, "DENY", 4) || fa_equal(packet->ref_id, "RSTR", 4)) {
        sntp->servers[sntp->server].denied = true;
    }
    end_exchange(sntp, now);
}

/* Whether the server itself knows what time it is (RFC 4330 5). */
static bool is_sane(const struct fa_ntp_packet *packet)
{
    return packet->leap != FA_NTP_LEAP_ALARM && packet->stratum <= FA_NTP_STRATUM_MAX &&
           packet->root_delay < ROOT_MAX && packet->root_dispersion < ROOT_MAX &&
           packet->transmit != 0 && packet->receive != 0 &&
           fa_ntp_unix_ns(packet->receive) <= fa_ntp_unix_ns(packet->transmit) &&
           fa_ntp_unix_ns(packet->receive) != 0;
}

/* Keep the sample if its way was the shortest. Returns: whether it makes sense. */
static bool take_sample(struct fa_sntp *sntp, fa_ns now, const struct fa_ntp_packet *packet)
{
    uint64_t transmit_ns = fa_ntp_unix_ns(packet->transmit);
    uint64_t held_ns = transmit_ns - fa_ntp_unix_ns(packet->receive);
    fa_ns whole_ns = now - sntp->sent_ns;
    // A server's clock may be coarse: that it held the packet longer than it was away is no lie.
    fa_ns delay_ns = whole_ns > held_ns ? whole_ns - held_ns : 0;
    if (held_ns > whole_ns + FA_NS_MS || delay_ns > FA_SNTP_DELAY_MAX_NS) {
        return false;
    }
    if (delay_ns < sntp->best.delay_ns) {
        sntp->best = (struct fa_sntp_sample){
            .ahead_ns = transmit_ns + delay_ns / 2 - now,
            .delay_ns = delay_ns,
            .server = sntp->servers[sntp->server].endpoint,
            .stratum = packet->stratum,
            .leap = packet->leap,
        };
    }
    FA_TRACE(sntp_sample, now, sntp->server, delay_ns, transmit_ns, packet->stratum);
    return true;
}

void fa_sntp_input(
    struct fa_sntp *sntp, fa_ns now, const struct fa_endpoint *from, struct fa_slice datagram)
{
    struct fa_counters *counters = sntp->config.counters;
    struct fa_ntp_packet packet;
    if (sntp->state != FA_SNTP_SENT) {
        FA_COUNT(counters, sntp_rx_unasked);
        return;
    }
    const struct fa_endpoint *server = &sntp->servers[sntp->server].endpoint;
    if (from->port != server->port || !fa_ip_equal(&from->ip, &server->ip)) {
        FA_COUNT(counters, sntp_rx_unasked);
        return;
    }
    if (fa_ntp_decode(datagram, &packet) != FA_NTP_GOOD) {
        FA_COUNT(counters, sntp_rx_short);
        return;
    }
    if (packet.mode != FA_NTP_MODE_SERVER || packet.version == 0 ||
        packet.version > FA_NTP_VERSION) {
        FA_COUNT(counters, sntp_rx_not_server);
        return;
    }
    if (packet.origin != sntp->nonce) {
        FA_COUNT(counters, sntp_rx_wrong_origin);
        return;
    }
    if (packet.stratum == 0) {
        heed_kiss(sntp, now, &packet);
        return;
    }
    if (!is_sane(&packet) || !take_sample(sntp, now, &packet)) {
        FA_COUNT(counters, sntp_rx_insane);
    } else {
        FA_COUNT(counters, sntp_rx_samples);
    }
    end_exchange(sntp, now);
}
