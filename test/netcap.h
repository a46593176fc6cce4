// SPDX-License-Identifier: ISC
//
// test/netcap.h: every network test that fails leaves a capture.
//
// A test wraps its network cards; what passes is kept in memory and, if a check fails, written to
// FATA_CAPTURE_DIR (o/capture if that is not set) as TEST-PROGRAM.pcapng, one interface a card.
// Uses the host's files, so for tests that run as a process.
//
//     struct fa_netdev *dev = netcap_wrap(&port.dev);

#ifndef NETCAP_H
#define NETCAP_H

#include "fa/netdev.h"

enum {
    NETCAP_DEV_MAX = 8,                /* cards of one test; further ones pass unrecorded */
    NETCAP_RING_LEN = 4 * 1024 * 1024, /* bytes: the newest packets */
};

/* Record `inner` for the running test. Returns: the card to use in its place, static and good until
 * the next test; closing either closes the inner one once. */
struct fa_netdev *netcap_wrap(struct fa_netdev *inner);

/* Keep what was recorded, whatever becomes of the test. Returns: false if it could not be written.
 */
bool netcap_save(void);

#endif
