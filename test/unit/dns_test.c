// SPDX-License-Identifier: ISC
//
// The DNS client: asking, servers, time, and those who lie.

#include "fa/dns.h"

#include "test/t.h"
#include "test/unit/dns_lab.h"

static struct fa_dns_request request;
static struct fa_dns_request other;
static const struct fa_dns_config plain = {0};

static uint8_t last_byte(const struct fa_dns_request *of)
{
    struct fa_ip ip = {0};
    CHECK_EQ(fa_dns_answer_ips(&of->answer, &ip, 1), 1);
    return ip.b[15];
}

/* Answer the query last fetched with an address. */
static void say_a(uint8_t last)
{
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a(dlab_asked_name(), 60, last);
    dlab_say();
}

/* ---- asking ---- */

T(a_name_is_asked_for_and_its_addresses_are_the_answer)
{
    struct fa_ip ips[4];
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "www.example.org", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    CHECK(!dlab.send.tcp && dlab_asked() == 0 && dlab.send.server.port == 53);
    CHECK_TEXT(fa_slice_of(dlab_asked_name()), "www.example.org");
    CHECK(!dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("www.example.org", 300, 1);
    dlab_add_a("WWW.example.org", 60, 2);
    dlab_say();
    REQUIRE(fa_dns_result(&request) == FA_OK);
    CHECK_EQ(fa_dns_answer_ips(&request.answer, ips, 4), 2);
    CHECK(ips[0].b[15] == 1 && ips[1].b[15] == 2);
    CHECK_EQ(request.answer.ttl_s, 60);
    CHECK(fa_dns_deadline(&dlab.dns) == FA_NS_NEVER);
}

T(what_is_no_name_or_no_type_is_refused)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "", FA_DNS_A), FA_EINVAL);
    CHECK_EQ(dlab_ask(&request, "a..b", FA_DNS_A), FA_EINVAL);
    CHECK_EQ(dlab_ask(&request, "a", 0), FA_EINVAL);
    CHECK_EQ(dlab_ask(&request, "a", FA_DNS_OPT), FA_EINVAL);
    CHECK(!dlab_fetch());
}

T(addresses_and_known_names_are_answered_without_asking)
{
    static const struct fa_dns_static statics[] = {
        {"printer.example.", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 9}}},
        {"printer.example", {{0xfd, [15] = 9}}},
    };
    static const struct {
        const char *name;
        uint16_t type;
        fa_err result;
    } cases[] = {
        {"192.0.2.1", FA_DNS_A, FA_OK},
        {"192.0.2.1", FA_DNS_AAAA, FA_ENOENT},
        {"2001:db8::1", FA_DNS_AAAA, FA_OK},
        {"2001:db8::1", FA_DNS_A, FA_ENOENT},
        {"localhost", FA_DNS_A, FA_OK},
        {"LocalHost.", FA_DNS_AAAA, FA_OK},
        {"a.localhost", FA_DNS_AAAA, FA_OK},
        {"localhost", FA_DNS_MX, FA_ENOENT},
        {"x.invalid", FA_DNS_A, FA_ENOENT},
        {"printer.example", FA_DNS_A, FA_OK},
        {"PRINTER.example", FA_DNS_AAAA, FA_OK},
        {"1.0.0.127.in-addr.arpa", FA_DNS_PTR, FA_OK},
        {"9.0.0.10.in-addr.arpa", FA_DNS_PTR, FA_OK},
        {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", FA_DNS_PTR,
            FA_OK},
    };
    dlab_open(1, (struct fa_dns_config){.statics = statics, .static_count = 2});
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        CHECK_EQ(dlab_ask(&request, cases[i].name, cases[i].type), cases[i].result);
    }
    CHECK_EQ(DLAB_COUNTED(dns_local), FA_COUNT_OF(cases));
    CHECK(!dlab_fetch());
    CHECK_EQ(dlab_ask(&request, "printer.example", FA_DNS_TXT), FA_AGAIN); // not an address
    fa_dns_forget(&request, dlab.now);
    CHECK_EQ(dlab.dns.busy_count, 0);
}

T(without_a_server_the_answer_is_at_hand)
{
    dlab_open(0, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_EIO);
    struct fa_endpoint server = dlab_server(0);
    fa_dns_servers_set(&dlab.dns, dlab.now, &server, 1);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    fa_dns_servers_set(&dlab.dns, dlab.now, NULL, 0);
    CHECK_EQ(fa_dns_result(&request), FA_EIO);
}

T(a_question_asked_twice_is_sent_once)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    CHECK_EQ(dlab_ask(&other, "A.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    CHECK(!dlab_fetch());
    CHECK_EQ(DLAB_COUNTED(dns_coalesced), 1);
    fa_dns_forget(&request, dlab.now);
    CHECK_EQ(dlab.dns.busy_count, 1); // the other one still wants to know
    say_a(7);
    CHECK_EQ(last_byte(&other), 7);
    CHECK_EQ(fa_dns_result(&request), FA_AGAIN);
}

T(servers_that_change_begin_a_question_anew)
{
    struct fa_endpoint server = dlab_server(0);
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    for (int i = 0; i < 10; i++) { // more often than there are rounds
        REQUIRE(dlab_fetch());
        CHECK_EQ(dlab_asked(), 0);
        fa_dns_servers_set(&dlab.dns, dlab.now, &server, 1);
        CHECK_EQ(fa_dns_result(&request), FA_AGAIN);
    }
    REQUIRE(dlab_fetch());
    say_a(7);
    CHECK_EQ(last_byte(&request), 7);
}

T(a_question_ends_with_the_last_who_asks_it_whichever_came_first)
{
    for (int first = 0; first < 2; first++) {
        dlab_open(1, plain);
        CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
        CHECK_EQ(dlab_ask(&other, "a.b", FA_DNS_A), FA_AGAIN);
        fa_dns_forget(first == 0 ? &request : &other, dlab.now);
        CHECK_EQ(dlab.dns.busy_count, 1);
        fa_dns_forget(first == 0 ? &other : &request, dlab.now);
        CHECK_EQ(dlab.dns.busy_count, 0);
        CHECK(!dlab_fetch());
        CHECK_EQ(fa_dns_deadline(&dlab.dns), FA_NS_NEVER);
    }
}

T(requests_beyond_the_queries_wait_and_beyond_their_limit_are_refused)
{
    static struct fa_dns_request many[DLAB_QUERY_COUNT + 3];
    dlab_open(1, (struct fa_dns_config){.request_count_max = DLAB_QUERY_COUNT + 2});
    for (size_t i = 0; i < FA_COUNT_OF(many); i++) {
        const char name[] = {(char)('a' + i), '.', 'x', 0};
        CHECK_EQ(
            dlab_ask(&many[i], name, FA_DNS_A), i < DLAB_QUERY_COUNT + 2 ? FA_AGAIN : FA_ENOSPC);
    }
    CHECK_EQ(DLAB_COUNTED(dns_queries_full), 2);
    CHECK_EQ(DLAB_COUNTED(dns_requests_full), 1);
    fa_dns_forget(&many[DLAB_QUERY_COUNT], dlab.now);
    for (size_t i = 0; i < DLAB_QUERY_COUNT + 1; i++) {
        REQUIRE(dlab_fetch());
        say_a((uint8_t)i);
    }
    CHECK_EQ(fa_dns_result(&many[DLAB_QUERY_COUNT + 1]), FA_OK);
    CHECK_EQ(dlab.dns.request_count, 0);
}

/* ---- search list ---- */

/* Ask, say that nothing exists, and note the names that were asked for. */
static void note_names(const char *name, const char *const *expected, size_t count)
{
    CHECK_EQ(dlab_ask(&request, name, FA_DNS_A), FA_AGAIN);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(dlab_fetch());
        CHECK_TEXT(fa_slice_of(dlab_asked_name()), expected[i]);
        dlab_begin(FA_DNS_NXDOMAIN);
        dlab_say();
    }
    CHECK_EQ(fa_dns_result(&request), FA_ENOENT);
    CHECK(!dlab_fetch());
}

T(short_names_are_tried_in_the_search_domains)
{
    static const char *const of_short[] = {"host.one.x", "host.two.x", "host"};
    static const char *const of_long[] = {"a.b", "a.b.one.x", "a.b.two.x"};
    static const char *const of_absolute[] = {"host"};
    dlab_open(1, (struct fa_dns_config){.search = {"one.x", "two.x."}});
    note_names("host", of_short, 3);
    note_names("a.b", of_long, 3);
    note_names("host.", of_absolute, 1);
    dlab_open(1, (struct fa_dns_config){.search = {"one.x"}, .ndots = 2});
    static const char *const of_dot[] = {"a.b.one.x", "a.b"};
    note_names("a.b", of_dot, 2);
}

T(the_first_domain_that_has_it_answers)
{
    dlab_open(1, (struct fa_dns_config){.search = {"one.x", "two.x"}});
    CHECK_EQ(dlab_ask(&request, "host", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NXDOMAIN);
    dlab_say();
    REQUIRE(dlab_fetch());
    say_a(5);
    CHECK_EQ(last_byte(&request), 5);
    struct fa_dns_name canonical = dlab_name("host.two.x");
    CHECK(fa_dns_name_equal(&request.answer.canonical, &canonical));
}

/* ---- servers and time ---- */

T(a_silent_server_is_followed_by_the_others_and_the_round_repeated_with_more_patience)
{
    static const uint32_t order[] = {0, 1, 0, 1, 0, 1};
    dlab_open(2, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    fa_ns begun_ns = dlab.now;
    for (size_t i = 0; i < FA_COUNT_OF(order); i++) {
        REQUIRE(dlab_fetch());
        CHECK_EQ(dlab_asked(), order[i]);
        dlab_pass();
    }
    CHECK_EQ(fa_dns_result(&request), FA_ETIMEOUT);
    CHECK_EQ(DLAB_COUNTED(dns_timeouts), 6);
    CHECK_EQ(DLAB_COUNTED(dns_given_up), 1);
    CHECK(dlab.now - begun_ns > 10 * FA_NS_S && dlab.now - begun_ns <= 15 * FA_NS_S);
    CHECK(fa_dns_deadline(&dlab.dns) == FA_NS_NEVER);
}

T(each_attempt_has_an_id_and_a_mixture_of_letters_of_its_own)
{
    int same_id = 0;
    int same_case = 0;
    struct fa_dns_send last = {0};
    dlab_open(1, (struct fa_dns_config){.round_count_max = 8});
    CHECK_EQ(dlab_ask(&request, "abcdefghijklmnopqrstuvwxyz.example", FA_DNS_A), FA_AGAIN);
    for (int i = 0; dlab_fetch(); i++) {
        same_id += fa_equal(last.bytes, dlab.send.bytes, 2);
        same_case += fa_equal(last.bytes + 12, dlab.send.bytes + 12, 36);
        last = dlab.send;
        dlab_pass();
    }
    CHECK_EQ(same_id + same_case, 0);
    CHECK_EQ(fa_dns_result(&request), FA_ETIMEOUT);
}

T(the_last_round_does_without_edns)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    for (int i = 0; i < 3; i++) {
        REQUIRE(dlab_fetch());
        CHECK_EQ(dlab.send.bytes[11], i < 2 ? 1 : 0); // additional records: OPT
        dlab_pass();
    }
}

T(the_fastest_server_is_preferred_and_a_failed_one_is_tried_again_some_day)
{
    dlab_open(2, plain);
    bool again = false;
    for (int i = 0; i < 400; i++) {
        const char name[] = {(char)('a' + i % 26), (char)('a' + i / 26), '.', 'x', 0};
        CHECK_EQ(dlab_ask(&request, name, FA_DNS_A), FA_AGAIN);
        REQUIRE(dlab_fetch());
        CHECK(i != 0 || dlab_asked() == 0);
        if (i > 0 && dlab_asked() == 0) {
            again = true;
        }
        if (i < 100) {
            CHECK_EQ(dlab_asked(), i == 0 ? 0 : 1);
        }
        if (dlab_asked() == 0) {
            dlab_pass();
            REQUIRE(dlab_fetch());
        }
        CHECK_EQ(dlab_asked(), 1);
        dlab_pass_ns(20 * FA_NS_MS);
        say_a(1);
        CHECK_EQ(fa_dns_result(&request), FA_OK);
    }
    CHECK(again);
}

T(a_server_that_cannot_or_will_not_is_not_asked_again)
{
    static const uint8_t rcodes[] = {FA_DNS_SERVFAIL, FA_DNS_REFUSED};
    dlab_open(2, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    for (uint32_t i = 0; i < 2; i++) {
        REQUIRE(dlab_fetch());
        CHECK_EQ(dlab_asked(), i);
        dlab_begin(rcodes[i]);
        dlab_say();
    }
    CHECK_EQ(fa_dns_result(&request), FA_EREFUSED);
    CHECK_EQ(DLAB_COUNTED(dns_server_refused), 2);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_EREFUSED); // not so soon again, RFC 9520
    dlab_pass_ns(2 * FA_NS_S);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
}

T(a_referral_is_no_answer)
{
    struct fa_dns_name ns = dlab_name("ns.x");
    dlab_open(2, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add(FA_DNS_AUTHORITY, "b", FA_DNS_NS, 60, ns.b, ns.len);
    dlab_say();
    REQUIRE(dlab_fetch());
    CHECK_EQ(dlab_asked(), 1);
    say_a(1);
    CHECK_EQ(fa_dns_result(&request), FA_OK);
}

T(a_port_that_nobody_listens_at_makes_way_at_once)
{
    dlab_open(2, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    fa_dns_failed(&dlab.dns, dlab.now, dlab.send.slot);
    REQUIRE(dlab_fetch());
    CHECK_EQ(dlab_asked(), 1);
    CHECK_EQ(DLAB_COUNTED(dns_unreachable), 1);
    say_a(1);
    fa_dns_failed(&dlab.dns, dlab.now, dlab.send.slot); // too late to matter
    CHECK_EQ(DLAB_COUNTED(dns_unreachable), 1);
}

T(edns_is_left_out_for_servers_that_do_not_understand_it)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    CHECK_EQ(dlab.send.bytes[11], 1);
    dlab_begin(FA_DNS_FORMERR);
    fa_be16_store(dlab.bytes + 4, 0); // it does not even repeat the question
    dlab.len = FA_DNS_HDR_LEN;
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_edns_refused), 1);
    REQUIRE(dlab_fetch());
    CHECK_EQ(dlab.send.bytes[11], 0);
    say_a(1);
    CHECK_EQ(fa_dns_result(&request), FA_OK);
    CHECK_EQ(dlab_ask(&request, "b.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    CHECK_EQ(dlab.send.bytes[11], 0); // remembered
}

T(an_unknown_version_of_edns_is_told_in_the_upper_bits_of_the_code)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add(FA_DNS_ADDITIONAL, ".", FA_DNS_OPT, 0x01000000, "", 0);
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_edns_refused), 1);
    CHECK_EQ(fa_dns_result(&request), FA_AGAIN);
}

T(a_truncated_answer_is_asked_for_again_by_tcp)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab.bytes[2] |= 0x02;
    dlab_add_a("a.b", 60, 1); // what did fit is not used
    dlab_say();
    CHECK_EQ(fa_dns_result(&request), FA_AGAIN);
    REQUIRE(dlab_fetch());
    CHECK(dlab.send.tcp && dlab_asked() == 0);
    CHECK_EQ(DLAB_COUNTED(dns_rx_truncated), 1);
    say_a(2);
    CHECK_EQ(last_byte(&request), 2);
    CHECK_EQ(DLAB_COUNTED(dns_tx_tcp), 1);
}

/* ---- liars ---- */

T(answers_that_do_not_match_are_counted_and_ignored)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    dlab.send.slot = 0;
    dlab.len = FA_DNS_HDR_LEN;
    dlab_say_from(dlab_server(0), false);
    CHECK_EQ(DLAB_COUNTED(dns_rx_unasked), 1); // not yet sent
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("a.b", 60, 66);
    dlab_say_from(dlab_server(1), false);
    struct fa_endpoint other_port = dlab_server(0);
    other_port.port = 54;
    dlab_say_from(other_port, false);
    CHECK_EQ(DLAB_COUNTED(dns_rx_wrong_source), 2);
    dlab_say_from(dlab_server(0), true);
    CHECK_EQ(DLAB_COUNTED(dns_rx_unasked), 2);
    dlab.bytes[0] ^= 1;
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_rx_wrong_id), 1);
    dlab_begin(FA_DNS_NOERROR);
    dlab.bytes[2] &= 0x7f;
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_rx_not_answer), 1);
    dlab_begin(FA_DNS_NOERROR);
    dlab.bytes[FA_DNS_HDR_LEN + 1] ^= 2; // another letter
    dlab_say();
    dlab_begin(FA_DNS_NOERROR);
    dlab.bytes[dlab.len - 3] = FA_DNS_AAAA; // another type
    dlab_say();
    dlab_begin(FA_DNS_NOERROR);
    dlab.bytes[5] = 0; // none
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_rx_wrong_question), 3);
    dlab.len = 5;
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_rx_short), 1);
    CHECK_EQ(fa_dns_result(&request), FA_AGAIN);
    say_a(1);
    CHECK_EQ(last_byte(&request), 1);
}

T(changed_letters_are_asked_again_by_tcp_where_they_do_not_matter)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "abc.example", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("abc.example", 60, 66);
    dlab.bytes[FA_DNS_HDR_LEN + 1] ^= 0x20;
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_rx_case_mangled), 1);
    REQUIRE(dlab_fetch());
    CHECK(dlab.send.tcp);
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("abc.example", 60, 1);
    dlab.bytes[FA_DNS_HDR_LEN + 1] ^= 0x20;
    dlab_say();
    CHECK_EQ(last_byte(&request), 1);
}

T(many_guesses_move_the_query_to_tcp)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    for (int i = 0; i < FA_DNS_BOGUS_COUNT_MAX; i++) {
        CHECK(!fa_dns_has_output(&dlab.dns));
        fa_be16_store(dlab.bytes, (uint16_t)(fa_be16_load(dlab.bytes) + 1));
        dlab_say();
    }
    CHECK_EQ(DLAB_COUNTED(dns_rx_flooded), 1);
    REQUIRE(dlab_fetch());
    CHECK(dlab.send.tcp);
}

T(records_of_other_names_are_ignored)
{
    dlab_open(1, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("bank.example", 60, 66);
    dlab_add_a("a.b", 60, 1);
    dlab_add_cname("bank.example", 60, "evil.example");
    const uint8_t ip[4] = {192, 0, 2, 66};
    dlab_add(FA_DNS_ADDITIONAL, "a.b", FA_DNS_A, 60, ip, 4);
    dlab_say();
    CHECK_EQ(request.answer.count, 1);
    CHECK_EQ(last_byte(&request), 1);
    CHECK_EQ(dlab_ask(&request, "bank.example", FA_DNS_A), FA_AGAIN); // and not kept
}

T(an_answer_that_cannot_be_read_is_no_answer)
{
    static const uint8_t three[3] = {1, 2, 3};
    dlab_open(2, plain);
    CHECK_EQ(dlab_ask(&request, "a.b", FA_DNS_A), FA_AGAIN);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add_a("a.b", 60, 1);
    dlab.len -= 2;
    dlab_say();
    CHECK_EQ(DLAB_COUNTED(dns_rx_bad_record), 1);
    REQUIRE(dlab_fetch());
    dlab_begin(FA_DNS_NOERROR);
    dlab_add(FA_DNS_ANSWER, "a.b", FA_DNS_A, 60, three, sizeof three);
    dlab_say();
    CHECK_EQ(fa_dns_result(&request), FA_EREFUSED);
}
