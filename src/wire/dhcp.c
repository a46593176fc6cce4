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
    POINTER_BITS = 0xc0, /* RFC 1035 4.1.4 */
    POINTER_MASK = 0x3fff,
    LABEL_LEN_MAX = 63,
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

/* The first of the addresses of a list; whether it is one. */
static bool read_addresses(
    struct fa_slice value, uint32_t *target, size_t count_max, uint8_t *ret_count)
{
    if (value.len % 4 != 0) {
        return false;
    }
    for (*ret_count = 0; *ret_count < count_max && *ret_count * 4u < value.len; *ret_count += 1) {
        target[*ret_count] = fa_be32_load(value.at + *ret_count * 4u);
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
    case FA_DHCP_OPTION_VENDOR_CLASS:
        return read_text(value, &message->vendor_class);
    case FA_DHCP_OPTION_CLIENT_ID:
        return read_text(value, &message->client_id);
    case FA_DHCP_OPTION_DNS: // lists: read when all of them is known
    case FA_DHCP_OPTION_NTP:
    case FA_DHCP_OPTION_SEARCH:
    case FA_DHCP_OPTION_ROUTES:
        return value.len != 0;
    case FA_DHCP_OPTION_PAD:
    case FA_DHCP_OPTION_END:
        break;
    }
    return true;
}

/* The fields that hold options, in the order in which they count (RFC 3396 5). */
struct fields {
    struct fa_slice at[3];
    size_t count;
};

/* A place in them. */
struct cursor {
    size_t field;
    size_t off;
    bool broken; /* an option ran over its field's end */
};

/* The next option; false at the end. */
static bool next_option(const struct fields *fields, struct cursor *cursor, uint8_t *ret_option,
    struct fa_slice *ret_value)
{
    while (cursor->field < fields->count) {
        struct fa_slice rest = fa_slice_from(fields->at[cursor->field], cursor->off);
        if (rest.len == 0 || rest.at[0] == FA_DHCP_OPTION_END) {
            cursor->field++;
            cursor->off = 0;
        } else if (rest.at[0] == FA_DHCP_OPTION_PAD) {
            cursor->off++;
        } else if (rest.len < 2 || rest.at[1] > rest.len - 2) {
            cursor->broken = true;
            return false;
        } else {
            *ret_option = rest.at[0];
            *ret_value = (struct fa_slice){rest.at + 2, rest.at[1]};
            cursor->off += 2 + ret_value->len;
            return true;
        }
    }
    return false;
}

/* All of a list: the option's value, or what several of it say together. Returns: false if that is
 * more than fits. */
static bool join(const struct fields *fields, enum fa_dhcp_option wanted,
    struct fa_dhcp_message *message, struct fa_slice *ret_list)
{
    struct cursor cursor = {0};
    struct fa_slice value;
    uint8_t option;
    *ret_list = (struct fa_slice){0};
    while (next_option(fields, &cursor, &option, &value)) {
        if (option != wanted) {
            continue;
        }
        if (ret_list->len == 0) {
            *ret_list = value;
            continue;
        }
        uint8_t *end = message->joined + message->joined_len;
        bool moved = ret_list->at + ret_list->len == end;
        size_t need = value.len + (moved ? 0 : ret_list->len);
        if (need > sizeof message->joined - message->joined_len) {
            return false;
        }
        if (!moved) {
            fa_copy(end, ret_list->at, ret_list->len);
            ret_list->at = end;
            end += ret_list->len;
        }
        fa_copy(end, value.at, value.len);
        ret_list->len += value.len;
        message->joined_len += need;
    }
    return true;
}

static bool read_lists(const struct fields *fields, struct fa_dhcp_message *message)
{
    struct fa_slice dns;
    struct fa_slice ntp;
    return join(fields, FA_DHCP_OPTION_DNS, message, &dns) &&
           read_addresses(dns, message->dns, FA_DHCP_DNS_COUNT_MAX, &message->dns_count) &&
           join(fields, FA_DHCP_OPTION_NTP, message, &ntp) &&
           read_addresses(ntp, message->ntp, FA_DHCP_NTP_COUNT_MAX, &message->ntp_count) &&
           join(fields, FA_DHCP_OPTION_SEARCH, message, &message->search) &&
           join(fields, FA_DHCP_OPTION_ROUTES, message, &message->routes);
}

/* The options' own field first, then file and server name if it says that they hold more. */
static bool read_options(struct fa_slice bytes, struct fa_dhcp_message *message)
{
    struct fields fields = {{fa_slice_from(bytes, FA_DHCP_FIXED_LEN)}, 1};
    struct cursor cursor = {0};
    struct fa_slice value;
    uint8_t option;
    uint8_t overload = 0;
    while (next_option(&fields, &cursor, &option, &value)) {
        bool outer = cursor.field == 0;
        uint8_t nested = 0;
        if (!read_option(option, value, message, outer ? &overload : &nested)) {
            return false;
        }
        if (outer && option == FA_DHCP_OPTION_OVERLOAD && fields.count == 1) {
            if ((overload & OVERLOAD_FILE) != 0) {
                fields.at[fields.count++] = (struct fa_slice){bytes.at + OFF_FILE, FILE_LEN};
            }
            if ((overload & OVERLOAD_SERVER_NAME) != 0) {
                fields.at[fields.count++] =
                    (struct fa_slice){bytes.at + OFF_SERVER_NAME, SERVER_NAME_LEN};
            }
        }
    }
    return !cursor.broken && read_lists(&fields, message);
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
    *ret_message = (struct fa_dhcp_message){
        .op = at[0],
        .broadcast = (fa_be16_load(at + OFF_FLAGS) & FLAG_BROADCAST) != 0,
        .secs = fa_be16_load(at + 8),
        .xid = fa_be32_load(at + 4),
        .client_ip = fa_be32_load(at + 12),
        .your_ip = fa_be32_load(at + 16),
        .next_server_ip = fa_be32_load(at + 20),
        .relay_ip = fa_be32_load(at + 24),
    };
    fa_copy(ret_message->mac, at + OFF_CLIENT_MAC, FA_MAC_LEN);
    if (!read_options(bytes, ret_message)) {
        return FA_DHCP_OPTIONS;
    }
    bool known = ret_message->type >= FA_DHCP_DISCOVER && ret_message->type <= FA_DHCP_INFORM;
    return known ? FA_DHCP_GOOD : FA_DHCP_TYPE;
}

bool fa_dhcp_route_next(struct fa_slice routes, size_t *off, struct fa_dhcp_route *ret_route)
{
    if (*off >= routes.len || routes.at[*off] > 32) {
        return false;
    }
    struct fa_slice rest = fa_slice_from(routes, *off);
    size_t prefix_len = (rest.at[0] + 7u) / 8; // only what counts of it is sent
    if (rest.len < 1 + prefix_len + 4) {
        return false;
    }
    uint8_t prefix[4] = {0};
    fa_copy(prefix, rest.at + 1, prefix_len);
    uint32_t mask = rest.at[0] == 0 ? 0 : UINT32_MAX << (32 - rest.at[0]);
    *ret_route = (struct fa_dhcp_route){
        .prefix = fa_be32_load(prefix) & mask,
        .gateway = fa_be32_load(rest.at + 1 + prefix_len),
        .prefix_bits = rest.at[0],
    };
    *off += 1 + prefix_len + 4;
    return true;
}

size_t fa_dhcp_search_next(struct fa_slice search, size_t *off, char *at)
{
    size_t len = 0;
    size_t pos = *off;
    size_t limit = pos; // a pointer leads back, and each further than the one before
    bool jumped = false;
    while (pos < search.len && search.at[pos] != 0) {
        uint8_t label_len = search.at[pos];
        if (label_len >= POINTER_BITS) {
            size_t target = search.len - pos < 2
                                ? SIZE_MAX
                                : fa_be16_load(search.at + pos) & (size_t)POINTER_MASK;
            if (target >= limit) {
                return 0;
            }
            *off = jumped ? *off : pos + 2;
            jumped = true;
            limit = pos = target;
            continue;
        }
        size_t dot = len != 0;
        if (label_len > LABEL_LEN_MAX || search.len - pos <= label_len ||
            len + dot + label_len > FA_DHCP_DOMAIN_LEN_MAX) {
            return 0;
        }
        if (dot != 0) {
            at[len] = '.';
        }
        fa_copy(at + len + dot, search.at + pos + 1, label_len);
        len += dot + label_len;
        pos += 1u + label_len;
    }
    if (pos >= search.len) {
        return 0;
    }
    *off = jumped ? *off : pos + 1;
    at[len] = '\0';
    return len;
}

/* Where options are written to. `len` goes on counting when `cap` is reached. */
struct writer {
    uint8_t *at;
    size_t cap;
    size_t len;
};

static void write_option(struct writer *writer, enum fa_dhcp_option option, struct fa_slice value)
{
    while (value.len != 0) {
        size_t off = writer->len;
        size_t len = fa_min(value.len, FA_DHCP_VALUE_LEN_MAX);
        writer->len += 2 + len;
        if (writer->len <= writer->cap) {
            writer->at[off] = (uint8_t)option;
            writer->at[off + 1] = (uint8_t)len;
            fa_copy(writer->at + off + 2, value.at, len);
        }
        value = fa_slice_from(value, len);
    }
}

static void write_addresses(
    struct writer *writer, enum fa_dhcp_option option, const uint32_t *addresses, size_t count)
{
    uint8_t bytes[4 * FA_DHCP_DNS_COUNT_MAX];
    _Static_assert(FA_DHCP_DNS_COUNT_MAX == FA_DHCP_NTP_COUNT_MAX, "one buffer for both");
    FA_ASSERT(count <= FA_DHCP_DNS_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        fa_be32_store(bytes + 4 * i, addresses[i]);
    }
    write_option(writer, option, (struct fa_slice){bytes, 4 * count});
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
    write_option(writer, FA_DHCP_OPTION_TYPE, (struct fa_slice){&message->type, 1});
    write_option(writer, FA_DHCP_OPTION_CLIENT_ID, message->client_id);
    write_u32(writer, FA_DHCP_OPTION_REQUESTED_IP, message->requested_ip);
    write_u32(writer, FA_DHCP_OPTION_SERVER_ID, message->server_id);
    write_u32(writer, FA_DHCP_OPTION_LEASE, message->lease_s);
    write_u32(writer, FA_DHCP_OPTION_T1, message->t1_s);
    write_u32(writer, FA_DHCP_OPTION_T2, message->t2_s);
    write_u32(writer, FA_DHCP_OPTION_MASK, message->mask);
    write_u32(writer, FA_DHCP_OPTION_ROUTER, message->router);
    write_addresses(writer, FA_DHCP_OPTION_DNS, message->dns, message->dns_count);
    write_addresses(writer, FA_DHCP_OPTION_NTP, message->ntp, message->ntp_count);
    write_u16(writer, FA_DHCP_OPTION_MTU, message->mtu_bytes);
    write_u16(writer, FA_DHCP_OPTION_MESSAGE_MAX, message->len_max);
    write_option(writer, FA_DHCP_OPTION_PARAMETERS, message->parameters);
    write_option(writer, FA_DHCP_OPTION_HOST_NAME, message->host_name);
    write_option(writer, FA_DHCP_OPTION_VENDOR_CLASS, message->vendor_class);
    write_option(writer, FA_DHCP_OPTION_DOMAIN, message->domain);
    write_option(writer, FA_DHCP_OPTION_TEXT, message->text);
    write_option(writer, FA_DHCP_OPTION_SEARCH, message->search);
    write_option(writer, FA_DHCP_OPTION_ROUTES, message->routes);
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
