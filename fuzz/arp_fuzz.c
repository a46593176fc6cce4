// SPDX-License-Identifier: ISC
//
// ARP as a sequence of packets, calls and time steps; the books must balance after each.
//
// An operation is one byte, its low three bits the kind, then what that kind needs.

#include "fa/arp.h"

#include "fa/wire/eth.h"

enum {
    US = 0x0a000001,
    BUF_COUNT = 128,
    BUF_SIZE = 512,
    OP_COUNT_MAX = 2000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_arp arp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * BUF_SIZE];
static fa_ns now;

static void check_books(void)
{
    size_t parked = 0;
    size_t ready = 0;
    size_t failed = 0;
    size_t incomplete = 0;
    size_t answers = 0;
    size_t answers_parked = 0;
    FA_LIST_EACH(node, &arp.neigh.incomplete) {
        const struct fa_neigh_entry *entry = FA_CONTAINER(node, struct fa_neigh_entry, node);
        FA_ASSERT(entry->state == FA_NEIGH_INCOMPLETE);
        FA_ASSERT(fa_list_linked(&entry->timer_node));
        FA_ASSERT(entry->parked_count <= FA_NEIGH_PARKED_ENTRY_MAX);
        parked += entry->parked_count;
        incomplete++;
        answers += entry->answer;
        answers_parked += entry->answer ? entry->parked_count : 0;
    }
    FA_LIST_EACH(node, &arp.neigh.lru) {
        const struct fa_neigh_entry *entry = FA_CONTAINER(node, struct fa_neigh_entry, node);
        FA_ASSERT(entry->state != FA_NEIGH_INCOMPLETE && entry->parked_count == 0);
        FA_ASSERT(!entry->answer);
    }
    FA_LIST_EACH(node, &arp.neigh.ready) {
        ready++;
    }
    FA_LIST_EACH(node, &arp.neigh.failed) {
        failed++;
    }
    FA_ASSERT(incomplete == arp.neigh.incomplete_count);
    FA_ASSERT(incomplete <= FA_NEIGH_INCOMPLETE_COUNT_MAX);
    FA_ASSERT(answers == arp.neigh.answers.incomplete_count);
    FA_ASSERT(answers <= FA_NEIGH_INCOMPLETE_COUNT_MAX / 2);
    FA_ASSERT(answers_parked == arp.neigh.answers.parked_count);
    FA_ASSERT(answers_parked <= FA_NEIGH_PARKED_COUNT_MAX / 2);
    FA_ASSERT(parked == arp.neigh.parked_count && parked <= FA_NEIGH_PARKED_COUNT_MAX);
    FA_ASSERT(pool.used_count == parked + ready + failed);
}

static bool is_ours(uint32_t ip)
{
    for (uint32_t i = 0; i < arp.own_count; i++) {
        if (arp.own[i].ip == ip) {
            return true;
        }
    }
    return false;
}

static void resolve(uint32_t ip, bool answer)
{
    struct fa_buf *buf;
    if (arp.own_count == 0 || is_ours(ip) || ip == 0 ||
        fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return;
    }
    fa_zero(fa_buf_append(buf, FA_ETH_HDR_LEN), FA_ETH_HDR_LEN);
    if (fa_arp_resolve(&arp, now, ip, answer, buf)) {
        FA_ASSERT(!fa_mac_equal(fa_buf_at(buf), fa_mac_zero));
        fa_buf_drop(buf);
    }
}

static void output(void)
{
    struct fa_buf *buf;
    struct fa_eth_header eth;
    if (fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return;
    }
    if (fa_arp_output(&arp, now, buf)) {
        FA_ASSERT(fa_eth_decode(fa_buf_slice(buf), &eth) == FA_ETH_GOOD);
    }
    fa_buf_drop(buf);
}

static void input(const uint8_t *args)
{
    uint8_t bytes[FA_ARP_PACKET_LEN];
    struct fa_arp_packet packet = {
        .op = 1 + (args[0] & 1),
        .sender_ip = US + args[1],
        .target_ip = (args[0] & 2) != 0 ? US : US + args[2],
    };
    fa_copy(packet.sender_mac, (const uint8_t[FA_MAC_LEN]){2, 0, 0, 0, 0, 1 + (args[0] >> 6)},
        FA_MAC_LEN);
    if ((args[0] & 4) != 0) {
        packet.sender_ip = 0;
    }
    fa_arp_packet_encode(bytes, &packet);
    (void)fa_arp_input(&arp, now, (struct fa_slice){bytes, sizeof bytes});
}

static void run_op(const uint8_t *op)
{
    switch (op[0] & 7) {
    case 0:
        input(op + 1);
        break;
    case 1:
    case 2:
        resolve(US + op[1] + (op[2] & 1) * 256u, (op[2] & 2) != 0);
        break;
    case 3:
        output();
        break;
    case 4:
        fa_buf_drop(fa_neigh_ready_take(&arp.neigh));
        fa_buf_drop(fa_neigh_failed_take(&arp.neigh));
        break;
    case 5:
        now += ((fa_ns)op[1] << 8 | op[2]) * FA_NS_MS;
        break;
    case 6:
        if (fa_arp_deadline(&arp) <= now) {
            fa_arp_tick(&arp, now);
        }
        break;
    case 7:
        fa_arp_address_set(&arp, now, (op[1] & 1) != 0 ? US : 0, op[2] % 33);
        if ((op[1] & 3) == 3) {
            fa_arp_address_add(&arp, now, US + 0x100, op[3] % 33);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_arp_config config = {.mac = {2, 0, 0, 0, 0, 1}, .counters = &counters, .rand = &rand};
    now = 0;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, BUF_SIZE);
    fa_arp_init(&arp, &config);
    fa_arp_address_set(&arp, now, US, 16);
    (void)fa_arp_input(&arp, now, (struct fa_slice){data, len});
    for (size_t off = 0; off + 4 <= len && off < 4 * (size_t)OP_COUNT_MAX; off += 4) {
        run_op(data + off);
        check_books();
    }
    fa_arp_address_set(&arp, now, 0, 0);
    FA_ASSERT(pool.used_count == 0);
    return 0;
}
