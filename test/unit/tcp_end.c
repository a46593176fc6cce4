// SPDX-License-Identifier: ISC
//
// See tcp_end.h.

#include "test/unit/tcp_end.h"

#include "fa/wire/csum.h"

void tcp_end_init(struct tcp_end *end, const struct fa_tcp_config *config, struct fa_ip ip,
    uint16_t port, size_t pool_bufs, uint64_t seed, fa_ns now)
{
    size_t bufs = pool_bufs != 0 ? pool_bufs : TCP_END_POOL_BUFS;
    struct fa_tcp_config full = *config;
    end->counters = (struct fa_counters){0};
    end->ip = ip;
    end->port = port;
    fa_rand_init_seed(&end->rand, seed);
    fa_pool_init(&end->pool, end->pool_memory, bufs * FA_BUF_SIZE, FA_BUF_SIZE);
    full.conn_memory = end->conn_memory;
    full.conn_count_max = full.conn_count_max != 0 ? full.conn_count_max : TCP_END_CONN_MAX;
    full.bucket_memory = end->bucket_memory;
    full.bucket_count = TCP_END_CONN_MAX;
    full.pool = &end->pool;
    full.counters = &end->counters;
    full.rand = &end->rand;
    fa_tcp_init(&end->tcp, &full, now);
}

struct fa_buf *tcp_make(struct fa_pool *pool, const struct fa_ip *local, const struct fa_ip *remote,
    const struct fa_tcp_header *header, struct fa_slice payload)
{
    struct fa_buf *buf;
    if (fa_buf_alloc(pool, 34, &buf) != FA_OK) {
        return NULL;
    }
    struct fa_ip_meta meta = {.local = *local, .remote = *remote};
    uint8_t *at = fa_buf_append(buf, fa_tcp_encoded_len(header));
    uint64_t sum = fa_csum_copy(fa_buf_append(buf, payload.len), payload.at, payload.len, 0);
    fa_tcp_encode(at, &meta, header, payload.len, sum);
    return buf;
}
