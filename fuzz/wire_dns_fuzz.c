// SPDX-License-Identifier: ISC
//
// DNS messages: every question and record read, data written and read again, names through text;
// and the input itself as the text of a name.
// Covers: src/wire/dns.c src/wire/dns_name.c

#include "fa/wire/dns.h"

enum {
    MESSAGE_LEN_MAX = 4096, // bytes of an input that are looked at
    RECORD_COUNT_MAX = 400,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_name(const struct fa_dns_name *name)
{
    char text[FA_DNS_NAME_TEXT_MAX];
    struct fa_dns_name again;
    FA_ASSERT(name->len >= 1 && name->b[name->len - 1] == 0);
    size_t len = fa_dns_name_text(name, text, sizeof text);
    FA_ASSERT(len < sizeof text);
    FA_ASSERT(fa_dns_name_parse((struct fa_slice){(uint8_t *)text, len}, &again) == FA_OK);
    FA_ASSERT(again.len == name->len && fa_equal(again.b, name->b, name->len));
    FA_ASSERT(fa_dns_name_is_under(name, &again));
    fa_dns_name_lower(&again);
    FA_ASSERT(fa_dns_name_equal(&again, name));
}

/* A query for a name, and the name as part of others. */
static void check_uses(const struct fa_dns_name *name)
{
    uint8_t bytes[FA_DNS_QUERY_LEN_MAX];
    struct fa_dns_message message;
    struct fa_dns_question question;
    struct fa_dns_name joined;
    size_t len = fa_dns_query_encode(bytes, 1, name, FA_DNS_A, FA_DNS_EDNS_BYTES);
    FA_ASSERT(len <= sizeof bytes);
    FA_ASSERT(fa_dns_decode((struct fa_slice){bytes, len}, &message) == FA_DNS_GOOD);
    FA_ASSERT(fa_dns_question_next(&message, &question) == FA_DNS_GOOD);
    FA_ASSERT(fa_equal(question.name.b, name->b, name->len));
    if (fa_dns_name_join(name, name, &joined) == FA_OK) {
        FA_ASSERT(fa_dns_name_is_under(&joined, name));
        FA_ASSERT(fa_dns_name_label_count(&joined) == 2 * fa_dns_name_label_count(name));
    }
}

static void check_data(struct fa_slice message, const struct fa_dns_record *record)
{
    static uint8_t bytes[UINT16_MAX];
    struct fa_dns_data data;
    struct fa_dns_data again;
    if (!fa_dns_data_decode(message, record->data_off, record->data_len, record->type, &data)) {
        return;
    }
    size_t len = fa_dns_data_encode(bytes, sizeof bytes, record->type, &data);
    struct fa_slice written = {bytes, len};
    FA_ASSERT(len > 0 || record->data_len == 0);
    FA_ASSERT(len == 0 || fa_dns_data_decode(written, 0, len, record->type, &again));
    for (struct fa_slice string; record->type == FA_DNS_TXT;) {
        if (!fa_dns_string_next(&data.bytes, &string)) {
            FA_ASSERT(data.bytes.len == 0);
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_slice bytes = {data, fa_min(len, MESSAGE_LEN_MAX)};
    struct fa_dns_message message;
    struct fa_dns_question question;
    struct fa_dns_record record;
    struct fa_dns_name name;
    uint16_t type;
    char scratch[12];
    if (fa_dns_name_parse(bytes, &name) == FA_OK) {
        check_name(&name);
        check_uses(&name);
    }
    struct fa_ip ip = {0};
    fa_copy(ip.b, bytes.at, fa_min(bytes.len, sizeof ip.b));
    fa_dns_name_of_ip(&ip, &name);
    check_name(&name);
    ip = fa_ip_from4(ip.b);
    fa_dns_name_of_ip(&ip, &name);
    check_name(&name);
    if (fa_dns_type_parse(bytes, &type) == FA_OK) {
        FA_ASSERT(fa_dns_type_name(type, scratch)[0] != 0);
    }
    if (fa_dns_decode(bytes, &message) != FA_DNS_GOOD) {
        return 0;
    }
    if (fa_dns_question_next(&message, &question) == FA_DNS_GOOD) {
        check_name(&question.name);
        check_uses(&question.name);
    }
    for (int i = 0; i < RECORD_COUNT_MAX; i++) {
        if (fa_dns_record_next(&message, &record) != FA_DNS_GOOD) {
            break;
        }
        FA_ASSERT(record.section >= FA_DNS_ANSWER && record.section <= FA_DNS_ADDITIONAL);
        check_name(&record.name);
        check_data(bytes, &record);
    }
    return 0;
}
