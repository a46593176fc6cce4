// SPDX-License-Identifier: ISC
//
// Happy Eyeballs: the order of addresses as destinations (RFC 6724 6).
//
// Rule 9, the longest prefix in common with the source, is left out for IPv4: there it only undoes
// the order in which a server spreads its load.

#include "fa/happy.h"

/* RFC 6724 2.1, longer prefixes first where one contains another. */
static const struct policy {
    uint8_t prefix[16];
    uint8_t bits;
    uint8_t precedence;
    uint8_t label;
} policies[] = {
    {{[15] = 1}, 128, 50, 0},
    {{[10] = 0xff, [11] = 0xff}, 96, 35, 4},
    {{0}, 96, 1, 3},
    {{0x20, 0x01}, 32, 5, 5},
    {{0x20, 0x02}, 16, 30, 2},
    {{0x3f, 0xfe}, 16, 1, 12},
    {{0xfe, 0xc0}, 10, 1, 11},
    {{0xfc}, 7, 3, 13},
    {{0}, 0, 40, 1},
};

enum {
    SCOPE_LINK = 2,
    SCOPE_SITE = 5,
    SCOPE_GLOBAL = 14,
};

/* Leading bits that two addresses have in common. */
static uint32_t common_bits(const uint8_t *a, const uint8_t *b)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 16; i++) {
        uint8_t differ = a[i] ^ b[i];
        if (differ != 0) {
            return bits + (uint32_t)__builtin_clz(differ) - 24;
        }
        bits += 8;
    }
    return bits;
}

static const struct policy *policy_of(const struct fa_ip *ip)
{
    const struct policy *policy = policies;
    while (common_bits(policy->prefix, ip->b) < policy->bits) {
        policy++;
    }
    return policy;
}

/* RFC 6724 3.1 and 3.2. */
static uint32_t scope_of(const struct fa_ip *ip)
{
    static const struct fa_ip loopback6 = {{[15] = 1}};
    if (fa_ip_is4(ip)) {
        const uint8_t *b = fa_ip_bytes4(ip);
        return b[0] == 127 || (b[0] == 169 && b[1] == 254) ? SCOPE_LINK : SCOPE_GLOBAL;
    }
    if (ip->b[0] == 0xff) {
        return ip->b[1] & 15u;
    }
    if (ip->b[0] == 0xfe && ip->b[1] >> 6 == 2) {
        return SCOPE_LINK;
    }
    if (ip->b[0] == 0xfe && ip->b[1] >> 6 == 3) {
        return SCOPE_SITE;
    }
    return fa_ip_equal(ip, &loopback6) ? SCOPE_LINK : SCOPE_GLOBAL;
}

/* What counts of a destination. */
struct rank {
    struct fa_ip ip;
    bool usable;
    bool scope_matches;
    bool label_matches;
    uint32_t precedence;
    uint32_t scope;
    uint32_t common; /* bits, of IPv6 alone; IPv4 has none, and a precedence of its own */
};

static struct rank rank_of(const struct fa_happy_config *config, const struct fa_ip *ip)
{
    const struct policy *policy = policy_of(ip);
    struct fa_ip source = *ip;
    struct rank rank = {
        .ip = *ip, .usable = true, .precedence = policy->precedence, .scope = scope_of(ip)};
    if (config->source_for != NULL) {
        rank.usable = config->source_for(config->ctx, ip, &source) == FA_OK;
    }
    rank.scope_matches = scope_of(&source) == rank.scope;
    rank.label_matches = policy_of(&source)->label == policy->label;
    rank.common = fa_ip_is4(ip) ? 0 : common_bits(source.b, ip->b);
    return rank;
}

/* Whether `a` comes before `b`; false also if it is no matter. */
static bool is_before(const struct rank *a, const struct rank *b)
{
    if (a->usable != b->usable) {
        return a->usable;
    }
    if (a->scope_matches != b->scope_matches) {
        return a->scope_matches;
    }
    if (a->label_matches != b->label_matches) {
        return a->label_matches;
    }
    if (a->precedence != b->precedence) {
        return a->precedence > b->precedence;
    }
    if (a->scope != b->scope) {
        return a->scope < b->scope;
    }
    return a->common > b->common;
}

void fa_happy_order(const struct fa_happy_config *config, struct fa_ip *ips, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct rank moved = rank_of(config, &ips[i]);
        size_t place = i;
        while (place > 0) {
            struct rank before = rank_of(config, &ips[place - 1]);
            if (!is_before(&moved, &before)) {
                break;
            }
            ips[place] = ips[place - 1];
            place--;
        }
        ips[place] = moved.ip;
    }
}
