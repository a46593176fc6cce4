// SPDX-License-Identifier: ISC
//
// text.c: text that grows, and files read whole. Without memory the program
// ends.

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host/site/site.h"

[[gnu::noreturn]] static void fail_memory(void)
{
    fputs("site: out of memory\n", stderr);
    exit(1);
}

void *grow(void *array, size_t count, size_t size)
{
    /* Powers of two, so that most calls do nothing. */
    if ((count & (count - 1)) != 0) {
        return array;
    }
    void *grown = reallocarray(array, count == 0 ? 1 : 2 * count, size);
    if (grown == NULL) {
        fail_memory();
    }
    return grown;
}

void text_add_bytes(struct text *text, const char *bytes, size_t len)
{
    if (text->cap - text->len <= len) {
        text->cap = 2 * (text->cap + len + 32);
        text->at = realloc(text->at, text->cap);
        if (text->at == NULL) {
            fail_memory();
        }
    }
    memcpy(text->at + text->len, bytes, len);
    text->len += len;
    text->at[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

[[gnu::format(printf, 1, 0)]] static char *make_text_va(const char *format, va_list args)
{
    char *string;
    if (vasprintf(&string, format, args) < 0) {
        fail_memory();
    }
    return string;
}

void text_format(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *string = make_text_va(format, args);
    va_end(args);
    text_add(text, string);
    free(string);
}

char *make_text(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *string = make_text_va(format, args);
    va_end(args);
    return string;
}

void text_add_escaped(struct text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (bytes[i]) {
        case '<':
            text_add(text, "&lt;");
            break;
        case '>':
            text_add(text, "&gt;");
            break;
        case '&':
            text_add(text, "&amp;");
            break;
        case '"':
            text_add(text, "&quot;");
            break;
        default:
            text_add_bytes(text, bytes + i, 1);
        }
    }
}

void text_free(struct text *text)
{
    free(text->at);
    *text = (struct text){NULL, 0, 0};
}

char *copy_text(const char *bytes, size_t len)
{
    struct text text = {NULL, 0, 0};
    text_add_bytes(&text, bytes, len);
    return text.at;
}

bool has_ending(const char *name, const char *ending)
{
    size_t len = strlen(name);
    size_t ending_len = strlen(ending);
    return len >= ending_len && strcmp(name + len - ending_len, ending) == 0;
}

char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "site: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    struct text text = {NULL, 0, 0};
    char piece[4096];
    size_t len;
    text_add(&text, "");
    while ((len = fread(piece, 1, sizeof piece, file)) != 0) {
        text_add_bytes(&text, piece, len);
    }
    bool good = ferror(file) == 0;
    fclose(file);
    if (!good) {
        fprintf(stderr, "site: %s: cannot be read\n", path);
        text_free(&text);
        return NULL;
    }
    *ret_len = text.len;
    return text.at;
}
