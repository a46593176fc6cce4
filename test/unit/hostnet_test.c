// SPDX-License-Identifier: ISC
//
// The card chosen by a text. What the cards themselves do is tested with each of them.

#include "fa/hostnet.h"

#include "test/t.h"

static struct fa_pool pool;
[[gnu::aligned(64)]] static uint8_t pool_memory[64 * FA_BUF_SIZE];

static fa_err open_card(const char *where, struct fa_netdev **ret_dev, const char **reterr_reason)
{
    const struct fa_hostnet_config config = {
        .name = "service", .where = where, .pool = &pool, .offload = true};
    return fa_hostnet_open(&config, ret_dev, reterr_reason);
}

/* In the simulator every text opens a silent card. */
static bool outside_is_there(void)
{
    const char *reason = NULL;
    struct fa_netdev *dev;
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    if (open_card("none of them", &dev, &reason) == FA_OK) {
        fa_netdev_close(dev);
        return false;
    }
    return true;
}

T(a_text_that_names_no_card_is_refused_with_what_to_write)
{
    static const char *const texts[] = {"", "tap0", "stream:/x", "fd", "TAP:tap0", "none", NULL};
    if (!outside_is_there()) {
        t_skip("there is no outside in the simulator");
        return;
    }
    for (size_t i = 0; i < FA_COUNT_OF(texts); i++) {
        const char *reason = NULL;
        struct fa_netdev *dev;
        CHECK_EQ(open_card(texts[i], &dev, &reason), FA_EINVAL);
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
        struct fa_netdev *dev;
        CHECK(open_card(texts[i], &dev, &reason) != FA_OK);
        CHECK(reason != NULL);
    }
}

static void exchange_a_frame(struct fa_netdev *dev)
{
    struct fa_buf *frames[4];
    CHECK_EQ(fa_netdev_rx(dev, 0, frames, 4), 0);
    struct fa_buf *buf;
    REQUIRE(fa_netdev_tx_reserve(dev, &buf) == FA_OK);
    fa_zero(fa_buf_append(buf, 60), 60);
    fa_netdev_tx_commit(dev, 0, buf);
    fa_netdev_tx_flush(dev, 0);
}

T(cards_open_side_by_side_and_give_their_frames_back)
{
    const char *reason = NULL;
    const char *where = outside_is_there() ? "connect:/tmp/no-such-wire.sock" : "";
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    struct fa_netdev *devs[3];
    for (size_t i = 0; i < FA_COUNT_OF(devs); i++) {
        CHECK_EQ(open_card(where, &devs[i], &reason), FA_OK);
        CHECK(i == 0 || devs[i] != devs[i - 1]);
    }
    for (size_t i = 0; i < FA_COUNT_OF(devs); i++) {
        exchange_a_frame(devs[i]);
    }
    for (size_t i = 0; i < FA_COUNT_OF(devs); i++) {
        fa_netdev_close(devs[i]);
    }
    CHECK_EQ(pool.used_count, 0);
}
