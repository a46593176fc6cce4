// SPDX-License-Identifier: ISC
//
// The client and its pretended servers.

#include "test/unit/dns_lab.h"

#include "test/t.h"

struct dns_lab dlab;
static struct fa_dns_query queries[DLAB_QUERY_COUNT];
static struct fa_dns_entry entries[DLAB_ENTRY_COUNT];

struct fa_endpoint dlab_server(uint32_t idx)
{
    return (struct fa_endpoint){fa_ip4(10, 0, 0, (uint8_t)(1 + idx)), FA_DNS_PORT};
}

struct fa_dns_name dlab_name(const char *text)
{
    struct fa_dns_name name = {0};
    CHECK(fa_dns_name_parse(fa_slice_of(text), &name) == FA_OK);
    return name;
}

void dlab_open(uint32_t server_count, struct fa_dns_config config)
{
    struct fa_endpoint servers[FA_DNS_SERVER_COUNT_MAX];
    dlab.counters = (struct fa_counters){0};
    dlab.now = 1000 * FA_NS_S;
    fa_rand_init_seed(&dlab.rand, 1);
    config.counters = &dlab.counters;
    config.rand = &dlab.rand;
    config.queries = queries;
    config.query_count_max = DLAB_QUERY_COUNT;
    config.entries = entries;
    config.entry_count_max = DLAB_ENTRY_COUNT;
    fa_dns_init(&dlab.dns, &config);
    for (uint32_t i = 0; i < server_count; i++) {
        servers[i] = dlab_server(i);
    }
    fa_dns_servers_set(&dlab.dns, dlab.now, servers, server_count);
}

fa_err dlab_ask(struct fa_dns_request *request, const char *name, uint16_t type)
{
    fa_err err = fa_dns_ask(&dlab.dns, dlab.now, request, fa_slice_of(name), type);
    return err != FA_OK ? err : fa_dns_result(request);
}

bool dlab_fetch(void)
{
    return fa_dns_output(&dlab.dns, dlab.now, &dlab.send);
}

uint32_t dlab_asked(void)
{
    return dlab.send.server.ip.b[15] - 1u;
}

static struct fa_dns_question asked_question(void)
{
    struct fa_dns_message message;
    struct fa_dns_question question = {0};
    struct fa_slice bytes = {dlab.send.bytes, dlab.send.len};
    CHECK(fa_dns_decode(bytes, &message) == FA_DNS_GOOD);
    CHECK(fa_dns_question_next(&message, &question) == FA_DNS_GOOD);
    return question;
}

const char *dlab_asked_name(void)
{
    static char text[FA_DNS_NAME_TEXT_MAX];
    struct fa_dns_question question = asked_question();
    fa_dns_name_lower(&question.name);
    (void)fa_dns_name_text(&question.name, text, sizeof text);
    return text;
}

uint16_t dlab_asked_type(void)
{
    return asked_question().type;
}

void dlab_begin(uint8_t rcode)
{
    struct fa_dns_question question = asked_question();
    fa_zero(dlab.bytes, FA_DNS_HDR_LEN);
    dlab.len = FA_DNS_HDR_LEN + question.name.len + 4u;
    fa_copy(dlab.bytes, dlab.send.bytes, 2);
    fa_be16_store(dlab.bytes + 2, (uint16_t)(0x8180 | rcode));
    fa_be16_store(dlab.bytes + 4, 1);
    fa_copy(
        dlab.bytes + FA_DNS_HDR_LEN, dlab.send.bytes + FA_DNS_HDR_LEN, dlab.len - FA_DNS_HDR_LEN);
}

void dlab_add(enum fa_dns_section section, const char *name, uint16_t type, uint32_t ttl_s,
    const void *data, size_t len)
{
    struct fa_dns_name owner = dlab_name(name);
    uint8_t *count = dlab.bytes + 4 + 2 * section;
    uint8_t *at = dlab.bytes + dlab.len;
    FA_ASSERT(dlab.len + owner.len + 10 + len <= sizeof dlab.bytes);
    fa_be16_store(count, (uint16_t)(fa_be16_load(count) + 1));
    fa_copy(at, owner.b, owner.len);
    at += owner.len;
    fa_be16_store(at, type);
    fa_be16_store(at + 2, FA_DNS_CLASS_IN);
    fa_be32_store(at + 4, ttl_s);
    fa_be16_store(at + 8, (uint16_t)len);
    fa_copy(at + 10, data, len);
    dlab.len += owner.len + 10u + len;
}

void dlab_add_a(const char *name, uint32_t ttl_s, uint8_t last)
{
    const uint8_t ip[4] = {192, 0, 2, last};
    dlab_add(FA_DNS_ANSWER, name, FA_DNS_A, ttl_s, ip, sizeof ip);
}

void dlab_add_cname(const char *name, uint32_t ttl_s, const char *target)
{
    struct fa_dns_name to = dlab_name(target);
    dlab_add(FA_DNS_ANSWER, name, FA_DNS_CNAME, ttl_s, to.b, to.len);
}

void dlab_add_soa(const char *zone, uint32_t ttl_s, uint32_t minimum_s)
{
    uint8_t bytes[64];
    struct fa_dns_data data = {.name = dlab_name("ns.x"), .mailbox = dlab_name("admin.x")};
    data.soa[FA_DNS_SOA_MINIMUM] = minimum_s;
    size_t len = fa_dns_data_encode(bytes, sizeof bytes, FA_DNS_SOA, &data);
    dlab_add(FA_DNS_AUTHORITY, zone, FA_DNS_SOA, ttl_s, bytes, len);
}

void dlab_say_from(struct fa_endpoint from, bool tcp)
{
    struct fa_slice message = {dlab.bytes, dlab.len};
    fa_dns_input(&dlab.dns, dlab.now, dlab.send.slot, tcp, &from, message);
}

void dlab_say(void)
{
    dlab_say_from(dlab.send.server, dlab.send.tcp);
}

void dlab_pass(void)
{
    fa_ns at = fa_dns_deadline(&dlab.dns);
    REQUIRE(at != FA_NS_NEVER);
    dlab.now = fa_max(dlab.now, at);
    fa_dns_tick(&dlab.dns, dlab.now);
}

void dlab_pass_ns(fa_ns duration)
{
    dlab.now += duration;
    fa_dns_tick(&dlab.dns, dlab.now);
}
