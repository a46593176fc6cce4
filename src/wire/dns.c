// SPDX-License-Identifier: ISC
//
// Messages and records of DNS.

#include "fa/wire/dns.h"

#include "fa/fmt.h"

enum {
    FLAG_RESPONSE = 0x8000,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAG_TRUNCATED = 0x0200,
    FLAG_RECURSION_DESIRED = 0x0100,
    FLAG_RECURSION_AVAILABLE = 0x0080,
    RECORD_FIXED_LEN = 10,
    OPT_LEN = 11,
    SOA_FIXED_LEN = 20,
};

/* ---- reading a message ---- */

enum fa_dns_verdict fa_dns_decode(struct fa_slice bytes, struct fa_dns_message *ret_message)
{
    if (bytes.len < FA_DNS_HDR_LEN) {
        return FA_DNS_SHORT;
    }
    uint16_t flags = fa_be16_load(bytes.at + 2);
    struct fa_dns_message message = {
        .bytes = bytes,
        .off = FA_DNS_HDR_LEN,
        .header =
            {
                .id = fa_be16_load(bytes.at),
                .response = (flags & FLAG_RESPONSE) != 0,
                .opcode = (flags >> 11) & 15,
                .authoritative = (flags & FLAG_AUTHORITATIVE) != 0,
                .truncated = (flags & FLAG_TRUNCATED) != 0,
                .recursion_desired = (flags & FLAG_RECURSION_DESIRED) != 0,
                .recursion_available = (flags & FLAG_RECURSION_AVAILABLE) != 0,
                .rcode = flags & 15,
            },
    };
    for (size_t i = 0; i < FA_COUNT_OF(message.left); i++) {
        message.left[i] = message.header.counts[i] = fa_be16_load(bytes.at + 4 + 2 * i);
    }
    *ret_message = message;
    return FA_DNS_GOOD;
}

enum fa_dns_verdict fa_dns_question_next(
    struct fa_dns_message *message, struct fa_dns_question *ret_question)
{
    struct fa_dns_question question;
    size_t off = message->off;
    if (message->left[0] == 0) {
        return FA_DNS_END;
    }
    enum fa_dns_verdict verdict = fa_dns_name_decode(message->bytes, &off, &question.name);
    if (verdict != FA_DNS_GOOD) {
        return verdict;
    }
    if (message->bytes.len - off < 4) {
        return FA_DNS_SHORT;
    }
    question.type = fa_be16_load(message->bytes.at + off);
    question.rr_class = fa_be16_load(message->bytes.at + off + 2);
    message->off = off + 4;
    message->left[0]--;
    *ret_question = question;
    return FA_DNS_GOOD;
}

enum fa_dns_verdict fa_dns_record_next(
    struct fa_dns_message *message, struct fa_dns_record *ret_record)
{
    struct fa_dns_question skipped;
    struct fa_dns_record record = {.section = FA_DNS_ANSWER};
    enum fa_dns_verdict verdict = FA_DNS_GOOD;
    while (message->left[0] != 0) {
        verdict = fa_dns_question_next(message, &skipped);
        if (verdict != FA_DNS_GOOD) {
            return verdict;
        }
    }
    while (record.section <= FA_DNS_ADDITIONAL && message->left[record.section] == 0) {
        record.section++;
    }
    if (record.section > FA_DNS_ADDITIONAL) {
        return FA_DNS_END;
    }
    size_t off = message->off;
    verdict = fa_dns_name_decode(message->bytes, &off, &record.name);
    if (verdict != FA_DNS_GOOD) {
        return verdict;
    }
    if (message->bytes.len - off < RECORD_FIXED_LEN) {
        return FA_DNS_SHORT;
    }
    const uint8_t *at = message->bytes.at + off;
    record.type = fa_be16_load(at);
    record.rr_class = fa_be16_load(at + 2);
    record.ttl_s = fa_be32_load(at + 4);
    record.data_len = fa_be16_load(at + 8);
    record.data_off = off + RECORD_FIXED_LEN;
    if (record.ttl_s > INT32_MAX && record.type != FA_DNS_OPT) {
        record.ttl_s = 0;
    }
    if (record.data_len > message->bytes.len - record.data_off) {
        return FA_DNS_RECORD;
    }
    message->off = record.data_off + record.data_len;
    message->left[record.section]--;
    *ret_record = record;
    return FA_DNS_GOOD;
}

/* ---- writing a query ---- */

size_t fa_dns_query_encode(uint8_t at[FA_DNS_QUERY_LEN_MAX], uint16_t id,
    const struct fa_dns_name *name, uint16_t type, uint16_t edns_bytes)
{
    FA_ASSERT(name->len >= 1);
    fa_zero(at, FA_DNS_HDR_LEN);
    fa_be16_store(at, id);
    fa_be16_store(at + 2, FLAG_RECURSION_DESIRED);
    fa_be16_store(at + 4, 1);
    size_t len = FA_DNS_HDR_LEN;
    fa_copy(at + len, name->b, name->len);
    len += name->len;
    fa_be16_store(at + len, type);
    fa_be16_store(at + len + 2, FA_DNS_CLASS_IN);
    len += 4;
    if (edns_bytes != 0) {
        fa_be16_store(at + 10, 1);
        fa_zero(at + len, OPT_LEN);
        fa_be16_store(at + len + 1, FA_DNS_OPT);
        fa_be16_store(at + len + 3, edns_bytes);
        len += OPT_LEN;
    }
    return len;
}

/* ---- data of records ---- */

/* The bytes of a record's data that are not read yet; names may lead out of them, but back. */
struct cursor {
    struct fa_slice message; /* cut off behind the data */
    size_t off;
    bool bad;
};

static uint16_t take_u16(struct cursor *cursor)
{
    if (cursor->bad || cursor->message.len - cursor->off < 2) {
        cursor->bad = true;
        return 0;
    }
    cursor->off += 2;
    return fa_be16_load(cursor->message.at + cursor->off - 2);
}

static uint32_t take_u32(struct cursor *cursor)
{
    uint32_t high = take_u16(cursor);
    return high << 16 | take_u16(cursor);
}

static void take_name(struct cursor *cursor, struct fa_dns_name *ret_name)
{
    cursor->bad =
        cursor->bad || fa_dns_name_decode(cursor->message, &cursor->off, ret_name) != FA_DNS_GOOD;
}

static void take_ip(struct cursor *cursor, size_t len, struct fa_ip *ret_ip)
{
    const uint8_t *at = cursor->message.at + cursor->off;
    if (cursor->message.len - cursor->off != len) {
        cursor->bad = true;
        return;
    }
    if (len == 4) {
        *ret_ip = fa_ip_from4(at);
    } else {
        fa_copy(ret_ip->b, at, sizeof ret_ip->b);
    }
    cursor->off += len;
}

static void take_strings(struct cursor *cursor, struct fa_slice *ret_strings)
{
    struct fa_slice rest = fa_slice_from(cursor->message, cursor->off);
    struct fa_slice string;
    *ret_strings = rest;
    cursor->bad = rest.len == 0; // one string at least, RFC 1035 3.3.14
    while (fa_dns_string_next(&rest, &string)) {
    }
    cursor->off = cursor->message.len - rest.len;
}

bool fa_dns_string_next(struct fa_slice *strings, struct fa_slice *ret_string)
{
    if (strings->len == 0 || strings->at[0] > strings->len - 1) {
        return false;
    }
    *ret_string = (struct fa_slice){strings->at + 1, strings->at[0]};
    *strings = fa_slice_from(*strings, 1 + ret_string->len);
    return true;
}

static void take_data(struct cursor *cursor, uint16_t type, struct fa_dns_data *data)
{
    switch ((enum fa_dns_type)type) {
    case FA_DNS_A:
        take_ip(cursor, 4, &data->ip);
        break;
    case FA_DNS_AAAA:
        take_ip(cursor, 16, &data->ip);
        break;
    case FA_DNS_NS:
    case FA_DNS_CNAME:
    case FA_DNS_PTR:
        take_name(cursor, &data->name);
        break;
    case FA_DNS_SOA:
        take_name(cursor, &data->name);
        take_name(cursor, &data->mailbox);
        for (size_t i = 0; i < FA_COUNT_OF(data->soa); i++) {
            data->soa[i] = take_u32(cursor);
        }
        break;
    case FA_DNS_MX:
        data->priority = take_u16(cursor);
        take_name(cursor, &data->name);
        break;
    case FA_DNS_SRV:
        data->priority = take_u16(cursor);
        data->weight = take_u16(cursor);
        data->port = take_u16(cursor);
        take_name(cursor, &data->name);
        break;
    case FA_DNS_TXT:
        take_strings(cursor, &data->bytes);
        break;
    case FA_DNS_OPT:
    default:
        data->bytes = fa_slice_from(cursor->message, cursor->off);
        cursor->off = cursor->message.len;
    }
}

bool fa_dns_data_decode(
    struct fa_slice message, size_t off, size_t len, uint16_t type, struct fa_dns_data *ret_data)
{
    FA_ASSERT(off <= message.len && len <= message.len - off);
    struct cursor cursor = {.message = {message.at, off + len}, .off = off};
    struct fa_dns_data data = {0};
    take_data(&cursor, type, &data);
    if (cursor.bad || cursor.off != off + len) {
        return false;
    }
    *ret_data = data;
    return true;
}

/* Where data is written to. `len` goes on counting when `cap` is reached. */
struct writer {
    uint8_t *at;
    size_t cap;
    size_t len;
};

static void put(struct writer *writer, const void *bytes, size_t len)
{
    if (writer->len <= writer->cap && len <= writer->cap - writer->len) {
        fa_copy(writer->at + writer->len, bytes, len);
    }
    writer->len += len;
}

static void put_u16(struct writer *writer, uint16_t value)
{
    uint8_t bytes[2];
    fa_be16_store(bytes, value);
    put(writer, bytes, sizeof bytes);
}

size_t fa_dns_data_encode(uint8_t *at, size_t cap, uint16_t type, const struct fa_dns_data *data)
{
    struct writer writer = {at, cap, 0};
    switch ((enum fa_dns_type)type) {
    case FA_DNS_A:
        put(&writer, fa_ip_bytes4(&data->ip), 4);
        break;
    case FA_DNS_AAAA:
        put(&writer, data->ip.b, sizeof data->ip.b);
        break;
    case FA_DNS_SRV:
    case FA_DNS_MX:
        put_u16(&writer, data->priority);
        if (type == FA_DNS_SRV) {
            put_u16(&writer, data->weight);
            put_u16(&writer, data->port);
        }
        put(&writer, data->name.b, data->name.len);
        break;
    case FA_DNS_NS:
    case FA_DNS_CNAME:
    case FA_DNS_PTR:
        put(&writer, data->name.b, data->name.len);
        break;
    case FA_DNS_SOA:
        put(&writer, data->name.b, data->name.len);
        put(&writer, data->mailbox.b, data->mailbox.len);
        for (size_t i = 0; i < FA_COUNT_OF(data->soa); i++) {
            put_u16(&writer, (uint16_t)(data->soa[i] >> 16));
            put_u16(&writer, (uint16_t)data->soa[i]);
        }
        break;
    case FA_DNS_TXT:
    case FA_DNS_OPT:
    default:
        put(&writer, data->bytes.at, data->bytes.len);
    }
    return writer.len <= cap ? writer.len : 0;
}

/* ---- names of types ---- */

static const struct type_name {
    uint16_t type;
    const char *name;
} type_names[] = {
    {FA_DNS_A, "A"},
    {FA_DNS_NS, "NS"},
    {FA_DNS_CNAME, "CNAME"},
    {FA_DNS_SOA, "SOA"},
    {FA_DNS_PTR, "PTR"},
    {FA_DNS_MX, "MX"},
    {FA_DNS_TXT, "TXT"},
    {FA_DNS_AAAA, "AAAA"},
    {FA_DNS_SRV, "SRV"},
    {FA_DNS_OPT, "OPT"},
};

const char *fa_dns_type_name(uint16_t type, char scratch[12])
{
    for (size_t i = 0; i < FA_COUNT_OF(type_names); i++) {
        if (type_names[i].type == type) {
            return type_names[i].name;
        }
    }
    (void)fa_fmt(scratch, 12, "TYPE%u", type);
    return scratch;
}

static bool same_word(struct fa_slice text, struct fa_slice word)
{
    for (size_t i = 0; i < text.len && i < word.len; i++) {
        uint8_t byte = text.at[i];
        if (byte >= 'a' && byte <= 'z') {
            byte = (uint8_t)(byte - 'a' + 'A');
        }
        if (byte != word.at[i]) {
            return false;
        }
    }
    return text.len == word.len;
}

fa_err fa_dns_type_parse(struct fa_slice text, uint16_t *ret_type)
{
    for (size_t i = 0; i < FA_COUNT_OF(type_names); i++) {
        if (same_word(text, fa_slice_of(type_names[i].name))) {
            *ret_type = type_names[i].type;
            return FA_OK;
        }
    }
    uint64_t value;
    struct fa_slice prefix = {text.at, fa_min(text.len, 4)};
    if (!same_word(prefix, FA_LIT("TYPE"))) {
        return FA_EINVAL;
    }
    FA_TRY(fa_parse_u64(fa_slice_from(text, 4), UINT16_MAX, &value));
    *ret_type = (uint16_t)value;
    return FA_OK;
}
