// SPDX-License-Identifier: ISC
//
// plat/guest/entropy.h: what a guest's platform tells the pool behind fa_entropy_fill().
//
// Nothing of it must be called: with none, the sources are the processor's instructions and what
// struct fa_caps offers. Where they give too little, the first fa_entropy_fill() ends the image
// with status 255 and a sentence.

#ifndef FA_PLAT_GUEST_ENTROPY_H
#define FA_PLAT_GUEST_ENTROPY_H

#include "plat/guest/entropy_pool.h"

/* Random bytes from whoever started the image, under a name for where they came from, static text:
 * "seed", "rng-seed". Full credit, unless they cannot be random; they are wiped. */
void fa__entropy_seed(const char *name, uint8_t *at, size_t len);

/* Ask one more source (virtio-rng, the tender) from now on. It is kept. */
void fa__entropy_source_add(struct fa_entropy_source *source);

/* Add what this target alone has: a file of that name in its folder. Called once, by the pool. */
void fa__entropy_target_add(void);

/* What says that this has become a copy or was put aside (struct fa_caps_control). It is kept. */
void fa__entropy_generation_watch(const volatile uint32_t *generation);

/* Something woke the image: `kind` says what. Absent from an image that asks for no random bytes:
 * call it by fa__entropy_woken(). */
void fa__entropy_event(uint8_t kind);
#pragma weak fa__entropy_event

static inline void fa__entropy_woken(uint8_t kind)
{
    if (fa__entropy_event != NULL) {
        fa__entropy_event(kind);
    }
}

#endif
