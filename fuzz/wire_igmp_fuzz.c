// SPDX-License-Identifier: ISC
//
// Queries of the internet group management protocol: what is read of them makes sense. The checksum
// is made good in every second input, so that what is behind it is reached.

#include "fa/wire/csum.h"
#include "fa/wire/igmp.h"
#include "fa/wire/ip4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t bytes[1500];
    struct fa_igmp_query query;
    len = fa_min(len, sizeof bytes);
    fa_copy(bytes, data, len);
    if (len >= 4 && (bytes[2] & 1) == 0) {
        fa_be16_store(bytes + 2, 0);
        fa_be16_store(bytes + 2, fa_csum_fold(fa_csum_add(0, bytes, len)));
    }
    if (fa_igmp_query_decode((struct fa_slice){bytes, len}, &query) != FA_IGMP_GOOD) {
        return 0;
    }
    FA_ASSERT(query.version >= 1 && query.version <= 3);
    FA_ASSERT(query.delay_ms <= 3174400);
    FA_ASSERT(query.group == 0 || fa_ip4_is_multicast(query.group));
    uint8_t report[FA_IGMP3_REPORT_LEN + FA_IGMP3_RECORD_LEN];
    fa_igmp3_record_encode(report + FA_IGMP3_REPORT_LEN, FA_IGMP_RECORD_IS_EXCLUDE, query.group);
    fa_igmp3_report_encode(report, 1);
    FA_ASSERT(fa_csum_fold(fa_csum_add(0, report, sizeof report)) == 0);
    uint8_t leave[FA_IGMP2_LEN];
    fa_igmp2_encode(leave, FA_IGMP2_LEAVE, query.group);
    FA_ASSERT(fa_equal(leave + 4, report + FA_IGMP3_REPORT_LEN + 4, 4));
    return 0;
}
