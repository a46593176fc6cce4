// SPDX-License-Identifier: ISC
//
// Path MTU discovery through a whole stack: who is believed, and what changes then.

#include "fa/wire/icmp.h"
#include "fa/wire/tcp.h"
#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum { PATH_MTU = 1000 };

static uint8_t payload[1400];
static struct fa_udp_socket at_a;
static struct fa_udp_socket at_b;
static const struct fa_ip any;

static void begin(void)
{
    world_open();
    REQUIRE(world_bind(&world.a, &at_a, 1) == FA_OK);
    REQUIRE(world_bind(&world.b, &at_b, 7) == FA_OK);
    CHECK_EQ(world_send(&at_a, "hello", world_at(WORLD_B, 7)), FA_OK);
    world_settle();
    CHECK(world_recv(&at_b, "hello", NULL));
}

static void end(void)
{
    fa_udp_close(&at_a);
    fa_udp_close(&at_b);
    world_close();
}

static void send_long(void)
{
    struct fa_endpoint to = world_at(WORLD_B, 7);
    struct fa_buf *buf;
    struct fa_udp_from from;
    CHECK_EQ(fa_udp_send(&at_a, (struct fa_slice){payload, sizeof payload}, &any, &to), FA_OK);
    world_settle();
    if (fa_udp_recv(&at_b, &buf, &from) == FA_OK) {
        CHECK_EQ(buf->len, sizeof payload);
        fa_buf_drop(buf);
    }
}

/* Somebody says that a datagram of A's did not fit: from its port `source` to B's `target`. */
static void complain(uint16_t source, uint16_t target, uint16_t mtu_bytes)
{
    uint8_t message[FA_ICMP_HDR_LEN + FA_IP4_HDR_LEN + FA_UDP_HDR_LEN] = {0};
    struct fa_ip4_header quoted = {.source = WORLD_A,
        .target = WORLD_B,
        .total_len = 1428,
        .ttl = 60,
        .protocol = FA_IP_PROTO_UDP};
    fa_ip4_encode(message + FA_ICMP_HDR_LEN, &quoted);
    fa_be16_store(message + FA_ICMP_HDR_LEN + FA_IP4_HDR_LEN, source);
    fa_be16_store(message + FA_ICMP_HDR_LEN + FA_IP4_HDR_LEN + 2, target);
    fa_icmp_encode(message, sizeof message,
        &(struct fa_icmp_header){FA_ICMP_UNREACHABLE, FA_ICMP_CODE_TOO_BIG, 0, mtu_bytes});
    struct fa_ip4_header ip = {.source = WORLD_M, .target = WORLD_A, .protocol = FA_IP_PROTO_ICMP};
    world_inject(world_mac(&world.a), &ip, (struct fa_slice){message, sizeof message}, 0);
    world_settle();
}

static uint16_t known_mtu(void)
{
    struct fa_ip b = fa_ip4_ip(WORLD_B);
    return fa_pmtu_of(&world.a.stack.pmtu, world.now, &b, 1500);
}

T(a_router_that_quotes_what_was_just_sent_is_believed_for_ten_minutes)
{
    begin();
    send_long();
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragmented), 0);
    complain(1, 7, PATH_MTU);
    CHECK_EQ(known_mtu(), PATH_MTU);
    send_long();
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragmented), 1);
    CHECK_EQ(COUNTED(&world.b, reass_done), 1);
    world_run(FA_PMTU_AGE_NS);
    send_long();
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragmented), 1);
    end();
}

T(nobody_else_is_believed)
{
    begin();
    send_long();
    complain(2, 7, PATH_MTU); // a port nobody has
    complain(1, 8, PATH_MTU); // a remote port nobody sent to
    CHECK_EQ(known_mtu(), 1500);
    CHECK_EQ(COUNTED(&world.a, udp_icmp_unasked), 2);
    CHECK_EQ(COUNTED(&world.a, pmtu_lowered), 0);
    end();
}

T(a_sender_that_forbids_cutting_is_told_how_much_fits)
{
    begin();
    at_a.config.dont_fragment = true;
    at_a.config.errors = true;
    complain(1, 7, PATH_MTU);
    struct fa_buf *buf;
    struct fa_udp_from from;
    CHECK_EQ(fa_udp_recv(&at_a, &buf, &from), FA_EINVAL); // what the router said
    send_long();
    CHECK_EQ(COUNTED(&world.a, ip_tx_too_big), 1);
    CHECK_EQ(fa_udp_recv(&at_a, &buf, &from), FA_EINVAL); // what we know ourselves
    CHECK_EQ(at_a.error.mtu_bytes, PATH_MTU);
    CHECK_EQ(fa_udp_recv(&at_a, &buf, &from), FA_AGAIN);
    end();
}
