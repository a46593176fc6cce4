// SPDX-License-Identifier: ISC
//
// Listening to IPv6 groups.

#include "fa/mld.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"

static const struct fa_ip all_reporters = {{0xff, 2, [15] = 0x16}}; /* RFC 3810 5.2.14 */

void fa_mld_init(struct fa_mld *mld, const struct fa_mld_config *config)
{
    FA_ASSERT(config->rand != NULL);
    *mld = (struct fa_mld){.config = *config, .due_ns = FA_NS_NEVER};
    if (config->counters == NULL) {
        mld->config.counters = &fa_counters_main;
    }
}

/* ---- groups ---- */

static struct fa_mld_group *find_group(struct fa_mld *mld, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < mld->group_count; i++) {
        if (fa_ip_equal(&mld->groups[i].ip, ip)) {
            return &mld->groups[i];
        }
    }
    return NULL;
}

static bool is_wanted(const struct fa_mld_group *group)
{
    return group->own || group->user_count != 0;
}

bool fa_mld_has(const struct fa_mld *mld, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < mld->group_count; i++) {
        if (fa_ip_equal(&mld->groups[i].ip, ip)) {
            return is_wanted(&mld->groups[i]);
        }
    }
    return fa_ip_equal(ip, &fa_ip6_all_nodes);
}

static void remove_group(struct fa_mld *mld, struct fa_mld_group *group)
{
    *group = mld->groups[--mld->group_count];
}

/* Tell about a group at `at`, unless it is told about earlier. */
static void schedule(struct fa_mld *mld, struct fa_mld_group *group, fa_ns at)
{
    group->due_ns = at;
    mld->due_ns = fa_ns_min(mld->due_ns, at);
}

/* What is listened to changed: tell it now, and once more. */
static void tell_change(struct fa_mld *mld, fa_ns now, struct fa_mld_group *group)
{
    // All stations listen to ff02::1, and what stays in the interface concerns nobody (RFC 3810 6).
    bool silent = fa_ip_equal(&group->ip, &fa_ip6_all_nodes) ||
                  fa_ip6_scope_of(&group->ip) <= FA_IP6_SCOPE_INTERFACE || mld->config.off;
    if (silent) {
        if (!is_wanted(group)) {
            remove_group(mld, group);
        }
        return;
    }
    group->record = is_wanted(group) ? FA_MLD_RECORD_TO_EXCLUDE : FA_MLD_RECORD_TO_INCLUDE;
    group->repeat_count = FA_MLD_ROBUSTNESS;
    schedule(mld, group, now);
}

/* The entry of a group, added if it is not there; NULL: no room. */
static struct fa_mld_group *get_group(struct fa_mld *mld, const struct fa_ip *ip)
{
    struct fa_mld_group *group = find_group(mld, ip);
    if (group == NULL && mld->group_count < FA_MLD_GROUP_COUNT_MAX) {
        group = &mld->groups[mld->group_count++];
        *group = (struct fa_mld_group){.ip = *ip, .due_ns = FA_NS_NEVER};
    }
    return group;
}

fa_err fa_mld_join(struct fa_mld *mld, fa_ns now, const struct fa_ip *ip)
{
    if (!fa_ip6_is_multicast(ip)) {
        return FA_EINVAL;
    }
    struct fa_mld_group *group = get_group(mld, ip);
    if (group == NULL || group->user_count == UINT16_MAX) {
        FA_COUNT(mld->config.counters, mld_groups_full);
        return FA_ENOSPC;
    }
    bool wanted = is_wanted(group);
    group->user_count++;
    if (!wanted) {
        tell_change(mld, now, group);
    }
    return FA_OK;
}

fa_err fa_mld_leave(struct fa_mld *mld, fa_ns now, const struct fa_ip *ip)
{
    struct fa_mld_group *group = find_group(mld, ip);
    if (group == NULL || group->user_count == 0) {
        return FA_EINVAL;
    }
    group->user_count--;
    if (!is_wanted(group)) {
        tell_change(mld, now, group);
    }
    return FA_OK;
}

void fa_mld_repeat(struct fa_mld *mld, fa_ns now)
{
    for (uint32_t i = 0; i < mld->group_count; i++) {
        if (is_wanted(&mld->groups[i])) {
            tell_change(mld, now, &mld->groups[i]);
        }
    }
}

/* Whether one of the addresses is asked for in this group. */
static bool is_asked_for(const struct fa_addrs *addrs, const struct fa_ip *group)
{
    for (uint32_t i = 0; i < addrs->count; i++) {
        struct fa_ip solicited = fa_ip6_solicited_node(&addrs->at[i].ip);
        if (!fa_ip_is4(&addrs->at[i].ip) && addrs->at[i].state != FA_ADDR_DUPLICATE &&
            fa_ip_equal(&solicited, group)) {
            return true;
        }
    }
    return false;
}

void fa_mld_follow(struct fa_mld *mld, fa_ns now, const struct fa_addrs *addrs)
{
    for (uint32_t i = mld->group_count; i-- > 0;) {
        struct fa_mld_group *group = &mld->groups[i];
        if (group->own && !is_asked_for(addrs, &group->ip)) {
            group->own = false;
            if (!is_wanted(group)) {
                tell_change(mld, now, group); // takes it out, or the last one moves here
            }
        }
    }
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (fa_ip_is4(&addrs->at[i].ip) || addrs->at[i].state == FA_ADDR_DUPLICATE) {
            continue;
        }
        struct fa_ip solicited = fa_ip6_solicited_node(&addrs->at[i].ip);
        struct fa_mld_group *group = get_group(mld, &solicited);
        if (group == NULL) {
            FA_COUNT(mld->config.counters, mld_groups_full);
            continue;
        }
        bool wanted = is_wanted(group);
        group->own = true;
        if (!wanted) {
            tell_change(mld, now, group);
        }
    }
}

/* ---- queries ---- */

void fa_mld_input(struct fa_mld *mld, fa_ns now, const struct fa_ip_meta *meta, bool alert,
    struct fa_slice message)
{
    struct fa_mld_query query;
    bool good = meta->ttl == 1 && alert && fa_ip6_is_link_local(&meta->remote) &&
                fa_mld_query_decode(message, &query) == FA_MLD_GOOD;
    if (!good) {
        FA_COUNT(mld->config.counters, mld_rx_invalid);
        return;
    }
    FA_COUNT(mld->config.counters, mld_rx_queries);
    if (query.version == 1) {
        mld->version1_ns = fa_ns_after(now, FA_MLD_OLDER_NS);
    }
    fa_ns at = fa_ns_after(now, fa_rand_below(mld->config.rand, query.delay_ms * FA_NS_MS + 1));
    for (uint32_t i = 0; i < mld->group_count && !mld->config.off; i++) {
        struct fa_mld_group *group = &mld->groups[i];
        bool asked = fa_ip_is_zero(&query.group) || fa_ip_equal(&query.group, &group->ip);
        bool quiet = group->record == 0 && is_wanted(group) &&
                     fa_ip6_scope_of(&group->ip) > FA_IP6_SCOPE_INTERFACE &&
                     !fa_ip_equal(&group->ip, &fa_ip6_all_nodes);
        bool later = group->record == FA_MLD_RECORD_IS_EXCLUDE && !group->ready &&
                     at < group->due_ns; // RFC 3810 6.2: the answer that is due first counts
        if (asked && (quiet || later)) {
            group->record = FA_MLD_RECORD_IS_EXCLUDE;
            group->repeat_count = 1;
            schedule(mld, group, at);
        }
    }
}

/* ---- reports ---- */

static bool speaks_version1(const struct fa_mld *mld, fa_ns now)
{
    return now < mld->version1_ns;
}

/* A group was told about. Returns: whether it is still there. */
static bool told(struct fa_mld *mld, fa_ns now, struct fa_mld_group *group)
{
    group->ready = false;
    if (--group->repeat_count != 0) {
        fa_ns wait = 1 + fa_rand_below(mld->config.rand, FA_MLD_UNSOLICITED_NS);
        schedule(mld, group, fa_ns_after(now, wait));
        return true;
    }
    group->record = 0;
    group->due_ns = FA_NS_NEVER;
    if (is_wanted(group)) {
        return true;
    }
    remove_group(mld, group);
    return false;
}

/* All that is ready as one report of version 2. Returns: bytes written. */
static size_t write_report(struct fa_mld *mld, fa_ns now, uint8_t *at)
{
    _Static_assert(FA_MLD2_REPORT_LEN + FA_MLD_GROUP_COUNT_MAX * FA_MLD2_RECORD_LEN <=
                   FA_IP6_MTU_MIN - FA_IP6_HDR_LEN - FA_MLD_ALERT_HDR_LEN);
    uint8_t *end = at + FA_MLD2_REPORT_LEN;
    uint16_t count = 0;
    for (uint32_t i = 0; i < mld->group_count;) {
        struct fa_mld_group *group = &mld->groups[i];
        if (!group->ready) {
            i++;
            continue;
        }
        fa_mld2_record_encode(end, group->record, &group->ip);
        end += FA_MLD2_RECORD_LEN;
        count++;
        i += told(mld, now, group);
    }
    fa_mld2_report_encode(at, count);
    return count != 0 ? (size_t)(end - at) : 0;
}

/* One group that is ready as a message of version 1. Returns: bytes written. */
static size_t write_version1(struct fa_mld *mld, fa_ns now, uint8_t *at, struct fa_ip *ret_remote)
{
    for (uint32_t i = 0; i < mld->group_count; i++) {
        struct fa_mld_group *group = &mld->groups[i];
        if (group->ready) {
            bool leave = group->record == FA_MLD_RECORD_TO_INCLUDE;
            *ret_remote = leave ? fa_ip6_all_routers : group->ip;
            fa_mld1_encode(at, leave ? FA_ICMP6_MLD1_DONE : FA_ICMP6_MLD1_REPORT, &group->ip);
            (void)told(mld, now, group);
            return FA_MLD1_LEN;
        }
    }
    return 0;
}

bool fa_mld_output(struct fa_mld *mld, fa_ns now, const struct fa_ip *local, struct fa_buf *buf,
    struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(buf->len == 0);
    uint8_t bytes[FA_MLD2_REPORT_LEN + FA_MLD_GROUP_COUNT_MAX * FA_MLD2_RECORD_LEN];
    struct fa_ip_meta meta = {
        .local = *local,
        .remote = all_reporters,
        .protocol = FA_IP6_NEXT_HOP_BY_HOP,
        .ttl = 1,
        .multicast = true,
    };
    size_t len = speaks_version1(mld, now) ? write_version1(mld, now, bytes, &meta.remote)
                                           : write_report(mld, now, bytes);
    if (len == 0) {
        mld->ready = false;
        return false;
    }
    fa_mld_alert_encode(fa_buf_append(buf, FA_MLD_ALERT_HDR_LEN), FA_IP_PROTO_ICMP6);
    uint8_t *at = fa_buf_append(buf, len);
    fa_copy(at, bytes, len);
    struct fa_icmp6_header header = {bytes[0], 0, fa_be32_load(bytes + 4)};
    fa_icmp6_encode(at, len, &meta, &header);
    FA_COUNT(mld->config.counters, mld_tx_messages);
    *ret_meta = meta;
    return true;
}

void fa_mld_tick(struct fa_mld *mld, fa_ns now)
{
    mld->due_ns = FA_NS_NEVER;
    for (uint32_t i = 0; i < mld->group_count; i++) {
        struct fa_mld_group *group = &mld->groups[i];
        if (group->record != 0 && !group->ready && group->due_ns <= now) {
            group->ready = true;
            mld->ready = true;
        } else if (group->record != 0 && !group->ready) {
            mld->due_ns = fa_ns_min(mld->due_ns, group->due_ns);
        }
    }
}
