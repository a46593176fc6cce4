// SPDX-License-Identifier: ISC
//
// The SNTP client as a sequence of requests, answers (with our number, or as the input has them),
// failures and time. What it finds must be from a server it asked, over a short way.

#include "fa/sntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_sntp sntp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_sntp_send sent;
static fa_ns now;

static void set_servers(uint8_t arg)
{
    struct fa_endpoint servers[FA_SNTP_SERVER_COUNT_MAX];
    for (uint8_t i = 0; i < FA_SNTP_SERVER_COUNT_MAX; i++) {
        servers[i] = (struct fa_endpoint){fa_ip4(10, 0, 0, i), FA_NTP_PORT};
    }
    fa_sntp_servers_set(&sntp, now, servers, arg % (FA_SNTP_SERVER_COUNT_MAX + 1));
}

static void answer(uint8_t op, struct fa_slice rest)
{
    uint8_t bytes[FA_NTP_LEN] = {0};
    fa_copy(bytes, rest.at, fa_min(rest.len, sizeof bytes));
    if ((op & 8) != 0) {
        fa_copy(bytes + 24, sent.bytes + 40, 8);
    }
    fa_sntp_input(&sntp, now, &sent.server,
        (struct fa_slice){bytes, (op & 16) != 0 ? sizeof bytes : fa_min(rest.len, sizeof bytes)});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_sntp_sample sample;
    now = FA_NS_S;
    sent = (struct fa_sntp_send){0};
    fa_rand_init_seed(&rand, 1);
    fa_sntp_init(&sntp, &(struct fa_sntp_config){.counters = &counters, .rand = &rand});
    set_servers(2);
    for (size_t off = 0; off + 2 <= len && off < 1000; off += 2) {
        uint8_t arg = data[off + 1];
        switch (data[off] & 7) {
        case 0:
        case 1:
            (void)fa_sntp_output(&sntp, now, &sent);
            break;
        case 2:
        case 3:
            answer(data[off], fa_slice_from((struct fa_slice){data, len}, off + 2));
            break;
        case 4:
            fa_sntp_failed(&sntp, now);
            break;
        case 5:
            now += arg * FA_NS_MS;
            fa_sntp_tick(&sntp, now);
            break;
        case 6:
            now =
                fa_sntp_deadline(&sntp) == FA_NS_NEVER ? now : fa_max(now, fa_sntp_deadline(&sntp));
            fa_sntp_tick(&sntp, now);
            break;
        case 7:
            set_servers(arg);
        }
        if (fa_sntp_take(&sntp, &sample)) {
            FA_ASSERT(sample.delay_ns <= FA_SNTP_DELAY_MAX_NS && sample.stratum != 0);
            FA_ASSERT(sample.server.port == FA_NTP_PORT);
        }
        FA_ASSERT(sntp.state != FA_SNTP_SENT || sntp.due_ns - now <= FA_SNTP_TIMEOUT_NS);
    }
    return 0;
}
