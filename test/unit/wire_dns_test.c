// SPDX-License-Identifier: ISC
//
// Names, messages and records of DNS.

#include "fa/wire/dns.h"

#include "fa/fmt.h"
#include "test/t.h"

static struct fa_dns_name name_of(const char *text)
{
    struct fa_dns_name name = {0};
    CHECK(fa_dns_name_parse(fa_slice_of(text), &name) == FA_OK);
    return name;
}

/* ---- names ---- */

T(names_go_from_text_to_text)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"www.example.org", "www.example.org"},
        {"www.example.org.", "www.example.org"},
        {"WWW.Example.org", "WWW.Example.org"},
        {".", "."},
        {"a", "a"},
        {"_http._tcp.x", "_http._tcp.x"},
        {"a\\.b.c", "a\\.b.c"},
        {"a\\046b.c", "a\\.b.c"},
        {"\\000\\255\\032.c", "\\000\\255\\032.c"},
        {"\\\\x", "\\\\x"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        char text[FA_DNS_NAME_TEXT_MAX];
        struct fa_dns_name name = name_of(cases[i].in);
        (void)fa_dns_name_text(&name, text, sizeof text);
        CHECK_TEXT(fa_slice_of(text), cases[i].out);
    }
}

T(what_is_no_name_is_refused)
{
    static const char *const bad[] = {
        "", "..", ".a", "a..b", "a.b..", "\\", "a\\", "\\1", "\\12", "\\256", "\\1a2"};
    struct fa_dns_name name;
    for (size_t i = 0; i < FA_COUNT_OF(bad); i++) {
        CHECK_EQ(fa_dns_name_parse(fa_slice_of(bad[i]), &name), FA_EINVAL);
    }
}

T(labels_have_63_bytes_and_names_255_at_most)
{
    char text[300];
    struct fa_dns_name name;
    for (size_t len = 60; len < 70; len++) {
        __builtin_memset(text, 'a', len);
        fa_err err = fa_dns_name_parse((struct fa_slice){(uint8_t *)text, len}, &name);
        CHECK_EQ(err, len <= 63 ? FA_OK : FA_EINVAL);
    }
    for (size_t len = 240; len < 260; len++) {
        for (size_t i = 0; i < len; i++) {
            text[i] = i % 50 == 49 ? '.' : 'a';
        }
        fa_err err = fa_dns_name_parse((struct fa_slice){(uint8_t *)text, len}, &name);
        bool dot = text[len - 1] == '.';
        CHECK_EQ(err, len - dot + 2 <= 255 ? FA_OK : FA_EINVAL);
        if (err == FA_OK) {
            CHECK_EQ(name.len, len - dot + 2);
        }
    }
}

T(names_are_the_same_whatever_their_case)
{
    struct fa_dns_name a = name_of("wWw.EXAMPLE.org");
    struct fa_dns_name b = name_of("www.example.ORG");
    struct fa_dns_name c = name_of("www.example.or");
    struct fa_dns_name d = name_of("www-example.org");
    CHECK(fa_dns_name_equal(&a, &b));
    CHECK(!fa_dns_name_equal(&a, &c) && !fa_dns_name_equal(&a, &d));
    fa_dns_name_lower(&a);
    fa_dns_name_lower(&b);
    CHECK(fa_equal(a.b, b.b, a.len));
}

T(a_name_is_under_its_parents)
{
    struct fa_dns_name name = name_of("a.b.localhost");
    static const char *const over[] = {"a.b.localhost", "b.LOCALHOST", "localhost", "."};
    static const char *const not_over[] = {"x.a.b.localhost", "calhost", "b", "a.b.localhos"};
    for (size_t i = 0; i < 4; i++) {
        struct fa_dns_name parent = name_of(over[i]);
        CHECK(fa_dns_name_is_under(&name, &parent));
        parent = name_of(not_over[i]);
        CHECK(!fa_dns_name_is_under(&name, &parent));
    }
    CHECK_EQ(fa_dns_name_label_count(&name), 3);
}

T(names_are_joined_as_far_as_they_fit)
{
    struct fa_dns_name host = name_of("www");
    struct fa_dns_name domain = name_of("example.org");
    struct fa_dns_name both;
    struct fa_dns_name whole = name_of("www.example.org");
    REQUIRE(fa_dns_name_join(&host, &domain, &both) == FA_OK);
    CHECK(fa_dns_name_equal(&both, &whole));
    for (int i = 0; i < 21; i++) {
        REQUIRE(fa_dns_name_join(&domain, &whole, &whole) == FA_OK || i == 19 || i == 20);
    }
    CHECK(whole.len > 240);
    CHECK_EQ(fa_dns_name_join(&domain, &whole, &both), FA_EINVAL);
}

T(addresses_have_names_for_their_pointers)
{
    char text[FA_DNS_NAME_TEXT_MAX];
    struct fa_ip ip;
    struct fa_dns_name name;
    REQUIRE(fa_ip_parse(FA_LIT("192.0.2.41"), &ip) == FA_OK);
    fa_dns_name_of_ip(&ip, &name);
    (void)fa_dns_name_text(&name, text, sizeof text);
    CHECK_TEXT(fa_slice_of(text), "41.2.0.192.in-addr.arpa");
    REQUIRE(fa_ip_parse(FA_LIT("2001:db8::567:89ab"), &ip) == FA_OK);
    fa_dns_name_of_ip(&ip, &name);
    (void)fa_dns_name_text(&name, text, sizeof text);
    CHECK_TEXT(fa_slice_of(text),
        "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"); // RFC 3596
}

/* ---- compression ---- */

T(compressed_names_are_read_and_the_place_behind_them_is_found)
{
    static const uint8_t bytes[] = {1, 'c', 0, 1, 'b', 0xc0, 0, 1, 'a', 0xc0, 3, 0xc0, 7, 9};
    struct fa_slice message = {bytes, sizeof bytes};
    static const struct {
        size_t off;
        size_t end;
        const char *text;
    } cases[] = {{0, 3, "c"}, {3, 7, "b.c"}, {7, 11, "a.b.c"}, {11, 13, "a.b.c"}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        char text[FA_DNS_NAME_TEXT_MAX];
        struct fa_dns_name name;
        size_t off = cases[i].off;
        REQUIRE(fa_dns_name_decode(message, &off, &name) == FA_DNS_GOOD);
        (void)fa_dns_name_text(&name, text, sizeof text);
        CHECK_TEXT(fa_slice_of(text), cases[i].text);
        CHECK_EQ(off, cases[i].end);
    }
}

T(pointers_that_lead_nowhere_are_refused)
{
    static const struct {
        uint8_t bytes[8];
        size_t len;
        size_t off;
        enum fa_dns_verdict verdict;
    } cases[] = {
        {{0xc0, 0}, 2, 0, FA_DNS_NAME},                  // to itself
        {{0xc0, 2, 0}, 3, 0, FA_DNS_NAME},               // forward
        {{1, 'a', 0xc0, 0}, 4, 0, FA_DNS_NAME},          // a circle
        {{1, 'a', 0xc0, 4, 0xc0, 0}, 6, 4, FA_DNS_NAME}, // back, then into what was left behind
        {{0xc0}, 1, 0, FA_DNS_SHORT},
        {{3, 'a', 'b'}, 3, 0, FA_DNS_SHORT},
        {{1, 'a'}, 2, 0, FA_DNS_SHORT},
        {{0x40, 0}, 2, 0, FA_DNS_NAME}, // reserved kinds of labels
        {{0x80, 0}, 2, 0, FA_DNS_NAME},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        struct fa_dns_name name;
        size_t off = cases[i].off;
        struct fa_slice message = {cases[i].bytes, cases[i].len};
        CHECK_EQ(fa_dns_name_decode(message, &off, &name), cases[i].verdict);
        CHECK_EQ(off, cases[i].off);
    }
}

T(a_compression_bomb_is_cut_short)
{
    // A label and then pointer upon pointer: as many as are allowed, and one more.
    static uint8_t bytes[3 + 2 * (FA_DNS_JUMP_COUNT_MAX + 2)] = {1, 'x', 0};
    struct fa_dns_name name;
    struct fa_slice message = {bytes, sizeof bytes};
    for (size_t i = 0; i <= FA_DNS_JUMP_COUNT_MAX; i++) {
        fa_be16_store(bytes + 3 + 2 * i, (uint16_t)(0xc000 + (i == 0 ? 0 : 1 + 2 * i)));
    }
    size_t off = 3 + 2 * (FA_DNS_JUMP_COUNT_MAX - 1);
    CHECK_EQ(fa_dns_name_decode(message, &off, &name), FA_DNS_GOOD);
    off = 3 + 2 * FA_DNS_JUMP_COUNT_MAX;
    CHECK_EQ(fa_dns_name_decode(message, &off, &name), FA_DNS_NAME);
    // Labels that together are too long, each reached by a pointer.
    static uint8_t long_bytes[5 * 66 + 1];
    size_t at = 0;
    for (size_t i = 0; i < 5; i++) {
        long_bytes[at] = 63;
        size_t next = at + 64;
        if (i > 0) {
            fa_be16_store(long_bytes + next, (uint16_t)(0xc000 + (i - 1) * 66));
        }
        at += 66;
    }
    off = 3 * 66; // 4 labels
    message = (struct fa_slice){long_bytes, sizeof long_bytes};
    CHECK_EQ(fa_dns_name_decode(message, &off, &name), FA_DNS_NAME);
    off = 2 * 66;
    CHECK_EQ(fa_dns_name_decode(message, &off, &name), FA_DNS_GOOD);
    CHECK_EQ(name.len, 3 * 64 + 1);
}

/* ---- messages ---- */

T(a_query_says_what_is_asked)
{
    uint8_t bytes[FA_DNS_QUERY_LEN_MAX];
    struct fa_dns_message message;
    struct fa_dns_question question;
    struct fa_dns_record record;
    struct fa_dns_name name = name_of("wWw.example.org");
    size_t len = fa_dns_query_encode(bytes, 0x1234, &name, FA_DNS_AAAA, FA_DNS_EDNS_BYTES);
    CHECK_EQ(len, 12 + 17 + 4 + 11);
    REQUIRE(fa_dns_decode((struct fa_slice){bytes, len}, &message) == FA_DNS_GOOD);
    CHECK(message.header.id == 0x1234 && message.header.recursion_desired);
    CHECK(!message.header.response && !message.header.truncated && message.header.opcode == 0);
    REQUIRE(fa_dns_question_next(&message, &question) == FA_DNS_GOOD);
    CHECK(question.type == FA_DNS_AAAA && question.rr_class == FA_DNS_CLASS_IN);
    CHECK(fa_equal(question.name.b, name.b, name.len)); // in its own case
    CHECK_EQ(fa_dns_question_next(&message, &question), FA_DNS_END);
    REQUIRE(fa_dns_record_next(&message, &record) == FA_DNS_GOOD);
    CHECK(record.type == FA_DNS_OPT && record.rr_class == 1232 && record.section == 3);
    CHECK_EQ(fa_dns_record_next(&message, &record), FA_DNS_END);
    CHECK_EQ(fa_dns_query_encode(bytes, 1, &name, FA_DNS_A, 0), 12 + 17 + 4);
}

T(records_are_read_with_the_section_they_are_in)
{
    // One question; an answer, an authority record and an additional one, names compressed.
    static const uint8_t bytes[] = {0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 1, 0, 1, //
        1, 'a', 0, 0, 1, 0, 1,                                                //
        0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1,                //
        0xc0, 12, 0, 2, 0, 1, 0x80, 0, 0, 1, 0, 4, 1, 'n', 0xc0, 12,          //
        0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 1, 0, 2, 1, 2};
    struct fa_slice all = {bytes, sizeof bytes};
    struct fa_dns_message message;
    struct fa_dns_record record;
    struct fa_dns_data data;
    struct fa_ip ip = fa_ip4(192, 0, 2, 1);
    REQUIRE(fa_dns_decode(all, &message) == FA_DNS_GOOD);
    REQUIRE(fa_dns_record_next(&message, &record) == FA_DNS_GOOD);
    CHECK(record.section == FA_DNS_ANSWER && record.ttl_s == 60);
    CHECK(fa_dns_data_decode(all, record.data_off, record.data_len, record.type, &data));
    CHECK(fa_ip_equal(&data.ip, &ip));
    REQUIRE(fa_dns_record_next(&message, &record) == FA_DNS_GOOD);
    CHECK(record.section == FA_DNS_AUTHORITY && record.ttl_s == 0); // RFC 2181 8
    CHECK(fa_dns_data_decode(all, record.data_off, record.data_len, record.type, &data));
    struct fa_dns_name name = name_of("n.a");
    CHECK(fa_dns_name_equal(&data.name, &name));
    REQUIRE(fa_dns_record_next(&message, &record) == FA_DNS_GOOD);
    CHECK(record.section == FA_DNS_ADDITIONAL);
    CHECK(!fa_dns_data_decode(all, record.data_off, record.data_len, record.type, &data));
    CHECK_EQ(fa_dns_record_next(&message, &record), FA_DNS_END);
    for (size_t len = 0; len < sizeof bytes; len++) {
        enum fa_dns_verdict verdict = fa_dns_decode((struct fa_slice){bytes, len}, &message);
        CHECK_EQ(verdict, len < FA_DNS_HDR_LEN ? FA_DNS_SHORT : FA_DNS_GOOD);
        while (verdict == FA_DNS_GOOD) {
            verdict = fa_dns_record_next(&message, &record);
        }
        CHECK(verdict == FA_DNS_SHORT || verdict == FA_DNS_RECORD);
    }
}

T(data_of_each_type_is_written_as_it_is_read)
{
    struct fa_dns_data in = {
        .ip = {{0x20, 1, 0x0d, 0xb8, [15] = 1}},
        .name = name_of("target.example"),
        .mailbox = name_of("admin.example"),
        .priority = 10,
        .weight = 20,
        .port = 443,
        .soa = {1, 2, 3, 4, 0xffffffff},
        .bytes = FA_LIT("\3abc\0\2de"),
    };
    static const uint16_t types[] = {FA_DNS_AAAA, FA_DNS_NS, FA_DNS_CNAME, FA_DNS_SOA, FA_DNS_PTR,
        FA_DNS_MX, FA_DNS_TXT, FA_DNS_SRV, FA_DNS_OPT, 65280};
    for (size_t i = 0; i < FA_COUNT_OF(types); i++) {
        uint8_t bytes[600];
        uint8_t again[600];
        struct fa_dns_data out;
        size_t len = fa_dns_data_encode(bytes, sizeof bytes, types[i], &in);
        CHECK(len > 0);
        REQUIRE(fa_dns_data_decode((struct fa_slice){bytes, len}, 0, len, types[i], &out));
        CHECK_EQ(fa_dns_data_encode(again, sizeof again, types[i], &out), len);
        CHECK(fa_equal(bytes, again, len));
        CHECK_EQ(fa_dns_data_encode(again, len - 1, types[i], &in), 0);
        bool opaque = types[i] == FA_DNS_OPT || types[i] == 65280;
        if (!opaque) {
            CHECK(!fa_dns_data_decode((struct fa_slice){bytes, len}, 0, len - 1, types[i], &out));
        }
    }
}

T(strings_of_a_text_record_come_one_by_one)
{
    struct fa_slice strings = FA_LIT("\3abc\0\2de");
    struct fa_slice string;
    REQUIRE(fa_dns_string_next(&strings, &string));
    CHECK_TEXT(string, "abc");
    REQUIRE(fa_dns_string_next(&strings, &string));
    CHECK_TEXT(string, "");
    REQUIRE(fa_dns_string_next(&strings, &string));
    CHECK_TEXT(string, "de");
    CHECK(!fa_dns_string_next(&strings, &string));
}

T(types_have_names)
{
    char scratch[12];
    uint16_t type = 0;
    CHECK_TEXT(fa_slice_of(fa_dns_type_name(FA_DNS_AAAA, scratch)), "AAAA");
    CHECK_TEXT(fa_slice_of(fa_dns_type_name(65535, scratch)), "TYPE65535");
    CHECK(fa_dns_type_parse(FA_LIT("srv"), &type) == FA_OK && type == FA_DNS_SRV);
    CHECK(fa_dns_type_parse(FA_LIT("TYPE99"), &type) == FA_OK && type == 99);
    CHECK_EQ(fa_dns_type_parse(FA_LIT("TYPE65536"), &type), FA_EINVAL);
    CHECK_EQ(fa_dns_type_parse(FA_LIT("TYPE"), &type), FA_EINVAL);
    CHECK_EQ(fa_dns_type_parse(FA_LIT("AAAAA"), &type), FA_EINVAL);
    CHECK_EQ(fa_dns_type_parse(FA_LIT(""), &type), FA_EINVAL);
}
