// SPDX-License-Identifier: ISC
//
// Happy Eyeballs: which address to try, and when.

#include "fa/happy.h"

#include "fa/fmt.h"

void fa_happy_init(struct fa_happy *happy, const struct fa_happy_config *config)
{
    *happy = (struct fa_happy){
        .config = *config,
        .pending = {true, true},
        .family_err = {FA_ENOENT, FA_ENOENT},
        .start_ns = FA_NS_NEVER,
    };
    fa_ns delay =
        config->attempt_delay_ns != 0 ? config->attempt_delay_ns : FA_HAPPY_ATTEMPT_DELAY_NS;
    delay = fa_max(delay, FA_HAPPY_ATTEMPT_MIN_NS);
    happy->config.attempt_delay_ns = fa_ns_min(delay, FA_HAPPY_ATTEMPT_MAX_NS);
}

/* Put those not yet tried in order again; those that were keep the front, as they were tried. */
static void order_waiting(struct fa_happy *happy)
{
    struct fa_ip ips[FA_HAPPY_COUNT_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < happy->count; i++) {
        if (happy->attempts[i].state == FA_HAPPY_WAITING) {
            ips[count++] = happy->attempts[i].ip;
        }
    }
    fa_happy_order(&happy->config, ips, count);
    uint32_t next = 0;
    for (uint32_t i = 0; i < happy->count; i++) {
        if (happy->attempts[i].state == FA_HAPPY_WAITING) {
            happy->attempts[i].ip = ips[next++];
        }
    }
}

static bool is_known(const struct fa_happy *happy, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < happy->count; i++) {
        if (fa_ip_equal(&happy->attempts[i].ip, ip)) {
            return true;
        }
    }
    return false;
}

/* Half of the room at most is for a family, so that the other has a chance. */
static void add(struct fa_happy *happy, const struct fa_ip *ips, size_t count)
{
    size_t kept = fa_min(count, FA_HAPPY_COUNT_MAX / 2);
    for (size_t i = 0; i < kept; i++) {
        if (!is_known(happy, &ips[i])) {
            FA_ASSERT(happy->count < FA_HAPPY_COUNT_MAX);
            happy->attempts[happy->count++] = (struct fa_happy_attempt){.ip = ips[i]};
        }
    }
}

void fa_happy_resolved(
    struct fa_happy *happy, fa_ns now, bool v6, const struct fa_ip *ips, size_t count, fa_err err)
{
    FA_ASSERT(happy->pending[v6]);
    happy->pending[v6] = false;
    happy->family_err[v6] = count != 0 ? FA_OK : err;
    add(happy, ips, count);
    order_waiting(happy);
    bool waits_for_v6 = !v6 && happy->pending[1] && count != 0;
    if (v6 || !happy->pending[1]) {
        happy->start_ns = now;
    } else if (waits_for_v6) {
        happy->start_ns = fa_ns_after(now, FA_HAPPY_RESOLUTION_DELAY_NS);
    }
}

/* The next address to try: of the other family than the last one, if there is one. */
static uint32_t choose(const struct fa_happy *happy)
{
    uint32_t found = happy->count;
    for (uint32_t i = 0; i < happy->count; i++) {
        if (happy->attempts[i].state != FA_HAPPY_WAITING) {
            continue;
        }
        bool v6 = !fa_ip_is4(&happy->attempts[i].ip);
        if (happy->begun_count == 0 || v6 != happy->last_v6) {
            return i;
        }
        found = found == happy->count ? i : found;
    }
    return found;
}

bool fa_happy_next(struct fa_happy *happy, fa_ns now, uint32_t *ret_idx)
{
    uint32_t idx = choose(happy);
    if (idx == happy->count || now < happy->start_ns || now < happy->next_ns ||
        fa_happy_result(happy) != FA_AGAIN) {
        return false;
    }
    happy->attempts[idx].state = FA_HAPPY_TRYING;
    happy->last_v6 = !fa_ip_is4(&happy->attempts[idx].ip);
    happy->begun_count++;
    happy->next_ns = fa_ns_after(now, happy->config.attempt_delay_ns);
    *ret_idx = idx;
    return true;
}

void fa_happy_ended(struct fa_happy *happy, fa_ns now, uint32_t idx, fa_err err)
{
    FA_ASSERT(idx < happy->count && happy->attempts[idx].state == FA_HAPPY_TRYING);
    happy->attempts[idx].state = err == FA_OK ? FA_HAPPY_WON : FA_HAPPY_FAILED;
    happy->attempts[idx].err = err;
    happy->next_ns = now; // no reason to be patient any more
}

fa_err fa_happy_result(const struct fa_happy *happy)
{
    fa_err err = FA_AGAIN;
    bool open = happy->pending[0] || happy->pending[1];
    for (uint32_t i = 0; i < happy->count; i++) {
        const struct fa_happy_attempt *attempt = &happy->attempts[i];
        if (attempt->state == FA_HAPPY_WON) {
            return FA_OK;
        }
        open = open || attempt->state != FA_HAPPY_FAILED;
        err = attempt->err;
    }
    if (open) {
        return FA_AGAIN;
    }
    if (happy->count == 0) {
        // That a name has no IPv6 address explains less than why it has no IPv4 one.
        return happy->family_err[0] != FA_ENOENT ? happy->family_err[0] : happy->family_err[1];
    }
    return err;
}

fa_ns fa_happy_deadline(const struct fa_happy *happy)
{
    bool waiting = choose(happy) != happy->count;
    return waiting ? fa_max(happy->start_ns, happy->next_ns) : FA_NS_NEVER;
}

size_t fa_happy_text(const struct fa_happy *happy, char *at, size_t cap)
{
    char whole[FA_HAPPY_COUNT_MAX * (FA_IP_TEXT_MAX + 20)];
    struct fa_text text;
    fa_text_init(&text, whole, sizeof whole);
    for (uint32_t i = 0; i < happy->count; i++) {
        const struct fa_happy_attempt *attempt = &happy->attempts[i];
        char ip[FA_IP_TEXT_MAX];
        (void)fa_ip_text(&attempt->ip, ip, sizeof ip);
        const char *word = attempt->state == FA_HAPPY_WAITING  ? "not tried"
                           : attempt->state == FA_HAPPY_TRYING ? "no answer"
                                                               : fa_err_name(attempt->err);
        fa_text_add(&text, "%s%s %s", i == 0 ? "" : ", ", ip, word);
    }
    if (happy->count == 0) {
        fa_text_add(&text, "no addresses: A %s, AAAA %s", fa_err_name(happy->family_err[0]),
            fa_err_name(happy->family_err[1]));
    }
    return fa_fmt(at, cap, "%s", whole);
}
