// SPDX-License-Identifier: ISC
//
// site.h: what the files of the site generator share.

#ifndef SITE_H
#define SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- text.c: text that grows ---- */

struct text {
    char *at; /* NUL-terminated; NULL while empty */
    size_t len;
    size_t cap;
};

void text_add_bytes(struct text *text, const char *bytes, size_t len);
void text_add(struct text *text, const char *string);
[[gnu::format(printf, 2, 3)]] void text_format(struct text *text, const char *format, ...);

/* Add bytes as they look in HTML, in text and in attributes. */
void text_add_escaped(struct text *text, const char *bytes, size_t len);
void text_free(struct text *text);

[[gnu::format(printf, 1, 2)]] char *make_text(const char *format, ...);
char *copy_text(const char *bytes, size_t len);
void *grow(void *array, size_t count, size_t size);
bool has_ending(const char *name, const char *ending);

/* Read a file whole; NULL with a message if that fails. */
char *read_file(const char *path, size_t *ret_len);

/* ---- pages.c: what there is ---- */

enum page_kind {
    PAGE_MARKDOWN,
    PAGE_HEADER, /* C */
    PAGE_MANUAL, /* scdoc */
    PAGE_PLAIN,  /* any other file that a page links to */
};

/* A place in a page that can be linked to. */
struct anchor {
    char *id;
    char *title;    /* HTML; NULL: not in the page's table of contents */
    unsigned level; /* of the heading, 1 to 6 */
};

struct page {
    enum page_kind kind;
    char *source; /* path below the root, such as docs/man/fata.1.scd */
    char *output; /* path below the output folder */
    char *title;  /* plain text */
    char *content;
    size_t len;
    bool anywhere;  /* it is shown at any path, so its links begin at the site's root */
    size_t section; /* in struct site; SECTION_NONE: not in the navigation */
    struct anchor *anchors;
    size_t anchor_count;
    struct text body; /* HTML */
};

#define SECTION_NONE ((size_t)-1)

struct site {
    const char *root;
    const char *out;
    const char *title;
    const char *theme;   /* folder of template.html and style.css */
    struct page **pages; /* in order of reading */
    size_t page_count;
    const char **sections; /* their titles */
    size_t section_count;
    char **written; /* output paths */
    size_t written_count;
    unsigned error_count;
};

/* Find the pages below the root and read them. Returns: false after a message. */
bool find_pages(struct site *site);

/* Add a file that is linked to but is no document; NULL if there is no such file. */
struct page *add_plain_page(struct site *site, const char *source);
struct page *find_page(const struct site *site, const char *source);

/* Remember a place in the page. Returns: its id, made different from all others there. */
const char *add_anchor(struct page *page, const char *id, const char *title, unsigned level);
bool has_anchor(const struct page *page, const char *id);

/* The way from one output path to another, such as "../index.html". */
void text_add_way(struct text *text, const char *from, const char *to);

/* Say what is wrong, with its place, and count it. */
[[gnu::format(printf, 4, 5)]] void report(
    struct site *site, const struct page *page, int line, const char *format, ...);

/* ---- one file for each kind of page ----
 * scan_* find titles and anchors, so that render_* can check links between all of them. */

void scan_markdown(struct site *site, struct page *page);
void render_markdown(struct site *site, struct page *page);
void scan_header(struct page *page);
void render_header(struct site *site, struct page *page);
void scan_manual(struct page *page);
void render_manual(struct site *site, struct page *page);

/* ---- highlight.c ---- */

/* Add C source, or that of another language by its name, with its words marked up. `page`, which
 * may be NULL, gets an anchor for each function that is declared. */
void text_add_code(struct text *text, struct site *site, struct page *page, const char *language,
    const char *code, size_t len);

/* ---- links.c ---- */

/* The URL in HTML for `url` as it stands in a source at `line`; NULL after a report. The caller
 * frees it. */
char *resolve_link(struct site *site, struct page *page, int line, const char *url);

/* ---- template.c ---- */

/* Put the page into the template and write it. Returns: false after a message. */
bool write_page(struct site *site, const struct page *page);

/* Write what is no page: style sheet, 404 page. */
bool write_extras(struct site *site);

/* Remove what an earlier run wrote and this one did not. */
bool remove_leftovers(struct site *site);

#endif
