// SPDX-License-Identifier: ISC
//
// fa/tcp_handover.h: a TCP connection as bytes, to be continued by another stack.
//
// In every state, half-open and TIME_WAIT included, with data in flight, beyond a hole and unread.
// The bytes (docs/spec/tcp-handover.md) hold no pointer and no time of day; the peer notices
// nothing but a pause. Who carries them, and who answers the peer's segments meanwhile, is not
// said here: segments that find neither stack are lost and come again, but must not be reset. The
// checksum finds accidents, not forgery: carry the bytes over what you trust. Tested by
// test/unit/tcp_handover_test.c, test/sim/handover_test.c, fuzz/tcp_handover_fuzz.c.
//
//     FA_TRY(fa_tcp_save(flow, now, bytes, sizeof bytes, &len));      // here: gone, silently
//     FA_TRY(fa_tcp_load(&tcp, now, (struct fa_slice){bytes, len}, &flow));           // there
//     while (fa_tcp_save_next(&old, now, bytes, sizeof bytes, &len) == FA_OK) send(bytes, len);

#ifndef FA_TCP_HANDOVER_H
#define FA_TCP_HANDOVER_H

#include "fa/base.h"
#include "fa/flow.h"
#include "fa/tcp.h"

enum {
    FA_TCP_SAVED_LEN_MIN = 200, /* bytes of a connection without data */
};

/* Bytes that fa_tcp_save() needs now: FA_TCP_SAVED_LEN_MIN, and what lies in its queues. */
size_t fa_tcp_saved_len(const struct fa_flow *flow);

/*
 * Write the connection to `at` and destroy it; nothing is sent.
 *
 * Owns:    the flow is gone, as after fa_flow_close(). What was peeked and not done counts as
 *          unread, what was reserved and not committed as never written.
 * Returns: FA_OK; FA_ENOSPC: `cap` is less than fa_tcp_saved_len(), and nothing has happened.
 */
fa_err fa_tcp_save(struct fa_flow *flow, fa_ns now, uint8_t *at, size_t cap, size_t *ret_len);

/*
 * The same for one of the connections that no flow stands for: half-open, not yet accepted,
 * closed here but not by the peer, TIME_WAIT. Call it until there is none.
 *
 * Returns: FA_OK; FA_ENOENT: none is left; FA_ENOSPC: *ret_len bytes are needed for the next one.
 */
fa_err fa_tcp_save_next(struct fa_tcp *tcp, fa_ns now, uint8_t *at, size_t cap, size_t *ret_len);

/*
 * Continue a saved connection. Its local address must be one that this stack speaks from.
 *
 * Owns:    *ret_flow is the caller's; NULL for a connection that no flow stood for: a listener of
 *          its port has it now, or the stack alone.
 * Returns: FA_OK; FA_ECORRUPT: the bytes are broken or say what cannot be; FA_EINVAL: the 4-tuple
 *          is in use, or there is no listener for it; FA_ENOSPC: no connection, buffer or place in
 *          the listener's lists is left, or config.tx_buffer_bytes is less than what was written.
 */
fa_err fa_tcp_load(struct fa_tcp *tcp, fa_ns now, struct fa_slice bytes, struct fa_flow **ret_flow);

#endif
