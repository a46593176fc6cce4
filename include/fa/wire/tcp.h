// SPDX-License-Identifier: ISC
//
// fa/wire/tcp.h: the TCP header and its options (RFC 9293 3.1 and 3.2, RFC 2018 2 and 3, RFC 7323
// 2.2 and 3.2).
//
// Pure encode and decode; the checksum covers a pseudo-header, so addresses come along. Sequence
// numbers mean nothing here. Tested by test/unit/wire_tcp_test.c, fuzz/wire_tcp_fuzz.c.
//
//     if (fa_tcp_decode(segment, meta, false, &header) == FA_TCP_GOOD)
//         deliver(&header, fa_slice_from(segment, header.len));

#ifndef FA_WIRE_TCP_H
#define FA_WIRE_TCP_H

#include "fa/base.h"
#include "fa/ip.h"
#include "fa/wire/csum.h"

enum {
    FA_TCP_HDR_LEN = 20,     /* bytes, without options */
    FA_TCP_CSUM_OFF = 16,    /* bytes: where the checksum is in it */
    FA_TCP_HDR_LEN_MAX = 60, /* bytes, with as many options as fit */
    FA_TCP_SCALE_MAX = 14,   /* RFC 7323 2.3: a larger shift counts as this one */
    FA_TCP_SACK_MAX = 4,     /* blocks that fit in a header; 3 beside timestamps */
    FA_TCP_TS_LEN = 12,      /* bytes of a timestamps option and its padding */
    /* The first four of these: NOP, NOP, timestamps (RFC 7323 appendix A). */
    FA_TCP_TS_USUAL = 1 << 24 | 1 << 16 | 8 << 8 | 10,
};

/* Control bits, as they stand in byte 13. */
enum fa_tcp_flags {
    FA_TCP_FIN = 1 << 0,
    FA_TCP_SYN = 1 << 1,
    FA_TCP_RST = 1 << 2,
    FA_TCP_PSH = 1 << 3,
    FA_TCP_ACK = 1 << 4,
    FA_TCP_URG = 1 << 5,
    FA_TCP_ECE = 1 << 6,
    FA_TCP_CWR = 1 << 7,
};

enum FA_MUST_USE fa_tcp_verdict {
    FA_TCP_GOOD,
    FA_TCP_SHORT,  /* less than a header */
    FA_TCP_OFFSET, /* data offset below 5 words or beyond the bytes there are */
    FA_TCP_PORT,   /* source or target port 0 */
    FA_TCP_OPTION, /* an option's length is impossible */
    FA_TCP_CSUM,
};

/* Received bytes beyond a hole: [from, to), RFC 2018 3. */
struct fa_tcp_sack {
    uint32_t from;
    uint32_t to;
};

struct fa_tcp_header {
    uint16_t source_port;
    uint16_t window; /* as it stands, not scaled; between the ports: what is stored in two cannot be
                        loaded as one without waiting */
    uint16_t target_port;
    uint16_t mss; /* bytes; 0: no such option */
    uint32_t seq;
    uint32_t ack;
    uint8_t flags; /* enum fa_tcp_flags */
    uint8_t len;   /* bytes of header and options, written by decode, ignored by encode */
    bool has_scale;
    uint8_t scale; /* window shift, at most FA_TCP_SCALE_MAX */
    bool sack_ok;  /* SACK permitted, in SYNs (RFC 2018 2) */
    bool has_ts;
    uint8_t sack_count; /* of sacks, at most FA_TCP_SACK_MAX */
    uint32_t ts_value;  /* TSval and TSecr, RFC 7323 3.2 */
    uint32_t ts_echo;
    struct fa_tcp_sack sacks[FA_TCP_SACK_MAX]; /* the first sack_count mean something */
};

/*
 * Read and verify the segment `bytes`, header and payload. `csum_good`: the checksum was verified
 * below. Options that it does not know are skipped.
 *
 * Returns: FA_TCP_GOOD; only then *ret_header means something.
 */
enum fa_tcp_verdict fa_tcp_decode(struct fa_slice bytes, const struct fa_ip_meta *meta,
    bool csum_good, struct fa_tcp_header *ret_header);

/* Read options behind the fixed header. Returns: whether they can be true. Private. */
bool fa__tcp_decode_options(struct fa_slice options, struct fa_tcp_header *header);

/* The same as fa_tcp_decode() where the sum of the pseudo-header without its length is known; in
 * place, for the way that every segment takes. */
static inline enum fa_tcp_verdict fa_tcp_decode_summed(
    struct fa_slice bytes, uint64_t pseudo_sum, bool csum_good, struct fa_tcp_header *ret_header)
{
    if (bytes.len < FA_TCP_HDR_LEN) {
        return FA_TCP_SHORT;
    }
    const uint8_t *at = bytes.at;
    size_t len = (size_t)(at[12] >> 4) * 4;
    if (len < FA_TCP_HDR_LEN || len > bytes.len) {
        return FA_TCP_OFFSET;
    }
    if (!csum_good) {
        uint64_t sum = fa_csum_plus_field(pseudo_sum, (uint16_t)bytes.len);
        if (fa_csum_fold(fa_csum_add(sum, at, bytes.len)) != 0) {
            return FA_TCP_CSUM;
        }
    }
    ret_header->source_port = fa_be16_load(at);
    ret_header->target_port = fa_be16_load(at + 2);
    ret_header->seq = fa_be32_load(at + 4);
    ret_header->ack = fa_be32_load(at + 8);
    ret_header->window = fa_be16_load(at + 14);
    ret_header->mss = 0;
    ret_header->flags = at[13];
    ret_header->len = (uint8_t)len;
    ret_header->has_scale = false;
    ret_header->scale = 0;
    ret_header->sack_ok = false;
    ret_header->has_ts = false;
    ret_header->sack_count = 0;
    ret_header->ts_value = 0;
    ret_header->ts_echo = 0;
    if (ret_header->source_port == 0 || ret_header->target_port == 0) {
        return FA_TCP_PORT;
    }
    struct fa_slice options = {at + FA_TCP_HDR_LEN, len - FA_TCP_HDR_LEN};
    if (options.len != 0 && !fa__tcp_decode_options(options, ret_header)) {
        return FA_TCP_OPTION;
    }
    return FA_TCP_GOOD;
}

/* Bytes that fa_tcp_encode() will write for `header`. Options stand in the order mss, sackOK,
 * timestamps, window scale, SACK, each padded with NOPs in front to whole words. */
static inline size_t fa_tcp_encoded_len(const struct fa_tcp_header *header)
{
    size_t len = FA_TCP_HDR_LEN + (header->mss != 0 ? 4u : 0u) + (header->has_scale ? 4u : 0u);
    len += header->has_ts    ? FA_TCP_TS_LEN
           : header->sack_ok ? 4u
                             : 0u; // sackOK takes two NOPs' place
    return len + (header->sack_count != 0 ? 4u + 8u * header->sack_count : 0u);
}

/*
 * Write a header and its options in front of a payload of `payload_len` bytes whose checksum sum
 * (fa/wire/csum.h) is `payload_sum`.
 */
void fa_tcp_encode(uint8_t *at, const struct fa_ip_meta *meta, const struct fa_tcp_header *header,
    size_t payload_len, uint64_t payload_sum);

#endif
