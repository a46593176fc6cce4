// SPDX-License-Identifier: ISC
//
// Queries of multicast listener discovery: what is read of them makes sense.

#include "fa/wire/ip6.h"
#include "fa/wire/mld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_mld_query query;
    if (fa_mld_query_decode((struct fa_slice){data, len}, &query) != FA_MLD_GOOD) {
        return 0;
    }
    FA_ASSERT(query.version == 1 || query.version == 2);
    FA_ASSERT(query.delay_ms <= 8387584);
    FA_ASSERT(fa_ip_is_zero(&query.group) || fa_ip6_is_multicast(&query.group));
    uint8_t report[FA_MLD2_REPORT_LEN + FA_MLD2_RECORD_LEN];
    fa_mld2_report_encode(report, 1);
    fa_mld2_record_encode(report + FA_MLD2_REPORT_LEN, FA_MLD_RECORD_IS_EXCLUDE, &query.group);
    uint8_t done[FA_MLD1_LEN];
    fa_mld1_encode(done, 132, &query.group);
    FA_ASSERT(fa_equal(done + 8, report + 12, 16));
    uint8_t alert[FA_MLD_ALERT_HDR_LEN];
    fa_mld_alert_encode(alert, FA_IP_PROTO_ICMP6);
    return 0;
}
