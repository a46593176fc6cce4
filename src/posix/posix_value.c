// SPDX-License-Identifier: ISC
//
// Options that are no numbers.

#include "src/posix/posix_priv.h"

int fa__posix_value_put(void *value, uint32_t *len, const void *from, size_t from_len)
{
    *len = (uint32_t)fa_min(*len, from_len);
    fa_copy(value, from, *len);
    return 0;
}

static int get_linger(struct fa_posix_file *file, void *value, uint32_t *len)
{
    struct fa_posix_linger linger = {
        .on = file->lingers, .seconds = (int)(file->linger_ns / FA_NS_S)};
    return fa__posix_value_put(value, len, &linger, sizeof linger);
}

static int set_linger(struct fa_posix_file *file, const void *value, uint32_t len)
{
    struct fa_posix_linger linger;
    if (len < sizeof linger) {
        return -FA_POSIX_EINVAL;
    }
    fa_copy(&linger, value, sizeof linger);
    file->lingers = linger.on != 0;
    file->linger_ns = (fa_ns)(linger.seconds > 0 ? linger.seconds : 0) * FA_NS_S;
    return 0;
}

static int put_timeout(void *value, uint32_t *len, fa_ns timeout)
{
    struct fa_posix_timeval time = {0};
    if (timeout != FA_NS_NEVER) {
        time.s = (int64_t)(timeout / FA_NS_S);
        time.us = (int64_t)(timeout % FA_NS_S / FA_NS_US);
    }
    return fa__posix_value_put(value, len, &time, sizeof time);
}

static int take_timeout(const void *value, uint32_t len, fa_ns *ret_timeout)
{
    struct fa_posix_timeval time;
    if (len < sizeof time) {
        return -FA_POSIX_EINVAL;
    }
    fa_copy(&time, value, sizeof time);
    if (time.s < 0 || time.s > INT32_MAX || time.us < 0 || time.us >= 1000000) {
        return -FA_POSIX_EINVAL; // Linux says EDOM
    }
    fa_ns timeout = (fa_ns)time.s * FA_NS_S + (fa_ns)time.us * FA_NS_US;
    *ret_timeout = timeout != 0 ? timeout : FA_NS_NEVER;
    return 0;
}

static int get_rcvtimeo(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_timeout(value, len, file->rx_timeout_ns);
}

static int set_rcvtimeo(struct fa_posix_file *file, const void *value, uint32_t len)
{
    return take_timeout(value, len, &file->rx_timeout_ns);
}

static int get_sndtimeo(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_timeout(value, len, file->tx_timeout_ns);
}

static int set_sndtimeo(struct fa_posix_file *file, const void *value, uint32_t len)
{
    return take_timeout(value, len, &file->tx_timeout_ns);
}

/* ---- of TCP ---- */

static int get_congestion(struct fa_posix_file *file, void *value, uint32_t *len)
{
    int chosen = file->options[FA__POSIX_CONGESTION];
    enum fa_tcp_congestion which = file->posix->config.stack->tcp.config.congestion;
    if (fa__posix_has_flow(file)) {
        which = fa_tcp_congestion_of(file->flow);
    } else if (chosen != 0) {
        which = (enum fa_tcp_congestion)(chosen - 1);
    }
    struct fa_slice name = fa_slice_of(fa_tcp_congestion_name(which));
    return fa__posix_value_put(value, len, name.at, name.len + 1);
}

void fa__posix_congestion_apply(struct fa_posix_file *file)
{
    int chosen = file->options[FA__POSIX_CONGESTION];
    if (chosen != 0 && fa__posix_has_flow(file)) {
        fa_err err = fa_tcp_congestion_set(file->flow, (enum fa_tcp_congestion)(chosen - 1));
        FA_ASSERT(err == FA_OK);
    }
}

static int set_congestion(struct fa_posix_file *file, const void *value, uint32_t len)
{
    struct fa_slice wanted = {value, len};
    while (wanted.len != 0 && wanted.at[wanted.len - 1] == 0) {
        wanted.len--;
    }
    for (int i = 0; i < FA_TCP_CONGESTION_COUNT; i++) {
        const char *name = fa_tcp_congestion_name((enum fa_tcp_congestion)i);
        if (fa_slice_equal(wanted, fa_slice_of(name))) {
            file->options[FA__POSIX_CONGESTION] = i + 1;
            fa__posix_congestion_apply(file);
            return 0;
        }
    }
    return -FA_POSIX_ENOENT;
}

static int get_info(struct fa_posix_file *file, void *value, uint32_t *len)
{
    struct fa_tcp_info info = {.local = file->local};
    if (fa__posix_has_flow(file)) {
        fa_tcp_info_of(file->flow, &info);
    }
    return fa__posix_value_put(value, len, &info, sizeof info);
}

/* ---- the table ---- */

struct value {
    int16_t level;
    int16_t name;
    uint8_t kind;
    int (*get)(struct fa_posix_file *file, void *value, uint32_t *len);
    int (*set)(struct fa_posix_file *file, const void *value, uint32_t len); /* NULL: read only */
};

#define ANY    FA__POSIX_FREE
#define STREAM FA__POSIX_STREAM

static const struct value values[] = {
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_LINGER, ANY, get_linger, set_linger},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_RCVTIMEO, ANY, get_rcvtimeo, set_rcvtimeo},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_SNDTIMEO, ANY, get_sndtimeo, set_sndtimeo},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_INFO, STREAM, get_info, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_CONGESTION, STREAM, get_congestion, set_congestion},
};

static const struct value *find_value(const struct fa_posix_file *file, int level, int name)
{
    for (size_t i = 0; i < FA_COUNT_OF(values); i++) {
        const struct value *found = &values[i];
        if (found->level == level && found->name == name &&
            (found->kind == ANY || found->kind == file->kind)) {
            return found;
        }
    }
    return NULL;
}

int fa__posix_value_get(struct fa_posix_file *file, int level, int name, void *value, uint32_t *len)
{
    const struct value *found = find_value(file, level, name);
    return found != NULL ? found->get(file, value, len) : -FA_POSIX_ENOPROTOOPT;
}

int fa__posix_value_set(
    struct fa_posix_file *file, int level, int name, const void *value, uint32_t len)
{
    const struct value *found = find_value(file, level, name);
    if (found == NULL) {
        return -FA_POSIX_ENOPROTOOPT;
    }
    return found->set != NULL ? found->set(file, value, len) : -FA_POSIX_EOPNOTSUPP;
}
