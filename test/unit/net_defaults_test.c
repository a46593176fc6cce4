// SPDX-License-Identifier: ISC
//
// What the protocols do where their configuration says nothing.

#include "fa/arp.h"
#include "fa/icmp.h"
#include "fa/igmp.h"
#include "fa/mld.h"
#include "fa/neigh.h"
#include "fa/reass.h"
#include "fa/udp.h"
#include "test/t.h"

T(who_names_no_counters_counts_into_those_of_the_image)
{
    static struct fa_arp arp;
    static struct fa_icmp icmp;
    static struct fa_igmp igmp;
    static struct fa_mld mld;
    static struct fa_neigh neigh;
    static struct fa_udp udp;
    static struct fa_reass reass;
    static struct fa_pool pool;
    static _Alignas(64) uint8_t memory[2 * FA_BUF_SIZE];
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_arp_init(&arp, &(struct fa_arp_config){.rand = &rand});
    fa_icmp_init(&icmp, &(struct fa_icmp_config){.rand = &rand});
    fa_igmp_init(&igmp, &(struct fa_igmp_config){.rand = &rand});
    fa_mld_init(&mld, &(struct fa_mld_config){.rand = &rand});
    fa_neigh_init(&neigh, &(struct fa_neigh_config){.rand = &rand});
    fa_udp_init(&udp, &(struct fa_udp_config){.rand = &rand});
    fa_reass_init(&reass, &(struct fa_reass_config){.pool = &pool});
    CHECK(arp.config.counters == &fa_counters_main);
    CHECK(icmp.config.counters == &fa_counters_main);
    CHECK(igmp.config.counters == &fa_counters_main);
    CHECK(mld.config.counters == &fa_counters_main);
    CHECK(neigh.config.counters == &fa_counters_main);
    CHECK(reass.config.counters == &fa_counters_main);
    CHECK(udp.config.counters == &fa_counters_main);
}

T(limits_that_are_not_named_are_those_of_the_headers)
{
    static struct fa_reass reass;
    static struct fa_pool pool;
    static _Alignas(64) uint8_t memory[2 * FA_BUF_SIZE];
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_reass_init(&reass, &(struct fa_reass_config){.pool = &pool});
    CHECK_EQ(reass.config.datagram_count_max, FA_REASS_DATAGRAM_COUNT_MAX);
    CHECK_EQ(reass.config.source_count_max, FA_REASS_SOURCE_COUNT_MAX);
    CHECK_EQ(reass.config.fragment_count_max, FA_REASS_FRAGMENT_COUNT_MAX);
    CHECK_EQ(reass.config.bytes_max, FA_REASS_BYTES_MAX);
    CHECK_EQ(reass.config.timeout4_ns, FA_REASS_TIMEOUT4_NS);
    CHECK_EQ(reass.config.timeout6_ns, FA_REASS_TIMEOUT6_NS);
    static struct fa_neigh neigh;
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    fa_neigh_init(&neigh, &(struct fa_neigh_config){.rand = &rand});
    CHECK_EQ(neigh.config.answer_percent, FA_NEIGH_ANSWER_PERCENT);
    CHECK_EQ(fa_neigh_deadline(&neigh), FA_NS_NEVER);
}
