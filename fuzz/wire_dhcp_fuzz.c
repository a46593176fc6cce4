// SPDX-License-Identifier: ISC
//
// DHCP messages: what is decoded is encoded and decoded again to the same.

#include "fa/wire/dhcp.h"

enum {
    MESSAGE_LEN_MAX = 2048, // holds whatever a decoded message says
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool same_fields(const struct fa_dhcp_message *a, const struct fa_dhcp_message *b)
{
    return a->op == b->op && a->type == b->type && a->broadcast == b->broadcast &&
           a->secs == b->secs && a->xid == b->xid && a->client_ip == b->client_ip &&
           a->your_ip == b->your_ip && a->next_server_ip == b->next_server_ip &&
           a->relay_ip == b->relay_ip && fa_equal(a->mac, b->mac, FA_MAC_LEN);
}

static bool same_options(const struct fa_dhcp_message *a, const struct fa_dhcp_message *b)
{
    return a->mask == b->mask && a->router == b->router && a->dns_count == b->dns_count &&
           fa_equal(a->dns, b->dns, sizeof a->dns) && a->requested_ip == b->requested_ip &&
           a->server_id == b->server_id && a->lease_s == b->lease_s && a->t1_s == b->t1_s &&
           a->t2_s == b->t2_s && a->mtu_bytes == b->mtu_bytes && a->len_max == b->len_max &&
           fa_slice_equal(a->host_name, b->host_name) && fa_slice_equal(a->domain, b->domain) &&
           fa_slice_equal(a->text, b->text) && fa_slice_equal(a->client_id, b->client_id) &&
           fa_slice_equal(a->parameters, b->parameters) && a->ntp_count == b->ntp_count &&
           fa_equal(a->ntp, b->ntp, sizeof a->ntp) && fa_slice_equal(a->search, b->search) &&
           fa_slice_equal(a->routes, b->routes) && fa_slice_equal(a->vendor_class, b->vendor_class);
}

/* Lists are read to their end in bounded steps. */
static void read_lists(const struct fa_dhcp_message *message)
{
    struct fa_dhcp_route route;
    char name[FA_DHCP_DOMAIN_LEN_MAX + 1];
    size_t off = 0;
    size_t name_len;
    while (fa_dhcp_route_next(message->routes, &off, &route)) {
        FA_ASSERT(off <= message->routes.len && route.prefix_bits <= 32);
    }
    off = 0;
    while ((name_len = fa_dhcp_search_next(message->search, &off, name)) != 0) {
        FA_ASSERT(off <= message->search.len && name_len <= FA_DHCP_DOMAIN_LEN_MAX);
        FA_ASSERT(name[name_len] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_dhcp_message first;
    struct fa_dhcp_message second;
    uint8_t again[MESSAGE_LEN_MAX];
    if (fa_dhcp_decode((struct fa_slice){data, len}, &first) != FA_DHCP_GOOD) {
        return 0;
    }
    size_t again_len = fa_dhcp_encode(again, sizeof again, &first);
    FA_ASSERT(again_len >= FA_DHCP_LEN_MIN);
    FA_ASSERT(fa_dhcp_decode((struct fa_slice){again, again_len}, &second) == FA_DHCP_GOOD);
    FA_ASSERT(same_fields(&first, &second));
    FA_ASSERT(same_options(&first, &second));
    read_lists(&first);
    return 0;
}
