// SPDX-License-Identifier: ISC
//
// The card chosen by a text. What the cards themselves do is tested with each of them.

#include "fa/hostnet.h"

#include "test/t.h"

static struct fa_hostnet net;
static struct fa_pool pool;
[[gnu::aligned(64)]] static uint8_t pool_memory[64 * FA_BUF_SIZE];

/* In the simulator every text opens the same silent card. */
static bool outside_is_there(void)
{
    const char *reason = NULL;
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    if (fa_hostnet_open(&net, "none of them", &pool, true, &reason) == FA_OK) {
        fa_netdev_close(net.dev);
        return false;
    }
    return true;
}

T(a_text_that_names_no_card_is_refused_with_what_to_write)
{
    static const char *const texts[] = {"", "tap0", "stream:/x", "fd", "TAP:tap0", "none"};
    if (!outside_is_there()) {
        t_skip("there is no outside in the simulator");
        return;
    }
    for (size_t i = 0; i < FA_COUNT_OF(texts); i++) {
        const char *reason = NULL;
        CHECK_EQ(fa_hostnet_open(&net, texts[i], &pool, true, &reason), FA_EINVAL);
        CHECK(reason != NULL && __builtin_strstr(reason, "tap:NAME") != NULL);
    }
}

T(a_card_that_cannot_be_had_says_why)
{
    static const char *const texts[] = {
        "tap:a-name-that-is-too-long", "fd:notanumber", "listen:/nowhere/at/all/wire.sock"};
    if (!outside_is_there()) {
        t_skip("there is no outside in the simulator");
        return;
    }
    for (size_t i = 0; i < FA_COUNT_OF(texts); i++) {
        const char *reason = NULL;
        CHECK(fa_hostnet_open(&net, texts[i], &pool, true, &reason) != FA_OK);
        CHECK(reason != NULL);
    }
}

T(the_card_opens_and_gives_everything_back)
{
    const char *reason = NULL;
    const char *where = outside_is_there() ? "connect:/tmp/no-such-wire.sock" : "";
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    CHECK_EQ(fa_hostnet_open(&net, where, &pool, true, &reason), FA_OK);
    struct fa_buf *frames[4];
    CHECK_EQ(fa_netdev_rx(net.dev, 0, frames, 4), 0);
    struct fa_buf *buf;
    REQUIRE(fa_netdev_tx_reserve(net.dev, &buf) == FA_OK);
    fa_zero(fa_buf_append(buf, 60), 60);
    fa_netdev_tx_commit(net.dev, 0, buf);
    fa_netdev_tx_flush(net.dev, 0);
    fa_netdev_close(net.dev);
    CHECK_EQ(pool.used_count, 0);
}
