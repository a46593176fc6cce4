// SPDX-License-Identifier: ISC
//
// Listening to IPv4 groups.

#include "fa/igmp.h"

#include "fa/wire/ip4.h"

enum {
    ALL_ROUTERS = 0xe0000002,   // who hears that a group is left, in version 2
    ALL_REPORTERS = 0xe0000016, // RFC 3376 4.2.14
    TRAFFIC_CONTROL = 0xc0,     // RFC 3376 4: precedence "internetwork control"
};

void fa_igmp_init(struct fa_igmp *igmp, const struct fa_igmp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    *igmp = (struct fa_igmp){.config = *config, .due_ns = FA_NS_NEVER};
    if (config->counters == NULL) {
        igmp->config.counters = &fa_counters_main;
    }
}

/* ---- groups ---- */

static struct fa_igmp_group *find_group(struct fa_igmp *igmp, uint32_t ip)
{
    for (uint32_t i = 0; i < igmp->group_count; i++) {
        if (igmp->groups[i].ip == ip) {
            return &igmp->groups[i];
        }
    }
    return NULL;
}

bool fa_igmp_has(const struct fa_igmp *igmp, uint32_t ip)
{
    for (uint32_t i = 0; i < igmp->group_count; i++) {
        if (igmp->groups[i].ip == ip && igmp->groups[i].user_count != 0) {
            return true;
        }
    }
    return ip == FA_IGMP_ALL_SYSTEMS;
}

static void remove_group(struct fa_igmp *igmp, struct fa_igmp_group *group)
{
    *group = igmp->groups[--igmp->group_count];
}

/* Tell about a group at `at`. */
static void schedule(struct fa_igmp *igmp, struct fa_igmp_group *group, fa_ns at)
{
    group->due_ns = at;
    igmp->due_ns = fa_ns_min(igmp->due_ns, at);
}

/* What is listened to changed: tell it now, and once more. */
static void tell_change(struct fa_igmp *igmp, fa_ns now, struct fa_igmp_group *group)
{
    bool wanted = group->user_count != 0;
    if (group->ip == FA_IGMP_ALL_SYSTEMS || igmp->config.off) {
        if (!wanted) {
            remove_group(igmp, group);
        }
        return;
    }
    group->record = wanted ? FA_IGMP_RECORD_TO_EXCLUDE : FA_IGMP_RECORD_TO_INCLUDE;
    group->repeat_count = FA_IGMP_ROBUSTNESS;
    schedule(igmp, group, now);
}

/* The entry of a group, added if it is not there; NULL: no room. */
static struct fa_igmp_group *get_group(struct fa_igmp *igmp, uint32_t ip)
{
    struct fa_igmp_group *group = find_group(igmp, ip);
    if (group == NULL && igmp->group_count < FA_IGMP_GROUP_COUNT_MAX) {
        group = &igmp->groups[igmp->group_count++];
        *group = (struct fa_igmp_group){.ip = ip, .due_ns = FA_NS_NEVER};
    }
    return group;
}

fa_err fa_igmp_join(struct fa_igmp *igmp, fa_ns now, uint32_t ip)
{
    if (!fa_ip4_is_multicast(ip)) {
        return FA_EINVAL;
    }
    struct fa_igmp_group *group = get_group(igmp, ip);
    if (group == NULL || group->user_count == UINT16_MAX) {
        FA_COUNT(igmp->config.counters, igmp_groups_full);
        return FA_ENOSPC;
    }
    if (group->user_count++ == 0) {
        tell_change(igmp, now, group);
    }
    return FA_OK;
}

fa_err fa_igmp_leave(struct fa_igmp *igmp, fa_ns now, uint32_t ip)
{
    struct fa_igmp_group *group = find_group(igmp, ip);
    if (group == NULL || group->user_count == 0) {
        return FA_EINVAL;
    }
    if (--group->user_count == 0) {
        tell_change(igmp, now, group);
    }
    return FA_OK;
}

void fa_igmp_repeat(struct fa_igmp *igmp, fa_ns now)
{
    for (uint32_t i = 0; i < igmp->group_count; i++) {
        if (igmp->groups[i].user_count != 0) {
            tell_change(igmp, now, &igmp->groups[i]);
        }
    }
}

/* ---- queries ---- */

/* Answer at `at` for this group; an answer that waits already comes at the earlier time (RFC 3376
 * 5.2), and a change that waits says more than an answer. */
static void answer(struct fa_igmp *igmp, struct fa_igmp_group *group, fa_ns at)
{
    if (group->ip == FA_IGMP_ALL_SYSTEMS || igmp->config.off) {
        return;
    }
    bool quiet = group->record == 0;
    bool later = group->record == FA_IGMP_RECORD_IS_EXCLUDE && !group->ready && at < group->due_ns;
    if (quiet || later) {
        group->record = FA_IGMP_RECORD_IS_EXCLUDE;
        group->repeat_count = 1;
        schedule(igmp, group, at);
    }
}

/*
 * A querier of an older version is followed in its language. RFC 3376 7.2.1 would have us forget
 * what waits to be told when the language changes; each record of ours can be said in all of them,
 * so it is told, and a forged query does not swallow a change.
 */
static void follow_version(struct fa_igmp *igmp, fa_ns now, uint8_t version)
{
    if (version == 1) {
        igmp->version1_ns = fa_ns_after(now, FA_IGMP_OLDER_NS);
    } else if (version == 2) {
        igmp->version2_ns = fa_ns_after(now, FA_IGMP_OLDER_NS);
    }
}

void fa_igmp_input(
    struct fa_igmp *igmp, fa_ns now, uint8_t ttl, bool alert, struct fa_slice message)
{
    struct fa_igmp_query query;
    enum fa_igmp_verdict verdict = fa_igmp_query_decode(message, &query);
    if (verdict == FA_IGMP_TYPE) {
        FA_COUNT(igmp->config.counters, igmp_rx_ignored);
        return;
    }
    if (verdict != FA_IGMP_GOOD || ttl != 1 || (!alert && query.version != 1)) {
        FA_COUNT(igmp->config.counters, igmp_rx_invalid);
        return;
    }
    FA_COUNT(igmp->config.counters, igmp_rx_queries);
    follow_version(igmp, now, query.version);
    fa_ns wait = fa_rand_below(igmp->config.rand, query.delay_ms * FA_NS_MS + 1);
    for (uint32_t i = 0; i < igmp->group_count; i++) {
        struct fa_igmp_group *group = &igmp->groups[i];
        if (query.group == 0 || query.group == group->ip) {
            answer(igmp, group, fa_ns_after(now, wait));
        }
    }
}

/* ---- reports ---- */

static uint8_t version_at(const struct fa_igmp *igmp, fa_ns now)
{
    return now < igmp->version1_ns ? 1 : now < igmp->version2_ns ? 2 : 3;
}

/* A group was told about. Returns: whether it is still there. */
static bool told(struct fa_igmp *igmp, fa_ns now, struct fa_igmp_group *group)
{
    group->ready = false;
    if (--group->repeat_count != 0) {
        fa_ns wait = 1 + fa_rand_below(igmp->config.rand, FA_IGMP_UNSOLICITED_NS);
        schedule(igmp, group, fa_ns_after(now, wait));
        return true;
    }
    group->record = 0;
    group->due_ns = FA_NS_NEVER;
    if (group->user_count != 0) {
        return true;
    }
    remove_group(igmp, group);
    return false;
}

/* All that is ready as one report of version 3. Returns: bytes written. */
static size_t write_report(struct fa_igmp *igmp, fa_ns now, uint8_t *at, uint32_t *ret_target)
{
    uint8_t *end = at + FA_IGMP3_REPORT_LEN;
    uint16_t count = 0;
    for (uint32_t i = 0; i < igmp->group_count;) {
        struct fa_igmp_group *group = &igmp->groups[i];
        if (!group->ready) {
            i++;
            continue;
        }
        fa_igmp3_record_encode(end, group->record, group->ip);
        end += FA_IGMP3_RECORD_LEN;
        count++;
        i += told(igmp, now, group);
    }
    fa_igmp3_report_encode(at, count);
    *ret_target = ALL_REPORTERS;
    return count != 0 ? (size_t)(end - at) : 0;
}

/* One group that is ready as a message of an older version; version 1 leaves without a word.
 * Returns: bytes written. */
static size_t write_older(
    struct fa_igmp *igmp, fa_ns now, uint8_t version, uint8_t *at, uint32_t *ret_target)
{
    for (uint32_t i = 0; i < igmp->group_count;) {
        struct fa_igmp_group *group = &igmp->groups[i];
        if (!group->ready) {
            i++;
            continue;
        }
        uint32_t ip = group->ip;
        bool leave = group->record == FA_IGMP_RECORD_TO_INCLUDE;
        i += told(igmp, now, group);
        if (!leave || version == 2) {
            uint8_t report = version == 1 ? FA_IGMP1_REPORT : FA_IGMP2_REPORT;
            *ret_target = leave ? (uint32_t)ALL_ROUTERS : ip;
            fa_igmp2_encode(at, leave ? FA_IGMP2_LEAVE : report, ip);
            return FA_IGMP2_LEN;
        }
    }
    return 0;
}

bool fa_igmp_output(
    struct fa_igmp *igmp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(buf->len == 0);
    uint8_t bytes[FA_IGMP3_REPORT_LEN + FA_IGMP_GROUP_COUNT_MAX * FA_IGMP3_RECORD_LEN];
    uint32_t target;
    uint8_t version = version_at(igmp, now);
    size_t len = version == 3 ? write_report(igmp, now, bytes, &target)
                              : write_older(igmp, now, version, bytes, &target);
    if (len == 0) {
        igmp->ready = false;
        return false;
    }
    fa_copy(fa_buf_append(buf, len), bytes, len);
    FA_COUNT(igmp->config.counters, igmp_tx_messages);
    *ret_meta = (struct fa_ip_meta){
        .remote = fa_ip4_ip(target),
        .protocol = FA_IP_PROTO_IGMP,
        .ttl = 1,
        .traffic = TRAFFIC_CONTROL,
        .multicast = true,
    };
    return true;
}

void fa_igmp_tick(struct fa_igmp *igmp, fa_ns now)
{
    igmp->due_ns = FA_NS_NEVER;
    for (uint32_t i = 0; i < igmp->group_count; i++) {
        struct fa_igmp_group *group = &igmp->groups[i];
        if (group->record != 0 && !group->ready && group->due_ns <= now) {
            group->ready = true;
            igmp->ready = true;
        } else if (group->record != 0 && !group->ready) {
            igmp->due_ns = fa_ns_min(igmp->due_ns, group->due_ns);
        }
    }
}
