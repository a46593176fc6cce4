// SPDX-License-Identifier: ISC
//
// test/sim/states.c: see states.h.

#include "test/sim/states.h"

#include "fa/fmt.h"
#include "fa/trace.h"
#include "src/net/tcp_priv.h"
#include "test/t.h"

enum { RING_BYTES = 1024 * 1024 };

static _Alignas(8) uint8_t ring_memory[RING_BYTES];

static const struct world_station *station_of(const struct world *world, const struct fa_ip *ip)
{
    for (size_t i = 0; i < world->station_count; i++) {
        if (fa_ip_equal(&world->stations[i].address.ip, ip)) {
            return &world->stations[i];
        }
    }
    return NULL;
}

/* The state of the other end; CLOSED if there is none. */
static unsigned peer_state(const struct world *world, const struct fa_tcp_conn *conn)
{
    const struct world_station *station = station_of(world, &conn->tuple.remote);
    const struct fa__tcp_tuple there = {.local = conn->tuple.remote,
        .remote = conn->tuple.local,
        .local_port = conn->tuple.remote_port,
        .remote_port = conn->tuple.local_port};
    if (station == NULL) {
        return FA_TCP_CLOSED;
    }
    struct fa_tcp *tcp = (struct fa_tcp *)(uintptr_t)&station->stack.tcp;
    const struct fa_tcp_conn *peer = fa__tcp_find(tcp, &there);
    return peer != NULL ? peer->state : FA_TCP_CLOSED;
}

static void look_at(
    struct states *states, const struct world *world, const struct fa_tcp_conn *conn)
{
    unsigned here = conn->state;
    unsigned there = peer_state(world, conn);
    if (conn->passive) {
        states->pairs[there][here]++;
    } else {
        states->pairs[here][there]++;
    }
}

static void read_trace(struct states *states)
{
    const struct fa_trace_ring *ring = fa_trace_rings[FA_TRACE_PROTO];
    struct fa_trace_record record;
    uint64_t words[128];
    while (ring != NULL && fa_trace_read(ring, RING_BYTES, &states->trace_cursor, &record, words,
                               sizeof words) == FA_OK) {
        if (record.event == FA_EVENT_tcp_state && words[0] < FA_TCP_STATE_COUNT &&
            words[1] < FA_TCP_STATE_COUNT) {
            states->moves[words[0]][words[1]]++;
        }
    }
}

void states_begin(struct states *states, bool moves)
{
    *states = (struct states){};
    fa_trace_attach(FA_TRACE_PROTO, moves ? ring_memory : NULL, sizeof ring_memory);
}

void states_look(struct states *states, const struct world *world)
{
    bool changed = false;
    for (size_t s = 0; s < world->station_count; s++) {
        const struct fa_tcp *tcp = &world->stations[s].stack.tcp;
        for (uint32_t i = 0; i < tcp->carved_count; i++) {
            uint8_t state = fa__tcp_conn_at(tcp, i)->state;
            changed = changed || states->last[s][i] != state;
            states->last[s][i] = state;
        }
    }
    if (!changed) {
        return;
    }
    for (size_t s = 0; s < world->station_count; s++) {
        const struct fa_tcp *tcp = &world->stations[s].stack.tcp;
        for (uint32_t i = 0; i < tcp->carved_count; i++) {
            const struct fa_tcp_conn *conn = fa__tcp_conn_at(tcp, i);
            if (conn->state != FA_TCP_CLOSED) {
                look_at(states, world, conn);
            }
        }
    }
    read_trace(states);
}

static void print_table(
    const char *what, const uint64_t table[FA_TCP_STATE_COUNT][FA_TCP_STATE_COUNT])
{
    for (unsigned a = 0; a < FA_TCP_STATE_COUNT; a++) {
        char line[256];
        struct fa_text text;
        fa_text_init(&text, line, sizeof line);
        for (unsigned b = 0; b < FA_TCP_STATE_COUNT; b++) {
            if (table[a][b] != 0) {
                fa_text_add(&text, " %s=%llu", fa_tcp_state_name((enum fa_tcp_state)b),
                    (unsigned long long)table[a][b]);
            }
        }
        if (text.len != 0) {
            t_note("%s %s:%s", what, fa_tcp_state_name((enum fa_tcp_state)a), line);
        }
    }
}

void states_print(const struct states *states)
{
    print_table("pair", states->pairs);
    print_table("move", states->moves);
}
