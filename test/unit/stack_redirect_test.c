// SPDX-License-Identifier: ISC
//
// Redirects of IPv4: believed where they are switched on, from the present first hop alone.
//
// The bare port plays the router 10.0.0.3 and whoever else there is.

#include "fa/stack.h"

#include "fa/wire/icmp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    FAR = 0x08080808,
    BETTER = 0x0a000009, /* 10.0.0.9, another router */
};

static struct fa_udp_socket socket;

static void open_world(bool redirects4)
{
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    config.ifaces[0].gateway = fa_ip4_ip(WORLD_M);
    config.ifaces[0].redirects4 = redirects4;
    fa_stack_init(&world.a.stack, &config, world.now);
    world_run(10 * FA_NS_S);
    REQUIRE(world_bind(&world.a, &socket, 9) == FA_OK);
}

static void close_world(void)
{
    world_sniff_nothing();
    fa_udp_close(&socket);
    world_close();
}

/* From `router`: packets of ours to `target` had better go over `gateway`. */
static void redirect(uint32_t router, uint32_t local, uint32_t target, uint32_t gateway)
{
    static uint8_t bytes[FA_ICMP_HDR_LEN + FA_IP4_HDR_LEN + 8];
    const struct fa_ip4_header quoted = {.source = local,
        .target = target,
        .total_len = FA_IP4_HDR_LEN + 8,
        .ttl = 63,
        .protocol = FA_IP_PROTO_UDP};
    const struct fa_icmp_header header = {.type = FA_ICMP_REDIRECT,
        .code = 1,
        .id = (uint16_t)(gateway >> 16),
        .seq = (uint16_t)gateway};
    fa_ip4_encode(bytes + FA_ICMP_HDR_LEN, &quoted);
    fa_icmp_encode(bytes, sizeof bytes, &header);
    const struct fa_ip4_header ip = {
        .source = router, .target = WORLD_A, .protocol = FA_IP_PROTO_ICMP};
    world_inject(world_mac(&world.a), &ip, (struct fa_slice){bytes, sizeof bytes}, 0);
    world_settle();
}

/* Whom a packet to `target` makes us ask for, or 0: whose card is known already. */
static uint32_t asked_for(uint32_t target)
{
    uint32_t asked = 0;
    world_sniff_nothing();
    CHECK_EQ(world_send(&socket, "x", world_at(target, 9)), FA_OK);
    world_settle();
    for (struct fa_buf *frame; (frame = world_sniff()) != NULL;) {
        const uint8_t *at = fa_buf_at(frame);
        if (fa_be16_load(at + 12) == FA_ETH_TYPE_ARP) {
            asked = fa_be32_load(at + FA_ETH_HDR_LEN + 24);
        }
        fa_buf_drop(frame);
    }
    return asked;
}

T(a_redirect_from_the_first_hop_moves_one_host_for_a_while)
{
    open_world(true);
    redirect(WORLD_M, WORLD_A, FAR, BETTER);
    CHECK_EQ(COUNTED(&world.a, icmp_rx_redirects), 1);
    CHECK_EQ(asked_for(FAR), BETTER);
    CHECK_EQ(asked_for(FAR + 1), WORLD_M);
    redirect(WORLD_M, WORLD_A, FAR, BETTER + 1); // no longer the first hop
    CHECK_EQ(COUNTED(&world.a, icmp_rx_redirect_invalid), 1);
    redirect(BETTER, WORLD_A, FAR, BETTER + 1);
    CHECK_EQ(COUNTED(&world.a, icmp_rx_redirects), 2);
    CHECK_EQ(asked_for(FAR), BETTER + 1);
    close_world();

    open_world(true);
    redirect(WORLD_M, WORLD_A, FAR, BETTER);
    world_run(FA_STACK_REDIRECT_NS);
    CHECK_EQ(asked_for(FAR), WORLD_M);
    close_world();
}

T(a_router_that_does_not_answer_is_left)
{
    open_world(true);
    redirect(WORLD_M, WORLD_A, FAR, BETTER);
    CHECK_EQ(asked_for(FAR), BETTER);
    world_run(10 * FA_NS_S);
    CHECK_EQ(asked_for(FAR), WORLD_M);
    close_world();
}

T(where_redirects_are_off_they_are_counted_and_nothing_else)
{
    open_world(false);
    redirect(WORLD_M, WORLD_A, FAR, BETTER);
    CHECK_EQ(COUNTED(&world.a, icmp_rx_redirect_ignored), 1);
    CHECK_EQ(asked_for(FAR), WORLD_M);
    close_world();
}

T(redirects_that_make_no_sense_are_not_believed)
{
    static const struct {
        uint32_t router;
        uint32_t local;
        uint32_t target;
        uint32_t gateway;
    } rows[] = {
        {BETTER, WORLD_A, FAR, BETTER},         // not the first hop
        {WORLD_M, WORLD_A, FAR, WORLD_M},       // itself
        {WORLD_M, WORLD_A, FAR, WORLD_A},       // ourselves
        {WORLD_M, WORLD_A, FAR, 0x0a000100},    // of another network
        {WORLD_M, WORLD_A, FAR, 0x0a0000ff},    // all of ours
        {WORLD_M, WORLD_A, FAR, 0},             // nobody
        {WORLD_M, WORLD_A, 0x0a000020, BETTER}, // a neighbour needs no router
        {WORLD_M, WORLD_A, WORLD_A, BETTER},    // ours
        {WORLD_M, WORLD_A, 0xffffffff, BETTER}, // everybody
        {WORLD_M, WORLD_A, WORLD_M, BETTER},    // the router itself
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        open_world(true);
        redirect(rows[i].router, rows[i].local, rows[i].target, rows[i].gateway);
        if (COUNTED(&world.a, icmp_rx_redirects) != 0) {
            t_fail(__FILE__, __LINE__, "row %u is believed", (unsigned)i);
        }
        CHECK_EQ(COUNTED(&world.a, icmp_rx_redirect_invalid), 1);
        CHECK_EQ(asked_for(FAR), WORLD_M);
        close_world();
    }
    open_world(true);
    redirect(WORLD_M, WORLD_B, FAR, BETTER); // about a packet that is not ours
    CHECK_EQ(COUNTED(&world.a, icmp_rx_quote), 1);
    CHECK_EQ(asked_for(FAR), WORLD_M);
    close_world();
}

T(of_many_redirects_the_oldest_gives_way)
{
    open_world(true);
    for (uint32_t i = 0; i <= FA_STACK_REDIRECT_MAX; i++) {
        redirect(WORLD_M, WORLD_A, FAR + i, BETTER);
    }
    CHECK_EQ(asked_for(FAR + FA_STACK_REDIRECT_MAX), BETTER);
    CHECK_EQ(asked_for(FAR), WORLD_M);
    close_world();
}
