// SPDX-License-Identifier: ISC
//
// chan.c: channels. Each item sent wakes one receiver and each taken one sender; a woken fiber
// looks again, because someone who did not wait may have been quicker.

#include "fa/chan.h"

void fa_chan_init(struct fa_chan *chan, void *memory, size_t item_len, size_t item_cap)
{
    size_t whole_len;
    FA_ASSERT(memory != NULL);
    FA_ASSERT(item_len >= 1 && item_cap >= 1);
    FA_ASSERT(!__builtin_mul_overflow(item_len, item_cap, &whole_len));
    *chan = (struct fa_chan){.memory = memory, .item_len = item_len, .item_cap = item_cap};
    fa_waitq_init(&chan->senders);
    fa_waitq_init(&chan->receivers);
}

static uint8_t *find_cell(struct fa_chan *chan, size_t item)
{
    return chan->memory + item % chan->item_cap * chan->item_len;
}

fa_err fa_chan_try_send(struct fa_chan *chan, const void *item)
{
    if (chan->closed) {
        return FA_ECLOSED;
    }
    if (chan->tail - chan->head == chan->item_cap) {
        return FA_AGAIN;
    }
    fa_copy(find_cell(chan, chan->tail), item, chan->item_len);
    chan->tail++;
    fa_waitq_wake_one(&chan->receivers);
    return FA_OK;
}

fa_err fa_chan_try_recv(struct fa_chan *chan, void *ret_item)
{
    if (chan->tail == chan->head) {
        return chan->closed ? FA_ECLOSED : FA_AGAIN;
    }
    fa_copy(ret_item, find_cell(chan, chan->head), chan->item_len);
    chan->head++;
    fa_waitq_wake_one(&chan->senders);
    return FA_OK;
}

fa_err fa_chan_send(struct fa_chan *chan, const void *item, fa_ns deadline)
{
    fa_err err;
    while ((err = fa_chan_try_send(chan, item)) == FA_AGAIN) {
        FA_TRY(fa_waitq_wait(&chan->senders, deadline));
    }
    return err;
}

fa_err fa_chan_recv(struct fa_chan *chan, void *ret_item, fa_ns deadline)
{
    fa_err err;
    while ((err = fa_chan_try_recv(chan, ret_item)) == FA_AGAIN) {
        FA_TRY(fa_waitq_wait(&chan->receivers, deadline));
    }
    return err;
}

void fa_chan_close(struct fa_chan *chan)
{
    chan->closed = true;
    fa_waitq_wake_all(&chan->senders);
    fa_waitq_wake_all(&chan->receivers);
}
