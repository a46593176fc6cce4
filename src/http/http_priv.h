// SPDX-License-Identifier: ISC
//
// src/http/http_priv.h: what the files of src/http share.

#ifndef FA_HTTP_PRIV_H
#define FA_HTTP_PRIV_H

#include "fa/http.h"
#include "fa/http_server.h"

/* What a byte may be part of. */
enum fa__http_class {
    FA__HTTP_TOKEN = 1 << 0,  /* method, field name (RFC 9110 5.6.2) */
    FA__HTTP_FIELD = 1 << 1,  /* field value: visible, space, tab, 0x80 and above */
    FA__HTTP_TARGET = 1 << 2, /* request target: visible ASCII but '#' */
    FA__HTTP_PLAIN = 1 << 3,  /* stands unescaped in a path of ours */
    FA__HTTP_HOST = 1 << 4,   /* host and port: letters, digits, "-._~%!$&'()*+,;=:[]" */
};

extern const uint8_t fa__http_classes[256];

static inline bool fa__http_is(uint8_t byte, enum fa__http_class class)
{
    return (fa__http_classes[byte] & (unsigned)class) != 0;
}

static inline bool fa__http_all(struct fa_slice text, enum fa__http_class class)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!fa__http_is(text.at[i], class)) {
            return false;
        }
    }
    return true;
}

static inline uint8_t fa__http_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Value of a hexadecimal digit; 16 if it is none. */
static inline unsigned fa__http_hex(uint8_t byte)
{
    uint8_t low = fa__http_lower(byte);
    return byte >= '0' && byte <= '9' ? byte - (unsigned)'0'
           : low >= 'a' && low <= 'f' ? low - (unsigned)'a' + 10
                                      : 16;
}

/* `text` without spaces and tabs around it. */
struct fa_slice fa__http_trim(struct fa_slice text);

/* Offset of the first `byte` in `bytes`; bytes.len if there is none. */
size_t fa__http_find(struct fa_slice bytes, uint8_t byte);

/* ---- http_conn.c: a connection between its requests ---- */

/* Take in an accepted flow and look for a request. */
void fa__http_conn_begin(struct fa_http_conn *conn, struct fa_flow *flow, fa_ns now);

/* Move to a state's list, and set when it has been there too long. */
void fa__http_conn_enter(struct fa_http_conn *conn, enum fa_http_conn_state state, fa_ns deadline);

/* Look for the next request's head. Returns: whether it is complete; else the connection waits for
 * more, was refused, or is gone. */
bool fa__http_conn_take_head(struct fa_http_conn *conn, fa_ns now);

/* Copy a head that lies in the flow to a buffer, so that the body behind it can be read. Returns:
 * false if there is no buffer to be had. */
bool fa__http_conn_keep_head(struct fa_http_conn *conn, fa_ns now);

/* Forget the head that was answered. */
void fa__http_conn_drop_head(struct fa_http_conn *conn);

/* Begin to send `unsent` without a fiber. */
void fa__http_conn_send(struct fa_http_conn *conn, struct fa_slice unsent, fa_ns now);

/* An answer is complete: end the connection if it is `closing`. Returns: whether a next head is
 * here already. */
bool fa__http_conn_next(struct fa_http_conn *conn, fa_ns now);

/* Answer with an error page without waiting, count it, and end the connection. */
void fa__http_conn_refuse(struct fa_http_conn *conn, enum fa_http_fault fault, fa_ns now);

/* Something happened on the flow; the deadline of the state has come. */
void fa__http_conn_step(struct fa_http_conn *conn, fa_ns now);
void fa__http_conn_expire(struct fa_http_conn *conn, fa_ns now);

/* Give the flow back, at the end of what was sent or at once, and free the connection. */
void fa__http_conn_close(struct fa_http_conn *conn);
void fa__http_conn_abort(struct fa_http_conn *conn);

/* The client's account of patience: what waiting since waiting_since_ns took of it, and what `len`
 * bytes moved earn. */
void fa__http_conn_pace_spend(struct fa_http_conn *conn, fa_ns now);
void fa__http_conn_pace_earn(struct fa_http_conn *conn, size_t len);

/* ---- http_exchange.c, http_answer.c, http_body.c: one request, on its fiber ---- */

enum fa__http_phase {
    FA__HTTP_PHASE_NEW,
    FA__HTTP_PHASE_HEAD, /* the answer's head is being written */
    FA__HTTP_PHASE_BODY, /* it is sent */
    FA__HTTP_PHASE_OVER, /* and so is all of the body that there will be */
};

/* Parse the complete head of `conn` into `x`. Returns: what to refuse it with. */
enum fa_http_fault fa__http_exchange_init(
    struct fa_http_exchange *x, struct fa_http_conn *conn, fa_ns now);

/* Run the handler of the route, complete the answer, and say by `broken` and `closing` what becomes
 * of the connection. Yields. */
void fa__http_exchange_run(struct fa_http_exchange *x);

/* http_route.c: run the handler that the routes have for the request; else say why not. Yields. */
void fa__http_route(struct fa_http_exchange *x);

/* Complete the answer that the handler left. Yields. */
void fa__http_answer_finish(struct fa_http_exchange *x);

/* Throw away what is here already of the request's body. Returns: whether that was all of it. */
bool fa__http_body_drain(struct fa_http_exchange *x);

/* Copy bytes to the flow, waiting within the client's patience. Yields. */
fa_err fa__http_exchange_write(struct fa_http_exchange *x, struct fa_slice bytes);

/* As fa_flow_peek_wait() and fa_flow_reserve_wait(), within the client's patience. Yield. */
fa_err fa__http_exchange_peek(struct fa_http_exchange *x, struct fa_slice *ret_bytes);
fa_err fa__http_exchange_reserve(struct fa_http_exchange *x, uint8_t **ret_at, size_t *ret_cap);

/* ---- http_page.c ---- */

enum {
    FA__HTTP_PAGE_MAX = 512,
};

/* Begin an answer's head: status line, Server, Date. */
void fa__http_head_begin(struct fa_http_server *server, struct fa_text *head, uint16_t status);

/* Write the page of an error. Returns: its bytes. */
size_t fa__http_page_write(uint16_t status, char at[FA__HTTP_PAGE_MAX]);

/* Count a refusal by its name. */
void fa__http_fault_count(struct fa_counters *counters, enum fa_http_fault fault);

#endif
