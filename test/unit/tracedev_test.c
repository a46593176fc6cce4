// SPDX-License-Identifier: ISC
//
// Tests of the wrapper that traces frames.

#include "fa/tracedev.h"

#include "fa/trace.h"
#include "fa/vnet.h"
#include "test/frame.h"
#include "test/t.h"

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static struct fa_vnet_port ports[2];
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[16 * FA_BUF_SIZE];
static struct fa_tracedev traced[2];
static _Alignas(8) uint8_t ring_memory[16384];

struct record {
    struct fa_trace_record head;
    uint64_t words[3];
};

static void open_wire(void)
{
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_vnet_init(&vnet, &(struct fa_vnet_config){.macs = macs, .mac_count = 8});
    for (uint32_t i = 0; i < 2; i++) {
        fa_vnet_port_open(
            &vnet, &ports[i], &(struct fa_vnet_port_config){.name = "port", .pool = &pool});
        fa_tracedev_wrap(&traced[i], &ports[i].dev, i + 1);
    }
}

static void close_wire(void)
{
    fa_trace_attach(FA_TRACE_PACKET, NULL, 0);
    fa_netdev_close(&traced[0].dev);
    fa_netdev_close(&traced[1].dev);
    CHECK_EQ(pool.used_count, 0);
}

static void pass_frame(fa_ns now, uint32_t mark)
{
    CHECK(frame_send(&traced[0].dev, now, frame_broadcast, mark, 200));
    fa_netdev_tx_flush(&traced[0].dev, now);
    CHECK_EQ(frame_drain(&traced[1].dev, now + 1), 1);
}

static bool read_record(uint64_t *cursor, struct record *ret_record)
{
    return fa_trace_read(fa_trace_rings[FA_TRACE_PACKET], sizeof ring_memory, cursor,
               &ret_record->head, ret_record->words, sizeof ret_record->words) == FA_OK;
}

T(one_frame_can_be_followed_from_stack_to_stack)
{
    struct record sent, received, other;
    open_wire();
    fa_trace_attach(FA_TRACE_PACKET, ring_memory, sizeof ring_memory);
    pass_frame(1000, 7);
    pass_frame(2000, 8);
    uint64_t cursor = fa_trace_rings[FA_TRACE_PACKET]->head;
    REQUIRE(read_record(&cursor, &sent));
    REQUIRE(read_record(&cursor, &received));
    REQUIRE(read_record(&cursor, &other));
    CHECK_EQ(sent.head.event, FA_EVENT_frame_tx);
    CHECK_EQ(sent.head.actor, 1);
    CHECK_EQ(sent.head.at_ns, 1000);
    CHECK_EQ(sent.head.len, 24);
    CHECK_EQ(sent.words[0], 200);
    CHECK_EQ(sent.words[1], FRAME_TYPE);
    CHECK_EQ(received.head.event, FA_EVENT_frame_rx);
    CHECK_EQ(received.head.actor, 2);
    CHECK_EQ(received.head.at_ns, 1001);
    CHECK(fa_equal(sent.words, received.words, sizeof sent.words));
    CHECK(other.words[2] != sent.words[2]);
    close_wire();
}

T(frames_pass_while_the_class_is_off)
{
    open_wire();
    pass_frame(1000, 7);
    fa_trace_attach(FA_TRACE_PACKET, ring_memory, sizeof ring_memory);
    CHECK_EQ(fa_trace_rings[FA_TRACE_PACKET]->tail, fa_trace_rings[FA_TRACE_PACKET]->head);
    close_wire();
}
