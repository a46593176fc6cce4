// SPDX-License-Identifier: ISC
//
// The TCP header.

#include "fa/rand.h"
#include "fa/wire/csum.h"
#include "fa/wire/tcp.h"
#include "test/t.h"

static const struct fa_ip_meta meta4 = {
    .local = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}},
    .remote = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2}},
};
static const struct fa_ip_meta meta6 = {.local = {{0x20, 1}}, .remote = {{0x20, 2}}};

static const struct fa_tcp_header plain = {
    .source_port = 80,
    .target_port = 40000,
    .seq = 0x01020304,
    .ack = 0xfffefdfc,
    .window = 0x1234,
    .flags = FA_TCP_ACK | FA_TCP_PSH,
};

static uint8_t bytes[128];

/* Write `header` and `len` bytes of payload. Returns: the segment. */
static struct fa_slice make(
    const struct fa_ip_meta *meta, const struct fa_tcp_header *header, size_t len)
{
    size_t header_len = fa_tcp_encoded_len(header);
    for (size_t i = 0; i < len; i++) {
        bytes[header_len + i] = (uint8_t)(i * 7 + 1);
    }
    uint64_t sum = fa_csum_add(0, bytes + header_len, len);
    fa_tcp_encode(bytes, meta, header, len, sum);
    return (struct fa_slice){bytes, header_len + len};
}

static bool is_same(const struct fa_tcp_header *a, const struct fa_tcp_header *b)
{
    return a->source_port == b->source_port && a->target_port == b->target_port &&
           a->seq == b->seq && a->ack == b->ack && a->window == b->window && a->mss == b->mss &&
           a->flags == b->flags && a->has_scale == b->has_scale && a->scale == b->scale &&
           a->sack_ok == b->sack_ok && a->has_ts == b->has_ts && a->ts_value == b->ts_value &&
           a->ts_echo == b->ts_echo && a->sack_count == b->sack_count &&
           fa_equal(a->sacks, b->sacks, a->sack_count * sizeof a->sacks[0]);
}

/* Every combination of options that fits. */
static struct fa_tcp_header with_options(unsigned which)
{
    struct fa_tcp_header header = plain;
    header.mss = (which & 1) != 0 ? 1460 : 0;
    header.has_scale = (which & 2) != 0;
    header.scale = header.has_scale ? 14 : 0;
    header.sack_ok = (which & 4) != 0;
    header.has_ts = (which & 8) != 0;
    header.ts_value = header.has_ts ? 0x80000001 : 0;
    header.ts_echo = header.has_ts ? 0x7ffffffe : 0;
    header.sack_count = (uint8_t)(which >> 4);
    for (uint32_t i = 0; i < header.sack_count; i++) {
        header.sacks[i] = (struct fa_tcp_sack){0xfffffff0 + i * 100, i * 100 + 50};
    }
    return header;
}

T(header_and_options_survive_the_round_in_both_families)
{
    for (unsigned i = 0; i < 2 * 16 * (FA_TCP_SACK_MAX + 1); i++) {
        const struct fa_ip_meta *meta = i % 2 == 0 ? &meta4 : &meta6;
        struct fa_tcp_header header = with_options(i / 2);
        if (fa_tcp_encoded_len(&header) > FA_TCP_HDR_LEN_MAX) {
            continue;
        }
        for (size_t len = 0; len < 40; len++) {
            struct fa_tcp_header seen;
            struct fa_slice segment = make(meta, &header, len);
            REQUIRE(fa_tcp_decode(segment, meta, false, &seen) == FA_TCP_GOOD);
            CHECK(is_same(&header, &seen));
            CHECK_EQ(seen.len, fa_tcp_encoded_len(&header));
        }
    }
}

T(bytes_are_where_rfc_9293_says)
{
    static const uint8_t want[20] = {
        0, 80, 0x9c, 0x40, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc, 0x50, 0x18, 0x12, 0x34, 0, 0, 0, 0};
    struct fa_slice segment = make(&meta4, &plain, 0);
    CHECK(fa_equal(segment.at, want, 16));
    CHECK(fa_equal(segment.at + 18, want + 18, 2));
    // The checksum, by hand: the complement of the sum of all 16-bit words and the pseudo-header.
    uint32_t sum = 0xc000 + 0x0201 + 0xc000 + 0x0202 + 6 + 20;
    for (size_t i = 0; i < 20; i += 2) {
        sum += i == 16 ? 0 : fa_be16_load(segment.at + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    CHECK_EQ(fa_be16_load(segment.at + 16), (uint16_t)~sum);
}

T(options_stand_as_linux_sends_them)
{
    static const uint8_t syn[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7};
    static const uint8_t sack[20] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 10, 0, 0, 0, 3};
    static const uint8_t sack_ok_alone[4] = {1, 1, 4, 2};
    struct fa_tcp_header header = plain;
    header.has_ts = true;
    header.ts_value = 1;
    header.ts_echo = 2;
    header.sack_count = 1;
    header.sacks[0] = (struct fa_tcp_sack){3, 4};
    struct fa_slice segment = make(&meta4, &header, 0);
    CHECK(fa_equal(segment.at + FA_TCP_HDR_LEN, sack, sizeof sack));
    header.sack_count = 0;
    header.mss = 1460;
    header.sack_ok = true;
    header.has_scale = true;
    header.scale = 7;
    segment = make(&meta4, &header, 0);
    CHECK_EQ(segment.len, FA_TCP_HDR_LEN + sizeof syn);
    CHECK(fa_equal(segment.at + FA_TCP_HDR_LEN, syn, sizeof syn));
    header = plain;
    header.sack_ok = true;
    segment = make(&meta4, &header, 0);
    CHECK(fa_equal(segment.at + FA_TCP_HDR_LEN, sack_ok_alone, sizeof sack_ok_alone));
}

T(every_flipped_bit_is_noticed)
{
    struct fa_slice segment = make(&meta4, &plain, 11);
    for (size_t bit = 0; bit < segment.len * 8; bit++) {
        struct fa_tcp_header seen;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(fa_tcp_decode(segment, &meta4, false, &seen) != FA_TCP_GOOD);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct fa_ip_meta other = meta4;
    other.remote.b[15] ^= 1;
    struct fa_tcp_header seen;
    CHECK_EQ(fa_tcp_decode(segment, &other, false, &seen), FA_TCP_CSUM);
}

T(a_checksum_verified_below_is_not_verified_again)
{
    struct fa_slice segment = make(&meta4, &plain, 11);
    struct fa_tcp_header seen;
    bytes[25] ^= 1;
    CHECK_EQ(fa_tcp_decode(segment, &meta4, false, &seen), FA_TCP_CSUM);
    CHECK_EQ(fa_tcp_decode(segment, &meta4, true, &seen), FA_TCP_GOOD);
}

T(option_lists)
{
    static const struct {
        uint8_t options[12];
        enum fa_tcp_verdict verdict;
        uint16_t mss;
        int scale; /* -1: none */
    } cases[] = {
        {{0}, FA_TCP_GOOD, 0, -1},
        {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, FA_TCP_GOOD, 0, -1},
        {{2, 4, 5, 0xb4, 1, 3, 3, 7}, FA_TCP_GOOD, 1460, 7},
        {{3, 3, 255}, FA_TCP_GOOD, 0, 14},
        {{0, 2, 0}, FA_TCP_GOOD, 0, -1}, /* behind the end anything may stand */
        {{4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}, FA_TCP_GOOD, 0, -1}, /* SACK, timestamps */
        {{253, 12}, FA_TCP_GOOD, 0, -1},                             /* unknown: skipped */
        {{253, 13}, FA_TCP_OPTION, 0, -1},
        {{253, 1}, FA_TCP_OPTION, 0, -1},
        {{253, 0}, FA_TCP_OPTION, 0, -1},
        {{2, 3, 5}, FA_TCP_OPTION, 0, -1},
        {{3, 4, 5, 0}, FA_TCP_OPTION, 0, -1},
        {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2}, FA_TCP_OPTION, 0, -1}, /* a kind, no length */
        {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4}, FA_TCP_OPTION, 0, -1},
        {{2, 4, 1, 1, 2, 4, 2, 2}, FA_TCP_GOOD, 0x202, -1}, /* the last one counts */
        {{4, 3, 0}, FA_TCP_OPTION, 0, -1},
        {{8, 9}, FA_TCP_OPTION, 0, -1},
        {{8, 12}, FA_TCP_OPTION, 0, -1},
        {{5, 2}, FA_TCP_OPTION, 0, -1},
        {{5, 11}, FA_TCP_OPTION, 0, -1},
        {{5, 10}, FA_TCP_GOOD, 0, -1},
        {{1, 1, 8, 10}, FA_TCP_GOOD, 0, -1},
        {{1, 1, 8, 11}, FA_TCP_OPTION, 0, -1},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        (void)make(&meta4, &plain, 12);
        bytes[12] = 0x80;
        fa_copy(bytes + FA_TCP_HDR_LEN, cases[i].options, sizeof cases[i].options);
        struct fa_tcp_header seen = {0};
        struct fa_slice segment = {bytes, FA_TCP_HDR_LEN + sizeof cases[i].options};
        CHECK_EQ(fa_tcp_decode(segment, &meta4, true, &seen), cases[i].verdict);
        CHECK_EQ(seen.mss, cases[i].mss);
        CHECK_EQ(seen.has_scale ? seen.scale : -1, cases[i].scale);
    }
}

T(no_prefix_of_any_bytes_is_read_beyond_its_end)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 11);
    for (int i = 0; i < 20000; i++) {
        uint8_t exact[80];
        size_t len = (size_t)fa_rand_below(&rand, sizeof exact + 1);
        fa_rand_fill(&rand, exact, sizeof exact);
        // At the end of the array, so that a sanitizer sees one byte too many.
        uint8_t *at = exact + sizeof exact - len;
        struct fa_tcp_header seen;
        enum fa_tcp_verdict verdict =
            fa_tcp_decode((struct fa_slice){at, len}, &meta4, true, &seen);
        CHECK(verdict != FA_TCP_CSUM);
        CHECK(verdict != FA_TCP_GOOD || (seen.len <= len && seen.scale <= FA_TCP_SCALE_MAX &&
                                            seen.sack_count <= FA_TCP_SACK_MAX));
    }
}
