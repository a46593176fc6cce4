// SPDX-License-Identifier: ISC
//
// The NTP packet and its timestamps.

#include "fa/wire/ntp.h"

#include "test/t.h"

T(a_packet_is_written_as_it_is_read)
{
    struct fa_ntp_packet packet = {
        .leap = 1,
        .version = 4,
        .mode = FA_NTP_MODE_SERVER,
        .stratum = 2,
        .poll = 6,
        .precision = -20,
        .root_delay = 0x00010203,
        .root_dispersion = 0x04050607,
        .ref_id = {1, 2, 3, 4},
        .reference = 0x0102030405060708,
        .origin = 0x1112131415161718,
        .receive = 0x2122232425262728,
        .transmit = 0x3132333435363738,
    };
    uint8_t bytes[FA_NTP_LEN + 4] = {0};
    uint8_t again[FA_NTP_LEN];
    struct fa_ntp_packet read;
    fa_ntp_encode(bytes, &packet);
    CHECK_EQ(bytes[0], 0x64);
    CHECK(bytes[3] == 0xec && bytes[40] == 0x31 && bytes[47] == 0x38);
    REQUIRE(fa_ntp_decode((struct fa_slice){bytes, sizeof bytes}, &read) == FA_NTP_GOOD);
    CHECK(read.poll == 6 && read.precision == -20 && read.ref_id[3] == 4);
    fa_ntp_encode(again, &read);
    CHECK(fa_equal(bytes, again, sizeof again));
    CHECK_EQ(fa_ntp_decode((struct fa_slice){bytes, FA_NTP_LEN - 1}, &read), FA_NTP_SHORT);
}

T(timestamps_are_seconds_since_1970_whatever_their_era)
{
    static const struct {
        uint64_t timestamp;
        uint64_t unix_s;
    } cases[] = {
        {UINT64_C(2208988800) << 32, 0},
        {UINT64_C(0xffffffff) << 32, 2085978495}, // 2036-02-07T06:28:15Z
        {UINT64_C(0x00000000) << 32, 2085978496}, // the next second: a new era
        {UINT64_C(0x7fffffff) << 32, 4233462143}, // 2104-02-26
        {UINT64_C(0x80000000) << 32, 0},          // 1968: before 1970
        {(UINT64_C(2208988800) + 1700000000) << 32, 1700000000},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        CHECK_EQ(fa_ntp_unix_ns(cases[i].timestamp) / FA_NS_S, cases[i].unix_s);
    }
    for (uint64_t ns = 0; ns < FA_NS_S; ns += 123456789) {
        uint64_t at = 1700000000 * FA_NS_S + ns;
        uint64_t back = fa_ntp_unix_ns(fa_ntp_timestamp(at));
        CHECK(back <= at && at - back <= 1);
    }
}
