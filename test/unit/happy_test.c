// SPDX-License-Identifier: ISC
//
// Happy Eyeballs: order of addresses, times, and connections over two stacks.

#include "fa/happy.h"

#include "fa/fiber.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

static struct fa_happy happy;
static const struct fa_happy_config plain = {0};

static struct fa_ip ip_of(const char *text)
{
    struct fa_ip ip = {0};
    CHECK(fa_ip_parse(fa_slice_of(text), &ip) == FA_OK);
    return ip;
}

static void resolved(fa_ns now, bool v6, const char *first, const char *second)
{
    struct fa_ip ips[2];
    size_t count = 0;
    if (first != NULL) {
        ips[count++] = ip_of(first);
    }
    if (second != NULL) {
        ips[count++] = ip_of(second);
    }
    fa_happy_resolved(&happy, now, v6, ips, count, FA_ENOENT);
}

/* Whether an attempt with this address begins now. */
static bool begins(fa_ns now, const char *address)
{
    uint32_t idx;
    struct fa_ip ip = ip_of(address);
    return fa_happy_next(&happy, now, &idx) && fa_ip_equal(&happy.attempts[idx].ip, &ip);
}

static bool nothing_begins(fa_ns now)
{
    uint32_t idx;
    return !fa_happy_next(&happy, now, &idx);
}

/* End the attempt with this address. */
static void ended(fa_ns now, const char *address, fa_err err)
{
    struct fa_ip ip = ip_of(address);
    for (uint32_t i = 0; i < happy.count; i++) {
        if (fa_ip_equal(&happy.attempts[i].ip, &ip)) {
            fa_happy_ended(&happy, now, i, err);
            return;
        }
    }
    CHECK(false);
}

/* ---- times ---- */

T(aaaa_alone_begins_at_once)
{
    fa_happy_init(&happy, &plain);
    CHECK(fa_happy_deadline(&happy) == FA_NS_NEVER);
    resolved(5, true, "2001:db8::1", NULL);
    CHECK_EQ(fa_happy_deadline(&happy), 5);
    CHECK(begins(5, "2001:db8::1"));
}

T(a_alone_waits_50_ms_for_aaaa)
{
    fa_happy_init(&happy, &plain);
    resolved(0, false, "192.0.2.1", NULL);
    CHECK_EQ(fa_happy_deadline(&happy), 50 * FA_NS_MS);
    CHECK(nothing_begins(50 * FA_NS_MS - 1));
    CHECK(begins(50 * FA_NS_MS, "192.0.2.1"));
    resolved(60 * FA_NS_MS, true, "2001:db8::1", NULL);
    CHECK(nothing_begins(60 * FA_NS_MS));
    CHECK(begins(300 * FA_NS_MS, "2001:db8::1"));
}

T(aaaa_that_comes_in_time_goes_first_and_its_absence_ends_the_wait)
{
    fa_happy_init(&happy, &plain);
    resolved(0, false, "192.0.2.1", NULL);
    resolved(20 * FA_NS_MS, true, "2001:db8::1", NULL);
    CHECK(begins(20 * FA_NS_MS, "2001:db8::1"));
    fa_happy_init(&happy, &plain);
    resolved(0, false, "192.0.2.1", NULL);
    resolved(20 * FA_NS_MS, true, NULL, NULL);
    CHECK(begins(20 * FA_NS_MS, "192.0.2.1"));
}

T(families_take_turns_250_ms_apart)
{
    static const char *const order[] = {"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"};
    fa_ns now = 0;
    fa_happy_init(&happy, &plain);
    resolved(0, true, "2001:db8::1", "2001:db8::2");
    resolved(0, false, "192.0.2.1", "192.0.2.2");
    for (size_t i = 0; i < FA_COUNT_OF(order); i++) {
        CHECK(begins(now, order[i]));
        CHECK(nothing_begins(now + 249 * FA_NS_MS));
        now += 250 * FA_NS_MS;
    }
    CHECK(fa_happy_deadline(&happy) == FA_NS_NEVER);
    CHECK_EQ(fa_happy_result(&happy), FA_AGAIN); // any of the four may still stand
    ended(now, "192.0.2.2", FA_OK);
    CHECK_EQ(fa_happy_result(&happy), FA_OK);
}

T(a_failure_lets_the_next_begin_at_once)
{
    fa_happy_init(&happy, &plain);
    resolved(0, true, "2001:db8::1", NULL);
    resolved(0, false, "192.0.2.1", NULL);
    CHECK(begins(0, "2001:db8::1"));
    ended(3, "2001:db8::1", FA_EREFUSED);
    CHECK_EQ(fa_happy_deadline(&happy), 3);
    CHECK(begins(3, "192.0.2.1"));
}

T(the_delay_between_attempts_stays_within_its_limits)
{
    static const fa_ns delays[][2] = {
        {1, 100 * FA_NS_MS}, {FA_NS_S, FA_NS_S}, {100 * FA_NS_S, 2 * FA_NS_S}, {0, 250 * FA_NS_MS}};
    for (size_t i = 0; i < FA_COUNT_OF(delays); i++) {
        fa_happy_init(&happy, &(struct fa_happy_config){.attempt_delay_ns = delays[i][0]});
        resolved(0, true, "2001:db8::1", "2001:db8::2");
        CHECK(begins(0, "2001:db8::1"));
        CHECK_EQ(fa_happy_deadline(&happy), delays[i][1]);
    }
}

T(when_all_have_failed_each_says_why)
{
    char text[200];
    fa_happy_init(&happy, &plain);
    resolved(0, true, "2001:db8::1", NULL);
    CHECK(begins(0, "2001:db8::1"));
    ended(1, "2001:db8::1", FA_EREFUSED);
    CHECK_EQ(fa_happy_result(&happy), FA_AGAIN); // A may still come
    resolved(2, false, "192.0.2.1", NULL);
    CHECK(begins(2, "192.0.2.1"));
    ended(3, "192.0.2.1", FA_ETIMEOUT);
    CHECK_EQ(fa_happy_result(&happy), FA_ETIMEOUT);
    (void)fa_happy_text(&happy, text, sizeof text);
    CHECK_TEXT(fa_slice_of(text), "2001:db8::1 FA_EREFUSED, 192.0.2.1 FA_ETIMEOUT");
}

T(without_addresses_the_more_telling_reason_is_given)
{
    fa_happy_init(&happy, &plain);
    fa_happy_resolved(&happy, 0, false, NULL, 0, FA_ETIMEOUT);
    CHECK_EQ(fa_happy_result(&happy), FA_AGAIN);
    fa_happy_resolved(&happy, 0, true, NULL, 0, FA_ENOENT);
    CHECK_EQ(fa_happy_result(&happy), FA_ETIMEOUT);
}

T(a_flood_of_addresses_of_one_family_leaves_room_for_the_other)
{
    struct fa_ip many[FA_HAPPY_COUNT_MAX];
    for (uint8_t i = 0; i < FA_HAPPY_COUNT_MAX; i++) {
        many[i] = (struct fa_ip){{0x20, 1, [15] = i}};
    }
    fa_happy_init(&happy, &plain);
    fa_happy_resolved(&happy, 0, true, many, FA_HAPPY_COUNT_MAX, FA_OK);
    resolved(0, false, "192.0.2.1", "192.0.2.1"); // twice the same
    CHECK_EQ(happy.count, FA_HAPPY_COUNT_MAX / 2 + 1);
}

/* ---- order ---- */

/* A host with these source addresses: the first of the remote's family; "" for none. */
struct sources {
    const char *v4;
    const char *v6;
    const char *link;
};

static fa_err source_of(void *ctx, const struct fa_ip *remote, struct fa_ip *ret_local)
{
    const struct sources *sources = ctx;
    bool link = remote->b[0] == 0xfe && remote->b[1] == 0x80;
    const char *text = fa_ip_is4(remote) ? sources->v4 : link ? sources->link : sources->v6;
    return fa_ip_parse(fa_slice_of(text), ret_local) == FA_OK ? FA_OK : FA_ENOENT;
}

/* The examples of RFC 6724 10.2, as far as they need no deprecated or care-of addresses. */
T(destinations_are_ordered_as_rfc_6724_has_it)
{
    static struct sources cases_sources[] = {
        {"169.254.13.78", "2001:db8:1::2", "fe80::1"},
        {"198.51.100.117", "", "fe80::1"}, // no global IPv6 source
        {"10.1.2.4", "2001:db8:1::2", "fe80::1"}, {"10.1.2.4", "2001:db8:1::2", "fe80::2"},
        {"10.1.2.4", "fd11:1:1::1", "fe80::1"}, // a unique local source for a global target
    };
    static const char *const orders[][2] = {
        {"2001:db8:1::1", "198.51.100.121"},
        {"198.51.100.121", "2001:db8:1::1"},
        {"2001:db8:1::1", "10.1.2.3"},
        {"fe80::3", "2001:db8:1::1"}, // the smaller scope
        {"10.1.2.3", "2001:db8:1::1"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(orders); i++) {
        struct fa_happy_config config = {.source_for = source_of, .ctx = &cases_sources[i]};
        for (int swapped = 0; swapped < 2; swapped++) {
            struct fa_ip ips[2] = {ip_of(orders[i][swapped]), ip_of(orders[i][1 - swapped])};
            struct fa_ip first = ip_of(orders[i][0]);
            fa_happy_order(&config, ips, 2);
            CHECK(fa_ip_equal(&ips[0], &first));
        }
    }
}

T(longer_common_prefixes_go_first_among_ipv6_and_ipv4_keeps_its_order)
{
    struct sources sources = {"10.1.2.4", "2001:db8:3ffe::1", "fe80::1"};
    struct fa_happy_config config = {.source_for = source_of, .ctx = &sources};
    struct fa_ip six[2] = {ip_of("2001:db8:1::1"), ip_of("2001:db8:3f44::1")};
    struct fa_ip four[2] = {ip_of("192.0.2.1"), ip_of("10.1.2.3")};
    struct fa_ip nearer = six[1];
    struct fa_ip first = four[0];
    fa_happy_order(&config, six, 2);
    CHECK(fa_ip_equal(&six[0], &nearer));
    fa_happy_order(&config, four, 2);
    CHECK(fa_ip_equal(&four[0], &first));
}

T(tunnels_and_old_prefixes_come_last)
{
    static const char *const order[] = {
        "::1", "2001:db8::1", "192.0.2.1", "2002:c000:201::1", "2001::1", "fd00::1", "fec0::1"};
    struct fa_ip ips[7];
    for (size_t i = 0; i < 7; i++) {
        ips[i] = ip_of(order[6 - i]);
    }
    fa_happy_order(&plain, ips, 7);
    for (size_t i = 0; i < 7; i++) {
        struct fa_ip ip = ip_of(order[i]);
        CHECK(fa_ip_equal(&ips[i], &ip));
    }
}

/* ---- over two stacks ---- */

static const struct fa_dns_static statics[] = {
    {"both.test", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 99}}}, // nobody
    {"both.test", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}},  // station b
    {"gone.test", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}},
};

static struct fa_resolver resolver;
static struct fa_dns_query queries[2];
static struct fa_resolver_slot slots[2];
static struct fa_fibers fibers;
static struct fa_tcp_listener listener;

static struct job {
    const char *host;
    uint16_t port;
    fa_ns deadline;
    fa_err err;
    struct fa_flow *flow;
} job;

static void connect_job(void *ctx)
{
    (void)ctx;
    job.err = fa_happy_connect_wait(
        &resolver, &happy, fa_slice_of(job.host), job.port, job.deadline, &job.flow);
}

static void begin_job(const char *host, uint16_t port, fa_ns patience)
{
    world_open();
    CHECK(fa_tcp_listen(
              &world.b.stack.tcp, &listener, &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 1}, world.now);
    fa_resolver_init(&resolver,
        &(struct fa_resolver_config){.stack = &world.a.stack,
            .slots = slots,
            .dns = {.queries = queries,
                .query_count_max = 2,
                .statics = statics,
                .static_count = FA_COUNT_OF(statics)}},
        world.now);
    job = (struct job){host, port, fa_ns_after(world.now, patience), FA_AGAIN, NULL};
    CHECK(fa_fiber_spawn(&fibers, connect_job, NULL, NULL) == FA_OK);
}

/* Until the job is done, or `limit` steps of a millisecond are over. */
static void run_job(int limit)
{
    for (int i = 0; i < limit && job.err == FA_AGAIN; i++) {
        (void)fa_resolver_poll(&resolver, world.now);
        (void)fa_fibers_run(&fibers, world.now);
        world_run(FA_NS_MS);
    }
}

static void end_job(void)
{
    fa_resolver_stop(&resolver);
    fa_listener_close(&listener.listener);
    world_run(FA_NS_S);
    world_close();
}

T(the_address_that_answers_is_taken_after_the_delay_for_the_one_that_does_not)
{
    begin_job("both.test", 80, FA_NS_NEVER);
    fa_ns begun = world.now;
    run_job(1000);
    REQUIRE(job.err == FA_OK);
    CHECK(world.now - begun >= 250 * FA_NS_MS && world.now - begun < 300 * FA_NS_MS);
    CHECK_EQ(happy.count, 2);
    CHECK(happy.attempts[0].state == FA_HAPPY_TRYING && happy.attempts[1].state == FA_HAPPY_WON);
    world_settle();
    CHECK_EQ(world.a.stack.tcp.live_count, 1); // the other attempt is given up
    fa_flow_close(job.flow);
    end_job();
}

T(refusals_are_reported_for_every_address)
{
    char text[100];
    begin_job("gone.test", 81, FA_NS_NEVER);
    run_job(1000);
    CHECK_EQ(job.err, FA_EREFUSED);
    (void)fa_happy_text(&happy, text, sizeof text);
    CHECK_TEXT(fa_slice_of(text), "10.0.0.2 FA_EREFUSED");
    end_job();
}

T(an_address_needs_no_resolver_and_what_is_no_name_is_refused)
{
    begin_job("10.0.0.2", 80, FA_NS_NEVER);
    run_job(100);
    REQUIRE(job.err == FA_OK);
    fa_flow_close(job.flow);
    end_job();
    begin_job("a..b", 80, FA_NS_NEVER);
    run_job(100);
    CHECK_EQ(job.err, FA_EINVAL);
    end_job();
    begin_job("10.0.0.2", 0, FA_NS_NEVER);
    run_job(100);
    CHECK_EQ(job.err, FA_EINVAL);
    end_job();
}

T(the_deadline_ends_all_attempts)
{
    begin_job("10.0.0.99", 80, 400 * FA_NS_MS);
    run_job(1000);
    CHECK_EQ(job.err, FA_ETIMEOUT);
    CHECK_EQ(resolver.dns.request_count, 0);
    world_settle();
    CHECK_EQ(world.a.stack.tcp.live_count, 0);
    end_job();
}
