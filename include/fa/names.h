// SPDX-License-Identifier: ISC
//
// fa/names.h: what a network tells its hosts about names and time: DNS servers, search domains and
// NTP servers, with where each came from and how long it may be believed.
//
// The configuration, DHCP, router advertisements (RFC 8106) and DHCPv6 put entries in; the DNS and
// the NTP client read them. It asks nobody and resolves nothing. Tested by test/unit/names_test.c.
//
//     fa_names_put(&names, FA_NAMES_DNS, &(struct fa_names_entry){
//         .ip = server, .until_ns = FA_NS_NEVER, .origin = FA_NAMES_DHCP, .iface = 0});
//     const struct fa_names_list *dns = &names.lists[FA_NAMES_DNS];
//     for (uint32_t i = 0; i < dns->count; i++)
//         ask(&dns->at[i].ip, dns->at[i].iface);

#ifndef FA_NAMES_H
#define FA_NAMES_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/ip.h"

enum {
    FA_NAMES_COUNT_MAX = 8,  /* entries of a list, of all origins together */
    FA_NAMES_TEXT_MAX = 254, /* bytes of a domain name as text, NUL included (RFC 1035 2.3.4) */
};

enum fa_names_kind {
    FA_NAMES_DNS,    /* addresses of recursive servers */
    FA_NAMES_DOMAIN, /* search list: names to append, in order */
    FA_NAMES_NTP,    /* time servers: addresses or names */
    FA_NAMES_KIND_COUNT,
};

/* Where an entry came from; the first is preferred (RFC 8106 5.3.1: DHCP before routers). */
enum fa_names_origin {
    FA_NAMES_STATIC,
    FA_NAMES_DHCP,
    FA_NAMES_DHCP6,
    FA_NAMES_RA,
};

/* One server or domain. */
struct fa_names_entry {
    struct fa_ip ip;              /* zero: it is a name */
    char text[FA_NAMES_TEXT_MAX]; /* the name without a final dot; empty: it is an address */
    fa_ns until_ns;               /* forgotten then; FA_NS_NEVER */
    uint8_t iface;                /* that told us, and that a link-local server is reached over */
    uint8_t origin;               /* enum fa_names_origin */
};

/* Entries in order: by origin, then as they arrived. */
struct fa_names_list {
    struct fa_names_entry at[FA_NAMES_COUNT_MAX];
    uint32_t count;
};

/* Read `lists` and `change_count`, which grows whenever a list changes; the rest is private.
 * Movable. */
struct fa_names {
    struct fa_names_list lists[FA_NAMES_KIND_COUNT];
    uint32_t change_count;
    fa_ns due_ns;
    struct fa_counters *counters;
};

void fa_names_init(struct fa_names *names, struct fa_counters *counters);

/*
 * Add an entry, or bring the lifetime of the same one up to date; `until_ns` 0 takes it back (a
 * lifetime of zero, RFC 8106 5.1).
 *
 * Limits: FA_NAMES_COUNT_MAX a list. In a full one the entry of the least preferred origin, and of
 *         these the one that ends first, gives way, or is the newcomer itself: counted.
 */
void fa_names_put(
    struct fa_names *names, enum fa_names_kind kind, const struct fa_names_entry *entry);

/* Make `text` the entry's name: letters, digits, "-" and "_" in labels of 1 to 63 bytes; a final
 * dot is left out. Returns: FA_OK; FA_EINVAL, and the entry is unchanged. */
fa_err fa_names_text_set(struct fa_names_entry *entry, struct fa_slice text);

/*
 * Take the next name off *bytes, names as in RFC 1035 3.1 that are not compressed, as router
 * advertisements and DHCPv6 have them. The entry's text becomes that name; empty, if it is
 * whole but fa_names_text_set() would not have it.
 *
 * Returns: false at the end, at padding and at what is no name.
 */
FA_MUST_USE bool fa_names_wire_take(struct fa_slice *bytes, struct fa_names_entry *entry);

/* Forget what `origin` said at an interface. */
void fa_names_forget(struct fa_names *names, enum fa_names_origin origin, uint32_t iface);

/* Forget what is over. */
void fa_names_tick(struct fa_names *names, fa_ns now);

/* When fa_names_tick() has something to do; FA_NS_NEVER. O(1). */
static inline fa_ns fa_names_deadline(const struct fa_names *names)
{
    return names->due_ns;
}

#endif
