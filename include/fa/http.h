// SPDX-License-Identifier: ISC
//
// fa/http.h: HTTP/1.1 messages as bytes: request heads, chunks, paths, dates, ranges, conditions.
//
// Pure functions of their arguments (RFC 9110, RFC 9112): no I/O, no state beyond the structs
// named here, no memory of their own. What two readers could understand in two ways is refused, so
// that nothing can be smuggled past us or by us. The server is fa/http_server.h. Tested by
// test/unit/http_test.c, fuzz/http_fuzz.c.
//
//     size_t len;
//     if (fa_http_head_scan(&scan, bytes, &len))
//         fault = fa_http_parse_request((struct fa_slice){bytes.at, len}, &limits, &request);

#ifndef FA_HTTP_H
#define FA_HTTP_H

#include "fa/base.h"

enum {
    FA_HTTP_HEADER_MAX = 64,      /* header fields of a request, at most */
    FA_HTTP_PATH_MAX = 1024,      /* bytes of a request's path, as sent */
    FA_HTTP_DATE_LEN = 29,        /* bytes of "Sun, 06 Nov 1994 08:49:37 GMT" */
    FA_HTTP_CHUNK_EXT_MAX = 4096, /* bytes of chunk extensions in one body */
    FA_HTTP_TRAILER_MAX = 4096,   /* bytes of trailer fields behind one body */
};

enum fa_http_method {
    FA_HTTP_GET,
    FA_HTTP_HEAD,
    FA_HTTP_POST,
    FA_HTTP_PUT,
    FA_HTTP_PATCH,
    FA_HTTP_DELETE,
    FA_HTTP_OPTIONS,
    FA_HTTP_METHOD_OTHER, /* a valid token that is none of these */
};

/* Why a request is refused. Each has a status and a counter of its own. */
enum fa_http_fault {
    FA_HTTP_FAULT_NONE,
    FA_HTTP_FAULT_LINE,       /* 400: not METHOD SP TARGET SP VERSION; HTTP/0.9 */
    FA_HTTP_FAULT_LINE_END,   /* 400: a line that does not end in CR LF */
    FA_HTTP_FAULT_VERSION,    /* 505: not HTTP/1.x */
    FA_HTTP_FAULT_TARGET,     /* 400: bad bytes, bad escapes, a path above the root */
    FA_HTTP_FAULT_TARGET_LEN, /* 414: target_bytes_max or FA_HTTP_PATH_MAX */
    FA_HTTP_FAULT_HEADER,     /* 400: a field that RFC 9112 5 does not allow; line folding */
    FA_HTTP_FAULT_HEADER_LEN, /* 431: header_bytes_max or header_count_max */
    FA_HTTP_FAULT_HOST,       /* 400: no Host, several, or not a host (RFC 9112 3.2) */
    FA_HTTP_FAULT_LENGTH,     /* 400: Content-Length not one plain number */
    FA_HTTP_FAULT_FRAMING,    /* 400: Transfer-Encoding twice, in 1.0, or with a length */
    FA_HTTP_FAULT_CODING,     /* 501: a transfer coding other than chunked alone */
    FA_HTTP_FAULT_EXPECT,     /* 417: an expectation other than 100-continue */
    FA_HTTP_FAULT_BODY,       /* 400: broken chunks, or the end in the middle of a body */
    FA_HTTP_FAULT_BODY_LEN,   /* 413: body_bytes_max */
    FA_HTTP_FAULT_SLOW,       /* 408: a head or body that does not come */
    FA_HTTP_FAULT_BUSY,       /* 503: no exchange, fiber or head buffer in time */
    FA_HTTP_FAULT_COUNT,
};

/* One header field; both slices as sent, the value without white space around it. */
struct fa_http_header {
    struct fa_slice name;
    struct fa_slice value;
};

struct fa_http_limits {
    uint32_t header_bytes_max; /* request line and fields, all line ends included [8,192] */
    uint32_t header_count_max; /* [64], at most FA_HTTP_HEADER_MAX */
    uint32_t target_bytes_max; /* [4,096] */
};

/* A request's head. Slices lie in the parsed bytes, `path` in `path_memory`: pinned. */
struct fa_http_request {
    enum fa_http_method method;
    struct fa_slice method_text;
    struct fa_slice target; /* as sent */
    struct fa_slice path;   /* as fa_http_path_normalise() leaves it; "*" for OPTIONS * */
    struct fa_slice query;  /* behind the '?', not decoded; at == NULL: there is no '?' */
    struct fa_slice host;   /* of the target, or else of the Host field; with its port */
    uint8_t version_minor;  /* HTTP/1.0 or HTTP/1.1 and above */
    bool keep_alive;        /* RFC 9112 9.3 */
    bool chunked;
    bool has_length;      /* there is a Content-Length */
    bool expect_continue; /* RFC 9110 10.1.1 */
    uint64_t content_len; /* bytes of body; 0 without a length */
    uint32_t header_count;
    struct fa_http_header headers[FA_HTTP_HEADER_MAX];
    uint8_t path_memory[FA_HTTP_PATH_MAX];
};

/* How far the search for a head's end has come. Zeroed: at its first byte. Movable. */
struct fa_http_scan {
    uint8_t state;
    bool line_seen; /* the request line is over */
};

/*
 * Look for the end of a request's head in the next `bytes` of it.
 *
 * Returns: whether it ends here, at *ret_len bytes. It also "ends" at the first byte that no head
 *          may have there (a bare LF, a first byte that begins no method), so that it is refused
 *          at once. False: all `bytes` belong to it and more is needed; *ret_len is untouched.
 */
bool fa_http_head_scan(struct fa_http_scan *scan, struct fa_slice bytes, size_t *ret_len);

/*
 * Parse a whole head, from its request line (one empty line before it is skipped) to the empty
 * line at its end.
 *
 * Owns:    *ret_request borrows from `head`. Its content is undefined on a fault.
 * Returns: FA_HTTP_FAULT_NONE; else what is wrong first.
 */
enum fa_http_fault fa_http_parse_request(
    struct fa_slice head, const struct fa_http_limits *limits, struct fa_http_request *ret_request);

/* The status to refuse with. Limits: not FA_HTTP_FAULT_NONE. */
uint16_t fa_http_fault_status(enum fa_http_fault fault);

/* Value of the first field of that name, any case. Returns: at == NULL if there is none. */
struct fa_slice fa_http_header_find(const struct fa_http_request *request, const char *name);

/* Whether two names are equal but for the case of ASCII letters. */
bool fa_http_name_equal(struct fa_slice a, struct fa_slice b);

/* Take the next element of a comma-separated list (RFC 9110 5.6.1) off the front of *rest, without
 * white space around it; empty ones are skipped, commas in quotes are not borders. Returns: whether
 * there was one. */
bool fa_http_list_next(struct fa_slice *rest, struct fa_slice *ret_element);

/*
 * Decode the escapes of an absolute path and take out empty, "." and ".." segments.
 *
 * Returns: false if `raw` does not begin with '/', has a bad escape, an escaped '/', a backslash,
 *          a control byte (escaped or not), or leads above the root. Else *ret_len bytes at `at`
 *          begin with '/', end in '/' if a directory was meant, and hold no such segment.
 * Limits:  `at` has room for raw.len bytes; it may be the place of `raw` itself.
 */
bool fa_http_path_normalise(struct fa_slice raw, uint8_t *at, size_t *ret_len);

/* Write a normalised path so that it can stand in a Location. Returns: its bytes; 0 if it does not
 * fit `cap`. */
size_t fa_http_path_encode(struct fa_slice path, char *at, size_t cap);

/* Decoder of a chunked body (RFC 9112 7.1). Zeroed: at its first byte. Movable. */
struct fa_http_chunked {
    uint64_t left; /* data bytes of this chunk still to come */
    uint32_t ext_bytes;
    uint32_t trailer_bytes;
    uint8_t state;
    uint8_t digits;
    uint8_t *trailer_at; /* where trailer lines are copied, borrowed; NULL: they are not kept */
    size_t trailer_cap;
    size_t trailer_len; /* bytes there; what does not fit is left out from a line's start on */
};

enum fa_http_chunk {
    FA_HTTP_CHUNK_MORE, /* skip them, then more bytes are needed */
    FA_HTTP_CHUNK_DATA, /* skip them, then data follows */
    FA_HTTP_CHUNK_END,  /* skip them, then the body and its trailers are over */
    FA_HTTP_CHUNK_BAD,  /* not chunked coding, or beyond a limit */
};

/*
 * Step over framing at the front of `bytes`.
 *
 * Returns: what is next, behind *ret_skip bytes of framing; of data, *ret_len bytes are there (it
 *          may be 0). The caller skips the framing at once and says by fa_http_chunked_done() how
 *          much of the data it used, which the next `bytes` begin behind.
 */
enum fa_http_chunk fa_http_chunked_next(
    struct fa_http_chunked *chunked, struct fa_slice bytes, size_t *ret_skip, size_t *ret_len);

/* Take the next field line off the front of *rest: of trailer_at, or of any lines that end in CR
 * LF. Returns: false at the end, or at a line that is no field. */
bool fa_http_field_next(struct fa_slice *rest, struct fa_http_header *ret_header);

/* Limits: len is at most the data seen last. */
void fa_http_chunked_done(struct fa_http_chunked *chunked, size_t len);

/* Write a date (RFC 9110 5.6.7), without a NUL. Limits: unix_s is before the year 10000. */
void fa_http_date_write(uint64_t unix_s, char at[FA_HTTP_DATE_LEN]);

/* Read a date in any of its three forms; `now_s` settles the century of two-digit years. Returns:
 * FA_OK; FA_EINVAL. */
fa_err fa_http_date_parse(struct fa_slice text, uint64_t now_s, uint64_t *ret_unix_s);

/* What is known of the value a request asks for. */
struct fa_http_validators {
    struct fa_slice etag; /* strong, with its quotes; empty: none */
    uint64_t modified_s;  /* seconds since 1970; 0: not known */
    uint64_t now_s;       /* wall clock; 0: not known */
};

/* Decide over If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of
 * RFC 9110 13.2.2. Returns: 0: go on; 304; 412. */
uint16_t fa_http_conditions(
    const struct fa_http_request *request, const struct fa_http_validators *validators);

/*
 * Decide over Range and If-Range (RFC 9110 14.2, 13.1.5) for a value of `len` bytes.
 *
 * Returns: 200: all of it (also for several ranges, which RFC 9110 14.2 lets us ignore); 206: the
 *          *ret_len bytes at *ret_off; 416: none of it is there.
 */
uint16_t fa_http_range(const struct fa_http_request *request,
    const struct fa_http_validators *validators, uint64_t len, uint64_t *ret_off,
    uint64_t *ret_len);

/* Media type by the ending of a name; "application/octet-stream" if it is not known. */
const char *fa_http_media_type(struct fa_slice name);

/* Reason phrase of a status, such as "Not Found"; "Unknown" for a foreign one. */
const char *fa_http_reason(uint16_t status);

#endif
