// SPDX-License-Identifier: ISC
//
// The DNS client: what it keeps and how long, aliases, and answers in all their shapes.

#include "fa/dns.h"

#include "test/t.h"
#include "test/unit/dns_lab.h"

static struct fa_dns_request request;
static const struct fa_dns_config plain = {0};

/* Ask for the A records of a name that a server has to be asked for. */
static void ask(const char *name)
{
    CHECK_EQ(dlab_ask(&request, name, FA_DNS_A), FA_AGAIN);
    CHECK(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
}

static void answer_none(uint8_t rcode)
{
    dlab_begin(rcode);
    dlab_add_soa("b", 600, 30);
    dlab_say();
    CHECK_EQ(fa_dns_result(&request), FA_ENOENT);
}

/* ---- how long ---- */

T(an_answer_is_kept_as_long_as_it_says)
{
    dlab_open(1, plain);
    ask("a.b");
    dlab_add_a("a.b", 60, 1);
    dlab_say();
    dlab_pass_ns(59 * FA_NS_S);
    CHECK_EQ(dlab_ask(&request, "A.B", FA_DNS_A), FA_OK);
    CHECK_EQ(request.answer.ttl_s, 1);
    CHECK_EQ(DLAB_COUNTED(dns_cache_hits), 1);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_AAAA), FA_AGAIN); // of one type
    fa_dns_forget(&request, dlab.now);
    dlab_pass_ns(FA_NS_S);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
}

T(an_answer_for_no_time_is_not_kept_and_one_for_ever_is_not_kept_for_ever)
{
    dlab_open(1, (struct fa_dns_config){.ttl_max_s = 100});
    ask("a.b");
    dlab_add_a("a.b", 0, 1);
    dlab_say();
    ask("a.b");
    dlab_add_a("a.b", INT32_MAX, 1);
    dlab_say();
    dlab_pass_ns(99 * FA_NS_S);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_OK);
    dlab_pass_ns(2 * FA_NS_S);
    ask("a.b");
}

T(that_there_is_nothing_is_kept_as_long_as_the_soa_says)
{
    dlab_open(1, plain);
    ask("a.b");
    answer_none(FA_DNS_NXDOMAIN);
    dlab_pass_ns(29 * FA_NS_S);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_ENOENT);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_AAAA), FA_ENOENT); // no name, no records at all
    dlab_pass_ns(2 * FA_NS_S);
    ask("a.b");
    answer_none(FA_DNS_NOERROR);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_ENOENT);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_AAAA), FA_AGAIN); // of one type
}

T(that_there_is_nothing_is_not_kept_without_an_soa_of_a_zone_above)
{
    dlab_open(1, plain);
    ask("a.b");
    dlab_begin(FA_DNS_NXDOMAIN);
    dlab_say();
    CHECK_EQ(fa_dns_result(&request), FA_ENOENT);
    ask("a.b");
    dlab_begin(FA_DNS_NXDOMAIN);
    dlab_add_soa("c", 600, 600);
    dlab_say();
    ask("a.b");
}

T(negative_answers_have_a_shorter_limit)
{
    dlab_open(1, (struct fa_dns_config){.negative_ttl_max_s = 10});
    ask("a.b");
    answer_none(FA_DNS_NXDOMAIN);
    dlab_pass_ns(11 * FA_NS_S);
    ask("a.b");
}

T(the_longest_unused_answer_makes_room)
{
    dlab_open(1, plain);
    for (int i = 0; i <= DLAB_ENTRY_COUNT; i++) {
        const char name[] = {(char)('a' + i), '.', 'x', 0};
        ask(name);
        dlab_add_a(name, 60, (uint8_t)i);
        dlab_say();
        CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_A), FA_OK); // used all the time
    }
    CHECK_EQ(DLAB_COUNTED(dns_cache_evicted), 1);
    CHECK_EQ(dlab_ask(&request, "c.x", FA_DNS_A), FA_OK);
    CHECK_EQ(dlab_ask(&request, "b.x", FA_DNS_A), FA_AGAIN);
    fa_dns_forget(&request, dlab.now);
    fa_dns_flush(&dlab.dns);
    CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_A), FA_AGAIN);
}

T(what_is_too_large_is_answered_but_not_kept)
{
    uint8_t text[256] = {255};
    struct fa_dns_data data;
    size_t count = 0;
    dlab_open(1, plain);
    for (int records = 2; records <= 6; records += 4) {
        CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_TXT), FA_AGAIN);
        REQUIRE(dlab_fetch());
        dlab_begin(FA_DNS_NOERROR);
        for (int i = 0; i < records; i++) {
            dlab_add(FA_DNS_ANSWER, "a.b", FA_DNS_TXT, 60, text, sizeof text);
        }
        dlab_say();
        REQUIRE(fa_dns_result(&request) == FA_OK);
    }
    CHECK_EQ(DLAB_COUNTED(dns_cache_too_large), 2);
    CHECK(request.answer.cut);
    CHECK_EQ(DLAB_COUNTED(dns_answer_cut), 1);
    for (size_t off = 0; fa_dns_answer_next(&request.answer, &off, &data);) {
        count++;
        CHECK_EQ(data.bytes.len, 256);
    }
    CHECK(count == 3 && request.answer.count == 3);
}

/* ---- aliases ---- */

T(aliases_in_one_answer_are_followed)
{
    struct fa_dns_name canonical = dlab_name("c.x");
    dlab_open(1, plain);
    ask("a.x");
    dlab_add_a("c.x", 60, 1);
    dlab_add_cname("b.x", 50, "c.x");
    dlab_add_cname("a.x", 70, "b.x");
    dlab_say();
    REQUIRE(fa_dns_result(&request) == FA_OK);
    CHECK(fa_dns_name_equal(&request.answer.canonical, &canonical));
    CHECK_EQ(request.answer.ttl_s, 50);
    CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_A), FA_OK);
    CHECK(fa_dns_name_equal(&request.answer.canonical, &canonical));
    CHECK_EQ(dlab_ask(&request, "b.x", FA_DNS_A), FA_AGAIN); // kept under the name asked for alone
}

T(an_alias_that_leads_out_of_the_answer_is_asked_for)
{
    dlab_open(1, plain);
    ask("a.x");
    dlab_add_cname("a.x", 70, "elsewhere.y");
    dlab_say();
    REQUIRE(dlab_fetch());
    CHECK_TEXT(fa_slice_of(dlab_asked_name()), "elsewhere.y");
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("elsewhere.y", 600, 9);
    dlab_say();
    REQUIRE(fa_dns_result(&request) == FA_OK);
    CHECK_EQ(request.answer.ttl_s, 70);
    dlab_pass_ns(60 * FA_NS_S);
    CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_A), FA_OK); // both halves are kept
    CHECK_EQ(request.answer.ttl_s, 10);
}

T(an_alias_of_nothing_is_nothing)
{
    dlab_open(1, plain);
    ask("a.x");
    dlab_begin(FA_DNS_NXDOMAIN);
    dlab_add_cname("a.x", 70, "gone.b");
    dlab_add_soa("b", 40, 40);
    dlab_say();
    CHECK_EQ(fa_dns_result(&request), FA_ENOENT);
    CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_A), FA_ENOENT);
    CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_AAAA), FA_AGAIN); // a.x itself does exist
    fa_dns_forget(&request, dlab.now);
}

T(aliases_in_circles_end)
{
    dlab_open(1, plain);
    ask("a.x");
    dlab_add_cname("a.x", 70, "b.x");
    dlab_add_cname("b.x", 70, "a.x");
    dlab_say();
    for (int i = 0; fa_dns_result(&request) == FA_AGAIN; i++) {
        REQUIRE(i < 100 && dlab_fetch());
        dlab_begin(FA_DNS_NOERROR);
        dlab_add_cname("a.x", 70, "b.x");
        dlab_add_cname("b.x", 70, "a.x");
        dlab_say();
    }
    CHECK_EQ(fa_dns_result(&request), FA_EIO);
    CHECK_EQ(DLAB_COUNTED(dns_alias_loops), 1);
}

T(the_letters_of_the_query_are_not_in_the_answer)
{
    static const uint8_t pointer[] = {0xc0, FA_DNS_HDR_LEN};
    char text[FA_DNS_NAME_TEXT_MAX];
    struct fa_dns_data data;
    size_t off = 0;
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "abcdefghijklmnopqrst.x", FA_DNS_PTR), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add(FA_DNS_ANSWER, "abcdefghijklmnopqrst.x", FA_DNS_PTR, 9, pointer, sizeof pointer);
    dlab_say();
    REQUIRE(fa_dns_result(&request) == FA_OK);
    REQUIRE(fa_dns_answer_next(&request.answer, &off, &data));
    (void)fa_dns_name_text(&data.name, text, sizeof text);
    CHECK_TEXT(fa_slice_of(text), "abcdefghijklmnopqrst.x");
}

T(aliases_can_be_asked_for_themselves)
{
    struct fa_dns_data data;
    struct fa_dns_name target = dlab_name("b.x");
    size_t off = 0;
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.x", FA_DNS_CNAME), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_cname("a.x", 70, "b.x");
    dlab_say();
    REQUIRE(fa_dns_result(&request) == FA_OK);
    REQUIRE(fa_dns_answer_next(&request.answer, &off, &data));
    CHECK(fa_dns_name_equal(&data.name, &target));
}

/* ---- services ---- */

static void add_srv(uint16_t priority, uint16_t weight, const char *target)
{
    uint8_t bytes[300];
    struct fa_dns_data data = {
        .name = dlab_name(target), .priority = priority, .weight = weight, .port = 80};
    size_t len = fa_dns_data_encode(bytes, sizeof bytes, FA_DNS_SRV, &data);
    dlab_add(FA_DNS_ANSWER, "_http._tcp.x", FA_DNS_SRV, 60, bytes, len);
}

static void ask_srv(void)
{
    CHECK_EQ(dlab_ask(&request, "_http._tcp.x", FA_DNS_SRV), FA_AGAIN);
    CHECK(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
}

T(services_are_ordered_by_priority_and_by_chance_of_their_weight)
{
    int heavy_first = 0;
    int none_first = 0;
    dlab_open(1, plain);
    ask_srv();
    add_srv(20, 0, "last.x");
    add_srv(10, 75, "heavy.x");
    add_srv(10, 25, "light.x");
    add_srv(10, 0, "none.x");
    dlab_say();
    struct fa_dns_name last = dlab_name("last.x");
    struct fa_dns_name heavy = dlab_name("heavy.x");
    struct fa_dns_name none = dlab_name("none.x");
    for (int i = 0; i < 4000; i++) {
        struct fa_dns_srv srvs[8];
        REQUIRE(fa_dns_answer_srvs(&request.answer, &dlab.rand, srvs, 8) == 4);
        CHECK(fa_dns_name_equal(&srvs[3].name, &last));
        heavy_first += fa_dns_name_equal(&srvs[0].name, &heavy);
        none_first += fa_dns_name_equal(&srvs[0].name, &none);
    }
    CHECK(heavy_first > 2800 && heavy_first < 3200);
    CHECK(none_first < 40);
}

T(a_service_can_be_decidedly_not_there)
{
    struct fa_dns_srv srvs[2];
    dlab_open(1, plain);
    ask_srv();
    add_srv(0, 0, ".");
    dlab_say();
    CHECK_EQ(fa_dns_result(&request), FA_OK);
    CHECK_EQ(fa_dns_answer_srvs(&request.answer, &dlab.rand, srvs, 2), 0);
}
