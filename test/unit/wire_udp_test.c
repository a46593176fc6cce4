// SPDX-License-Identifier: ISC
//
// The UDP header.

#include "fa/wire/csum.h"
#include "fa/wire/udp.h"
#include "test/t.h"

static uint8_t datagram[64];
static struct fa_ip_meta meta4;
static struct fa_ip_meta meta6;

static void make(const struct fa_ip_meta *meta, uint16_t len)
{
    meta4 = (struct fa_ip_meta){.local = fa_ip4(192, 0, 2, 1), .remote = fa_ip4(192, 0, 2, 2)};
    meta6 = (struct fa_ip_meta){.local = {{0x20, 1}}, .remote = {{0x20, 2}}};
    for (size_t i = FA_UDP_HDR_LEN; i < sizeof datagram; i++) {
        datagram[i] = (uint8_t)i;
    }
    fa_udp_encode(datagram, meta, &(struct fa_udp_header){5353, 53, len});
}

static enum fa_udp_verdict decode(
    const struct fa_ip_meta *meta, size_t len, struct fa_udp_header *ret_udp)
{
    return fa_udp_decode((struct fa_slice){datagram, len}, meta, false, ret_udp);
}

T(header_survives_the_round_in_both_families)
{
    for (int family = 0; family < 2; family++) {
        const struct fa_ip_meta *meta = family == 0 ? &meta4 : &meta6;
        make(meta, 8);
        for (uint16_t len = FA_UDP_HDR_LEN; len <= sizeof datagram; len++) {
            struct fa_udp_header udp;
            make(meta, len);
            REQUIRE(decode(meta, len, &udp) == FA_UDP_GOOD);
            CHECK(udp.source_port == 5353 && udp.target_port == 53 && udp.len == len);
        }
    }
}

T(padding_behind_the_datagram_is_not_summed)
{
    struct fa_udp_header udp;
    make(&meta4, 20);
    CHECK_EQ(decode(&meta4, sizeof datagram, &udp), FA_UDP_GOOD);
    CHECK_EQ(udp.len, 20);
}

T(every_broken_field_is_named)
{
    struct fa_udp_header udp;
    make(&meta4, 20);
    CHECK_EQ(decode(&meta4, 7, &udp), FA_UDP_SHORT);
    CHECK_EQ(decode(&meta4, 19, &udp), FA_UDP_LEN);
    datagram[19] ^= 0x80;
    CHECK_EQ(decode(&meta4, 20, &udp), FA_UDP_CSUM);
    datagram[5] = 7;
    CHECK_EQ(decode(&meta4, 20, &udp), FA_UDP_LEN);
    make(&meta4, 20);
    fa_be16_store(datagram + 2, 0);
    CHECK_EQ(decode(&meta4, 20, &udp), FA_UDP_PORT);
    make(&meta4, 20);
    meta4.remote.b[15] ^= 1;
    CHECK_EQ(decode(&meta4, 20, &udp), FA_UDP_CSUM);
}

T(no_checksum_is_fine_over_ip4_alone)
{
    struct fa_udp_header udp;
    make(&meta4, 20);
    fa_be16_store(datagram + 6, 0);
    CHECK_EQ(decode(&meta4, 20, &udp), FA_UDP_GOOD);
    CHECK_EQ(decode(&meta6, 20, &udp), FA_UDP_CSUM);
}

T(checksum_verified_below_is_not_verified_again)
{
    struct fa_udp_header udp;
    make(&meta4, 20);
    datagram[19] ^= 1;
    struct fa_slice bytes = {datagram, 20};
    CHECK_EQ(fa_udp_decode(bytes, &meta4, true, &udp), FA_UDP_GOOD);
}

T(a_checksum_of_zero_is_sent_as_ones)
{
    bool met = false;
    make(&meta4, 20);
    for (uint32_t word = 0; word <= UINT16_MAX; word++) {
        fa_be16_store(datagram + 8, (uint16_t)word);
        fa_udp_encode(datagram, &meta4, &(struct fa_udp_header){5353, 53, 20});
        struct fa_udp_header udp;
        CHECK(fa_be16_load(datagram + 6) != 0);
        met = met || fa_be16_load(datagram + 6) == 0xffff;
        REQUIRE(decode(&meta4, 20, &udp) == FA_UDP_GOOD);
    }
    CHECK(met);
}
