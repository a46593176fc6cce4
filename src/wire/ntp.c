// SPDX-License-Identifier: ISC
//
// The NTP packet.

#include "fa/wire/ntp.h"

#define SECONDS_1900_TO_1970 UINT64_C(2208988800)
#define ERA_S                (UINT64_C(1) << 32)

static uint64_t load_u64(const uint8_t *at)
{
    return (uint64_t)fa_be32_load(at) << 32 | fa_be32_load(at + 4);
}

static void store_u64(uint8_t *at, uint64_t value)
{
    fa_be32_store(at, (uint32_t)(value >> 32));
    fa_be32_store(at + 4, (uint32_t)value);
}

enum fa_ntp_verdict fa_ntp_decode(struct fa_slice bytes, struct fa_ntp_packet *ret_packet)
{
    const uint8_t *at = bytes.at;
    if (bytes.len < FA_NTP_LEN) {
        return FA_NTP_SHORT;
    }
    *ret_packet = (struct fa_ntp_packet){
        .leap = at[0] >> 6,
        .version = (at[0] >> 3) & 7,
        .mode = at[0] & 7,
        .stratum = at[1],
        .poll = (int8_t)at[2],
        .precision = (int8_t)at[3],
        .root_delay = fa_be32_load(at + 4),
        .root_dispersion = fa_be32_load(at + 8),
        .reference = load_u64(at + 16),
        .origin = load_u64(at + 24),
        .receive = load_u64(at + 32),
        .transmit = load_u64(at + 40),
    };
    fa_copy(ret_packet->ref_id, at + 12, sizeof ret_packet->ref_id);
    return FA_NTP_GOOD;
}

void fa_ntp_encode(uint8_t at[FA_NTP_LEN], const struct fa_ntp_packet *packet)
{
    FA_ASSERT(packet->leap <= 3 && packet->version <= 7 && packet->mode <= 7);
    at[0] = (uint8_t)(packet->leap << 6 | packet->version << 3 | packet->mode);
    at[1] = packet->stratum;
    at[2] = (uint8_t)packet->poll;
    at[3] = (uint8_t)packet->precision;
    fa_be32_store(at + 4, packet->root_delay);
    fa_be32_store(at + 8, packet->root_dispersion);
    fa_copy(at + 12, packet->ref_id, sizeof packet->ref_id);
    store_u64(at + 16, packet->reference);
    store_u64(at + 24, packet->origin);
    store_u64(at + 32, packet->receive);
    store_u64(at + 40, packet->transmit);
}

uint64_t fa_ntp_unix_ns(uint64_t timestamp)
{
    uint64_t seconds = timestamp >> 32;
    uint64_t fraction = timestamp & UINT32_MAX;
    seconds += seconds >> 31 == 0 ? ERA_S : 0; // the era that begins in 2036
    if (seconds < SECONDS_1900_TO_1970) {
        return 0;
    }
    return (seconds - SECONDS_1900_TO_1970) * FA_NS_S + ((fraction * FA_NS_S) >> 32);
}

uint64_t fa_ntp_timestamp(uint64_t unix_ns)
{
    uint64_t seconds = unix_ns / FA_NS_S + SECONDS_1900_TO_1970;
    uint64_t fraction = ((unix_ns % FA_NS_S) << 32) / FA_NS_S;
    return seconds << 32 | fraction;
}
