// SPDX-License-Identifier: ISC
//
// fa/http_server.h: an HTTP/1.1 server over any flows.
//
// A connection that waits for a request holds neither fiber nor buffer; once a head is complete, a
// fiber of the loop runs the handler of the first route that matches. Requests of a connection are
// answered in order. Every limit is in the config, and clients that are slow or ask for too much
// are refused, counted and forgotten. It knows flows, not networks, and no TLS. Tested by
// test/unit/http_server_test.c, fuzz/http_server_fuzz.c.
//
//     static void greet(struct fa_http_exchange *x, void *ctx)
//     {
//         fa_http_header(x, "Content-Type", "text/plain");
//         (void)fa_http_send(x, fa_slice_of(ctx)); // a client that went away is no matter
//     }
//     static const struct fa_http_route routes[] = {{.path = "/", .fn = greet, .ctx = "hello\n"}};

#ifndef FA_HTTP_SERVER_H
#define FA_HTTP_SERVER_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/deadline.h"
#include "fa/flow.h"
#include "fa/fmt.h"
#include "fa/http.h"
#include "fa/list.h"
#include "fa/loop.h"

enum {
    FA_HTTP_LISTENER_MAX = 4,
    FA_HTTP_RESPONSE_HEAD_MAX = 1024, /* bytes of status line and fields of an answer */
    FA_HTTP_DEFAULT_FIELDS_MAX = 512, /* bytes of config.default_fields */
};

/* Length of an answer's body that is not known when it begins. */
#define FA_HTTP_LEN_UNKNOWN UINT64_MAX

/* What config.default_fields is when nothing else is asked for. */
#define FA_HTTP_DEFAULT_FIELDS                                                                     \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "X-Frame-Options: SAMEORIGIN\r\n"                                                              \
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"

/* Sets of methods, for routes. */
#define FA_HTTP_ALLOW(method) (1u << FA_HTTP_##method)

struct fa_http_exchange;

/* Answers one request, on a fiber. It may yield and take its time. */
typedef void (*fa_http_handler)(struct fa_http_exchange *x, void *ctx);

/* What is served where. The first route whose host and path match and which allows the method is
 * taken. A segment of the path such as ":id" stands for any one segment; see fa_http_param(). */
struct fa_http_route {
    const char *host; /* "example.org"; "*.example.org": all below it; NULL: any */
    const char *path; /* ends in '/': all below it; else exactly this. Normalised. */
    unsigned methods; /* FA_HTTP_ALLOW(...) | ...; 0: GET and HEAD */
    fa_http_handler fn;
    void *ctx;
};

/* One connection. Private. */
struct fa_http_conn {
    struct fa_watch watch;
    struct fa_list node; /* in the server's list of its state */
    struct fa_list woken_node;
    struct fa_deadline deadline;
    struct fa_http_server *server;
    struct fa_flow *flow;
    struct fa_slice head; /* a complete head: in the flow, or in head_buf */
    uint8_t *head_buf;    /* NULL: none needed */
    uint32_t head_len;    /* bytes gathered in head_buf */
    uint32_t id;          /* actor of its trace records */
    uint32_t request_count;
    uint8_t state;
    bool secure;  /* nobody can read or change what the flow carries */
    bool closing; /* after the present answer */
    struct fa_http_scan scan;
    struct fa_slice unsent; /* lasting bytes that still go out, without a fiber */
    fa_ns allowance_ns;     /* how long the client may still keep us waiting */
    fa_ns waiting_since_ns;
    uint64_t drained_bytes; /* thrown away since the output ended */
};

/* A request and its answer, from complete head to last byte. `request` and `tail` are the
 * handler's to read, the rest is private. Pinned. */
struct fa_http_exchange {
    struct fa_http_request request;
    struct fa_slice tail; /* of request.path: what is behind the route's path */

    struct fa_list node;
    struct fa_http_server *server;
    struct fa_http_conn *conn;
    const struct fa_http_route *route; /* the one that was taken; NULL: none */
    fa_ns begun_ns;
    uint32_t initials; /* a bit for each first letter of the handler's field names */
    uint16_t status;
    uint8_t phase;
    bool bodyless;            /* the answer has no body: HEAD, 204, 304 */
    bool chunked;             /* the answer's coding */
    bool continue_due;        /* the client waits for 100 before it sends its body */
    bool body_over;           /* the request's body is read, or broken */
    bool closing;             /* the connection ends after this answer */
    bool broken;              /* ... at once, because the answer cannot be ended properly */
    bool spoiled;             /* the handler's header fields are no good: the answer is a 500 */
    bool has_trailer;         /* `head` has been begun anew, for the fields behind the body */
    enum fa_http_fault fault; /* of the request's body */
    uint64_t body_left;       /* bytes of a request body with a length */
    uint64_t body_bytes;      /* of request body so far */
    uint64_t sent_bytes;      /* of answer body */
    uint64_t send_left;       /* bytes of an answer's body with a length */
    struct fa_http_chunked decoder;
    const uint8_t *trailers;
    uint8_t *room; /* what is reserved: in the flow, or `scratch` */
    size_t room_len;
    struct fa_slice unsent;
    uint8_t scratch[64]; /* a small chunk, where the flow's room is too small for its frame */
    size_t scratch_len;
    struct fa_text head;
    char head_memory[FA_HTTP_RESPONSE_HEAD_MAX];
};

/* Numbers in brackets are used where 0 is given. */
struct fa_http_server_config {
    struct fa_loop *loop;
    const struct fa_http_route *routes;
    uint32_t route_count;
    struct fa_http_conn *conns; /* memory, borrowed; connections at once */
    uint32_t conn_count;
    struct fa_http_exchange *exchanges; /* memory, borrowed; requests being handled at once */
    uint32_t exchange_count;
    uint8_t *head_memory;         /* borrowed; cut in pieces of limits.header_bytes_max, for */
    size_t head_memory_len;       /* heads that come in pieces, or have a body behind them */
    struct fa_counters *counters; /* NULL: fa_counters_main */

    const char *default_fields; /* lines "Name: value\r\n" of every answer of a handler that does
                                   not name the field itself [nosniff, no framing by other sites, no
                                   paths in Referer; see FA_HTTP_DEFAULT_FIELDS]; "": none */
    uint32_t hsts_max_age_s;    /* Strict-Transport-Security on secure flows [two years] */
    bool hsts_off;

    struct fa_http_limits limits;
    uint64_t body_bytes_max;           /* of a request [1,048,576] */
    uint32_t request_count_max;        /* per connection [10,000] */
    fa_ns head_timeout_ns;             /* from a head's first byte to its last [10 s] */
    fa_ns idle_timeout_ns;             /* between requests [60 s] */
    fa_ns queue_timeout_ns;            /* complete head, but nobody free to handle it [10 s] */
    fa_ns patience_ns;                 /* waiting for the client within one request [30 s] ... */
    uint32_t progress_bytes_per_s_min; /* ... on top of which it earns time by progress [500] */
    fa_ns linger_timeout_ns;           /* for the client to close, after we did [2 s] */
    uint64_t linger_bytes_max;         /* thrown away meanwhile [262,144] */
};

/* A listener that is served. Private. */
struct fa_http_port {
    struct fa_watch watch;
    struct fa_listener *listener;
    bool pending; /* accept may have something */
    bool secure;
};

enum fa_http_conn_state {
    FA_HTTP_CONN_FREE,
    FA_HTTP_CONN_IDLE,    /* no byte of a request is here */
    FA_HTTP_CONN_HEAD,    /* part of a head is here */
    FA_HTTP_CONN_READY,   /* a whole head is here and waits for an exchange and a fiber */
    FA_HTTP_CONN_BUSY,    /* a fiber handles it */
    FA_HTTP_CONN_SENDING, /* the answer's lasting bytes go out, without a fiber */
    FA_HTTP_CONN_LINGER,  /* our side has ended; the client's is thrown away until it ends too */
    FA_HTTP_CONN_STATE_COUNT,
};

/* Private below, complete so that it can be static. Pinned. */
struct fa_http_server {
    struct fa_poller poller;
    struct fa_http_server_config config;
    struct fa_http_port ports[FA_HTTP_LISTENER_MAX];
    uint32_t port_count;
    struct fa_list conns[FA_HTTP_CONN_STATE_COUNT]; /* each in order of arrival */
    struct fa_list woken;
    struct fa_list free_exchanges;
    struct fa_deadline_queue deadlines;
    uint8_t *free_heads; /* linked through their first bytes */
    size_t head_carved;  /* bytes of head_memory used at least once */
    uint32_t last_id;
    uint64_t date_s; /* the second that `date` names */
    char date[FA_HTTP_DATE_LEN];
    bool paused; /* newcomers stay in the backlog: every connection is busy */
    bool stopping;
};

/* Limits: conn_count, exchange_count and head_memory for one head at least. */
void fa_http_server_init(
    struct fa_http_server *server, const struct fa_http_server_config *config, fa_ns now);

/* Accept from `listener`, borrowed until fa_http_server_stop(), and poll in the config's loop.
 * Returns: FA_OK; FA_ENOSPC: FA_HTTP_LISTENER_MAX are served already. */
fa_err fa_http_server_serve(struct fa_http_server *server, struct fa_listener *listener);

/* The same for flows that nobody can read or change on their way, such as TLS. */
fa_err fa_http_server_serve_secure(struct fa_http_server *server, struct fa_listener *listener);

/* Accept no more and close what is idle; what is being answered comes to its end, for which the
 * loop must go on. */
void fa_http_server_stop(struct fa_http_server *server);

/* Connections that are not free. 0 some time after fa_http_server_stop(). */
size_t fa_http_server_conn_count(const struct fa_http_server *server);

/* ---- The answer: status, then fields, then one of send, send_lasting, or begin and pieces. A
 * handler that returns early is completed: without any answer it is a 500, and an error status
 * without a body gets a small page. An error says that the client is gone or out of patience: the
 * handler gives up and returns. ---- */

/* Begin an answer, or begin it anew while nothing was sent. Without it the status is 200. */
void fa_http_respond(struct fa_http_exchange *x, uint16_t status);

/* Add a header field. Connection, Content-Length, Date, Server and Transfer-Encoding are ours. If
 * the value has a control byte, or there is no room, the answer becomes a 500 (http_spoiled). */
[[gnu::format(printf, 3, 4)]] void fa_http_header(
    struct fa_http_exchange *x, const char *name, const char *format, ...);

/* Answer with a redirect (301, 302, 303, 307, 308) to `location`, as fa_http_header() writes. */
[[gnu::format(printf, 3, 4)]] void fa_http_redirect(
    struct fa_http_exchange *x, uint16_t status, const char *location, ...);

/* A handler: 308 to the same path and query by https, on the port that `ctx`, a const uint16_t,
 * says; NULL: 443. Without a host in the request: 400. */
void fa_http_to_https(struct fa_http_exchange *x, void *ctx);

/* Send the whole body and with it the answer. Returns: FA_OK; FA_ETIMEOUT; FA_ECANCEL; FA_ERESET
 * and the like. Yields. */
fa_err fa_http_send(struct fa_http_exchange *x, struct fa_slice body);

/* The same with bytes that stay as they are as long as the server lives. What does not go out at
 * once is sent after the handler has returned, without a fiber. Yields. */
fa_err fa_http_send_lasting(struct fa_http_exchange *x, struct fa_slice body);

/* Send the head; a body of exactly `len` bytes follows, or FA_HTTP_LEN_UNKNOWN. Returns: as above;
 * FA_ECLOSED: no body is wanted (HEAD, 204, 304), do not write any. Yields. */
fa_err fa_http_begin(struct fa_http_exchange *x, uint64_t len);

/* Get room for the next piece of body and send the first `len` bytes of it. Limits: never beyond
 * the length that was begun with. Returns: as fa_http_begin(), *ret_cap at least 1. Yields. */
fa_err fa_http_reserve(struct fa_http_exchange *x, uint8_t **ret_at, size_t *ret_cap);
void fa_http_commit(struct fa_http_exchange *x, size_t len);

/* Copy out a piece of body. Returns: as fa_http_reserve(). Yields. */
fa_err fa_http_write(struct fa_http_exchange *x, struct fa_slice bytes);

/* Add a field behind the body of an answer of unknown length, once its head is sent. A client of
 * HTTP/1.0 does not get it; what has no room, or a control byte, is left out. */
[[gnu::format(printf, 3, 4)]] void fa_http_trailer(
    struct fa_http_exchange *x, const char *name, const char *format, ...);

/* ---- The request. ---- */

/* The segment of the path that the route calls ":name". Returns: at == NULL: there is none. */
struct fa_slice fa_http_param(const struct fa_http_exchange *x, const char *name);

/* Keep the fields behind the request's body in `at`, borrowed while the handler runs; once the body
 * is over, take them by fa_http_field_next() from the slice that fa_http_trailers() gives. Call it
 * before the body is read. */
void fa_http_keep_trailers(struct fa_http_exchange *x, uint8_t *at, size_t cap);
struct fa_slice fa_http_trailers(const struct fa_http_exchange *x);

/* ---- The request's body, decoded. A client that expects it is told to continue. ---- */

/* Look at the next bytes. Owns: borrowed until fa_http_done(). Returns: FA_OK; FA_ECLOSED at the
 * body's end; FA_ENOSPC: beyond body_bytes_max; FA_ECORRUPT: broken chunks; FA_ETIMEOUT;
 * FA_ECANCEL; FA_ERESET. A handler that then returns has answered with the fitting status. Yields.
 */
fa_err fa_http_peek(struct fa_http_exchange *x, struct fa_slice *ret_bytes);

/* Forget the first `len` bytes of them. */
void fa_http_done(struct fa_http_exchange *x, size_t len);

/* Read the whole body into `at`. Returns: as fa_http_peek(), but FA_OK at the end; FA_ENOSPC also
 * if it is longer than `cap`, and then 413 is the answer. Yields. */
fa_err fa_http_read_all(struct fa_http_exchange *x, uint8_t *at, size_t cap, size_t *ret_len);

#endif
