// SPDX-License-Identifier: ISC
//
// app/iperf's messages: each decoder takes any bytes, and what it understood survives the way back.

#include "app/iperf/iperf_wire.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_header(struct fa_slice bytes)
{
    struct header header;
    struct header again;
    uint8_t at[HEADER_LEN];
    if (!header_decode(bytes, &header)) {
        return;
    }
    header_encode(at, &header);
    FA_ASSERT(header_decode((struct fa_slice){at, sizeof at}, &again));
    FA_ASSERT(again.bytes == header.bytes && again.port == header.port);
    FA_ASSERT(again.back == header.back && again.bits_per_s == header.bits_per_s);
    FA_ASSERT(header.time_ns == 0 || header.bytes == 0);
}

static void check_datagram(struct fa_slice bytes)
{
    struct datagram_header header;
    struct datagram_header again;
    uint8_t at[DATAGRAM_HEADER_LEN + WORD_LEN] = {[DATAGRAM_HEADER_LEN] = FLAG_NUMBER64 >> 24};
    if (!datagram_decode(bytes, &header)) {
        return;
    }
    datagram_encode(at, &header);
    FA_ASSERT(datagram_decode((struct fa_slice){at, sizeof at}, &again));
    FA_ASSERT(again.number == header.number && again.s == header.s && again.us == header.us);
}

static void check_report(struct fa_slice bytes)
{
    struct report report;
    struct report again;
    uint8_t at[REPORT_LEN];
    if (!report_decode(bytes, &report)) {
        return;
    }
    report_encode(at, &report);
    FA_ASSERT(report_decode((struct fa_slice){at, sizeof at}, &again));
    FA_ASSERT(again.bytes == report.bytes && again.datagram_count == report.datagram_count);
    FA_ASSERT(again.lost_count == report.lost_count && again.late_count == report.late_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_slice bytes = {data, len};
    check_header(bytes);
    check_datagram(bytes);
    check_report(bytes);
    return 0;
}
