// SPDX-License-Identifier: ISC
//
// iperf over TCP: one direction a connection. Whoever connects sends.

#include "iperf.h"

/* Answer a client that wants to be sent to, too. */
static void send_back(const struct fa_endpoint *peer, const struct header *asked)
{
    struct test test = {
        .stack = work.devices->far,
        .server = {peer->ip, asked->port != 0 ? asked->port : work.devices->port},
        .header = {.bytes = asked->bytes, .time_ns = asked->time_ns},
    };
    if (!test_spawn(&test)) {
        say("no fiber is free to send back\n");
    }
}

/* Read to the end. `ret_header` is what the first bytes say. Returns: how the stream ended. */
static fa_err read_all(struct fa_flow *flow, struct stream *stream, const struct fa_endpoint *peer,
    struct header *ret_header)
{
    struct fa_slice seen;
    fa_err err;
    bool first = true;
    while ((err = fa_flow_peek_wait(flow, FA_NS_NEVER, &seen)) == FA_OK) {
        if (first && header_decode(seen, ret_header) && ret_header->back && ret_header->at_once) {
            send_back(peer, ret_header);
        }
        first = false;
        stream_count(stream, seen.len);
        fa_flow_done(flow, seen.len);
    }
    return err;
}

void tcp_serve(struct fa_flow *flow)
{
    struct stream stream;
    struct header header = {};
    struct fa_tcp_info info;
    fa_tcp_info_of(flow, &info);
    stream_begin(&stream, "connected from", &info.remote);
    fa_err err = read_all(flow, &stream, &info.remote, &header);
    stream_end(&stream);
    if (err != FA_ECLOSED) {
        say("[%3u] broken off: %s\n", stream.id, fa_err_name(err));
    }
    fa_flow_close(flow);
    if (header.back && !header.at_once) {
        send_back(&info.remote, &header);
    }
}

/* Send the header and then digits, until the time or the amount is reached. */
static fa_err write_all(struct fa_flow *flow, const struct test *test, struct stream *stream)
{
    const struct header *header = &test->header;
    fa_ns end = header->bytes != 0 ? FA_NS_NEVER : stream->start_ns + header->time_ns;
    uint8_t first[HEADER_LEN];
    header_encode(first, header);
    while (header->bytes == 0 || stream->bytes < header->bytes) {
        uint8_t *at;
        size_t cap;
        fa_err err = fa_flow_reserve_wait(flow, end, &at, &cap);
        if (err == FA_ETIMEOUT && fa_clock_mono_ns() >= end) {
            return FA_OK;
        }
        FA_TRY(err);
        cap = header->bytes != 0 ? fa_min(cap, header->bytes - stream->bytes) : cap;
        payload_fill(at, cap, stream->bytes);
        if (stream->bytes == 0) {
            fa_copy(at, first, fa_min(cap, sizeof first));
        }
        fa_flow_commit(flow, cap);
        stream_count(stream, cap);
        if (fa_clock_mono_ns() >= end) {
            return FA_OK;
        }
    }
    return FA_OK;
}

/* Read what the server says about our header, to the end. */
static fa_err drain(struct fa_flow *flow, fa_ns deadline)
{
    struct fa_slice seen;
    fa_err err;
    while ((err = fa_flow_peek_wait(flow, deadline, &seen)) == FA_OK) {
        fa_flow_done(flow, seen.len);
    }
    return err;
}

bool tcp_run(const struct test *test)
{
    struct fa_flow *flow;
    struct stream stream;
    char text[FA_ENDPOINT_TEXT_MAX];
    fa_err err = fa_stack_connect_wait(test->stack, &test->server, FA_NS_NEVER, &flow);
    if (err != FA_OK) {
        fa_endpoint_text(&test->server, text, sizeof text);
        say("cannot connect to %s: %s\n", text, fa_err_name(err));
        return false;
    }
    stream_begin(&stream, "connected to", &test->server);
    err = write_all(flow, test, &stream);
    // What is still on its way belongs to the time that the test took.
    if (err == FA_OK && (err = fa_flow_shutdown(flow)) == FA_OK) {
        err = drain(flow, fa_ns_after(fa_clock_mono_ns(), LINGER_S * FA_NS_S));
    }
    stream_end(&stream);
    if (err == FA_ECLOSED) {
        fa_flow_close(flow);
        return true;
    }
    say("[%3u] broken off: %s\n", stream.id, fa_err_name(err));
    fa_flow_abort(flow);
    return false;
}
