// SPDX-License-Identifier: ISC
//
// The secret from which IPv6 addresses are formed (RFC 7217 5), so that they stay from boot to
// boot.

#include "fa/hash.h"
#include "fa/kv.h"
#include "fa/rand.h"
#include "src/net/stack_priv.h"

enum {
    SECRET_LEN = sizeof((struct fa_stack_config *)NULL)->iid_secret,
};

#define SECRET_KEY FA_LIT("ipv6-secret")

/* 128 bits out of a text of any length. */
static void digest(struct fa_slice text, uint8_t *ret_secret)
{
    for (uint64_t half = 0; half < 2; half++) {
        const struct fa_siphash_key key = {0x6661746120697636, half}; // any constant will do
        uint64_t hash = fa_siphash(&key, text);
        fa_copy(ret_secret + 8 * half, &hash, sizeof hash);
    }
}

static fa_err keep(struct fa_kv *kv, uint8_t *ret_secret)
{
    uint8_t secret[SECRET_LEN];
    size_t len = 0;
    fa_err err = fa_kv_read(kv, SECRET_KEY, 0, secret, sizeof secret, &len);
    if (err == FA_ENOENT || (err == FA_OK && len != sizeof secret)) {
        struct fa_rand rand;
        fa_rand_init_entropy(&rand);
        fa_rand_fill(&rand, secret, sizeof secret);
        fa_wipe(&rand, sizeof rand);
        err = fa_kv_set(kv, SECRET_KEY, (struct fa_slice){secret, sizeof secret});
    }
    if (err == FA_OK) {
        fa_copy(ret_secret, secret, sizeof secret);
    }
    fa_wipe(secret, sizeof secret);
    return err;
}

fa_err fa_stack_secret(const char *text, struct fa_kv *kv, uint8_t *ret_secret)
{
    if (text != NULL && text[0] != '\0') {
        digest(fa_slice_of(text), ret_secret);
        return FA_OK;
    }
    return kv != NULL ? keep(kv, ret_secret) : FA_OK;
}
