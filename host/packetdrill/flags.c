// SPDX-License-Identifier: ISC
//
// --so_flags: KEY=VALUE, separated by commas. An unknown key is an error, not a surprise.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/fmt.h"
#include "host/packetdrill/world.h"

enum kind {
    ADDRESS4,
    ADDRESS6,
    MASK,
    NUMBER,
    FEATURE,
    NAME,
};

/* One key: where its value goes, and what it may be. */
struct key {
    const char *name;
    enum kind kind;
    size_t off; /* in struct settings; of a feature its bit */
    size_t width;
    uint64_t unit;
    uint64_t min;
    uint64_t max;
    const char *help;
};

#define AT(member) offsetof(struct settings, member), sizeof(((struct settings *)0)->member)

static const struct key keys[] = {
    {"local", ADDRESS4, AT(local), 0, 0, 0, "the stack's address [192.168.0.1]"},
    {"gateway", ADDRESS4, AT(gateway), 0, 0, 0, "its gateway [192.168.0.2]"},
    {"netmask", MASK, AT(prefix_bits), 0, 0, 32, "255.255.0.0 or 16 [16]"},
    {"local6", ADDRESS6, AT(local6), 0, 0, 0, "the same of IPv6 [fd3d:a0b:17d6::1]"},
    {"gateway6", ADDRESS6, AT(gateway6), 0, 0, 0, "[fd3d:a0b:17d6:8888::1]"},
    {"prefix6", NUMBER, AT(prefix6_bits), 1, 1, 128, "bits of its network [48]"},
    {"mtu", NUMBER, AT(mtu_bytes), 1, 576, 9000, "bytes [1500]"},
    {"seed", NUMBER, AT(seed), 1, 1, UINT64_MAX, "of random numbers [1]"},
    {"cap", NUMBER, AT(cap_ns), FA_NS_S, 1, 1000000, "s to wait for a packet [300]"},
    {"ts", FEATURE, FA_TCP_TIMESTAMPS, 0, 0, 0, 1, "timestamps [on]"},
    {"wscale", FEATURE, FA_TCP_WINDOW_SCALE, 0, 0, 0, 1, "window scaling [on]"},
    {"sack", FEATURE, FA_TCP_SACK, 0, 0, 0, 1, "selective acknowledgements [on]"},
    {"dsack", FEATURE, FA_TCP_DSACK, 0, 0, 0, 1, "reports of what came twice [on]"},
    {"rack", FEATURE, FA_TCP_RACK, 0, 0, 0, 1, "losses found by time [on]"},
    {"tlp", FEATURE, FA_TCP_TAIL_LOSS_PROBE, 0, 0, 0, 1, "tail loss probes [on]"},
    {"prr", FEATURE, FA_TCP_PRR, 0, 0, 0, 1, "proportional rate reduction [on]"},
    {"undo", FEATURE, FA_TCP_UNDO, 0, 0, 0, 1, "of needless recoveries [on]"},
    {"limited", FEATURE, FA_TCP_LIMITED_TRANSMIT, 0, 0, 0, 1, "limited transmit [on]"},
    {"cookies", FEATURE, FA_TCP_COOKIES, 0, 0, 0, 1, "SYN cookies [on]"},
    {"hystart", FEATURE, FA_TCP_HYSTART, 0, 0, 0, 1, "CUBIC's way out of slow start [on]"},
    {"ecn", FEATURE, FA_TCP_ECN, 0, 0, 0, 1, "for who asks for it [on]"},
    {"ecn_ask", FEATURE, FA_TCP_ECN_ASK, 0, 0, 0, 1, "asked for [off]"},
    {"mtu_probe", FEATURE, FA_TCP_MTU_PROBE, 0, 0, 0, 1, "of paths without ICMP [on]"},
    {"cc", NAME, AT(tcp.congestion), 0, 0, 0, "congestion control: cubic, newreno [cubic]"},
    {"iw", NUMBER, AT(tcp.initial_segments), 1, 1, 100, "segments of the first window [10]"},
    {"rcvbuf", NUMBER, AT(tcp.rx_window_bytes), 1, 2048, 1 << 24, "bytes [4194304]"},
    {"rcvwin", NUMBER, AT(tcp.rx_window_initial_bytes), 1, 2048, 1 << 24, "bytes [65535]"},
    {"sndbuf", NUMBER, AT(tcp.tx_buffer_bytes), 1, 2048, 1 << 24, "bytes [4194304]"},
    {"delack", NUMBER, AT(tcp.delayed_ack_ns), FA_NS_MS, 1, 500, "ms [40]"},
    {"rto_min", NUMBER, AT(tcp.rto_min_ns), FA_NS_MS, 1, 60000, "ms [200]"},
    {"time_wait", NUMBER, AT(tcp.time_wait_ns), FA_NS_S, 1, 3600, "s [60]"},
    {"keepidle", NUMBER, AT(tcp.keepalive_after_ns), FA_NS_S, 1, 1 << 20, "s [7200]"},
    {"keepintvl", NUMBER, AT(tcp.keepalive_interval_ns), FA_NS_S, 1, 1 << 20, "s [75]"},
    {"keepcnt", NUMBER, AT(tcp.keepalive_probes), 1, 1, 100, "probes [9]"},
};

[[gnu::noreturn]] static void fail(const char *text, const char *why)
{
    fprintf(stderr, "libfata_packetdrill.so: --so_flags: '%s' %s. Known keys:\n", text, why);
    for (size_t i = 0; i < FA_COUNT_OF(keys); i++) {
        fprintf(stderr, "    %-10s %s\n", keys[i].name, keys[i].help);
    }
    exit(2);
}

/* Store a number in a member of whichever width; both kinds of host are little-endian. */
static void store_number(struct settings *settings, const struct key *key, uint64_t number)
{
    uint64_t value = number * key->unit;
    memcpy((uint8_t *)settings + key->off, &value, key->width);
}

static bool read_mask(struct fa_slice text, uint8_t *ret_bits)
{
    struct fa_ip mask;
    uint64_t bits;
    if (fa_parse_u64(text, 32, &bits) == FA_OK) {
        *ret_bits = (uint8_t)bits;
        return true;
    }
    if (fa_ip_parse(text, &mask) != FA_OK || !fa_ip_is4(&mask)) {
        return false;
    }
    uint32_t ones = fa_be32_load(fa_ip_bytes4(&mask));
    *ret_bits = (uint8_t)__builtin_popcount(ones);
    return *ret_bits == 0 || ones == UINT32_MAX << (32 - *ret_bits);
}

static bool is_word(struct fa_slice value, const char *word)
{
    return fa_slice_equal(value, fa_slice_of(word));
}

static bool read_congestion(struct fa_slice value, enum fa_tcp_congestion *ret_which)
{
    for (unsigned i = 0; i < FA_TCP_CONGESTION_COUNT; i++) {
        if (is_word(value, fa_tcp_congestion_name((enum fa_tcp_congestion)i))) {
            *ret_which = (enum fa_tcp_congestion)i;
            return true;
        }
    }
    return false;
}

static bool read_value(struct settings *settings, const struct key *key, struct fa_slice value)
{
    uint64_t number;
    bool on = is_word(value, "on") || is_word(value, "1");
    switch (key->kind) {
    case ADDRESS4:
    case ADDRESS6: {
        struct fa_ip ip;
        bool wants4 = key->kind == ADDRESS4;
        bool good = fa_ip_parse(value, &ip) == FA_OK && fa_ip_is4(&ip) == wants4;
        if (good) {
            memcpy((uint8_t *)settings + key->off, &ip, sizeof ip);
        }
        return good;
    }
    case MASK:
        return read_mask(value, &settings->prefix_bits);
    case NUMBER:
        if (fa_parse_u64(value, key->max, &number) != FA_OK || number < key->min) {
            return false;
        }
        store_number(settings, key, number);
        return true;
    case FEATURE:
        settings->tcp.features_off |= (uint32_t)key->off;
        if (on) {
            settings->tcp.features_off &= ~(uint32_t)key->off;
        }
        return on || is_word(value, "off") || is_word(value, "0");
    case NAME:
        return read_congestion(value, &settings->tcp.congestion);
    }
    return false;
}

static void read_pair(struct settings *settings, char *pair)
{
    char *equals = strchr(pair, '=');
    if (equals == NULL) {
        fail(pair, "is not KEY=VALUE");
    }
    struct fa_slice name = {(const uint8_t *)pair, (size_t)(equals - pair)};
    for (size_t i = 0; i < FA_COUNT_OF(keys); i++) {
        if (is_word(name, keys[i].name)) {
            if (!read_value(settings, &keys[i], fa_slice_of(equals + 1))) {
                fail(pair, "has a value that its key does not take");
            }
            return;
        }
    }
    fail(pair, "has an unknown key");
}

void settings_read(const char *text, struct settings *ret_settings)
{
    *ret_settings = (struct settings){
        .tcp.features_off = FA_TCP_ECN_ASK,
        .local = fa_ip4(192, 168, 0, 1),
        .gateway = fa_ip4(192, 168, 0, 2),
        .prefix_bits = 16,
        .local6 = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, [15] = 1}},
        .gateway6 = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, 0x88, 0x88, [15] = 1}},
        .prefix6_bits = 48,
        .mtu_bytes = 1500,
        .cap_ns = 300 * FA_NS_S,
        .seed = 1,
    };
    if (text == NULL || text[0] == '\0') {
        return;
    }
    char *copy = strdup(text);
    char *rest = copy;
    for (char *pair; copy != NULL && (pair = strsep(&rest, ",")) != NULL;) {
        read_pair(ret_settings, pair);
    }
    free(copy);
}
