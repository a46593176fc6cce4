// SPDX-License-Identifier: ISC
//
// fa/vnet.h: an Ethernet switch in memory that joins stacks of one process.
//
// It learns which address is behind which port, as a real switch does, and floods what it does not
// know. Each frame is copied once, on the wire, into a buffer of the receiving port's pool, so that
// every stack accounts for its own memory. No threads, no system calls, no root, and the same order
// every time. Faults and captures are wrappers (fa/fault.h, fa/capture.h), not options.
// Implemented by src/dev/vnet.c; tested by test/unit/vnet_test.c and test/conform/netdev_test.c.
//
//     fa_vnet_init(&wire, &(struct fa_vnet_config){.macs = macs, .mac_count = FA_COUNT_OF(macs)});
//     fa_vnet_port_open(&wire, &a, &(struct fa_vnet_port_config){.name = "a", .pool = &a_pool});
//     fa_vnet_port_open(&wire, &b, &(struct fa_vnet_port_config){.name = "b", .pool = &b_pool});
//     use(&a.dev, &b.dev);

#ifndef FA_VNET_H
#define FA_VNET_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/list.h"
#include "fa/netdev.h"

enum {
    FA_VNET_WAYS = 4,               /* places in the table that an address may take */
    FA_VNET_MTU_DEFAULT = 1500,     /* bytes */
    FA_VNET_RX_COUNT_DEFAULT = 512, /* frames */
};

#define FA_VNET_AGE_DEFAULT_NS (300 * FA_NS_S) /* IEEE 802.1Q 8.8.3 */

struct fa_vnet_port;

/* A learned address. Zeroed memory is an empty place. */
struct fa_vnet_mac {
    uint64_t address; /* its six bytes as a number */
    struct fa_vnet_port *port;
    fa_ns seen_ns;
};

/*
 * Limits: `mac_count` is a multiple of FA_VNET_WAYS. An address has FA_VNET_WAYS places; when they
 *         are taken the one not heard of for longest is forgotten (counted) and its next frame is
 *         flooded: a full table costs speed, never reachability.
 */
struct fa_vnet_config {
    struct fa_vnet_mac *macs; /* borrowed; zeroed by fa_vnet_init() */
    uint32_t mac_count;
    fa_ns age_ns;    /* forget an address after this silence; 0: FA_VNET_AGE_DEFAULT_NS */
    uint8_t offload; /* of FA_OFFLOAD_{CSUM_NEEDED,TSO4,TSO6}: what every port may leave undone
                        in what it sends and gets undone in what it receives; 0: nothing */
    struct fa_counters *counters; /* NULL: fa_counters_main */
};

struct fa_vnet_port_config {
    const char *name;        /* for logs and captures */
    uint8_t mac[FA_MAC_LEN]; /* zero: a locally administered one, by order of opening */
    uint16_t mtu_bytes;      /* 0: FA_VNET_MTU_DEFAULT */
    uint32_t rx_count_max;   /* frames that may wait to be taken; 0: FA_VNET_RX_COUNT_DEFAULT */
    struct fa_pool *pool;    /* for frames in both directions; borrowed until close */
};

/* Private below. Pinned. */
struct fa_vnet {
    struct fa_list ports;
    struct fa_vnet_mac *macs;
    uint32_t set_count;
    uint32_t opened_count; /* ports ever: numbers their addresses */
    fa_ns age_ns;
    uint8_t offload;
    struct fa_counters *counters;
};

/* A port: the network card of one stack. `dev` is the part to use. Private below. Pinned. */
struct fa_vnet_port {
    struct fa_netdev dev;
    struct fa_list node;
    struct fa_vnet *vnet;
    struct fa_pool *pool;
    struct fa_vnet_mac *source; /* where the last sender was found, and the last target; NULL */
    struct fa_vnet_mac *target;
    struct fa_list rx; /* of fa_buf.node, oldest first */
    uint32_t rx_count;
    uint32_t rx_count_max;
};

void fa_vnet_init(struct fa_vnet *vnet, const struct fa_vnet_config *config);

/* Plug in a port; fa_netdev_close(&port->dev) pulls it out. Its offers of offload are the switch's:
 * a frame sent with CSUM_NEEDED arrives with CSUM_NEEDED and CSUM_GOOD, as virtio has it. */
void fa_vnet_port_open(
    struct fa_vnet *vnet, struct fa_vnet_port *port, const struct fa_vnet_port_config *config);

#endif
