// SPDX-License-Identifier: ISC

#include "iperf_wire.h"

enum {
    FLAG_VERSION1 = (int)0x80000000, /* the server is to send, too */
    FLAG_EXTEND = 0x40000000,        /* the words from the 7th on are there */
    FLAG_NUMBER64 = 0x08000000,      /* datagrams have numbers of 64 bits */
    FLAG_LEN = 0x00010000,           /* the length of the header is in bits 1 to 8 */
    FLAG_AT_ONCE = 0x00000001,
    VERSION_UPPER = 0x00020001, /* whose messages these are: 2.1.8 */
    VERSION_LOWER = 0x00080003,
    WORD_LEN = 4,
    HEADER_LEN_MIN = 6 * WORD_LEN, /* what the first version sent */
    REPORT_LEN_MIN = DATAGRAM_HEADER_LEN + 10 * WORD_LEN,
    CENTISECONDS = 100,
};

static uint32_t word(struct fa_slice bytes, size_t idx)
{
    return fa_be32_load(bytes.at + idx * WORD_LEN);
}

static void set_word(uint8_t *at, size_t idx, uint32_t value)
{
    fa_be32_store(at + idx * WORD_LEN, value);
}

void header_encode(uint8_t at[HEADER_LEN], const struct header *header)
{
    uint32_t flags = FLAG_EXTEND | FLAG_NUMBER64 | FLAG_LEN | HEADER_LEN << 1;
    if (header->back) {
        flags |= (uint32_t)FLAG_VERSION1 | (header->at_once ? (uint32_t)FLAG_AT_ONCE : 0u);
    }
    uint64_t time_cs = header->time_ns / (FA_NS_S / CENTISECONDS);
    uint32_t amount = header->bytes != 0 ? (uint32_t)fa_min(header->bytes, INT32_MAX)
                                         : (uint32_t) - (int32_t)fa_min(time_cs, INT32_MAX);
    fa_zero(at, HEADER_LEN);
    set_word(at, 0, flags);
    set_word(at, 1, 1); // connections
    set_word(at, 2, header->port);
    set_word(at, 4, (uint32_t)fa_min(header->bits_per_s, UINT32_MAX));
    set_word(at, 5, amount);
    set_word(at, 8, VERSION_UPPER);
    set_word(at, 9, VERSION_LOWER);
}

bool header_decode(struct fa_slice bytes, struct header *ret_header)
{
    if (bytes.len < HEADER_LEN_MIN) {
        return false;
    }
    uint32_t flags = word(bytes, 0);
    uint32_t amount = word(bytes, 5);
    bool timed = (int32_t)amount < 0;
    *ret_header = (struct header){
        .back = (flags & (uint32_t)FLAG_VERSION1) != 0,
        .at_once = (flags & FLAG_AT_ONCE) != 0,
        .port = (uint16_t)word(bytes, 2),
        .bits_per_s = word(bytes, 4),
        .bytes = timed ? 0 : amount,
        .time_ns = timed ? (0 - amount) * (FA_NS_S / CENTISECONDS) : 0,
    };
    return true;
}

void datagram_encode(uint8_t at[DATAGRAM_HEADER_LEN], const struct datagram_header *header)
{
    uint64_t number = (uint64_t)header->number;
    set_word(at, 0, (uint32_t)number);
    set_word(at, 1, header->s);
    set_word(at, 2, header->us);
    set_word(at, 3, (uint32_t)(number >> 32));
}

bool datagram_decode(struct fa_slice bytes, struct datagram_header *ret_header)
{
    if (bytes.len < DATAGRAM_HEADER_LEN) {
        return false;
    }
    bool wide =
        bytes.len >= DATAGRAM_HEADER_LEN + WORD_LEN && (word(bytes, 4) & FLAG_NUMBER64) != 0;
    uint32_t low = word(bytes, 0);
    int64_t number = wide ? (int64_t)((uint64_t)word(bytes, 3) << 32 | low) : (int32_t)low;
    if (number == 0 || number == INT64_MIN) {
        return false;
    }
    *ret_header =
        (struct datagram_header){.number = number, .s = word(bytes, 1), .us = word(bytes, 2)};
    return true;
}

/* Seconds and microseconds. */
static void set_time(uint8_t *at, size_t idx, fa_ns time)
{
    set_word(at, idx, (uint32_t)(time / FA_NS_S));
    set_word(at, idx + 1, (uint32_t)(time % FA_NS_S / FA_NS_US));
}

static fa_ns time_of(struct fa_slice bytes, size_t idx)
{
    return word(bytes, idx) * FA_NS_S + word(bytes, idx + 1) * FA_NS_US;
}

void report_encode(uint8_t at[REPORT_LEN], const struct report *report)
{
    uint8_t *words = at + DATAGRAM_HEADER_LEN;
    fa_zero(at, REPORT_LEN);
    set_word(words, 0, (uint32_t)FLAG_VERSION1 | FLAG_NUMBER64);
    set_word(words, 1, (uint32_t)(report->bytes >> 32));
    set_word(words, 2, (uint32_t)report->bytes);
    set_time(words, 3, report->took_ns);
    set_word(words, 5, (uint32_t)report->lost_count);
    set_word(words, 6, (uint32_t)report->late_count);
    set_word(words, 7, (uint32_t)report->datagram_count);
    set_time(words, 8, report->jitter_ns);
    set_word(words, 25, (uint32_t)(report->lost_count >> 32));
    set_word(words, 26, (uint32_t)(report->late_count >> 32));
    set_word(words, 27, (uint32_t)(report->datagram_count >> 32));
}

bool report_decode(struct fa_slice bytes, struct report *ret_report)
{
    if (bytes.len < REPORT_LEN_MIN) {
        return false;
    }
    struct fa_slice words = fa_slice_from(bytes, DATAGRAM_HEADER_LEN);
    if ((word(words, 0) & (uint32_t)FLAG_VERSION1) == 0) {
        return false;
    }
    *ret_report = (struct report){
        .bytes = (uint64_t)word(words, 1) << 32 | word(words, 2),
        .took_ns = time_of(words, 3),
        .lost_count = word(words, 5),
        .late_count = word(words, 6),
        .datagram_count = word(words, 7),
        .jitter_ns = time_of(words, 8),
    };
    return true;
}

void payload_fill(uint8_t *at, size_t len, uint64_t off)
{
    static const char digits[] = "0123456789";
    size_t first = fa_min(len, sizeof digits - 1);
    for (size_t i = 0; i < first; i++) {
        at[i] = (uint8_t)digits[(off + i) % (sizeof digits - 1)];
    }
    // What is there is right for every multiple of ten bytes further on.
    for (size_t done = first; done < len;) {
        size_t piece = fa_min(done - done % (sizeof digits - 1), len - done);
        fa_copy(at + done, at, piece);
        done += piece;
    }
}
