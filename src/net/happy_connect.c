// SPDX-License-Identifier: ISC
//
// Happy Eyeballs on a fiber: two questions and several connections at once, one wait for all.

#include "fa/fiber.h"
#include "fa/happy.h"

/* All that is under way. */
struct run {
    struct fa_watch watch;
    struct fa_waitq waitq;
    struct fa_resolver *resolver;
    struct fa_happy *happy;
    uint16_t port;
    struct fa_flow *flows[FA_HAPPY_COUNT_MAX];
    bool told[2];                      /* what a request found was handed on */
    struct fa_dns_request requests[2]; /* A, AAAA */
};

static void wake(struct fa_watch *watch, unsigned events)
{
    (void)events;
    (void)fa_waitq_wake_all(&FA_CONTAINER(watch, struct run, watch)->waitq);
}

static fa_err source_for(void *ctx, const struct fa_ip *remote, struct fa_ip *ret_local)
{
    return fa_stack_source_for(ctx, remote, ret_local);
}

static fa_ns present(const struct run *run)
{
    return fa_resolver_now(run->resolver);
}

static void hand_on_addresses(struct run *run)
{
    for (int v6 = 0; v6 < 2; v6++) {
        fa_err err = fa_dns_result(&run->requests[v6]);
        struct fa_ip ips[FA_HAPPY_COUNT_MAX];
        if (run->told[v6] || err == FA_AGAIN) {
            continue;
        }
        size_t count = err == FA_OK
                           ? fa_dns_answer_ips(&run->requests[v6].answer, ips, FA_HAPPY_COUNT_MAX)
                           : 0;
        run->told[v6] = true;
        fa_happy_resolved(run->happy, present(run), v6 != 0, ips, count, err);
    }
}

static void begin_attempts(struct run *run)
{
    uint32_t idx;
    while (fa_happy_next(run->happy, present(run), &idx)) {
        struct fa_endpoint remote = {run->happy->attempts[idx].ip, run->port};
        struct fa_flow *flow;
        fa_err err = fa_stack_connect(run->resolver->config.stack, &remote, &flow);
        if (err != FA_OK) {
            fa_happy_ended(run->happy, present(run), idx, err);
            continue;
        }
        flow->watch = &run->watch;
        run->flows[idx] = flow;
    }
}

/* See which attempts have ended. Returns: the flow that stands; NULL: none does yet. */
static struct fa_flow *check_attempts(struct run *run)
{
    for (uint32_t i = 0; i < run->happy->count; i++) {
        struct fa_flow *flow = run->flows[i];
        uint8_t *at;
        size_t cap;
        fa_err err = flow == NULL ? FA_AGAIN : fa_flow_reserve(flow, &at, &cap);
        if (err == FA_AGAIN) {
            continue;
        }
        run->flows[i] = NULL;
        flow->watch = NULL;
        fa_happy_ended(run->happy, present(run), i, err);
        if (err == FA_OK) {
            fa_flow_commit(flow, 0);
            return flow;
        }
        fa_flow_abort(flow);
    }
    return NULL;
}

static void abort_rest(struct run *run)
{
    for (uint32_t i = 0; i < FA_HAPPY_COUNT_MAX; i++) {
        if (run->flows[i] != NULL) {
            run->flows[i]->watch = NULL;
            fa_flow_abort(run->flows[i]);
        }
    }
    for (int v6 = 0; v6 < 2; v6++) {
        fa_dns_forget(&run->requests[v6], present(run));
    }
}

/* Until one stands, all have failed, or time is up. Yields. */
static fa_err run_attempts(struct run *run, fa_ns deadline, struct fa_flow **ret_flow)
{
    for (;;) {
        hand_on_addresses(run);
        begin_attempts(run);
        struct fa_flow *flow = check_attempts(run);
        fa_err err = fa_happy_result(run->happy);
        if (err == FA_OK) {
            *ret_flow = flow;
        }
        if (err != FA_AGAIN) {
            return err;
        }
        fa_ns due = fa_happy_deadline(run->happy);
        if (due <= present(run)) {
            continue; // an attempt failed just now: the next begins at once
        }
        err = fa_waitq_wait(&run->waitq, fa_ns_min(deadline, due));
        if (err == FA_ECANCEL || (err == FA_ETIMEOUT && deadline <= due)) {
            return err;
        }
    }
}

fa_err fa_happy_connect_wait(struct fa_resolver *resolver, struct fa_happy *happy,
    struct fa_slice host, uint16_t port, fa_ns deadline, struct fa_flow **ret_flow)
{
    struct run run; // not zeroed: the answers in it are large
    run.watch.fn = wake;
    run.resolver = resolver;
    run.happy = happy;
    run.port = port;
    run.told[0] = run.told[1] = false;
    fa_zero(run.flows, sizeof run.flows);
    fa_waitq_init(&run.waitq);
    fa_happy_init(
        happy, &(struct fa_happy_config){.source_for = source_for, .ctx = resolver->config.stack});
    if (port == 0) {
        return FA_EINVAL;
    }
    for (int v6 = 1; v6 >= 0; v6--) { // AAAA first, RFC 8305 3
        run.requests[v6].watch = &run.watch;
        run.requests[v6].dns = NULL;
        fa_err err = fa_dns_ask(&resolver->dns, present(&run), &run.requests[v6], host,
            v6 != 0 ? FA_DNS_AAAA : FA_DNS_A);
        FA_ASSERT(v6 == 1 || err == FA_OK);
        FA_TRY(err);
    }
    fa_err err = run_attempts(&run, deadline, ret_flow);
    abort_rest(&run);
    return err;
}
