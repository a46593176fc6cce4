// SPDX-License-Identifier: ISC
//
// The DHCP message.

#include "fa/wire/dhcp.h"

enum {
    OFF_FLAGS = 10,
    OFF_CLIENT_MAC = 28,
    OFF_SERVER_NAME = 44,
    SERVER_NAME_LEN = 64,
    OFF_FILE = 108,
    FILE_LEN = 128,
    OFF_COOKIE = 236,
    FLAG_BROADCAST = 0x8000,
    OVERLOAD_FILE = 1, /* RFC 2132 9.3: a bit each */
    OVERLOAD_SERVER_NAME = 2,
};

static const uint8_t cookie[4] = {99, 130, 83, 99}; /* RFC 2131 3 */

static bool read_u32(struct fa_slice value, uint32_t *target)
{
    if (value.len != 4) {
        return false;
    }
    *target = *target != 0 ? *target : fa_be32_load(value.at);
    return true;
}

static bool read_u16(struct fa_slice value, uint16_t *target)
{
    if (value.len != 2) {
        return false;
    }
    *target = *target != 0 ? *target : fa_be16_load(value.at);
    return true;
}

static bool read_u8(struct fa_slice value, uint8_t *target)
{
    if (value.len != 1) {
        return false;
    }
    *target = *target != 0 ? *target : value.at[0];
    return true;
}

static bool read_text(struct fa_slice value, struct fa_slice *target)
{
    *target = target->len != 0 ? *target : value;
    return true;
}

static bool read_router(struct fa_slice value, uint32_t *target)
{
    return value.len % 4 == 0 && value.len != 0 && read_u32((struct fa_slice){value.at, 4}, target);
}

static bool read_dns(struct fa_slice value, struct fa_dhcp_message *message)
{
    if (value.len % 4 != 0 || value.len == 0) {
        return false;
    }
    for (size_t off = 0; off < value.len && message->dns_count < FA_DHCP_DNS_COUNT_MAX; off += 4) {
        message->dns[message->dns_count++] = fa_be32_load(value.at + off);
    }
    return true;
}

/* Whether the option is well-formed; unknown ones are. */
static bool read_option(
    uint8_t option, struct fa_slice value, struct fa_dhcp_message *message, uint8_t *overload)
{
    switch ((enum fa_dhcp_option)option) {
    case FA_DHCP_OPTION_MASK:
        return read_u32(value, &message->mask);
    case FA_DHCP_OPTION_ROUTER:
        return read_router(value, &message->router);
    case FA_DHCP_OPTION_DNS:
        return read_dns(value, message);
    case FA_DHCP_OPTION_HOST_NAME:
        return read_text(value, &message->host_name);
    case FA_DHCP_OPTION_DOMAIN:
        return read_text(value, &message->domain);
    case FA_DHCP_OPTION_MTU:
        return read_u16(value, &message->mtu_bytes);
    case FA_DHCP_OPTION_REQUESTED_IP:
        return read_u32(value, &message->requested_ip);
    case FA_DHCP_OPTION_LEASE:
        return read_u32(value, &message->lease_s);
    case FA_DHCP_OPTION_OVERLOAD:
        return read_u8(value, overload);
    case FA_DHCP_OPTION_TYPE:
        return read_u8(value, &message->type);
    case FA_DHCP_OPTION_SERVER_ID:
        return read_u32(value, &message->server_id);
    case FA_DHCP_OPTION_PARAMETERS:
        return read_text(value, &message->parameters);
    case FA_DHCP_OPTION_TEXT:
        return read_text(value, &message->text);
    case FA_DHCP_OPTION_MESSAGE_MAX:
        return read_u16(value, &message->len_max);
    case FA_DHCP_OPTION_T1:
        return read_u32(value, &message->t1_s);
    case FA_DHCP_OPTION_T2:
        return read_u32(value, &message->t2_s);
    case FA_DHCP_OPTION_CLIENT_ID:
        return read_text(value, &message->client_id);
    case FA_DHCP_OPTION_PAD:
    case FA_DHCP_OPTION_END:
        break;
    }
    return true;
}

static bool read_field(struct fa_slice field, struct fa_dhcp_message *message, uint8_t *overload)
{
    for (size_t off = 0; off < field.len && field.at[off] != FA_DHCP_OPTION_END;) {
        if (field.at[off] == FA_DHCP_OPTION_PAD) {
            off++;
            continue;
        }
        if (field.len - off < 2 || field.at[off + 1] > field.len - off - 2) {
            return false;
        }
        struct fa_slice value = {field.at + off + 2, field.at[off + 1]};
        if (!read_option(field.at[off], value, message, overload)) {
            return false;
        }
        off += 2 + value.len;
    }
    return true;
}

/* The options' own field first, then file and server name if it says that they hold more. */
static bool read_options(struct fa_slice bytes, struct fa_dhcp_message *message)
{
    uint8_t overload = 0;
    uint8_t nested = 0;
    if (!read_field(fa_slice_from(bytes, FA_DHCP_FIXED_LEN), message, &overload)) {
        return false;
    }
    struct fa_slice file = {bytes.at + OFF_FILE, FILE_LEN};
    struct fa_slice name = {bytes.at + OFF_SERVER_NAME, SERVER_NAME_LEN};
    return ((overload & OVERLOAD_FILE) == 0 || read_field(file, message, &nested)) &&
           ((overload & OVERLOAD_SERVER_NAME) == 0 || read_field(name, message, &nested));
}

enum fa_dhcp_verdict fa_dhcp_decode(struct fa_slice bytes, struct fa_dhcp_message *ret_message)
{
    const uint8_t *at = bytes.at;
    if (bytes.len < FA_DHCP_FIXED_LEN) {
        return FA_DHCP_SHORT;
    }
    bool op_known = at[0] == FA_DHCP_OP_REQUEST || at[0] == FA_DHCP_OP_REPLY;
    bool ethernet = at[1] == 1 && at[2] == FA_MAC_LEN;
    if (!op_known || !ethernet || !fa_equal(at + OFF_COOKIE, cookie, sizeof cookie)) {
        return FA_DHCP_FORMAT;
    }
    struct fa_dhcp_message message = {
        .op = at[0],
        .broadcast = (fa_be16_load(at + OFF_FLAGS) & FLAG_BROADCAST) != 0,
        .secs = fa_be16_load(at + 8),
        .xid = fa_be32_load(at + 4),
        .client_ip = fa_be32_load(at + 12),
        .your_ip = fa_be32_load(at + 16),
        .next_server_ip = fa_be32_load(at + 20),
        .relay_ip = fa_be32_load(at + 24),
    };
    fa_copy(message.mac, at + OFF_CLIENT_MAC, FA_MAC_LEN);
    if (!read_options(bytes, &message)) {
        return FA_DHCP_OPTIONS;
    }
    if (message.type < FA_DHCP_DISCOVER || message.type > FA_DHCP_INFORM) {
        return FA_DHCP_TYPE;
    }
    *ret_message = message;
    return FA_DHCP_GOOD;
}

/* Where options are written to. `len` goes on counting when `cap` is reached. */
struct writer {
    uint8_t *at;
    size_t cap;
    size_t len;
};

static void write_option(struct writer *writer, enum fa_dhcp_option option, struct fa_slice value)
{
    FA_ASSERT(value.len <= FA_DHCP_VALUE_LEN_MAX);
    if (value.len == 0) {
        return;
    }
    size_t off = writer->len;
    writer->len += 2 + value.len;
    if (writer->len > writer->cap) {
        return;
    }
    writer->at[off] = (uint8_t)option;
    writer->at[off + 1] = (uint8_t)value.len;
    fa_copy(writer->at + off + 2, value.at, value.len);
}

static void write_u32(struct writer *writer, enum fa_dhcp_option option, uint32_t value)
{
    uint8_t bytes[4];
    fa_be32_store(bytes, value);
    write_option(writer, option, (struct fa_slice){bytes, value != 0 ? sizeof bytes : 0});
}

static void write_u16(struct writer *writer, enum fa_dhcp_option option, uint16_t value)
{
    uint8_t bytes[2];
    fa_be16_store(bytes, value);
    write_option(writer, option, (struct fa_slice){bytes, value != 0 ? sizeof bytes : 0});
}

static void write_options(struct writer *writer, const struct fa_dhcp_message *message)
{
    uint8_t dns[4 * FA_DHCP_DNS_COUNT_MAX];
    FA_ASSERT(message->dns_count <= FA_DHCP_DNS_COUNT_MAX);
    for (size_t i = 0; i < message->dns_count; i++) {
        fa_be32_store(dns + 4 * i, message->dns[i]);
    }
    write_option(writer, FA_DHCP_OPTION_TYPE, (struct fa_slice){&message->type, 1});
    write_option(writer, FA_DHCP_OPTION_CLIENT_ID, message->client_id);
    write_u32(writer, FA_DHCP_OPTION_REQUESTED_IP, message->requested_ip);
    write_u32(writer, FA_DHCP_OPTION_SERVER_ID, message->server_id);
    write_u32(writer, FA_DHCP_OPTION_LEASE, message->lease_s);
    write_u32(writer, FA_DHCP_OPTION_T1, message->t1_s);
    write_u32(writer, FA_DHCP_OPTION_T2, message->t2_s);
    write_u32(writer, FA_DHCP_OPTION_MASK, message->mask);
    write_u32(writer, FA_DHCP_OPTION_ROUTER, message->router);
    write_option(
        writer, FA_DHCP_OPTION_DNS, (struct fa_slice){dns, (size_t)4 * message->dns_count});
    write_u16(writer, FA_DHCP_OPTION_MTU, message->mtu_bytes);
    write_u16(writer, FA_DHCP_OPTION_MESSAGE_MAX, message->len_max);
    write_option(writer, FA_DHCP_OPTION_PARAMETERS, message->parameters);
    write_option(writer, FA_DHCP_OPTION_HOST_NAME, message->host_name);
    write_option(writer, FA_DHCP_OPTION_DOMAIN, message->domain);
    write_option(writer, FA_DHCP_OPTION_TEXT, message->text);
}

size_t fa_dhcp_encode(uint8_t *at, size_t cap, const struct fa_dhcp_message *message)
{
    if (cap < FA_DHCP_LEN_MIN) {
        return 0;
    }
    fa_zero(at, FA_DHCP_LEN_MIN);
    at[0] = message->op;
    at[1] = 1;
    at[2] = FA_MAC_LEN;
    fa_be32_store(at + 4, message->xid);
    fa_be16_store(at + 8, message->secs);
    fa_be16_store(at + OFF_FLAGS, message->broadcast ? FLAG_BROADCAST : 0);
    fa_be32_store(at + 12, message->client_ip);
    fa_be32_store(at + 16, message->your_ip);
    fa_be32_store(at + 20, message->next_server_ip);
    fa_be32_store(at + 24, message->relay_ip);
    fa_copy(at + OFF_CLIENT_MAC, message->mac, FA_MAC_LEN);
    fa_copy(at + OFF_COOKIE, cookie, sizeof cookie);
    struct writer writer = {at, cap - 1, FA_DHCP_FIXED_LEN};
    write_options(&writer, message);
    if (writer.len > writer.cap) {
        return 0;
    }
    at[writer.len] = FA_DHCP_OPTION_END;
    return fa_max(writer.len + 1, FA_DHCP_LEN_MIN);
}
