// SPDX-License-Identifier: ISC
//
// Memory of one run: taken piece by piece, given back in one go. A full machine ends the command.

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum {
    CHUNK_BYTES = 64 * 1024,
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t len;
    size_t used;
    _Alignas(16) unsigned char bytes[];
};

void *arena_take(struct arena *arena, size_t len)
{
    len = (len + 15) / 16 * 16;
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->len - chunk->used < len) {
        size_t cap = len > CHUNK_BYTES ? len : CHUNK_BYTES;
        chunk = calloc(1, sizeof *chunk + cap);
        if (chunk == NULL) {
            fputs("fata: the machine is out of memory\n", stderr);
            exit(71);
        }
        chunk->len = cap;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += len;
    return at;
}

const char *arena_text(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    FA_ASSERT(len >= 0);
    char *text = arena_take(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

const char *arena_copy(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_take(arena, size);
    memcpy(copy, text, size);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->chunks != NULL) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}
