// SPDX-License-Identifier: ISC
//
// plat/linux/stream_priv.h: what stream.c asks of stream_peer.c.

#ifndef FA_STREAM_PRIV_H
#define FA_STREAM_PRIV_H

#include "fa/stream.h"
#include "plat/linux/linux.h"

/* Open what `address` names; as fa_stream_open(). */
fa_err fa__stream_open_peer(
    struct fa_stream *stream, const char *address, const char **reterr_reason);

/* Take a peer that connects, or try to reach one when it is time. Cheap when there is no news. */
void fa__stream_find_peer(struct fa_stream *stream, fa_ns now);

/* The peer is gone, or is to be: forget it and what was on its way. */
void fa__stream_drop_peer(struct fa_stream *stream, fa_ns now);

/* Close everything. */
void fa__stream_close_peer(struct fa_stream *stream);

#endif
