// SPDX-License-Identifier: ISC
//
// DNS servers, search domains and NTP servers that the network told us about.

#include "fa/names.h"

enum {
    LABEL_LEN_MAX = 63, /* RFC 1035 2.3.4 */
};

void fa_names_init(struct fa_names *names, struct fa_counters *counters)
{
    *names = (struct fa_names){.due_ns = FA_NS_NEVER, .counters = counters};
}

/* ---- names ---- */

static bool is_label_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool is_name(struct fa_slice text)
{
    size_t label_len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '.' && label_len > 0) {
            label_len = 0;
        } else if (!is_label_byte(text.at[i]) || ++label_len > LABEL_LEN_MAX) {
            return false;
        }
    }
    return label_len > 0;
}

fa_err fa_names_text_set(struct fa_names_entry *entry, struct fa_slice text)
{
    if (text.len > 0 && text.at[text.len - 1] == '.') {
        text.len--;
    }
    if (text.len >= FA_NAMES_TEXT_MAX || !is_name(text)) {
        return FA_EINVAL;
    }
    fa_copy(entry->text, text.at, text.len);
    entry->text[text.len] = '\0';
    return FA_OK;
}

/* ---- lists ---- */

/* Labels up to a zero, as text with dots. Returns: bytes taken; 0: it is none. */
static size_t read_labels(struct fa_slice bytes, char text[FA_NAMES_TEXT_MAX], size_t *ret_len)
{
    size_t off = 0;
    size_t len = 0;
    while (off < bytes.len && bytes.at[off] != 0) {
        size_t label = bytes.at[off++];
        if (label > LABEL_LEN_MAX || label > bytes.len - off ||
            len + label + 1 >= FA_NAMES_TEXT_MAX) {
            return 0;
        }
        if (len != 0) {
            text[len++] = '.';
        }
        fa_copy(text + len, bytes.at + off, label);
        len += label;
        off += label;
    }
    *ret_len = len;
    return off < bytes.len && len != 0 ? off + 1 : 0;
}

bool fa_names_wire_take(struct fa_slice *bytes, struct fa_names_entry *entry)
{
    char text[FA_NAMES_TEXT_MAX];
    size_t len;
    size_t taken = read_labels(*bytes, text, &len);
    if (taken == 0) {
        return false;
    }
    if (fa_names_text_set(entry, (struct fa_slice){(const uint8_t *)text, len}) != FA_OK) {
        entry->text[0] = '\0';
    }
    *bytes = fa_slice_from(*bytes, taken);
    return true;
}

static void changed(struct fa_names *names)
{
    names->change_count++;
    names->due_ns = FA_NS_NEVER;
    for (uint32_t kind = 0; kind < FA_NAMES_KIND_COUNT; kind++) {
        const struct fa_names_list *list = &names->lists[kind];
        for (uint32_t i = 0; i < list->count; i++) {
            names->due_ns = fa_ns_min(names->due_ns, list->at[i].until_ns);
        }
    }
}

static bool is_same(const struct fa_names_entry *a, const struct fa_names_entry *b)
{
    return fa_ip_equal(&a->ip, &b->ip) && a->iface == b->iface && a->origin == b->origin &&
           fa_slice_equal(fa_slice_of(a->text), fa_slice_of(b->text));
}

static void remove_at(struct fa_names_list *list, uint32_t idx)
{
    FA_ASSERT(idx < list->count);
    list->count--;
    fa_move(&list->at[idx], &list->at[idx + 1], (list->count - idx) * sizeof list->at[0]);
}

static void insert(struct fa_names_list *list, const struct fa_names_entry *entry)
{
    FA_ASSERT(list->count < FA_NAMES_COUNT_MAX);
    uint32_t idx = list->count;
    while (idx > 0 && list->at[idx - 1].origin > entry->origin) {
        idx--;
    }
    fa_move(&list->at[idx + 1], &list->at[idx], (list->count - idx) * sizeof list->at[0]);
    list->at[idx] = *entry;
    list->count++;
}

/* Whether `a` is given up rather than `b`. */
static bool is_weaker(const struct fa_names_entry *a, const struct fa_names_entry *b)
{
    return a->origin > b->origin || (a->origin == b->origin && a->until_ns < b->until_ns);
}

/* Let the weakest entry of a full list go. Returns: false if `entry` would be weaker still. */
static bool make_room(struct fa_names_list *list, const struct fa_names_entry *entry)
{
    uint32_t weakest = 0;
    for (uint32_t i = 1; i < list->count; i++) {
        if (is_weaker(&list->at[i], &list->at[weakest])) {
            weakest = i;
        }
    }
    if (!is_weaker(&list->at[weakest], entry)) {
        return false;
    }
    remove_at(list, weakest);
    return true;
}

void fa_names_put(
    struct fa_names *names, enum fa_names_kind kind, const struct fa_names_entry *entry)
{
    FA_ASSERT(kind < FA_NAMES_KIND_COUNT);
    FA_ASSERT(fa_ip_is_zero(&entry->ip) == (entry->text[0] != '\0'));
    struct fa_names_list *list = &names->lists[kind];
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_same(&list->at[i], entry)) {
            list->at[i].until_ns = entry->until_ns;
            if (entry->until_ns == 0) {
                remove_at(list, i);
            }
            changed(names);
            return;
        }
    }
    if (entry->until_ns == 0) {
        return;
    }
    if (list->count == FA_NAMES_COUNT_MAX) {
        FA_COUNT(names->counters, names_full);
        if (!make_room(list, entry)) {
            return;
        }
    }
    insert(list, entry);
    changed(names);
}

/* ---- forgetting ---- */

void fa_names_forget(struct fa_names *names, enum fa_names_origin origin, uint32_t iface)
{
    bool any = false;
    for (uint32_t kind = 0; kind < FA_NAMES_KIND_COUNT; kind++) {
        struct fa_names_list *list = &names->lists[kind];
        for (uint32_t i = list->count; i-- > 0;) {
            if (list->at[i].origin == origin && list->at[i].iface == iface) {
                remove_at(list, i);
                any = true;
            }
        }
    }
    if (any) {
        changed(names);
    }
}

void fa_names_tick(struct fa_names *names, fa_ns now)
{
    if (now < names->due_ns) {
        return;
    }
    for (uint32_t kind = 0; kind < FA_NAMES_KIND_COUNT; kind++) {
        struct fa_names_list *list = &names->lists[kind];
        for (uint32_t i = list->count; i-- > 0;) {
            if (now >= list->at[i].until_ns) {
                remove_at(list, i);
            }
        }
    }
    changed(names);
}
