// SPDX-License-Identifier: ISC
//
// app/iperf's messages against bytes that iperf 2.1.8 sent and received.

#include "app/iperf/iperf_wire.c"
#include "test/t.h"

/* `iperf -c 127.0.0.1 -p 5301 -n 100000` and the like: flags, connections, port, then at 20 the
 * amount, at 32 the version. */
static const uint8_t plain[HEADER_LEN] = {0x40, 0x01, 0x00, 0x78, 0, 0, 0, 1, 0, 0, 0x14, 0xb5, //
    0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x01, 0x86, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0,                     //
    0, 2, 0, 1, 0, 8, 0, 3};
static const uint8_t timed_dual[HEADER_LEN] = {0xc0, 0x01, 0x00, 0x79, 0, 0, 0, 1, //
    0, 0, 0x14, 0xb7, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x9c};
static const uint8_t last_datagram[] = {0xff, 0xff, 0xff, 0xf8, 0x6b, 0x06, 0x96, 0x0b, //
    0x00, 0x04, 0xff, 0x58, 0xff, 0xff, 0xff, 0xff, 0x48, 0x01, 0x00, 0x98};
/* What a server answered after 10 datagrams of 1,000 bytes in 182 ms. */
static const uint8_t answer[REPORT_LEN] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x27, 0x10, 0, 0, 0, 0, 0, 2, 0xc8, 0x3a,             //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 9};

static struct fa_slice all_of(const uint8_t *at, size_t len)
{
    return (struct fa_slice){at, len};
}

T(what_a_client_says_is_understood)
{
    struct header header;
    CHECK(header_decode(all_of(plain, sizeof plain), &header));
    CHECK(!header.back);
    CHECK_EQ(header.port, 5301);
    CHECK_EQ(header.bytes, 100000);
    CHECK_EQ(header.time_ns, 0);
    CHECK(header_decode(all_of(timed_dual, sizeof timed_dual), &header));
    CHECK(header.back && header.at_once);
    CHECK_EQ(header.port, 5303);
    CHECK_EQ(header.bytes, 0);
    CHECK_EQ(header.time_ns, FA_NS_S);
}

T(what_we_say_differs_from_a_client_of_iperf_in_the_numbers_width_alone)
{
    uint8_t at[HEADER_LEN];
    header_encode(at, &(struct header){.port = 5301, .bytes = 100000});
    CHECK_EQ(at[0], plain[0] | 0x08);
    CHECK(fa_equal(at + 1, plain + 1, sizeof at - 1));
}

T(a_header_comes_back_as_it_went)
{
    uint8_t at[HEADER_LEN];
    struct header header;
    const struct header sent = {
        .back = true, .port = 65535, .time_ns = 3600 * FA_NS_S, .bits_per_s = 1000000};
    header_encode(at, &sent);
    CHECK(header_decode(all_of(at, sizeof at), &header));
    CHECK(header.back && !header.at_once);
    CHECK_EQ(header.port, sent.port);
    CHECK_EQ(header.time_ns, sent.time_ns);
    CHECK_EQ(header.bits_per_s, sent.bits_per_s);
}

T(a_datagram_has_a_number_of_64_bits)
{
    struct datagram_header header;
    uint8_t at[DATAGRAM_HEADER_LEN + WORD_LEN] = {};
    CHECK(datagram_decode(all_of(last_datagram, sizeof last_datagram), &header));
    CHECK_EQ(header.number, -8);
    CHECK_EQ(header.s, 0x6b06960b);
    CHECK_EQ(header.us, 0x4ff58);
    datagram_encode(at, &(struct datagram_header){.number = INT64_C(1) << 40});
    CHECK(!datagram_decode(all_of(at, sizeof at), &header)); // of 32 bits without the flag: 0
    at[DATAGRAM_HEADER_LEN] = 0x08;
    CHECK(datagram_decode(all_of(at, sizeof at), &header));
    CHECK_EQ(header.number, INT64_C(1) << 40);
}

T(a_report_is_read_and_written)
{
    struct report report;
    uint8_t at[REPORT_LEN];
    CHECK(report_decode(all_of(answer, sizeof answer), &report));
    CHECK_EQ(report.bytes, 10000);
    CHECK_EQ(report.took_ns, 182330 * FA_NS_US);
    CHECK_EQ(report.datagram_count, 10);
    CHECK_EQ(report.lost_count, 0);
    CHECK_EQ(report.jitter_ns, 9 * FA_NS_US);
    report_encode(at, &report);
    size_t words_len = DATAGRAM_HEADER_LEN + 10 * WORD_LEN;
    CHECK(fa_equal(at, answer, words_len));
}

T(what_is_too_short_or_no_message_is_refused)
{
    struct header header;
    struct datagram_header datagram;
    struct report report;
    static const uint8_t zeros[REPORT_LEN];
    CHECK(!header_decode(all_of(plain, 23), &header));
    CHECK(!datagram_decode(all_of(last_datagram, 15), &datagram));
    CHECK(!datagram_decode(all_of(zeros, sizeof zeros), &datagram));
    CHECK(!report_decode(all_of(answer, 55), &report));
    CHECK(!report_decode(all_of(zeros, sizeof zeros), &report));
}

T(payload_is_digits_from_any_place)
{
    uint8_t at[57];
    for (size_t off = 0; off < 23; off++) {
        payload_fill(at, sizeof at, off);
        for (size_t i = 0; i < sizeof at; i++) {
            CHECK_EQ(at[i], '0' + (off + i) % 10);
        }
    }
}
