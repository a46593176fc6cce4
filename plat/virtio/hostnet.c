// SPDX-License-Identifier: ISC
//
// hostnet.c: the machine's network cards, by their number.

#include "fa/hostnet.h"
#include "plat/virtio/virtio.h"
#include "src/virtio/net.h"

enum {
    CARD_COUNT = 8,
};

static struct fa__virtio_net cards[CARD_COUNT];
static const char *const names[CARD_COUNT] = {
    "net0", "net1", "net2", "net3", "net4", "net5", "net6", "net7"};

fa_err fa_hostnet_open(
    const struct fa_hostnet_config *config, struct fa_netdev **ret_dev, const char **reterr_reason)
{
    const struct fa_slice where = fa_slice_of(config->where != NULL ? config->where : "");
    size_t number = 0;
    while (number < CARD_COUNT && !fa_slice_equal(where, fa_slice_of(names[number]))) {
        number++;
    }
    if (number == CARD_COUNT) {
        *reterr_reason = "write net0 for the machine's first card, net1 for the second";
        return FA_EINVAL;
    }
    volatile uint8_t *registers = fa__virtio_find(FA__VIRTIO_NET, number);
    if (registers == NULL) {
        *reterr_reason = "the machine has no such card: give it one, as -device virtio-net-device";
        return FA_ENOENT;
    }
    const struct fa__virtio_net_config card = {
        .registers = registers, .name = names[number], .pool = config->pool};
    const fa_err err = fa__virtio_net_open(&cards[number], &card);
    if (err != FA_OK) {
        *reterr_reason = err == FA_EINVAL ? "the packet buffers are too small for its frames"
                                          : "the device does not do what virtio 1.2 asks of it";
        return err;
    }
    *ret_dev = &cards[number].dev;
    return FA_OK;
}
