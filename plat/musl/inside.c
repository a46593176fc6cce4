// SPDX-License-Identifier: ISC
//
// inside.c: what musl's own start would have set up, for an image that begins elsewhere. Compiled
// among musl's sources, by plat/musl/build, since the structs are its own.

#include "libc.h"
#include "pthread_impl.h"

#include <elf.h>
#include <unistd.h>

void fa__musl_begin(void *thread_pointer, size_t thread_bytes, size_t hwcap);

static size_t aux[] = {AT_PAGESZ, 4096, AT_HWCAP, 0, AT_SECURE, 0, 0, 0};
static char *no_environment[1];
static char name[] = "image";

void fa__musl_begin(void *thread_pointer, size_t thread_bytes, size_t hwcap)
{
    /* The thread's struct begins at the pointer, or ends there. */
#ifdef TLS_ABOVE_TP
    struct pthread *self = (struct pthread *)((char *)thread_pointer - sizeof *self);
#else
    struct pthread *self = thread_pointer;
#endif
    if (thread_bytes < sizeof *self) {
        a_crash();
    }
    self->self = self;
    self->next = self->prev = self;
    self->tid = 1;
    self->detach_state = DT_JOINABLE;
    self->locale = &libc.global_locale;
    self->robust_list.head = &self->robust_list.head;
    aux[3] = __hwcap = hwcap;
    libc.auxv = aux;
    libc.page_size = aux[1];
    __environ = no_environment;
    __progname = __progname_full = name;
}
