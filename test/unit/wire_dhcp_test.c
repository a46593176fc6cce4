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
