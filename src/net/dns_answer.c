// SPDX-License-Identifier: ISC
//
// The DNS client: answers, read and written.

#include "src/net/dns_priv.h"

enum {
    LEN_BYTES = 2, // in front of each record's data
};

void fa__dns_answer_init(
    struct fa_dns_answer *answer, const struct fa_dns_name *name, uint16_t type)
{
    // Not *answer = {0}: the data is written as it comes.
    answer->canonical = *name;
    answer->type = type;
    answer->kind = FA_DNS_KIND_NONE;
    answer->err = FA_OK;
    answer->cut = false;
    answer->count = 0;
    answer->ttl_s = UINT32_MAX;
    answer->len = 0;
}

bool fa__dns_answer_add(struct fa_dns_answer *answer, const struct fa_dns_data *data)
{
    uint8_t *at = answer->bytes + answer->len;
    size_t room = sizeof answer->bytes - answer->len;
    size_t len = room < LEN_BYTES
                     ? 0
                     : fa_dns_data_encode(at + LEN_BYTES, room - LEN_BYTES, answer->type, data);
    if (len == 0) {
        answer->cut = true;
        return false;
    }
    fa_be16_store(at, (uint16_t)len);
    answer->len += (uint32_t)(LEN_BYTES + len);
    answer->count++;
    return true;
}

bool fa_dns_answer_next(
    const struct fa_dns_answer *answer, size_t *off, struct fa_dns_data *ret_data)
{
    FA_ASSERT(*off <= answer->len && answer->len <= sizeof answer->bytes);
    if (answer->len - *off < LEN_BYTES) {
        return false;
    }
    size_t len = fa_be16_load(answer->bytes + *off);
    struct fa_slice data = {answer->bytes + *off + LEN_BYTES, len};
    *off += LEN_BYTES + len;
    bool good = fa_dns_data_decode(data, 0, len, answer->type, ret_data);
    FA_ASSERT(good);
    return true;
}

size_t fa_dns_answer_ips(const struct fa_dns_answer *answer, struct fa_ip *ips, size_t cap)
{
    struct fa_dns_data data;
    size_t count = 0;
    FA_ASSERT(answer->type == FA_DNS_A || answer->type == FA_DNS_AAAA);
    for (size_t off = 0; count < cap && fa_dns_answer_next(answer, &off, &data);) {
        ips[count++] = data.ip;
    }
    return count;
}

/* ---- services ---- */

/* Move one of the first `count`, which have one priority, to the front: by chance, each as likely
 * as its share of their weights. A weight of 0 has a small chance: it counts as 1 of 64 times more.
 */
static void choose_first(struct fa_dns_srv *srvs, size_t count, struct fa_rand *rand)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += srvs[i].weight != 0 ? (uint64_t)srvs[i].weight * 64 : 1;
    }
    uint64_t at = fa_rand_below(rand, sum);
    for (size_t i = 0; i < count; i++) {
        uint64_t share = srvs[i].weight != 0 ? (uint64_t)srvs[i].weight * 64 : 1;
        if (at < share) {
            struct fa_dns_srv chosen = srvs[i];
            srvs[i] = srvs[0];
            srvs[0] = chosen;
            return;
        }
        at -= share;
    }
}

/* Insertion by priority: there are few. */
static void insert_srv(struct fa_dns_srv *srvs, size_t count, const struct fa_dns_data *data)
{
    size_t place = count;
    while (place > 0 && srvs[place - 1].priority > data->priority) {
        srvs[place] = srvs[place - 1];
        place--;
    }
    srvs[place] = (struct fa_dns_srv){data->name, data->priority, data->weight, data->port};
}

size_t fa_dns_answer_srvs(
    const struct fa_dns_answer *answer, struct fa_rand *rand, struct fa_dns_srv *srvs, size_t cap)
{
    struct fa_dns_data data;
    size_t count = 0;
    FA_ASSERT(answer->type == FA_DNS_SRV);
    for (size_t off = 0; count < cap && fa_dns_answer_next(answer, &off, &data);) {
        if (data.name.len == 1) {
            continue; // "decidedly not available at this domain"
        }
        insert_srv(srvs, count++, &data);
    }
    for (size_t first = 0; first < count; first++) {
        size_t end = first + 1;
        while (end < count && srvs[end].priority == srvs[first].priority) {
            end++;
        }
        choose_first(srvs + first, end - first, rand);
    }
    return count;
}
