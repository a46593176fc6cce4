// SPDX-License-Identifier: ISC
//
// The SNTP client on a stack, as one fiber.

#include "fa/timesync.h"

#include "fa/fmt.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/wall.h"

void fa_timesync_init(struct fa_timesync *sync, const struct fa_timesync_config *config)
{
    struct fa_stack *stack = config->resolver->config.stack;
    *sync = (struct fa_timesync){.config = *config};
    fa_waitq_init(&sync->waitq);
    fa_sntp_init(
        &sync->sntp, &(struct fa_sntp_config){.counters = stack->counters, .rand = &stack->rand});
}

static struct fa_stack *stack_of(const struct fa_timesync *sync)
{
    return sync->config.resolver->config.stack;
}

static fa_ns present(const struct fa_timesync *sync)
{
    return fa_resolver_now(sync->config.resolver);
}

/* ---- servers ---- */

struct servers {
    struct fa_endpoint at[FA_SNTP_SERVER_COUNT_MAX];
    size_t count;
};

static void add_server(struct servers *servers, const struct fa_ip *ip)
{
    if (servers->count < FA_SNTP_SERVER_COUNT_MAX) {
        servers->at[servers->count++] = (struct fa_endpoint){*ip, FA_NTP_PORT};
    }
}

/* The addresses of a name, of both families. Returns: FA_OK, also if there are none; FA_ECANCEL. */
static fa_err add_name(struct fa_timesync *sync, struct servers *servers, const char *name)
{
    static const uint16_t types[] = {FA_DNS_A, FA_DNS_AAAA};
    for (size_t t = 0; t < FA_COUNT_OF(types); t++) {
        struct fa_dns_answer answer;
        struct fa_ip ips[FA_SNTP_SERVER_COUNT_MAX];
        fa_err err = fa_resolver_ask_wait(
            sync->config.resolver, fa_slice_of(name), types[t], FA_NS_NEVER, &answer);
        if (err == FA_ECANCEL) {
            return err;
        }
        size_t count = err == FA_OK ? fa_dns_answer_ips(&answer, ips, FA_COUNT_OF(ips)) : 0;
        for (size_t i = 0; i < count; i++) {
            add_server(servers, &ips[i]);
        }
    }
    return FA_OK;
}

static fa_err find_servers(struct fa_timesync *sync, struct servers *servers)
{
    // A copy, because the list may change while a name is asked for.
    struct fa_names_list ntp = stack_of(sync)->names.lists[FA_NAMES_NTP];
    sync->names_change_count = stack_of(sync)->names.change_count;
    if (sync->config.server != NULL && sync->config.server[0] != '\0') {
        return add_name(sync, servers, sync->config.server);
    }
    for (uint32_t i = 0; i < ntp.count; i++) {
        if (!fa_ip_is_zero(&ntp.at[i].ip)) {
            add_server(servers, &ntp.at[i].ip);
        } else {
            FA_TRY(add_name(sync, servers, ntp.at[i].text));
        }
    }
    return FA_OK;
}

/* ---- asking ---- */

/* One request and its answer, from a port of their own. Returns: FA_OK, however it ended;
 * FA_ECANCEL. */
static fa_err exchange(struct fa_timesync *sync, const struct fa_sntp_send *send)
{
    struct fa_udp_socket socket;
    struct fa_udp_socket_config config = {.pool = stack_of(sync)->config.pool};
    struct fa_sntp *sntp = &sync->sntp;
    if (fa_udp_bind(&stack_of(sync)->udp, &socket, &config) != FA_OK) {
        fa_sntp_failed(sntp, present(sync));
        return FA_OK;
    }
    fa_err err = fa_udp_connect(&socket, &send->server);
    if (err == FA_OK) {
        struct fa_slice bytes = {send->bytes, sizeof send->bytes};
        err = fa_udp_send(&socket, bytes, NULL, NULL);
    }
    while (err == FA_OK && sntp->state == FA_SNTP_SENT) {
        struct fa_buf *buf;
        struct fa_udp_from from;
        err = fa_udp_recv_wait(&socket, fa_sntp_deadline(sntp), &buf, &from);
        if (err == FA_OK) {
            fa_sntp_input(sntp, buf->at_ns, &from.remote, fa_buf_slice(buf));
            fa_buf_drop(buf);
        }
    }
    fa_udp_close(&socket);
    if (err == FA_ETIMEOUT) {
        fa_sntp_tick(sntp, present(sync));
    } else if (err != FA_OK && err != FA_ECANCEL) {
        fa_sntp_failed(sntp, present(sync));
    }
    return err == FA_ECANCEL ? err : FA_OK;
}

static void set_clock(struct fa_timesync *sync)
{
    const struct fa_sntp_sample *sample = &sync->sample;
    uint64_t before_ns = fa_wall_ns();
    fa_wall_set(fa_clock_mono_ns() + sample->ahead_ns);
    uint64_t after_ns = fa_wall_ns();
    bool ahead = after_ns >= before_ns;
    uint64_t step_us = (ahead ? after_ns - before_ns : before_ns - after_ns) / FA_NS_US;
    struct fa_civil civil = fa_civil_of(after_ns / FA_NS_S);
    char server[FA_ENDPOINT_TEXT_MAX];
    (void)fa_endpoint_text(&sample->server, server, sizeof server);
    sync->set_count++;
    FA_COUNT(stack_of(sync)->counters, sntp_clock_set);
    FA_LOG(sntp, sync->set_count == 1 ? FA_LOG_INFO : FA_LOG_DEBUG,
        "%04u-%02u-%02uT%02u:%02u:%02uZ by %s (stratum %u, %llu us away): a step of %c%llu us",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second, server,
        sample->stratum, (unsigned long long)(sample->delay_ns / FA_NS_US), ahead ? '+' : '-',
        (unsigned long long)step_us);
    (void)fa_waitq_wake_all(&sync->waitq);
}

/* Until the network names other servers. Returns: FA_OK; FA_ECANCEL. */
static fa_err follow_servers(struct fa_timesync *sync)
{
    while (sync->names_change_count == stack_of(sync)->names.change_count) {
        struct fa_sntp_send send;
        if (fa_sntp_output(&sync->sntp, present(sync), &send)) {
            FA_TRY(exchange(sync, &send));
        } else {
            FA_TRY(fa_fiber_sleep_until(fa_sntp_deadline(&sync->sntp)));
            fa_sntp_tick(&sync->sntp, present(sync));
        }
        if (fa_sntp_take(&sync->sntp, &sync->sample)) {
            set_clock(sync);
        }
    }
    return FA_OK;
}

void fa_timesync_run(void *ctx)
{
    struct fa_timesync *sync = ctx;
    for (;;) {
        struct servers servers = {.count = 0};
        fa_err err = find_servers(sync, &servers);
        if (err == FA_OK && servers.count == 0) {
            err = fa_fiber_sleep_until(fa_ns_after(present(sync), FA_SNTP_SPACING_NS));
        } else if (err == FA_OK) {
            fa_sntp_servers_set(&sync->sntp, present(sync), servers.at, servers.count);
            err = follow_servers(sync);
        }
        if (err == FA_ECANCEL) {
            return;
        }
    }
}

fa_err fa_timesync_wait(struct fa_timesync *sync, fa_ns deadline)
{
    while (sync->set_count == 0) {
        FA_TRY(fa_waitq_wait(&sync->waitq, deadline));
    }
    return FA_OK;
}
