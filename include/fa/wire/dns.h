// SPDX-License-Identifier: ISC
//
// fa/wire/dns.h: names, messages and records of DNS (RFC 1035; EDNS RFC 6891, SRV RFC 2782).
//
// Pure encode and decode. Names are read with compression, whose pointers must lead back and are
// few, and kept whole; what is written is not compressed. No DNSSEC, no zone files, no dynamic
// update. Tested by test/unit/wire_dns_test.c, fuzz/wire_dns_fuzz.c.
//
//     if (fa_dns_decode(datagram, &message) != FA_DNS_GOOD) return;
//     while (fa_dns_record_next(&message, &record) == FA_DNS_GOOD)
//         if (fa_dns_data_decode(datagram, record.data_off, record.data_len, record.type, &data))
//             use(&record.name, &data);

#ifndef FA_WIRE_DNS_H
#define FA_WIRE_DNS_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_DNS_PORT = 53,
    FA_DNS_HDR_LEN = 12,         /* bytes */
    FA_DNS_NAME_LEN_MAX = 255,   /* bytes, RFC 1035 2.3.4 */
    FA_DNS_LABEL_LEN_MAX = 63,   /* bytes, the same */
    FA_DNS_NAME_TEXT_MAX = 1024, /* bytes of a name as text, every byte escaped, NUL included */
    FA_DNS_JUMP_COUNT_MAX = 64,  /* pointers in one name */
    FA_DNS_EDNS_BYTES = 1232,    /* what fits every path: 1280 without IPv6 and UDP headers */
    FA_DNS_QUERY_LEN_MAX = FA_DNS_HDR_LEN + FA_DNS_NAME_LEN_MAX + 4 + 11, /* bytes */
    FA_DNS_CLASS_IN = 1,
};

enum fa_dns_type {
    FA_DNS_A = 1,
    FA_DNS_NS = 2,
    FA_DNS_CNAME = 5,
    FA_DNS_SOA = 6,
    FA_DNS_PTR = 12,
    FA_DNS_MX = 15,
    FA_DNS_TXT = 16,
    FA_DNS_AAAA = 28,
    FA_DNS_SRV = 33,
    FA_DNS_OPT = 41,
};

/* RFC 1035 4.1.1, RFC 6891 6.1.3. */
enum fa_dns_rcode {
    FA_DNS_NOERROR = 0,
    FA_DNS_FORMERR = 1,
    FA_DNS_SERVFAIL = 2,
    FA_DNS_NXDOMAIN = 3,
    FA_DNS_NOTIMP = 4,
    FA_DNS_REFUSED = 5,
    FA_DNS_BADVERS = 16,
};

enum FA_MUST_USE fa_dns_verdict {
    FA_DNS_GOOD,
    FA_DNS_END,    /* there are no more questions, or records */
    FA_DNS_SHORT,  /* less than it says */
    FA_DNS_NAME,   /* a name that is too long, leads forward, in circles or nowhere */
    FA_DNS_RECORD, /* a record that runs over the end */
};

/* ---- names ---- */

/* A name as on the wire, uncompressed: labels behind their lengths, the last one empty. A zeroed
 * one is no name. */
struct fa_dns_name {
    uint8_t len; /* bytes, 1 for the root */
    uint8_t b[FA_DNS_NAME_LEN_MAX];
};

/* Read "www.example.org" or "www.example.org.", with \. and \DDD escapes (RFC 1035 5.1); "." is
 * the root. Returns: FA_OK; FA_EINVAL: empty labels, or beyond the limits. */
fa_err fa_dns_name_parse(struct fa_slice text, struct fa_dns_name *ret_name);

/* Write a name without its last dot, every byte that is not plain escaped. Returns: as fa_fmt(). */
size_t fa_dns_name_text(const struct fa_dns_name *name, char *at, size_t cap);

/* Whether two names are the same; the case of ASCII letters is no matter (RFC 4343). */
bool fa_dns_name_equal(const struct fa_dns_name *a, const struct fa_dns_name *b);

/* Whether `name` is `suffix` or below it. */
bool fa_dns_name_is_under(const struct fa_dns_name *name, const struct fa_dns_name *suffix);

/* Make all letters small. */
void fa_dns_name_lower(struct fa_dns_name *name);

/* Labels of a name, without the root. */
size_t fa_dns_name_label_count(const struct fa_dns_name *name);

/* `name` in front of `suffix`. Returns: FA_OK; FA_EINVAL: too long. */
fa_err fa_dns_name_join(
    const struct fa_dns_name *name, const struct fa_dns_name *suffix, struct fa_dns_name *ret_name);

/* The name below in-addr.arpa or ip6.arpa that PTR records of an address have (RFC 1035 3.5, RFC
 * 3596 2.5). */
void fa_dns_name_of_ip(const struct fa_ip *ip, struct fa_dns_name *ret_name);

/* Read the name at *off of a message, and move *off behind it. Nothing is written unless it is
 * FA_DNS_GOOD; else FA_DNS_SHORT or FA_DNS_NAME. */
enum fa_dns_verdict fa_dns_name_decode(
    struct fa_slice message, size_t *off, struct fa_dns_name *ret_name);

/* ---- messages ---- */

struct fa_dns_header {
    uint16_t id;
    bool response;
    uint8_t opcode;
    bool authoritative;
    bool truncated;
    bool recursion_desired;
    bool recursion_available;
    uint8_t rcode;      /* its low four bits; FA_DNS_OPT has the others */
    uint16_t counts[4]; /* questions; records of answer, authority, additional */
};

/* A message that is being read. Movable; borrows the bytes. */
struct fa_dns_message {
    struct fa_slice bytes;
    struct fa_dns_header header;
    size_t off;       /* of the next question or record */
    uint16_t left[4]; /* of each section, what was not read yet */
};

struct fa_dns_question {
    struct fa_dns_name name; /* in the case it was sent in */
    uint16_t type;
    uint16_t rr_class;
};

enum fa_dns_section {
    FA_DNS_ANSWER = 1,
    FA_DNS_AUTHORITY,
    FA_DNS_ADDITIONAL,
};

struct fa_dns_record {
    struct fa_dns_name name;
    uint8_t section; /* enum fa_dns_section */
    uint16_t type;
    uint16_t rr_class; /* of FA_DNS_OPT: bytes of a datagram that the sender takes */
    uint32_t ttl_s;    /* above INT32_MAX is read as 0 (RFC 2181 8), but of FA_DNS_OPT left alone */
    size_t data_off;   /* of its data in the message */
    uint16_t data_len;
};

/* Begin to read a message. Returns: FA_DNS_GOOD; FA_DNS_SHORT. */
enum fa_dns_verdict fa_dns_decode(struct fa_slice bytes, struct fa_dns_message *ret_message);

/* Read the next question. Returns: FA_DNS_GOOD; FA_DNS_END; what is wrong. */
enum fa_dns_verdict fa_dns_question_next(
    struct fa_dns_message *message, struct fa_dns_question *ret_question);

/* Read the next record, whatever section it is of; questions that were not read are skipped.
 * Returns: FA_DNS_GOOD; FA_DNS_END; what is wrong, and then the rest cannot be read either. */
enum fa_dns_verdict fa_dns_record_next(
    struct fa_dns_message *message, struct fa_dns_record *ret_record);

/* Write a query: one question of class IN, recursion desired; with `edns_bytes` not zero also an
 * OPT record that says how long an answer may be. Returns: its bytes, FA_DNS_QUERY_LEN_MAX at most.
 */
size_t fa_dns_query_encode(uint8_t at[FA_DNS_QUERY_LEN_MAX], uint16_t id,
    const struct fa_dns_name *name, uint16_t type, uint16_t edns_bytes);

/* ---- data of records ---- */

/* What a record says. Which members count is said by its type. */
struct fa_dns_data {
    struct fa_ip ip;            /* A, AAAA */
    struct fa_dns_name name;    /* NS, CNAME, PTR; target of SRV, exchange of MX, server of SOA */
    struct fa_dns_name mailbox; /* SOA */
    uint16_t priority;          /* SRV; preference of MX */
    uint16_t weight;            /* SRV */
    uint16_t port;              /* SRV */
    uint32_t soa[5];            /* serial; refresh, retry, expire and minimum in seconds */
    struct fa_slice bytes; /* TXT: strings behind their lengths; other types: as it is. Borrowed */
};

enum {
    FA_DNS_SOA_MINIMUM = 4, /* of soa[] */
};

/* Read the `len` bytes at `off` of a message as data of a type. Returns: whether they are whole and
 * nothing is left over; only then *ret_data is written. */
FA_MUST_USE bool fa_dns_data_decode(
    struct fa_slice message, size_t off, size_t len, uint16_t type, struct fa_dns_data *ret_data);

/* Write data of a type, names uncompressed. Returns: its bytes; 0 if `cap` is too small. */
FA_MUST_USE size_t fa_dns_data_encode(
    uint8_t *at, size_t cap, uint16_t type, const struct fa_dns_data *data);

/* The next of the strings of a TXT record: cuts it off the front of *strings. Returns: whether
 * there was one. */
FA_MUST_USE bool fa_dns_string_next(struct fa_slice *strings, struct fa_slice *ret_string);

/* "AAAA" and the like; "TYPE65280" for others (RFC 3597 5), in the caller's 12 bytes. */
const char *fa_dns_type_name(uint16_t type, char scratch[12]);

/* The way back, in any case. Returns: FA_OK; FA_EINVAL. */
fa_err fa_dns_type_parse(struct fa_slice text, uint16_t *ret_type);

#endif
