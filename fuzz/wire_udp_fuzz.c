// SPDX-License-Identifier: ISC
//
// UDP datagrams of either family (the first byte says which): as they are, and with their checksum
// made good, decoded, encoded, decoded.

#include "fa/wire/udp.h"

enum {
    DATAGRAM_LEN_MAX = 2048, // bytes of an input that are looked at
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(struct fa_slice bytes, const struct fa_ip_meta *meta, bool csum_good)
{
    struct fa_udp_header udp;
    struct fa_udp_header second;
    uint8_t again[DATAGRAM_LEN_MAX];
    if (fa_udp_decode(bytes, meta, csum_good, &udp) != FA_UDP_GOOD) {
        return;
    }
    FA_ASSERT(udp.len >= FA_UDP_HDR_LEN && udp.len <= bytes.len && udp.target_port != 0);
    if (udp.len <= sizeof again) {
        fa_copy(again, bytes.at, udp.len);
        fa_udp_encode(again, meta, &udp);
        FA_ASSERT(
            fa_udp_decode((struct fa_slice){again, udp.len}, meta, false, &second) == FA_UDP_GOOD);
        FA_ASSERT(second.source_port == udp.source_port && second.len == udp.len);
        FA_ASSERT(second.target_port == udp.target_port);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    struct fa_ip_meta meta = {.local = fa_ip4(192, 0, 2, 1), .remote = fa_ip4(192, 0, 2, 2)};
    if ((data[0] & 1) != 0) {
        meta.local = meta.remote = (struct fa_ip){{0x20, 1, [15] = 1}};
    }
    struct fa_slice bytes = {data + 1, len - 1};
    check(bytes, &meta, false);
    check(bytes, &meta, true);
    return 0;
}
