// SPDX-License-Identifier: ISC
//
// DHCPv6 messages: what is read of them makes sense.

#include "fa/wire/dhcp6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_inside(struct fa_slice slice, const uint8_t *data, size_t len)
{
    FA_ASSERT(slice.len == 0 || (slice.at >= data && slice.at + slice.len <= data + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_dhcp6_message message;
    if (fa_dhcp6_decode((struct fa_slice){data, len}, &message) != FA_DHCP6_GOOD) {
        return 0;
    }
    FA_ASSERT(message.type >= FA_DHCP6_SOLICIT && message.type <= FA_DHCP6_INFORM);
    FA_ASSERT(message.xid <= FA_DHCP6_XID_MASK && message.refresh_s >= FA_DHCP6_REFRESH_MIN_S);
    FA_ASSERT(message.inf_max_rt_s == 0 || message.inf_max_rt_s >= FA_DHCP6_INF_MAX_RT_LEAST_S);
    FA_ASSERT(message.inf_max_rt_s <= FA_DHCP6_INF_MAX_RT_MOST_S);
    FA_ASSERT(message.dns.len % 16 == 0 && message.requested.len % 2 == 0);
    check_inside(message.client_id, data, len);
    check_inside(message.server_id, data, len);
    check_inside(message.dns, data, len);
    check_inside(message.search, data, len);
    struct fa_slice rest = message.options;
    for (struct fa_dhcp6_option option; fa_dhcp6_option_next(&rest, &option);) {
        check_inside(option.value, data, len);
        for (struct fa_dhcp6_option inner; fa_dhcp6_option_next(&option.value, &inner);) {
            check_inside(inner.value, data, len);
        }
    }
    FA_ASSERT(rest.len == 0);
    return 0;
}
