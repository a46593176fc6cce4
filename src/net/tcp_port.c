// SPDX-License-Identifier: ISC
//
// The local port of an active open: RFC 6056 3.3.4, double-hash port selection. A secret function
// of both addresses and the remote port says where a destination's ports begin; a counter, one for
// many destinations, says how far it has come. So ports are not reused soon, and knowing the ports
// of one destination tells nothing about another's.
//
// While some ports are free the next few are as good as certain to hold one. When they do not, the
// destination gets a map of its free ports, which connections then keep true: one free port
// among 32,768 is found as fast as any.

#include "tcp_priv.h"

enum {
    TRIES_MAX = 64, /* ports looked at one by one */
    WORD_BITS = 64,
};

_Static_assert(FA__TCP_PORT_COUNT == FA_TCP_PORT_WORDS * WORD_BITS, "one bit a port");
_Static_assert(FA_TCP_PORT_WORDS == FA_TCP_PORT_SUMS * WORD_BITS, "one bit a word");

void fa__tcp_port_init(struct fa_tcp *tcp)
{
    struct fa_tcp_ports *ports = &tcp->ports;
    fa_rand_fill(tcp->config.rand, &ports->key, sizeof ports->key);
    fa_rand_fill(tcp->config.rand, ports->counters, sizeof ports->counters);
    fa__tcp_port_forget(tcp);
}

void fa__tcp_port_forget(struct fa_tcp *tcp)
{
    tcp->ports.map_count = 0;
    tcp->ports.map_next = 0;
}

/* ---- maps ---- */

static bool is_of(const struct fa_tcp_port_map *map, const struct fa__tcp_tuple *tuple)
{
    return map->remote_port == tuple->remote_port && fa_ip_equal(&map->remote, &tuple->remote) &&
           fa_ip_equal(&map->local, &tuple->local);
}

static struct fa_tcp_port_map *find_map(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    for (uint32_t i = 0; i < tcp->ports.map_count; i++) {
        if (is_of(&tcp->ports.maps[i], tuple)) {
            return &tcp->ports.maps[i];
        }
    }
    return NULL;
}

static void set_free(struct fa_tcp_port_map *map, uint32_t idx, bool is_free)
{
    uint32_t word = idx / WORD_BITS;
    uint64_t bit = UINT64_C(1) << idx % WORD_BITS;
    uint64_t sum_bit = UINT64_C(1) << word % WORD_BITS;
    uint64_t *sum = &map->sums[word / WORD_BITS];
    map->words[word] = is_free ? map->words[word] | bit : map->words[word] & ~bit;
    *sum = map->words[word] != 0 ? *sum | sum_bit : *sum & ~sum_bit;
}

void fa__tcp_port_note(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple, bool is_free)
{
    uint32_t idx = (uint32_t)tuple->local_port - FA__TCP_PORT_FIRST;
    struct fa_tcp_port_map *map = tcp->ports.map_count != 0 ? find_map(tcp, tuple) : NULL;
    if (map != NULL && tuple->local_port >= FA__TCP_PORT_FIRST) {
        set_free(map, idx,
            is_free && fa__tcp_listener_find(tcp, &tuple->local, tuple->local_port) == NULL);
    }
}

static bool is_free_port(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    const struct fa_tcp_conn *conn = fa__tcp_find(tcp, tuple);
    return (conn == NULL || fa__tcp_time_wait_gives_way(conn)) &&
           fa__tcp_listener_find(tcp, &tuple->local, tuple->local_port) == NULL;
}

/* Look at every port once. The map that was made first gives way. */
static struct fa_tcp_port_map *make_map(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple)
{
    struct fa_tcp_ports *ports = &tcp->ports;
    struct fa__tcp_tuple probe = *tuple;
    struct fa_tcp_port_map *map = &ports->maps[ports->map_next];
    ports->map_next = (ports->map_next + 1) % FA_TCP_PORT_MAP_COUNT;
    ports->map_count = fa__u32_min(ports->map_count + 1, FA_TCP_PORT_MAP_COUNT);
    FA_COUNT(tcp->config.counters, tcp_port_mapped);
    *map = (struct fa_tcp_port_map){
        .local = tuple->local, .remote = tuple->remote, .remote_port = tuple->remote_port};
    for (uint32_t idx = 0; idx < FA__TCP_PORT_COUNT; idx++) {
        probe.local_port = (uint16_t)(FA__TCP_PORT_FIRST + idx);
        const struct fa_tcp_conn *conn = fa__tcp_find(tcp, &probe);
        bool waits = conn != NULL && conn->list == FA__TCP_LIST_TIME_WAIT && conn->ts_ok;
        bool listens = fa__tcp_listener_find(tcp, &probe.local, probe.local_port) != NULL;
        set_free(map, idx, (conn == NULL || waits) && !listens);
    }
    return map;
}

/* The first bit of `words` from `from` on, wrapping around; -1: none. `count` is small. */
static int next_bit(const uint64_t *words, uint32_t count, uint32_t from)
{
    uint32_t word = from / WORD_BITS;
    uint64_t rest = words[word] >> from % WORD_BITS << from % WORD_BITS;
    for (uint32_t i = 0; i <= count; i++) {
        if (rest != 0) {
            return (int)(word * WORD_BITS) + __builtin_ctzll(rest);
        }
        word = (word + 1) % count;
        rest = words[word];
    }
    return -1;
}

static bool take_from_map(
    const struct fa_tcp_port_map *map, uint32_t from, struct fa__tcp_tuple *tuple)
{
    uint32_t word = from / WORD_BITS;
    uint64_t rest = map->words[word] >> from % WORD_BITS << from % WORD_BITS;
    if (rest == 0) {
        int next = next_bit(map->sums, FA_TCP_PORT_SUMS, (word + 1) % FA_TCP_PORT_WORDS);
        if (next < 0) {
            return false;
        }
        word = (uint32_t)next;
        rest = map->words[word];
    }
    uint32_t idx = word * WORD_BITS + (uint32_t)__builtin_ctzll(rest);
    tuple->local_port = (uint16_t)(FA__TCP_PORT_FIRST + idx);
    return true;
}

/* ---- choosing ---- */

bool fa__tcp_port_choose(struct fa_tcp *tcp, struct fa__tcp_tuple *tuple)
{
    uint8_t room[12];
    tuple->local_port = 0;
    uint64_t hash = fa_siphash(&tcp->ports.key, fa__tcp_tuple_bytes(tuple, room));
    uint32_t *counter = &tcp->ports.counters[(hash >> 32) % FA_TCP_PORT_COUNTERS];
    struct fa_tcp_port_map *map = find_map(tcp, tuple);
    for (int i = 0; map == NULL && i < TRIES_MAX; i++) {
        uint32_t idx = ((uint32_t)hash + (*counter)++) % FA__TCP_PORT_COUNT;
        tuple->local_port = (uint16_t)(FA__TCP_PORT_FIRST + idx);
        if (is_free_port(tcp, tuple)) {
            return true;
        }
    }
    map = map != NULL ? map : make_map(tcp, tuple);
    uint32_t from = ((uint32_t)hash + (*counter)++) % FA__TCP_PORT_COUNT;
    for (int i = 0; i < FA__TCP_PORT_COUNT && take_from_map(map, from, tuple); i++) {
        if (is_free_port(tcp, tuple)) { // a TIME_WAIT in the map may be too young
            return true;
        }
        from = (tuple->local_port - FA__TCP_PORT_FIRST + 1u) % FA__TCP_PORT_COUNT;
    }
    return false;
}
