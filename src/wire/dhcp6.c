// SPDX-License-Identifier: ISC
//
// Messages of stateless DHCPv6.

#include "fa/wire/dhcp6.h"

enum {
    HDR_LEN = 4,        /* type and transaction */
    OPTION_HDR_LEN = 4, /* code and length */
    DUID_LL = 3,
    DUID_ETHERNET = 1,
    DUID_LEN_MIN = 2 + 1, /* RFC 8415 11.1: a type, and at least a byte */
    DUID_LEN_MAX = 2 + 128,
    ADDRESS_LEN = 16,
};

/* What we ask for; the last two RFC 8415 18.2.6 demands. */
static const uint16_t wanted[] = {FA_DHCP6_OPTION_DNS, FA_DHCP6_OPTION_SEARCH, FA_DHCP6_OPTION_NTP,
    FA_DHCP6_OPTION_REFRESH, FA_DHCP6_OPTION_INF_MAX_RT};

/* ---- writing ---- */

void fa_dhcp6_duid_encode(uint8_t at[FA_DHCP6_DUID_LEN], const uint8_t mac[FA_MAC_LEN])
{
    fa_be16_store(at, DUID_LL);
    fa_be16_store(at + 2, DUID_ETHERNET);
    fa_copy(at + 4, mac, FA_MAC_LEN);
}

/* Begin an option. Returns: where its value goes. */
static uint8_t *begin_option(uint8_t *at, enum fa_dhcp6_option_code code, size_t len)
{
    fa_be16_store(at, (uint16_t)code);
    fa_be16_store(at + 2, (uint16_t)len);
    return at + OPTION_HDR_LEN;
}

size_t fa_dhcp6_inform_encode(uint8_t at[FA_DHCP6_INFORM_LEN], const uint8_t mac[FA_MAC_LEN],
    uint32_t xid, uint16_t elapsed_cs)
{
    _Static_assert(HDR_LEN + 3 * OPTION_HDR_LEN + FA_DHCP6_DUID_LEN + 2 + sizeof wanted ==
                   FA_DHCP6_INFORM_LEN);
    FA_ASSERT(xid <= FA_DHCP6_XID_MASK);
    fa_be32_store(at, (uint32_t)FA_DHCP6_INFORM << 24 | xid);
    uint8_t *value = begin_option(at + HDR_LEN, FA_DHCP6_OPTION_CLIENT_ID, FA_DHCP6_DUID_LEN);
    fa_dhcp6_duid_encode(value, mac);
    value = begin_option(value + FA_DHCP6_DUID_LEN, FA_DHCP6_OPTION_ELAPSED, 2);
    fa_be16_store(value, elapsed_cs);
    value = begin_option(value + 2, FA_DHCP6_OPTION_REQUESTED, sizeof wanted);
    for (size_t i = 0; i < FA_COUNT_OF(wanted); i++) {
        fa_be16_store(value + 2 * i, wanted[i]);
    }
    return FA_DHCP6_INFORM_LEN;
}

/* ---- reading ---- */

bool fa_dhcp6_option_next(struct fa_slice *options, struct fa_dhcp6_option *ret_option)
{
    if (options->len < OPTION_HDR_LEN) {
        return false;
    }
    size_t len = fa_be16_load(options->at + 2);
    if (len > options->len - OPTION_HDR_LEN) {
        return false;
    }
    *ret_option = (struct fa_dhcp6_option){
        .code = fa_be16_load(options->at),
        .value = {options->at + OPTION_HDR_LEN, len},
    };
    *options = fa_slice_from(*options, OPTION_HDR_LEN + len);
    return true;
}

static void set_first(struct fa_slice *target, struct fa_slice value)
{
    *target = target->len != 0 ? *target : value;
}

static bool is_duid(struct fa_slice value)
{
    return value.len >= DUID_LEN_MIN && value.len <= DUID_LEN_MAX;
}

/* Options with a number in them; the first of a kind counts. */
struct numbers {
    bool refresh;
    bool inf_max_rt;
    bool status;
};

static void read_refresh(
    struct fa_dhcp6_message *message, struct numbers *seen, struct fa_slice value)
{
    if (!seen->refresh) {
        uint32_t said_s = fa_be32_load(value.at);
        message->refresh_s = said_s < FA_DHCP6_REFRESH_MIN_S ? FA_DHCP6_REFRESH_MIN_S : said_s;
    }
    seen->refresh = true;
}

static void read_inf_max_rt(
    struct fa_dhcp6_message *message, struct numbers *seen, struct fa_slice value)
{
    uint32_t said_s = fa_be32_load(value.at);
    if (!seen->inf_max_rt && said_s >= FA_DHCP6_INF_MAX_RT_LEAST_S &&
        said_s <= FA_DHCP6_INF_MAX_RT_MOST_S) {
        message->inf_max_rt_s = said_s;
    }
    seen->inf_max_rt = true;
}

/* Whether the option has a length that it may have; unknown ones have. */
static bool read_option(
    struct fa_dhcp6_message *message, struct numbers *seen, uint16_t code, struct fa_slice value)
{
    switch ((enum fa_dhcp6_option_code)code) {
    case FA_DHCP6_OPTION_CLIENT_ID:
        set_first(&message->client_id, value);
        return is_duid(value);
    case FA_DHCP6_OPTION_SERVER_ID:
        set_first(&message->server_id, value);
        return is_duid(value);
    case FA_DHCP6_OPTION_REQUESTED:
        set_first(&message->requested, value);
        return value.len % 2 == 0;
    case FA_DHCP6_OPTION_ELAPSED:
        if (value.len == 2) {
            message->elapsed_cs = fa_be16_load(value.at);
        }
        return value.len == 2;
    case FA_DHCP6_OPTION_STATUS: // a text follows
        if (value.len >= 2 && !seen->status) {
            message->status = fa_be16_load(value.at);
            seen->status = true;
        }
        return value.len >= 2;
    case FA_DHCP6_OPTION_DNS:
        set_first(&message->dns, value);
        return value.len % ADDRESS_LEN == 0;
    case FA_DHCP6_OPTION_SEARCH:
        set_first(&message->search, value);
        return true;
    case FA_DHCP6_OPTION_REFRESH:
        if (value.len == 4) {
            read_refresh(message, seen, value);
        }
        return value.len == 4;
    case FA_DHCP6_OPTION_INF_MAX_RT:
        if (value.len == 4) {
            read_inf_max_rt(message, seen, value);
        }
        return value.len == 4;
    case FA_DHCP6_OPTION_NTP: // read by who wants to know
        break;
    }
    return true;
}

enum fa_dhcp6_verdict fa_dhcp6_decode(struct fa_slice bytes, struct fa_dhcp6_message *ret_message)
{
    if (bytes.len < HDR_LEN) {
        return FA_DHCP6_SHORT;
    }
    uint8_t type = bytes.at[0];
    if (type < FA_DHCP6_SOLICIT || type > FA_DHCP6_INFORM) {
        return FA_DHCP6_TYPE;
    }
    struct fa_dhcp6_message message = {
        .type = type,
        .xid = fa_be32_load(bytes.at) & FA_DHCP6_XID_MASK,
        .refresh_s = FA_DHCP6_REFRESH_DEFAULT_S,
        .options = fa_slice_from(bytes, HDR_LEN),
    };
    struct numbers seen = {0};
    struct fa_slice rest = message.options;
    for (struct fa_dhcp6_option option; fa_dhcp6_option_next(&rest, &option);) {
        if (!read_option(&message, &seen, option.code, option.value)) {
            return FA_DHCP6_OPTIONS;
        }
    }
    if (rest.len != 0) {
        return FA_DHCP6_OPTIONS;
    }
    *ret_message = message;
    return FA_DHCP6_GOOD;
}
