// SPDX-License-Identifier: ISC
//
// Messages of neighbour discovery: options stay inside of them, what we send survives the round.

#include "fa/wire/icmp6.h"
#include "fa/wire/ndp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_option(struct fa_ndp_option option)
{
    struct fa_ndp_prefix prefix;
    struct fa_ndp_route route;
    struct fa_ndp_dns dns;
    if (fa_ndp_prefix_decode(option, &prefix)) {
        FA_ASSERT(prefix.prefix_bits <= 128);
    }
    if (fa_ndp_route_decode(option, &route)) {
        FA_ASSERT(route.prefix_bits <= 128 && route.preference >= -1 && route.preference <= 1);
    }
    if (fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SERVERS, &dns)) {
        FA_ASSERT(dns.bytes.len != 0 && dns.bytes.len % 16 == 0);
    }
    if (fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SEARCH, &dns)) {
        FA_ASSERT(dns.bytes.len != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_ndp_message message;
    struct fa_ndp_message second;
    if (fa_ndp_decode((struct fa_slice){data, len}, &message) != FA_NDP_GOOD) {
        return 0;
    }
    size_t count = 0;
    struct fa_slice options = message.options;
    for (struct fa_ndp_option option; fa_ndp_option_next(&options, &option); count++) {
        FA_ASSERT(option.body.at >= data && option.body.at + option.body.len <= data + len);
        check_option(option);
    }
    FA_ASSERT(options.len == 0 && count <= FA_NDP_OPTION_MAX);
    if (message.type == FA_ICMP6_ROUTER_ADVERT || message.type == FA_ICMP6_REDIRECT) {
        return 0;
    }
    uint8_t again[FA_NDP_LEN_MAX + 8];
    size_t again_len = fa_ndp_encode(again, &message);
    FA_ASSERT(again_len <= sizeof again);
    FA_ASSERT(fa_ndp_decode((struct fa_slice){again, again_len}, &second) == FA_NDP_GOOD);
    FA_ASSERT(fa_ip_equal(&second.target, &message.target));
    FA_ASSERT(second.has_source_mac == message.has_source_mac);
    FA_ASSERT(second.has_nonce == message.has_nonce && second.router == message.router);
    return 0;
}
