// SPDX-License-Identifier: ISC
//
// site.h: what the parts of the site generator share.

#ifndef SITE_H
#define SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    PATH_LEN_MAX = 512,
};

/* One page. `source` and `target` are relative to the root of the tree and of the site. */
struct page {
    char *source; /* NULL: made of nothing, as 404.html */
    char *target;
    char *title;
    const char *section;
};

struct site {
    const char *root;
    const char *out;
    const char *name;
    struct page *pages;
    size_t page_count;
    size_t error_count;
};

/* A growing text. */
struct text {
    char *at;
    size_t len;
    size_t cap;
};

[[gnu::noreturn, gnu::format(printf, 1, 2)]] void fail(const char *format, ...);
void *must(void *memory);
void text_add_len(struct text *text, const char *bytes, size_t len);
void text_add(struct text *text, const char *bytes);
[[gnu::format(printf, 2, 3)]] void text_addf(struct text *text, const char *format, ...);
/* Add with &, <, > and " made harmless. */
void text_add_html(struct text *text, const char *bytes, size_t len);

/* The whole file below the root, NUL-terminated; fails if it cannot be read. */
char *read_source(const struct site *site, const char *path);

/* Count an error and print it with its place. */
[[gnu::format(printf, 4, 5)]] void complain(
    struct site *site, const char *source, int line, const char *format, ...);

const struct page *find_page(const struct site *site, const char *source);

/* "../" for each folder that `target` is deep. */
void add_way_to_root(struct text *out, const char *target);

/* The first heading of a Markdown text, or NULL. Owned by the caller. */
char *markdown_title(const char *markdown);

/* Render a page's source. Links between pages are rewritten; broken ones are complained of. */
void render_markdown(struct site *site, const struct page *page, struct text *out);
void render_header(struct site *site, const struct page *page, struct text *out);
void render_man(struct site *site, const struct page *page, struct text *out);

#endif
