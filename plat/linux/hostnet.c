// SPDX-License-Identifier: ISC
//
// The card that a text chooses: a tap interface, or a wire over a stream socket.

#include "fa/hostnet.h"

static const char *behind(const char *text, const char *scheme)
{
    size_t len = __builtin_strlen(scheme);
    return __builtin_strncmp(text, scheme, len) == 0 ? text + len : NULL;
}

fa_err fa_hostnet_open(struct fa_hostnet *net, const char *where, struct fa_pool *pool,
    bool offload, const char **reterr_reason)
{
    const char *tap = behind(where, "tap:");
    if (tap != NULL) {
        const struct fa_tap_config config = {
            .name = tap, .pool = pool, .offload = offload, .large = &net->large};
        fa_pool_init(&net->large, net->large_memory, sizeof net->large_memory, FA_TAP_SUPER_SIZE);
        FA_TRY(fa_tap_open(&net->tap, &config, reterr_reason));
        net->dev = &net->tap.dev;
        return FA_OK;
    }
    if (behind(where, "connect:") == NULL && behind(where, "listen:") == NULL &&
        behind(where, "fd:") == NULL) {
        *reterr_reason = "write tap:NAME, connect:PATH, listen:PATH or fd:N, or use `fata run`";
        return FA_EINVAL;
    }
    const struct fa_stream_config config = {.address = where,
        .name = "net",
        .pool = pool,
        .area = net->area,
        .area_len = sizeof net->area};
    FA_TRY(fa_stream_open(&net->stream, &config, reterr_reason));
    net->dev = &net->stream.dev;
    return FA_OK;
}
