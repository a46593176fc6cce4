// SPDX-License-Identifier: ISC
//
// The DHCP message.

#include "fa/wire/dhcp.h"
#include "test/t.h"

static uint8_t bytes[1500];

static enum fa_dhcp_verdict decode(size_t len, struct fa_dhcp_message *ret_message)
{
    return fa_dhcp_decode((struct fa_slice){bytes, len}, ret_message);
}

static struct fa_dhcp_message full_message(void)
{
    static const uint8_t client_id[] = {1, 2, 0, 0, 0, 0, 1};
    static const uint8_t parameters[] = {1, 3, 6};
    return (struct fa_dhcp_message){
        .op = FA_DHCP_OP_REPLY,
        .type = FA_DHCP_ACK,
        .broadcast = true,
        .secs = 7,
        .xid = 0xdeadbeef,
        .client_ip = 1,
        .your_ip = 0xc0000264,
        .next_server_ip = 3,
        .relay_ip = 4,
        .mac = {2, 0, 0, 0, 0, 1},
        .mask = 0xffffff00,
        .router = 0xc0000201,
        .dns = {0x01010101, 0x08080808, 0x09090909},
        .dns_count = 3,
        .requested_ip = 5,
        .server_id = 0xc0000201,
        .lease_s = 3600,
        .t1_s = 1800,
        .t2_s = 3000,
        .mtu_bytes = 1400,
        .len_max = 576,
        .host_name = FA_LIT("guest"),
        .domain = FA_LIT("example.org"),
        .text = FA_LIT("no"),
        .client_id = {client_id, sizeof client_id},
        .parameters = {parameters, sizeof parameters},
    };
}

static bool same(const struct fa_dhcp_message *a, const struct fa_dhcp_message *b)
{
    return a->op == b->op && a->type == b->type && a->broadcast == b->broadcast &&
           a->secs == b->secs && a->xid == b->xid && a->client_ip == b->client_ip &&
           a->your_ip == b->your_ip && a->next_server_ip == b->next_server_ip &&
           a->relay_ip == b->relay_ip && fa_equal(a->mac, b->mac, 6) && a->mask == b->mask &&
           a->router == b->router && a->dns_count == b->dns_count &&
           fa_equal(a->dns, b->dns, sizeof a->dns) && a->requested_ip == b->requested_ip &&
           a->server_id == b->server_id && a->lease_s == b->lease_s && a->t1_s == b->t1_s &&
           a->t2_s == b->t2_s && a->mtu_bytes == b->mtu_bytes && a->len_max == b->len_max &&
           fa_slice_equal(a->host_name, b->host_name) && fa_slice_equal(a->domain, b->domain) &&
           fa_slice_equal(a->text, b->text) && fa_slice_equal(a->client_id, b->client_id) &&
           fa_slice_equal(a->parameters, b->parameters);
}

T(message_survives_the_round_full_and_empty)
{
    struct fa_dhcp_message full = full_message();
    struct fa_dhcp_message empty = {.op = 1, .type = FA_DHCP_DISCOVER};
    struct fa_dhcp_message out;
    size_t len = fa_dhcp_encode(bytes, sizeof bytes, &full);
    REQUIRE(len >= FA_DHCP_LEN_MIN);
    REQUIRE(decode(len, &out) == FA_DHCP_GOOD);
    CHECK(same(&full, &out));
    len = fa_dhcp_encode(bytes, sizeof bytes, &empty);
    CHECK_EQ(len, FA_DHCP_LEN_MIN);
    REQUIRE(decode(len, &out) == FA_DHCP_GOOD);
    CHECK(same(&empty, &out));
}

T(encoding_stays_within_every_cap)
{
    struct fa_dhcp_message full = full_message();
    size_t len = fa_dhcp_encode(bytes, sizeof bytes, &full);
    for (size_t cap = 0; cap <= len + 1; cap++) {
        bytes[cap] = 0xa5;
        size_t got = fa_dhcp_encode(bytes, cap, &full);
        CHECK_EQ(got, cap >= len ? len : 0);
        CHECK_EQ(bytes[cap], 0xa5);
    }
}

T(broken_messages_are_named)
{
    static const struct {
        size_t len;
        size_t off;
        uint8_t value;
        enum fa_dhcp_verdict verdict;
    } rows[] = {
        {239, 0, 2, FA_DHCP_SHORT}, {0, 0, 2, FA_DHCP_SHORT}, {300, 0, 3, FA_DHCP_FORMAT},
        {300, 1, 6, FA_DHCP_FORMAT}, {300, 2, 16, FA_DHCP_FORMAT}, {300, 236, 0, FA_DHCP_FORMAT},
        {300, 239, 98, FA_DHCP_FORMAT}, {240, 0, 2, FA_DHCP_TYPE}, // no option at all
        {300, 242, 0, FA_DHCP_TYPE}, {300, 242, 9, FA_DHCP_TYPE},
        {241, 0, 2, FA_DHCP_OPTIONS}, // no length byte
        {242, 0, 2, FA_DHCP_OPTIONS}, // no value
        {300, 241, 2, FA_DHCP_OPTIONS}, {300, 241, 0, FA_DHCP_OPTIONS},
        {300, 241, 255, FA_DHCP_OPTIONS}, {300, 0, 2, FA_DHCP_GOOD},
        {243, 0, 2, FA_DHCP_GOOD}, // no end marker
    };
    struct fa_dhcp_message in = {.op = 2, .type = FA_DHCP_OFFER};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_dhcp_message out;
        REQUIRE(fa_dhcp_encode(bytes, sizeof bytes, &in) != 0);
        bytes[rows[i].off] = rows[i].value;
        if (decode(rows[i].len, &out) != rows[i].verdict) {
            t_fail(__FILE__, __LINE__, "row %zu", i);
        }
    }
}

/* A message of type OFFER whose options end in those given. */
static size_t with_options(const uint8_t *options, size_t len)
{
    struct fa_dhcp_message in = {.op = 2, .type = FA_DHCP_OFFER};
    CHECK(fa_dhcp_encode(bytes, sizeof bytes, &in) != 0);
    fa_copy(bytes + 243, options, len);
    bytes[243 + len] = FA_DHCP_OPTION_END;
    return 244 + len;
}

T(options_of_a_wrong_length_are_refused)
{
    static const struct {
        uint8_t option;
        uint8_t len;
        bool good;
    } rows[] = {
        {1, 4, true}, {1, 3, false}, {1, 5, false}, {3, 4, true}, {3, 8, true}, {3, 0, false},
        {3, 6, false}, {6, 4, true}, {6, 16, true}, {6, 0, false}, {6, 5, false}, {26, 2, true},
        {26, 4, false}, {51, 4, true}, {51, 2, false}, {52, 1, true}, {52, 2, false}, {54, 4, true},
        {54, 0, false}, {57, 2, true}, {57, 1, false}, {58, 4, true}, {58, 3, false}, {59, 4, true},
        {59, 3, false}, {12, 0, true}, {12, 30, true}, {77, 9, true}, // unknown ones are skipped
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t option[40] = {rows[i].option, rows[i].len};
        struct fa_dhcp_message out;
        enum fa_dhcp_verdict verdict = decode(with_options(option, 2u + rows[i].len), &out);
        if ((verdict == FA_DHCP_GOOD) != rows[i].good) {
            t_fail(__FILE__, __LINE__, "option %u length %u", rows[i].option, rows[i].len);
        }
    }
}

T(overloaded_fields_are_read_when_the_options_say_so)
{
    static const uint8_t in_file[] = {3, 4, 192, 0, 2, 1, 255};
    static const uint8_t in_name[] = {0, 0, 51, 4, 0, 0, 1, 0, 255};
    for (uint8_t overload = 0; overload <= 3; overload++) {
        uint8_t option[] = {52, 1, overload};
        struct fa_dhcp_message out;
        size_t len = with_options(option, sizeof option);
        fa_copy(bytes + 108, in_file, sizeof in_file);
        fa_copy(bytes + 44, in_name, sizeof in_name);
        REQUIRE(decode(len, &out) == FA_DHCP_GOOD);
        CHECK_EQ(out.router, (overload & 1) != 0 ? 0xc0000201 : 0);
        CHECK_EQ(out.lease_s, (overload & 2) != 0 ? 256 : 0);
    }
}

T(a_broken_option_in_an_overloaded_field_is_refused)
{
    static const uint8_t option[] = {52, 1, 1};
    struct fa_dhcp_message out;
    size_t len = with_options(option, sizeof option);
    bytes[108 + 126] = 3; // a length that runs over the field's end
    bytes[108 + 127] = 4;
    fa_zero(bytes + 108, 126);
    CHECK_EQ(decode(len, &out), FA_DHCP_OPTIONS);
}

T(the_first_of_repeated_options_counts)
{
    static const uint8_t options[] = {51, 4, 0, 0, 0, 1, 51, 4, 0, 0, 0, 2, 12, 1, 'a', 12, 1, 'b'};
    struct fa_dhcp_message out;
    REQUIRE(decode(with_options(options, sizeof options), &out) == FA_DHCP_GOOD);
    CHECK_EQ(out.lease_s, 1);
    CHECK_TEXT(out.host_name, "a");
}

T(of_many_name_servers_the_first_three_are_kept)
{
    uint8_t options[2 + 20] = {6, 20};
    struct fa_dhcp_message out;
    for (uint8_t i = 0; i < 5; i++) {
        options[2 + 4 * i + 3] = (uint8_t)(i + 1);
    }
    REQUIRE(decode(with_options(options, sizeof options), &out) == FA_DHCP_GOOD);
    CHECK_EQ(out.dns_count, 3);
    CHECK_EQ(out.dns[2], 3);
}

static const uint8_t cut_routes[] = {FA_DHCP_OPTION_TYPE, 1, FA_DHCP_ACK, FA_DHCP_OPTION_ROUTES, 5,
    24, 10, 1, 2, 192, FA_DHCP_OPTION_MTU, 2, 5, 120, FA_DHCP_OPTION_ROUTES, 8, 0, 2, 1, 0, 192, 0,
    2, 2};

T(a_list_split_into_several_options_is_one)
{
    struct fa_dhcp_message out;
    struct fa_dhcp_route route;
    size_t off = 0;
    REQUIRE(decode(with_options(cut_routes, sizeof cut_routes), &out) == FA_DHCP_GOOD);
    CHECK_EQ(out.routes.len, 13);
    CHECK(fa_dhcp_route_next(out.routes, &off, &route));
    CHECK(route.prefix == 0x0a010200 && route.prefix_bits == 24 && route.gateway == 0xc0000201);
    CHECK(fa_dhcp_route_next(out.routes, &off, &route));
    CHECK(route.prefix == 0 && route.prefix_bits == 0 && route.gateway == 0xc0000202);
    CHECK(!fa_dhcp_route_next(out.routes, &off, &route));
}

T(lists_beyond_what_is_kept_make_the_message_bad)
{
    static uint8_t options[3 + 3 * 257];
    struct fa_dhcp_message out;
    options[0] = FA_DHCP_OPTION_TYPE;
    options[1] = 1;
    options[2] = FA_DHCP_ACK;
    for (size_t i = 0; i < 3; i++) {
        options[3 + i * 257] = FA_DHCP_OPTION_SEARCH;
        options[3 + i * 257 + 1] = 255;
    }
    CHECK_EQ(decode(with_options(options, 3 + 2 * 257), &out), FA_DHCP_GOOD);
    CHECK_EQ(out.search.len, 510);
    CHECK_EQ(decode(with_options(options, sizeof options), &out), FA_DHCP_OPTIONS);
}

T(routes_say_only_what_counts_of_their_prefix)
{
    static const struct {
        uint8_t bytes[10];
        size_t len;
        bool good;
        uint32_t prefix;
        uint32_t gateway;
    } rows[] = {
        {{0, 1, 2, 3, 4}, 5, true, 0, 0x01020304},
        {{8, 10, 1, 2, 3, 4}, 6, true, 0x0a000000, 0x01020304},
        {{7, 10, 1, 2, 3, 4}, 6, true, 0x0a000000, 0x01020304},
        {{32, 10, 1, 2, 3, 0, 0, 0, 0}, 9, true, 0x0a010203, 0},
        {{25, 10, 1, 2, 0xff, 0, 0, 0, 0}, 9, true, 0x0a010280, 0},
        {{33, 10, 1, 2, 3, 1, 1, 1, 1, 1}, 10, false, 0, 0},
        {{24, 10, 1, 2, 1, 1, 1}, 7, false, 0, 0},
        {{0}, 0, false, 0, 0},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_dhcp_route route = {0};
        size_t off = 0;
        CHECK_EQ(fa_dhcp_route_next((struct fa_slice){rows[i].bytes, rows[i].len}, &off, &route),
            rows[i].good);
        CHECK_EQ(route.prefix, rows[i].prefix);
        CHECK_EQ(route.gateway, rows[i].gateway);
        CHECK_EQ(off, rows[i].good ? rows[i].len : 0);
    }
}

T(search_names_are_read_with_their_pointers_and_without_loops)
{
    // RFC 3397 3: eng.apple.com and marketing.apple.com
    static const uint8_t list[] = "\3eng\5apple\3com\0\11marketing\xc0\4";
    static const uint8_t self[] = "\3eng\xc0\0";
    static const uint8_t ahead[] = "\xc0\4\0\0\1a";
    static const uint8_t label[] = "\77xx";
    static const uint8_t half[] = "\3eng\xc0";
    char name[FA_DHCP_DOMAIN_LEN_MAX + 1];
    size_t off = 0;
    struct fa_slice search = {list, sizeof list - 1};
    CHECK_EQ(fa_dhcp_search_next(search, &off, name), 13);
    CHECK_TEXT(fa_slice_of(name), "eng.apple.com");
    CHECK_EQ(fa_dhcp_search_next(search, &off, name), 19);
    CHECK_TEXT(fa_slice_of(name), "marketing.apple.com");
    CHECK_EQ(off, search.len);
    CHECK_EQ(fa_dhcp_search_next(search, &off, name), 0);
    const struct fa_slice bad[] = {
        {self, sizeof self - 1}, {ahead, sizeof ahead - 1}, {label, 3}, {half, sizeof half - 1}};
    for (size_t i = 0; i < FA_COUNT_OF(bad); i++) {
        off = 0;
        CHECK_EQ(fa_dhcp_search_next(bad[i], &off, name), 0);
    }
}

T(a_search_name_has_253_bytes_at_most)
{
    uint8_t list[64 * 4 + 1] = {0};
    char name[FA_DHCP_DOMAIN_LEN_MAX + 1];
    for (size_t i = 0; i < 4; i++) {
        list[64 * i] = i == 3 ? 61 : 63;
        __builtin_memset(list + 64 * i + 1, 'x', 63);
    }
    list[64 * 3 + 62] = 0;
    size_t off = 0;
    CHECK_EQ(fa_dhcp_search_next((struct fa_slice){list, sizeof list}, &off, name), 253);
    list[64 * 3] = 62;
    list[64 * 3 + 62] = 'x';
    list[64 * 3 + 63] = 0;
    off = 0;
    CHECK_EQ(fa_dhcp_search_next((struct fa_slice){list, sizeof list}, &off, name), 0);
}
