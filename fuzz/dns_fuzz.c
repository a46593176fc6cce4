// SPDX-License-Identifier: ISC
//
// The DNS client as a sequence of questions, forgotten ones, answers (true to their query, or as
// the input has them), failures and time; its books must balance after each.

#include "fa/dns.h"

enum {
    QUERY_COUNT = 3,
    ENTRY_COUNT = 4,
    REQUEST_COUNT = 6,
    OP_COUNT_MAX = 400,
    ANSWER_LEN_MAX = 120, // bytes of an answer behind its question
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_dns dns;
static struct fa_dns_query queries[QUERY_COUNT];
static struct fa_dns_entry entries[ENTRY_COUNT];
static struct fa_dns_request requests[REQUEST_COUNT];
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_dns_send sends[QUERY_COUNT];
static fa_ns now;

static const char *const names[] = {"a", "b.x", "c.b.x.", "localhost", "192.0.2.1", "a..", "s.y"};
static const uint16_t types[] = {FA_DNS_A, FA_DNS_AAAA, FA_DNS_CNAME, FA_DNS_TXT};

static void ask(uint8_t arg)
{
    struct fa_dns_request *request = &requests[arg % REQUEST_COUNT];
    fa_dns_forget(request, now);
    (void)fa_dns_ask(&dns, now, request, fa_slice_of(names[(arg >> 2) % FA_COUNT_OF(names)]),
        types[(arg >> 5) % FA_COUNT_OF(types)]);
}

/* An answer with the id and question of the query last sent for a slot, then counts and records as
 * the input has them; or the input alone. */
static void answer(uint8_t op, uint8_t arg, struct fa_slice rest)
{
    static uint8_t bytes[FA_DNS_QUERY_LEN_MAX + ANSWER_LEN_MAX];
    const struct fa_dns_send *send = &sends[arg % QUERY_COUNT];
    struct fa_slice tail = {rest.at, fa_min(rest.len, ANSWER_LEN_MAX)};
    bool edns = send->len > FA_DNS_HDR_LEN && send->bytes[11] != 0;
    size_t question_len = send->len < 11 ? 0 : send->len - (edns ? 11 : 0);
    if ((op & 8) != 0 || question_len == 0) {
        fa_dns_input(&dns, now, arg % QUERY_COUNT, send->tcp, &send->server, tail);
        return;
    }
    fa_copy(bytes, send->bytes, question_len);
    bytes[2] = 0x81 | (op >> 3 & 2);
    bytes[3] = 0x80 | (arg >> 4);
    bytes[7] = op >> 5;
    bytes[9] = arg >> 3 & 1;
    bytes[11] = arg >> 2 & 1;
    fa_copy(bytes + question_len, tail.at, tail.len);
    fa_dns_input(&dns, now, arg % QUERY_COUNT, send->tcp, &send->server,
        (struct fa_slice){bytes, question_len + tail.len});
}

static void fetch(void)
{
    struct fa_dns_send send;
    if (fa_dns_output(&dns, now, &send)) {
        FA_ASSERT(send.slot < QUERY_COUNT && fa_dns_slot_waits(&dns, send.slot));
        sends[send.slot] = send;
    }
}

static void set_servers(uint8_t arg)
{
    struct fa_endpoint servers[FA_DNS_SERVER_COUNT_MAX];
    for (uint8_t i = 0; i < FA_DNS_SERVER_COUNT_MAX; i++) {
        servers[i] = (struct fa_endpoint){fa_ip4(10, 0, 0, (uint8_t)(i ^ (arg >> 6))), 53};
    }
    fa_dns_servers_set(&dns, now, servers, arg % (FA_DNS_SERVER_COUNT_MAX + 1));
}

static void check_books(void)
{
    uint32_t busy = 0;
    uint32_t due = 0;
    uint32_t waiting = 0;
    uint32_t asked = 0;
    for (size_t i = 0; i < QUERY_COUNT; i++) {
        busy += queries[i].state != FA_DNS_QUERY_FREE;
        due += queries[i].state == FA_DNS_QUERY_DUE;
        FA_ASSERT(queries[i].state == FA_DNS_QUERY_FREE || !fa_list_empty(&queries[i].requests));
    }
    FA_LIST_EACH(node, &dns.waiting) {
        waiting++;
    }
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        asked += requests[i].dns != NULL;
        struct fa_dns_data data;
        uint32_t count = 0;
        for (size_t off = 0; requests[i].dns == NULL && requests[i].asked.len != 0 &&
                             requests[i].result == FA_OK &&
                             fa_dns_answer_next(&requests[i].answer, &off, &data);) {
            count++;
        }
        FA_ASSERT(count == 0 || count == requests[i].answer.count);
    }
    FA_ASSERT(busy == dns.busy_count && due == dns.due_count && asked == dns.request_count);
    FA_ASSERT(waiting == 0 || busy == QUERY_COUNT);
    FA_ASSERT((fa_dns_deadline(&dns) == FA_NS_NEVER) == (busy == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fa_rand_init_seed(&rand, 1);
    fa_zero(requests, sizeof requests);
    fa_zero(sends, sizeof sends);
    now = FA_NS_S;
    fa_dns_init(&dns, &(struct fa_dns_config){.counters = &counters,
                          .rand = &rand,
                          .queries = queries,
                          .query_count_max = QUERY_COUNT,
                          .entries = entries,
                          .entry_count_max = ENTRY_COUNT,
                          .request_count_max = REQUEST_COUNT - 1,
                          .search = {"y"}});
    set_servers(2);
    for (size_t off = 0; off + 2 <= len && off < (size_t)OP_COUNT_MAX * 2; off += 2) {
        uint8_t op = data[off];
        uint8_t arg = data[off + 1];
        switch (op & 7) {
        case 0:
            ask(arg);
            break;
        case 1:
            fa_dns_forget(&requests[arg % REQUEST_COUNT], now);
            break;
        case 2:
        case 3:
            fetch();
            break;
        case 4:
        case 5:
            answer(op, arg, fa_slice_from((struct fa_slice){data, len}, off + 2));
            break;
        case 6:
            now += (fa_ns)arg * 20 * FA_NS_MS;
            fa_dns_tick(&dns, now);
            break;
        case 7:
            if ((op & 8) != 0) {
                set_servers(arg);
            } else {
                fa_dns_failed(&dns, now, arg % QUERY_COUNT);
            }
        }
        check_books();
    }
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        fa_dns_forget(&requests[i], now);
    }
    FA_ASSERT(dns.busy_count == 0 && dns.request_count == 0);
    return 0;
}
