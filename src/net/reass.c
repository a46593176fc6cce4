// SPDX-License-Identifier: ISC
//
// Reassembly.
//
// Nothing here depends on how much others sent: the table is small and looked through whole, a
// fragment is compared with its neighbours in the datagram's list, from the end, where the next
// one nearly always belongs.

#include "fa/reass.h"

enum {
    UNIT = 8,          /* bytes: offsets count these */
    TCP_LEN_MIN = 20,  /* bytes of a header, RFC 9293 3.1 */
    UDP_LEN = 8,       /* RFC 768 */
    ICMP_LEN = 8,      /* RFC 792 */
    ECN_MASK = 3,      /* of a traffic class, RFC 3168 5 */
    ECN_NONE = 1 << 0, /* bits of ecn_seen, by codepoint */
    ECN_MARKED = 1 << 3,
};

static void count(struct fa_reass *reass, enum fa_counter_id id)
{
    reass->config.counters->cell[id]++;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

void fa_reass_init(struct fa_reass *reass, const struct fa_reass_config *config)
{
    FA_ASSERT(config->pool != NULL);
    FA_ASSERT(config->datagram_count_max <= FA_REASS_DATAGRAM_COUNT_MAX);
    *reass = (struct fa_reass){.config = *config, .due_ns = FA_NS_NEVER};
    struct fa_reass_config *c = &reass->config;
    c->counters = c->counters != NULL ? c->counters : &fa_counters_main;
    c->datagram_count_max = or_default(c->datagram_count_max, FA_REASS_DATAGRAM_COUNT_MAX);
    c->source_count_max = or_default(c->source_count_max, FA_REASS_SOURCE_COUNT_MAX);
    c->fragment_count_max = or_default(c->fragment_count_max, FA_REASS_FRAGMENT_COUNT_MAX);
    c->bytes_max = or_default(c->bytes_max, FA_REASS_BYTES_MAX);
    c->timeout4_ns = c->timeout4_ns != 0 ? c->timeout4_ns : FA_REASS_TIMEOUT4_NS;
    c->timeout6_ns = c->timeout6_ns != 0 ? c->timeout6_ns : FA_REASS_TIMEOUT6_NS;
}

/* ---- the table ---- */

static uint32_t held_by(const struct fa_buf *buf)
{
    return (uint32_t)sizeof *buf + buf->cap;
}

static void drop_fragments(struct fa_reass *reass, struct fa_reass_datagram *datagram)
{
    fa_buf_drop_all(&datagram->fragments);
    reass->held_bytes -= datagram->held_bytes;
    datagram->held_bytes = 0;
    datagram->fragment_count = 0;
}

static void forget(struct fa_reass *reass, struct fa_reass_datagram *datagram)
{
    FA_ASSERT(datagram->used && reass->used_count > 0);
    drop_fragments(reass, datagram);
    datagram->used = false;
    reass->used_count--;
    reass->due_ns = FA_NS_NEVER;
    for (uint32_t i = 0; i < FA_REASS_DATAGRAM_COUNT_MAX; i++) {
        if (reass->datagrams[i].used) {
            reass->due_ns = fa_ns_min(reass->due_ns, reass->datagrams[i].due_ns);
        }
    }
}

/* Drop a datagram, and what still comes of it until its time is over (RFC 5722 3). */
static void kill(struct fa_reass *reass, struct fa_reass_datagram *datagram, enum fa_counter_id why)
{
    count(reass, why);
    drop_fragments(reass, datagram);
    datagram->dead = true;
}

void fa_reass_done(struct fa_reass *reass)
{
    for (uint32_t i = 0; i < FA_REASS_DATAGRAM_COUNT_MAX; i++) {
        if (reass->datagrams[i].used) {
            forget(reass, &reass->datagrams[i]);
        }
    }
    FA_ASSERT(reass->held_bytes == 0);
}

/* Identifications count for a pair of addresses, and IPv4's for a protocol as well. */
static struct fa_reass_datagram *find(struct fa_reass *reass, const struct fa_reass_part *part)
{
    const struct fa_ip_meta *meta = part->meta;
    bool is4 = fa_ip_is4(&meta->remote);
    for (uint32_t i = 0; i < FA_REASS_DATAGRAM_COUNT_MAX; i++) {
        struct fa_reass_datagram *datagram = &reass->datagrams[i];
        if (datagram->used && datagram->id == part->id && datagram->meta.iface == meta->iface &&
            (!is4 || datagram->meta.protocol == meta->protocol) &&
            fa_ip_equal(&datagram->meta.remote, &meta->remote) &&
            fa_ip_equal(&datagram->meta.local, &meta->local)) {
            return datagram;
        }
    }
    return NULL;
}

/* The oldest but `but`, of `source` or, NULL, of anybody; *ret_count: how many there are. */
static struct fa_reass_datagram *oldest(struct fa_reass *reass, const struct fa_ip *source,
    const struct fa_reass_datagram *but, uint32_t *ret_count)
{
    struct fa_reass_datagram *found = NULL;
    *ret_count = 0;
    for (uint32_t i = 0; i < FA_REASS_DATAGRAM_COUNT_MAX; i++) {
        struct fa_reass_datagram *datagram = &reass->datagrams[i];
        if (!datagram->used || datagram == but ||
            (source != NULL && !fa_ip_equal(&datagram->meta.remote, source))) {
            continue;
        }
        *ret_count += 1;
        if (found == NULL || datagram->begun_ns < found->begun_ns) {
            found = datagram;
        }
    }
    return found;
}

static struct fa_reass_datagram *begin(
    struct fa_reass *reass, fa_ns now, const struct fa_reass_part *part)
{
    const struct fa_reass_config *config = &reass->config;
    uint32_t from_source;
    struct fa_reass_datagram *old = oldest(reass, &part->meta->remote, NULL, &from_source);
    if (from_source >= config->source_count_max) {
        count(reass, FA_COUNTER_reass_source_full);
        forget(reass, old);
    }
    if (reass->used_count >= config->datagram_count_max) {
        count(reass, FA_COUNTER_reass_full);
        forget(reass, oldest(reass, NULL, NULL, &from_source));
    }
    bool is4 = fa_ip_is4(&part->meta->remote);
    struct fa_reass_datagram *datagram = reass->datagrams;
    while (datagram->used) {
        datagram++;
    }
    FA_ASSERT(datagram < reass->datagrams + FA_REASS_DATAGRAM_COUNT_MAX);
    *datagram = (struct fa_reass_datagram){
        .meta = *part->meta,
        .id = part->id,
        .used = true,
        .begun_ns = now,
        .due_ns = fa_ns_after(now, is4 ? config->timeout4_ns : config->timeout6_ns),
    };
    fa_list_init(&datagram->fragments);
    reass->used_count++;
    reass->due_ns = fa_ns_min(reass->due_ns, datagram->due_ns);
    return datagram;
}

/* ---- one fragment ---- */

/* Bytes that a transport's header has at least, 0 for those not known here. */
static size_t transport_len(uint8_t protocol, struct fa_slice header)
{
    switch (protocol) {
    case FA_IP_PROTO_TCP:
        // Its own length says how much must be there: a filter may look at options as well.
        return header.len < TCP_LEN_MIN ? TCP_LEN_MIN
                                        : fa_max(TCP_LEN_MIN, (size_t)(header.at[12] >> 4) * 4);
    case FA_IP_PROTO_UDP:
        return UDP_LEN;
    case FA_IP_PROTO_ICMP:
        return ICMP_LEN;
    default:
        return 0;
    }
}

/* Whether fragments hide from those on the way what they become (RFC 1858 3, RFC 3128, RFC 7112).
 */
static bool is_tiny(const struct fa_reass_part *part, struct fa_slice payload)
{
    bool is_tcp = part->meta->protocol == FA_IP_PROTO_TCP;
    if (part->off != 0) {
        return is_tcp && part->off < TCP_LEN_MIN;
    }
    struct fa_slice header = fa_slice_from(payload, part->upper_off);
    return part->upper_off > payload.len ||
           header.len < transport_len(part->meta->protocol, header);
}

static bool check_part(
    struct fa_reass *reass, const struct fa_reass_part *part, const struct fa_buf *buf)
{
    FA_ASSERT(part->off % UNIT == 0 && part->header_len <= buf->len);
    FA_ASSERT(part->off != 0 || part->more);
    struct fa_slice payload = fa_slice_from(fa_buf_slice(buf), part->header_len);
    if (payload.len == 0 || (part->more && payload.len % UNIT != 0) ||
        part->header_len + part->off + payload.len > FA_REASS_PACKET_LEN_MAX) {
        count(reass, FA_COUNTER_reass_bad_len);
        return false;
    }
    if (is_tiny(part, payload)) {
        count(reass, FA_COUNTER_reass_tiny);
        return false;
    }
    return true;
}

/* Payload of a fragment that is kept: the first has its header in front. */
static struct fa_slice payload_of(
    const struct fa_reass_datagram *datagram, const struct fa_buf *fragment)
{
    return fa_slice_from(
        fa_buf_slice(fragment), fragment->tag == 0 ? datagram->header_len : (size_t)0);
}

enum fit { FITS, IS_DUPLICATE, OVERLAPS };

/* Where a fragment belongs: *ret_after is the node it comes behind. */
static enum fit find_place(struct fa_reass_datagram *datagram, uint32_t off,
    struct fa_slice payload, struct fa_list **ret_after)
{
    struct fa_list *node = datagram->fragments.prev;
    for (; node != &datagram->fragments; node = node->prev) {
        const struct fa_buf *other = fa_buf_of(node);
        struct fa_slice bytes = payload_of(datagram, other);
        if (other->tag + bytes.len <= off) {
            break;
        }
        if (other->tag < off + payload.len) {
            bool same = other->tag == off && fa_slice_equal(bytes, payload);
            return same ? IS_DUPLICATE : OVERLAPS;
        }
    }
    *ret_after = node;
    return FITS;
}

/* Whether the fragment agrees with what is known of the datagram's end. */
static bool fits_end(
    const struct fa_reass_datagram *datagram, const struct fa_reass_part *part, uint32_t end)
{
    if (datagram->end_off != 0) {
        return part->more ? end < datagram->end_off : end == datagram->end_off;
    }
    if (part->more || fa_list_empty(&datagram->fragments)) {
        return true;
    }
    const struct fa_buf *last = fa_buf_of(datagram->fragments.prev);
    return last->tag + payload_of(datagram, last).len <= part->off;
}

/* Make room for a buffer, at the cost of the oldest. Returns: false if the datagram itself holds
 * too much. */
static bool make_room(
    struct fa_reass *reass, const struct fa_reass_datagram *datagram, uint32_t bytes)
{
    if (datagram->held_bytes + bytes > reass->config.bytes_max / 2) {
        return false;
    }
    while (reass->held_bytes + bytes > reass->config.bytes_max) {
        uint32_t others;
        struct fa_reass_datagram *old = oldest(reass, NULL, datagram, &others);
        FA_ASSERT(old != NULL);
        count(reass, FA_COUNTER_reass_full);
        forget(reass, old);
    }
    return true;
}

static void keep(struct fa_reass *reass, struct fa_reass_datagram *datagram,
    const struct fa_reass_part *part, struct fa_list *after, struct fa_buf *take)
{
    uint32_t len = take->len - part->header_len;
    take->tag = part->off;
    if (part->off == 0) {
        datagram->header_len = part->header_len;
        datagram->meta = *part->meta;
    } else {
        fa_buf_pull(take, part->header_len);
    }
    if (!part->more) {
        datagram->end_off = part->off + len;
    }
    fa_list_insert_after(after, &take->node);
    datagram->fragment_count++;
    datagram->payload_len += len;
    datagram->held_bytes += held_by(take);
    reass->held_bytes += held_by(take);
    datagram->ecn_seen |= (uint8_t)(1 << (part->meta->traffic & ECN_MASK));
}

/* ---- the whole ---- */

static struct fa_buf *alloc_whole(struct fa_reass *reass, size_t len)
{
    struct fa_buf *buf;
    struct fa_pool *small = reass->config.pool;
    struct fa_pool *large = reass->config.large_pool;
    size_t room = len + FA_BUF_HEADROOM;
    if (room <= fa_pool_room(small) && fa_buf_alloc(small, FA_BUF_HEADROOM, &buf) == FA_OK) {
        return buf;
    }
    if (large != NULL && room <= fa_pool_room(large) &&
        fa_buf_alloc(large, FA_BUF_HEADROOM, &buf) == FA_OK) {
        return buf;
    }
    count(reass, FA_COUNTER_reass_no_buffer);
    return NULL;
}

static struct fa_buf *join(
    struct fa_reass *reass, struct fa_reass_datagram *datagram, struct fa_ip_meta *ret_meta)
{
    bool marked = (datagram->ecn_seen & ECN_MARKED) != 0;
    if (marked && (datagram->ecn_seen & ECN_NONE) != 0) {
        count(reass, FA_COUNTER_reass_bad_ecn);
        return NULL;
    }
    size_t len = datagram->header_len + datagram->payload_len;
    if (len > FA_REASS_PACKET_LEN_MAX) { // another header than that of the fragment checked
        count(reass, FA_COUNTER_reass_bad_len);
        return NULL;
    }
    struct fa_buf *whole = alloc_whole(reass, len);
    if (whole == NULL) {
        return NULL;
    }
    FA_LIST_EACH(node, &datagram->fragments) {
        struct fa_slice bytes = fa_buf_slice(fa_buf_of(node));
        fa_copy(fa_buf_append(whole, bytes.len), bytes.at, bytes.len);
    }
    FA_ASSERT(whole->len == len);
    *ret_meta = datagram->meta;
    ret_meta->traffic |= marked ? ECN_MASK : 0;
    count(reass, FA_COUNTER_reass_done);
    return whole;
}

/* Find out whether and where the fragment belongs: *ret_after is the node it comes behind.
 * Returns: its datagram; NULL: it is not wanted, and counted. */
static struct fa_reass_datagram *admit(struct fa_reass *reass, fa_ns now,
    const struct fa_reass_part *part, const struct fa_buf *buf, struct fa_list **ret_after)
{
    count(reass, FA_COUNTER_reass_rx_fragments);
    if (!check_part(reass, part, buf)) {
        return NULL; // its datagram goes on: whoever can forge one fragment cannot end it
    }
    struct fa_reass_datagram *datagram = find(reass, part);
    if (datagram == NULL) {
        datagram = begin(reass, now, part);
    }
    if (datagram->dead) {
        count(reass, FA_COUNTER_reass_dead);
        return NULL;
    }
    struct fa_slice payload = fa_slice_from(fa_buf_slice(buf), part->header_len);
    enum fit fit = find_place(datagram, part->off, payload, ret_after);
    if (fit == IS_DUPLICATE) {
        count(reass, FA_COUNTER_reass_duplicate);
        return NULL;
    }
    if (fit == OVERLAPS || !fits_end(datagram, part, (uint32_t)(part->off + payload.len))) {
        kill(reass, datagram, FA_COUNTER_reass_overlap);
        return NULL;
    }
    if (datagram->fragment_count >= reass->config.fragment_count_max ||
        !make_room(reass, datagram, held_by(buf))) {
        kill(reass, datagram, FA_COUNTER_reass_too_many);
        return NULL;
    }
    return datagram;
}

struct fa_buf *fa_reass_input(struct fa_reass *reass, fa_ns now, const struct fa_reass_part *part,
    struct fa_buf *take, struct fa_ip_meta *ret_meta, uint16_t *ret_header_len)
{
    struct fa_list *after;
    struct fa_reass_datagram *datagram = admit(reass, now, part, take, &after);
    if (datagram == NULL) {
        fa_buf_drop(take);
        return NULL;
    }
    keep(reass, datagram, part, after, take);
    if (datagram->payload_len != datagram->end_off) {
        return NULL;
    }
    struct fa_buf *whole = join(reass, datagram, ret_meta);
    *ret_header_len = datagram->header_len;
    forget(reass, datagram);
    return whole;
}

struct fa_buf *fa_reass_tick(struct fa_reass *reass, fa_ns now, struct fa_ip_meta *ret_meta)
{
    while (now >= reass->due_ns) {
        struct fa_reass_datagram *datagram = reass->datagrams;
        while (!datagram->used || now < datagram->due_ns) {
            datagram++;
        }
        FA_ASSERT(datagram < reass->datagrams + FA_REASS_DATAGRAM_COUNT_MAX);
        struct fa_buf *first = NULL;
        if (!datagram->dead) {
            count(reass, FA_COUNTER_reass_timeout);
            struct fa_list *node = datagram->fragments.next;
            if (node != &datagram->fragments && fa_buf_of(node)->tag == 0) {
                first = fa_buf_of(node);
                fa_list_unlink(node);
                *ret_meta = datagram->meta;
            }
        }
        forget(reass, datagram);
        if (first != NULL) {
            return first;
        }
    }
    return NULL;
}
