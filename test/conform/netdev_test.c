// SPDX-License-Identifier: ISC
//
// The suite of network cards on the switch in memory and on every wrapper. Cards of the host are in
// netdev_linux_test.c.

#include "fa/capture.h"
#include "fa/fault.h"
#include "fa/gso.h"
#include "fa/trace.h"
#include "fa/tracedev.h"
#include "fa/vnet.h"
#include "test/conform/netdev_conform.h"
#include "test/t.h"

enum {
    BUF_COUNT = 256,
};

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static struct fa_vnet_port ports[2];
static struct fa_pool pools[2];
static _Alignas(64) uint8_t memory[2][BUF_COUNT * FA_BUF_SIZE];
static struct fa_counters counters;

static const char *open_switch(uint8_t offload, struct conform_netdev_pair *ret_pair)
{
    static const char *const names[2] = {"left", "right"};
    counters = (struct fa_counters){};
    fa_vnet_init(
        &vnet, &(struct fa_vnet_config){
                   .macs = macs, .mac_count = 8, .offload = offload, .counters = &counters});
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
        fa_vnet_port_open(
            &vnet, &ports[i], &(struct fa_vnet_port_config){.name = names[i], .pool = &pools[i]});
        ret_pair->dev[i] = &ports[i].dev;
        ret_pair->pool[i] = &pools[i];
    }
    ret_pair->counters = &counters;
    return NULL;
}

static void close_nothing(void)
{
}

static const char *open_vnet(struct conform_netdev_pair *ret_pair)
{
    return open_switch(0, ret_pair);
}

static const char *open_vnet_offload(struct conform_netdev_pair *ret_pair)
{
    return open_switch(FA_OFFLOAD_CSUM_NEEDED, ret_pair);
}

static struct fa_capture capture;
static struct fa_capture_ring capture_ring;
static struct fa_capture_dev captured[2];
static uint8_t capture_memory[65536];

static const char *open_capture(struct conform_netdev_pair *ret_pair)
{
    (void)open_vnet(ret_pair);
    fa_capture_ring_init(&capture_ring, capture_memory, sizeof capture_memory, &counters);
    fa_capture_init(
        &capture, &(struct fa_capture_config){.sink = fa_capture_ring_sink(&capture_ring)});
    for (unsigned i = 0; i < 2; i++) {
        fa_capture_wrap(&captured[i], &capture, &ports[i].dev);
        ret_pair->dev[i] = &captured[i].dev;
    }
    return NULL;
}

static struct fa_gso gso[2];
static struct fa_pool large[2];
static _Alignas(64) uint8_t large_memory[2][64 * FA_GSO_BUF_SIZE];

static const char *open_gso(struct conform_netdev_pair *ret_pair)
{
    (void)open_vnet(ret_pair);
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&large[i], large_memory[i], sizeof large_memory[i], FA_GSO_BUF_SIZE);
        fa_gso_wrap(&gso[i],
            &(struct fa_gso_config){
                .inner = &ports[i].dev, .pool = &large[i], .join = true, .counters = &counters});
        ret_pair->dev[i] = &gso[i].dev;
    }
    return NULL;
}

static struct fa_tracedev traced[2];
static _Alignas(8) uint8_t trace_memory[65536];

static const char *open_tracedev(struct conform_netdev_pair *ret_pair)
{
    (void)open_vnet(ret_pair);
    fa_trace_attach(FA_TRACE_PACKET, trace_memory, sizeof trace_memory);
    for (uint32_t i = 0; i < 2; i++) {
        fa_tracedev_wrap(&traced[i], &ports[i].dev, i);
        ret_pair->dev[i] = &traced[i].dev;
    }
    return NULL;
}

static void close_tracedev(void)
{
    fa_trace_attach(FA_TRACE_PACKET, NULL, 0);
}

static struct fa_fault faults[2];

static const char *open_fault(struct conform_netdev_pair *ret_pair)
{
    (void)open_vnet(ret_pair);
    for (unsigned i = 0; i < 2; i++) {
        fa_fault_wrap(
            &faults[i], &ports[i].dev, &(struct fa_fault_wrap_config){.counters = &counters});
        ret_pair->dev[i] = &faults[i].dev;
    }
    return NULL;
}

/* All three, one around the other, as a test world has them. */
static const char *open_all(struct conform_netdev_pair *ret_pair)
{
    static struct fa_capture_dev outer[2];
    static struct fa_tracedev outermost[2];
    (void)open_fault(ret_pair);
    fa_trace_attach(FA_TRACE_PACKET, trace_memory, sizeof trace_memory);
    fa_capture_ring_init(&capture_ring, capture_memory, sizeof capture_memory, &counters);
    fa_capture_init(
        &capture, &(struct fa_capture_config){.sink = fa_capture_ring_sink(&capture_ring)});
    for (uint32_t i = 0; i < 2; i++) {
        fa_capture_wrap(&outer[i], &capture, &faults[i].dev);
        fa_tracedev_wrap(&outermost[i], &outer[i].dev, i);
        ret_pair->dev[i] = &outermost[i].dev;
    }
    return NULL;
}

static void check_conforms(
    const char *name, const char *(*open)(struct conform_netdev_pair *), void (*close)(void))
{
    CHECK(conform_netdev(
              &(struct conform_netdev_target){.name = name, .open = open, .close = close}) == NULL);
}

T(vnet_is_a_netdev)
{
    check_conforms("vnet", open_vnet, close_nothing);
}

T(vnet_with_checksum_offload_is_a_netdev)
{
    check_conforms("vnet with offload", open_vnet_offload, close_nothing);
}

T(capture_is_a_netdev)
{
    check_conforms("capture", open_capture, close_nothing);
}

T(software_offload_is_a_netdev)
{
    check_conforms("gso", open_gso, close_nothing);
}

T(tracedev_is_a_netdev)
{
    check_conforms("tracedev", open_tracedev, close_tracedev);
}

T(fault_without_faults_is_a_netdev)
{
    check_conforms("fault", open_fault, close_nothing);
}

T(wrappers_around_wrappers_are_a_netdev)
{
    check_conforms("all wrappers", open_all, close_tracedev);
}
