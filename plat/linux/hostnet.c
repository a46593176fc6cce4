// SPDX-License-Identifier: ISC
//
// The card that a text chooses: a tap interface, or a wire over a stream socket.

#include "fa/hostnet.h"
#include "fa/stream.h"
#include "fa/tap.h"

#include "linux.h"

enum {
    AREA_BYTES = 65536, /* where a stream's bytes are received */
};

_Static_assert((int)FA_HOSTNET_LARGE_BYTES == FA_TAP_SUPER_SIZE, "what a tap asks for");

struct host_tap {
    struct fa_tap tap;
    struct fa_pool large;
};

struct host_stream {
    struct fa_stream stream;
    uint8_t area[AREA_BYTES];
};

static const char *behind(const char *text, const char *scheme)
{
    size_t len = __builtin_strlen(scheme);
    return __builtin_strncmp(text, scheme, len) == 0 ? text + len : NULL;
}

static fa_err open_tap(const struct fa_hostnet_config *config, const char *name,
    struct fa_netdev **ret_dev, const char **reterr_reason)
{
    struct host_tap *host = fa__linux_memory(sizeof *host);
    if (host == NULL) {
        *reterr_reason = FA__LINUX_NO_MEMORY;
        return FA_ENOSPC;
    }
    struct fa_tap_config tap = {.name = name, .pool = config->pool, .offload = config->offload};
    if (config->large_len / FA_HOSTNET_LARGE_BYTES > 1) {
        fa_pool_init(&host->large, config->large, config->large_len, FA_HOSTNET_LARGE_BYTES);
        tap.large = &host->large;
    }
    FA_TRY(fa_tap_open(&host->tap, &tap, reterr_reason));
    *ret_dev = &host->tap.dev;
    return FA_OK;
}

fa_err fa_hostnet_open(
    const struct fa_hostnet_config *config, struct fa_netdev **ret_dev, const char **reterr_reason)
{
    FA_ASSERT(config->name != NULL && config->pool != NULL);
    const char *where = config->where != NULL ? config->where : "";
    const char *tap = behind(where, "tap:");
    if (tap != NULL) {
        return open_tap(config, tap, ret_dev, reterr_reason);
    }
    if (behind(where, "connect:") == NULL && behind(where, "listen:") == NULL &&
        behind(where, "fd:") == NULL) {
        *reterr_reason = "write tap:NAME, connect:PATH, listen:PATH or fd:N, or use `fata run`";
        return FA_EINVAL;
    }
    struct host_stream *wire = fa__linux_memory(sizeof *wire);
    if (wire == NULL) {
        *reterr_reason = FA__LINUX_NO_MEMORY;
        return FA_ENOSPC;
    }
    const struct fa_stream_config stream_config = {.address = where,
        .name = config->name,
        .pool = config->pool,
        .area = wire->area,
        .area_len = sizeof wire->area};
    FA_TRY(fa_stream_open(&wire->stream, &stream_config, reterr_reason));
    *ret_dev = &wire->stream.dev;
    return FA_OK;
}
