// SPDX-License-Identifier: ISC
//
// test/unit/tcp_end.h: one TCP with its memory, for tests and the fuzzer; built small, so that
// limits are near.

#ifndef TEST_TCP_END_H
#define TEST_TCP_END_H

#include "fa/tcp.h"
#include "fa/wire/tcp.h"

enum {
    TCP_END_CONN_MAX = 1024,
    TCP_END_POOL_BUFS = 4096,
    TCP_END_MTU = 1500,
    TCP_END_MSS = TCP_END_MTU - 40,
};

struct tcp_end {
    struct fa_tcp tcp;
    struct fa_tcp_listener listener;
    struct fa_pool pool; /* for what it sends, keeps and receives */
    struct fa_counters counters;
    struct fa_rand rand;
    struct fa_ip ip;
    uint16_t port;
    uint32_t bucket_memory[TCP_END_CONN_MAX];
    _Alignas(64) uint8_t conn_memory[TCP_END_CONN_MAX * FA_TCP_CONN_BYTES];
    _Alignas(64) uint8_t pool_memory[TCP_END_POOL_BUFS * FA_BUF_SIZE];
};

/* Begin anew. Of `config` the memory, pool, counters and rand are filled in where they are zero;
 * pool_bufs 0 means all. */
void tcp_end_init(struct tcp_end *end, const struct fa_tcp_config *config, struct fa_ip ip,
    uint16_t port, size_t pool_bufs, uint64_t seed, fa_ns now);

/* The segment `header` with `payload`, as a received buffer, from `remote` to `local`. */
struct fa_buf *tcp_make(struct fa_pool *pool, const struct fa_ip *local, const struct fa_ip *remote,
    const struct fa_tcp_header *header, struct fa_slice payload);

#define END_COUNT(end, name) FA_COUNTER_VALUE(&(end)->counters, name)

#endif
