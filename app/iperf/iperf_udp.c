// SPDX-License-Identifier: ISC
//
// iperf over UDP: numbered datagrams at a steady rate; a negative number says that it was the
// last, and the server answers it with what it counted.

#include "iperf.h"

enum {
    PEER_MAX = 16,       /* clients at once; a further one takes the place of the oldest */
    LAST_TRIES_MAX = 10, /* how often the last datagram is sent ... */
    LAST_WAIT_MS = 250,  /* ... until the report comes */
    BEHIND_MAX = 64,     /* datagrams sent in one go when the sender is late */
    JITTER_SHIFT = 4,    /* RFC 3550 6.4.1: a sixteenth of each difference */
};

static bool open_socket(struct fa_udp_socket *socket, struct fa_stack *stack, uint16_t port)
{
    const struct fa_udp_socket_config config = {
        .port = port, .rx_count_max = 1024, .tx_count_max = 256, .pool = stack->config.pool};
    return fa_udp_bind(&stack->udp, socket, &config) == FA_OK;
}

/* ---- the server ---- */

struct peer {
    struct fa_endpoint remote;
    bool known;
    bool over;
    struct stream stream;
    struct header header;
    struct report report;
    int64_t highest; /* number seen */
    uint64_t received_count;
    int64_t transit_ns; /* of the last datagram, plus the difference of the clocks */
};

static struct peer peers[PEER_MAX];

static bool is_from(const struct peer *peer, const struct fa_endpoint *remote)
{
    return peer->known && peer->remote.port == remote->port &&
           fa_ip_equal(&peer->remote.ip, &remote->ip);
}

static struct peer *find_peer(const struct fa_endpoint *remote)
{
    struct peer *place = &peers[0];
    for (size_t i = 0; i < PEER_MAX; i++) {
        struct peer *peer = &peers[i];
        if (is_from(peer, remote)) {
            return peer;
        }
        if (place->known && (!peer->known || peer->stream.start_ns < place->stream.start_ns)) {
            place = peer;
        }
    }
    if (place->known && !place->over) {
        work.served_count--;
    }
    *place = (struct peer){.remote = *remote};
    return place;
}

static void send_back(const struct peer *peer)
{
    struct test test = {
        .stack = work.devices->far,
        .server = {peer->remote.ip, peer->header.port},
        .header = {.bytes = peer->header.bytes,
            .time_ns = peer->header.time_ns,
            .bits_per_s = peer->header.bits_per_s},
    };
    if (!test_spawn(&test)) {
        say("no fiber is free to send back\n");
    }
}

static void begin_peer(struct peer *peer, struct fa_slice payload)
{
    peer->known = true;
    work.served_count++;
    stream_begin(&peer->stream, "datagrams from", &peer->remote);
    bool asked = header_decode(fa_slice_from(payload, DATAGRAM_HEADER_LEN), &peer->header);
    if (asked && peer->header.back && peer->header.at_once) {
        send_back(peer);
    }
}

static void count_jitter(struct peer *peer, const struct datagram_header *header)
{
    int64_t sent = (int64_t)(header->s * FA_NS_S + header->us * FA_NS_US);
    int64_t transit = (int64_t)fa_clock_wall_ns() - sent;
    if (peer->received_count > 1) {
        int64_t change = transit - peer->transit_ns;
        int64_t size = change < 0 ? -change : change;
        int64_t jitter = (int64_t)peer->report.jitter_ns;
        peer->report.jitter_ns = (fa_ns)(jitter + (size - jitter) / (1 << JITTER_SHIFT));
    }
    peer->transit_ns = transit;
}

static void answer_last(
    struct fa_udp_socket *socket, const struct peer *peer, const struct fa_ip *local)
{
    uint8_t message[REPORT_LEN];
    report_encode(message, &peer->report);
    // A lost report is asked for again.
    (void)fa_udp_send(socket, (struct fa_slice){message, sizeof message}, local, &peer->remote);
}

static void end_peer(struct peer *peer, int64_t last)
{
    uint64_t sent = (uint64_t)last;
    struct report *report = &peer->report;
    peer->over = true;
    report->took_ns = fa_clock_mono_ns() - peer->stream.start_ns;
    report->bytes = peer->stream.bytes;
    report->datagram_count = sent;
    report->lost_count = sent > peer->received_count ? sent - peer->received_count : 0;
    stream_end_udp(&peer->stream, "", report);
    work.served_count--;
    work.served_count_all++;
    (void)fa_waitq_wake_all(&work.over);
    if (peer->header.back && !peer->header.at_once) {
        send_back(peer);
    }
}

static void serve_datagram(
    struct fa_udp_socket *socket, struct fa_slice payload, const struct fa_udp_from *from)
{
    struct datagram_header header;
    if (!datagram_decode(payload, &header)) {
        return;
    }
    struct peer *peer = find_peer(&from->remote);
    if (peer->over && header.number > 0) {
        *peer = (struct peer){.remote = from->remote}; // another test from the same port
    }
    if (!peer->known) {
        if (header.number < 0) {
            return; // the end of a test that we have not seen
        }
        begin_peer(peer, payload);
    }
    int64_t number = header.number < 0 ? -header.number : header.number;
    if (!peer->over) {
        peer->received_count++;
        peer->report.late_count += number < peer->highest;
        peer->highest = number > peer->highest ? number : peer->highest;
        count_jitter(peer, &header);
        stream_count(&peer->stream, payload.len);
    }
    if (header.number < 0) {
        if (!peer->over) {
            end_peer(peer, number);
        }
        answer_last(socket, peer, &from->local.ip);
    }
}

static void serve(void *ctx)
{
    struct fa_udp_socket *socket = ctx;
    struct fa_buf *buf;
    struct fa_udp_from from;
    while (fa_udp_recv_wait(socket, FA_NS_NEVER, &buf, &from) == FA_OK) {
        serve_datagram(socket, fa_buf_slice(buf), &from);
        fa_buf_drop(buf);
    }
}

bool udp_serve_start(struct fa_stack *stack)
{
    static struct fa_udp_socket sockets[2];
    static unsigned count;
    FA_ASSERT(count < FA_COUNT_OF(sockets));
    struct fa_udp_socket *socket = &sockets[count++];
    return open_socket(socket, stack, work.devices->port) &&
           fa_fiber_spawn(&work.devices->loop->fibers, serve, socket, NULL) == FA_OK;
}

/* ---- the client ---- */

static bool send_datagram(
    struct fa_udp_socket *socket, const struct test *test, int64_t number, size_t len)
{
    static uint8_t payload[UINT16_MAX];
    uint64_t wall = fa_clock_wall_ns();
    struct datagram_header header = {
        .number = number,
        .s = (uint32_t)(wall / FA_NS_S),
        .us = (uint32_t)(wall % FA_NS_S / FA_NS_US),
    };
    const struct fa_ip any = {};
    datagram_encode(payload, &header);
    header_encode(payload + DATAGRAM_HEADER_LEN, &test->header);
    payload_fill(payload + DATAGRAM_LEN_MIN, len - DATAGRAM_LEN_MIN, 0);
    return fa_udp_send(socket, (struct fa_slice){payload, len}, &any, &test->server) == FA_OK;
}

/* When the datagram of this number is due. */
static fa_ns due_at(const struct stream *stream, uint64_t number, size_t len, uint64_t bits_per_s)
{
    return stream->start_ns + (fa_ns)((unsigned __int128)number * len * 8 * FA_NS_S / bits_per_s);
}

/* Returns: how many were sent. */
static int64_t send_all(
    struct fa_udp_socket *socket, const struct test *test, struct stream *stream, size_t len)
{
    const struct header *header = &test->header;
    uint64_t rate = header->bits_per_s;
    fa_ns end = header->bytes != 0 ? FA_NS_NEVER : stream->start_ns + header->time_ns;
    int64_t number = 0;
    unsigned behind = 0;
    while (fa_clock_mono_ns() < end && (header->bytes == 0 || stream->bytes < header->bytes)) {
        fa_ns due = due_at(stream, (uint64_t)number, len, rate);
        if (due > fa_clock_mono_ns() || ++behind == BEHIND_MAX) {
            behind = 0;
            (void)fa_fiber_sleep_until(due); // a cancelled sleep sends a little early
        }
        if (send_datagram(socket, test, number + 1, len)) {
            number++;
            stream_count(stream, len);
        } else {
            fa_fiber_yield(); // the queue is full
        }
    }
    return number;
}

/* Say that it was all, until the report comes. Returns: whether it came. */
static bool ask_report(struct fa_udp_socket *socket, const struct test *test, int64_t number,
    size_t len, struct report *ret_report)
{
    for (int try = 0; try < LAST_TRIES_MAX; try++) {
        fa_ns end = fa_clock_mono_ns() + LAST_WAIT_MS * FA_NS_MS;
        (void)send_datagram(socket, test, -number, len); // tried again, as if lost
        struct fa_buf *buf;
        struct fa_udp_from from;
        while (fa_udp_recv_wait(socket, end, &buf, &from) == FA_OK) {
            bool good = fa_ip_equal(&from.remote.ip, &test->server.ip) &&
                        report_decode(fa_buf_slice(buf), ret_report);
            fa_buf_drop(buf);
            if (good) {
                return true;
            }
        }
    }
    return false;
}

bool udp_run(const struct test *test)
{
    struct fa_udp_socket socket = {};
    struct stream stream;
    struct report report;
    size_t len = fa_max(DATAGRAM_LEN_MIN, fa_min(work.devices->length, 65507));
    if (!open_socket(&socket, test->stack, 0)) {
        say("no port is free\n");
        return false;
    }
    stream_begin(&stream, "datagrams to", &test->server);
    int64_t number = send_all(&socket, test, &stream, len);
    stream_end(&stream);
    say("[%3u] Sent %lld datagrams\n", stream.id, (long long)number + 1);
    bool good = ask_report(&socket, test, number + 1, len, &report);
    if (good) {
        stream_end_udp(&stream, "server's report", &report);
    } else {
        say("[%3u] WARNING: did not receive ack of last datagram after %d tries.\n", stream.id,
            LAST_TRIES_MAX);
    }
    fa_udp_close(&socket);
    return good;
}
