// SPDX-License-Identifier: ISC
//
// plat/guest/guest.h: what spt, hvt, virtio and xen share, and what each of them provides.
//
// A target enters on its own terms (a register, a page of low memory), gives the image its thread
// block and canary, fills a struct fa__guest_boot and calls fa__guest_start(), which runs fa_main()
// on the image's own stack. Of fa/plat.h a target has the clocks and fa_plat_wait(); plat/guest has
// the rest over the few calls below. Private to plat/guest and the targets.

#ifndef FA_PLAT_GUEST_H
#define FA_PLAT_GUEST_H

#include "fa/base.h"
#include "fa/blkdev.h"
#include "fa/caps.h"
#include "fa/netdev.h"
#include "fa/solo5.h"

enum {
    FA__GUEST_PAGE_BYTES = 4096,
    FA__GUEST_THREAD_BYTES = 512,       /* of the thread block */
    FA__GUEST_THREAD_POINTER_OFF = 256, /* where the thread register points into it */
    FA__GUEST_END_GAP_BYTES = 16, /* of memory left alone: a buffer that touches the end kills hvt's
                                     tender */
};

/* ---- what a target provides ----------------------------------------------------------------- */

/* Write to the console. Returns: how many bytes were taken; 0: none ever will be. */
size_t fa__guest_console(const uint8_t *at, size_t len);

/* End the image. 0..255; 255 is for bugs. */
[[gnu::noreturn]] void fa__guest_halt(int status);

/* Whether the host has asked the image to stop. */
bool fa__guest_stop_requested(void);

/*
 * Move one frame, by the handle of a card that the manifest has.
 *
 * Returns: FA_OK; FA_AGAIN: none waits, or there is no room now; FA_EIO: the card is gone, or does
 *          not take this one. What does not fit into `cap` is cut off.
 */
fa_err fa__guest_net_read(uint32_t handle, void *at, size_t cap, size_t *ret_len);
fa_err fa__guest_net_write(uint32_t handle, const void *at, size_t len);

/* Move blocks, in one call of the host: one block, or more where the tender says that it takes
 * more. Returns: FA_OK; FA_EIO. */
fa_err fa__guest_block_read(uint32_t handle, uint64_t off, void *at, size_t len);
fa_err fa__guest_block_write(uint32_t handle, uint64_t off, const void *at, size_t len);

/* What was written is durable; blocks are not needed. Called only if the tender offers it. */
fa_err fa__guest_block_flush(uint32_t handle);
fa_err fa__guest_block_discard(uint32_t handle, uint64_t off, size_t len);

/* ---- what each architecture provides: plat/guest/ARCH --------------------------------------- */

/* A number that an attacker cannot guess if the processor can draw one, else one that he must work
 * for: for canaries and where things lie, never for keys. May be called before anything else. */
uint64_t fa__guest_early_random(void);

/* Copy and fill, 256 bytes at least, the way that is best on this processor. No overlap. */
void fa__guest_copy_long(uint8_t *to, const uint8_t *at, size_t len);
void fa__guest_fill_long(uint8_t *to, uint8_t byte, size_t len);

/* ---- what plat/guest gives ------------------------------------------------------------------ */

/* What a thread register points into: x86-64's FS base at FA__GUEST_THREAD_POINTER_OFF, where the
 * canary is at +0x28, as in every object that gcc has compiled. */
extern uint8_t fa__guest_thread[FA__GUEST_THREAD_BYTES];

/* Draw the canary; before any function that has one runs. Neither may have one itself. Returns: by
 * how many bytes to lower the stack pointer, so that nobody knows where the stack is. */
size_t fa__guest_early(void);

struct fa__guest_boot {
    uintptr_t memory_end;                     /* the first byte that is not the image's */
    const char *command_line;                 /* read during the call; NULL: none */
    const struct fa_solo5_manifest *manifest; /* with what is attached; NULL: none */
};

/* Run the constructors and fa_main(); halt with what it returns. */
[[gnu::noreturn]] void fa__guest_start(const struct fa__guest_boot *boot);

/* Take a command line apart. Returns: FA_OK; FA_ENOSPC: longer than FA_SOLO5_CMDLINE_BYTES. */
fa_err fa__guest_args_init(const char *command_line);

/* Begin with the memory that is left, from the image's end to the end of memory: fa_plat_heap()
 * gives it. */
void fa__guest_heap_init(uintptr_t memory_end);

/* What the tender offers beyond the ABI; all zero unless it knows the note. */
extern struct fa_caps fa__guest_caps;

/* The device called `name` in the manifest. Returns: NULL: not of this image, or another type. */
const struct fa_solo5_entry *fa__guest_device(
    struct fa_slice name, enum fa_solo5_device type, uint32_t *ret_handle);

/* A bit for each handle: a call may get somewhere. All set at first; fa_plat_wait() sets them, the
 * device clears its own after the call that said FA_AGAIN. */
extern uint64_t fa__guest_ready;

/*
 * Open the card or disk called `name`, over the calls above. Released by its own close.
 *
 * Owns:    borrows `pool` until close.
 * Returns: FA_OK; FA_ENOENT: the manifest has none; FA_EINVAL: its MTU is larger than the buffers.
 *          On failure *reterr_reason says what to do.
 */
fa_err fa__guest_net_open(struct fa_slice name, struct fa_pool *pool, struct fa_netdev **ret_dev,
    const char **reterr_reason);
fa_err fa__guest_block_open(
    struct fa_slice name, struct fa_blkdev **ret_dev, const char **reterr_reason);

#endif
