// SPDX-License-Identifier: ISC
//
// header.c: public headers as pages: the comment at their head as an
// introduction, then the source.

#include <stdlib.h>
#include <string.h>

#include "host/site/site.h"

/* The comment lines that a header begins with, behind the licence. Returns:
 * bytes of the header up to what follows them; *ret_text is the comment without
 * its slashes. */
static size_t take_head(const struct page *page, struct text *ret_text)
{
    const char *at = page->content;
    text_add(ret_text, "");
    while (strncmp(at, "//", 2) == 0) {
        size_t len = strcspn(at, "\n");
        bool is_licence = strncmp(at, "// SPDX", 7) == 0;
        if (!is_licence) {
            size_t skip = at[2] == ' ' ? 3 : 2;
            text_add_bytes(ret_text, at + skip, len - skip);
            text_add(ret_text, "\n");
        }
        at += len + (at[len] == '\n' ? 1 : 0);
    }
    return (size_t)(at - page->content);
}

/* "fa/http.h" of "include/fa/http.h". */
static const char *find_name(const struct page *page)
{
    const char *prefix = "include/";
    size_t len = strlen(prefix);
    return strncmp(page->source, prefix, len) == 0 ? page->source + len : page->source;
}

void scan_header(struct page *page)
{
    struct text ignored = {NULL, 0, 0};
    page->title = copy_text(find_name(page), strlen(find_name(page)));
    text_add_code(&ignored, NULL, page, "c", page->content, page->len);
    text_free(&ignored);
}

/* A paragraph of prose, or of code if its lines are indented. */
static void add_paragraph(struct text *body, struct site *site, const char *at, size_t len)
{
    if (strncmp(at, "    ", 4) != 0) {
        text_add(body, "<p>");
        text_add_escaped(body, at, len);
        text_add(body, "</p>\n");
        return;
    }
    struct text code = {NULL, 0, 0};
    for (size_t off = 0; off < len;) {
        size_t line = strcspn(at + off, "\n") + 1;
        size_t indent = strspn(at + off, " ");
        indent = indent > 4 ? 4 : indent;
        text_add_bytes(&code, at + off + indent, line - indent);
        off += line;
    }
    text_add(body, "<pre tabindex=\"0\"><code>");
    text_add_code(body, site, NULL, "c", code.at, code.len);
    text_add(body, "</code></pre>\n");
    text_free(&code);
}

void render_header(struct site *site, struct page *page)
{
    struct text head = {NULL, 0, 0};
    size_t skip = take_head(page, &head);
    const char *name = find_name(page);
    const char *at = head.at;
    text_format(&page->body, "<h1><code>%s</code></h1>\n<div class=\"intro\">\n", name);
    /* The first paragraph begins "fa/http.h: ", which the heading says already.
     */
    at += strspn(at, "\n");
    if (strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ':') {
        at += strlen(name) + 1;
        at += strspn(at, " ");
    }
    while (*at != '\0') {
        const char *end = strstr(at, "\n\n");
        size_t len = end == NULL ? strlen(at) : (size_t)(end - at) + 1;
        add_paragraph(&page->body, site, at, len);
        at += len;
        at += strspn(at, "\n");
    }
    text_add(&page->body, "</div>\n<pre class=\"source\" tabindex=\"0\"><code>");
    while (skip < page->len && page->content[skip] == '\n') {
        skip++;
    }
    text_add_code(&page->body, site, page, "c", page->content + skip, page->len - skip);
    text_add(&page->body, "</code></pre>\n");
    text_free(&head);
}
