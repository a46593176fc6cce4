// SPDX-License-Identifier: ISC
//
// manual.c: man pages from their scdoc source. It knows what ours use:
// headings, paragraphs, indentation, lists, literal blocks, bold, underlined,
// and escapes.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "host/site/site.h"

struct manual {
    struct text *body;
    unsigned depth;   /* tabs before the present paragraph */
    const char *open; /* element that is open: "p", "li"; NULL */
    bool in_list;
    bool literal;
};

/* "fata(1)" of the first line. */
void scan_manual(struct page *page)
{
    page->title = copy_text(page->content, strcspn(page->content, " \n"));
    for (const char *at = page->content; *at != '\0'; at += strcspn(at, "\n"), at += *at != '\0') {
        size_t level = strspn(at, "#");
        size_t len = strcspn(at, "\n");
        if (level != 0 && level < 3 && at[level] == ' ') {
            struct text id = {NULL, 0, 0};
            struct text title = {NULL, 0, 0};
            for (size_t i = level + 1; i < len; i++) {
                char byte =
                    isalnum((unsigned char)at[i]) ? (char)tolower((unsigned char)at[i]) : '-';
                text_add_bytes(&id, &byte, 1);
            }
            text_add_escaped(&title, at + level + 1, len - level - 1);
            (void)add_anchor(page, id.at, title.at, (unsigned)level + 1);
            text_free(&id);
            text_free(&title);
        }
    }
}

static void close_element(struct manual *manual)
{
    if (manual->open != NULL) {
        text_format(manual->body, "</%s>\n", manual->open);
        manual->open = NULL;
    }
}

static void close_list(struct manual *manual)
{
    close_element(manual);
    if (manual->in_list) {
        text_add(manual->body, "</ul>\n");
        manual->in_list = false;
    }
}

static void set_depth(struct manual *manual, unsigned depth)
{
    if (depth == manual->depth) {
        return;
    }
    close_list(manual);
    for (; manual->depth < depth; manual->depth++) {
        text_add(manual->body, "<div class=\"indent\">\n");
    }
    for (; manual->depth > depth; manual->depth--) {
        text_add(manual->body, "</div>\n");
    }
}

/* A line of text: *bold*, _underlined_ between words, and what a backslash
 * protects. */
static void add_inline(struct text *body, const char *at, size_t len)
{
    bool bold = false;
    bool under = false;
    for (size_t i = 0; i < len; i++) {
        bool joined = i > 0 && i + 1 < len && isalnum((unsigned char)at[i - 1]) &&
                      isalnum((unsigned char)at[i + 1]);
        if (at[i] == '\\' && i + 1 < len) {
            i++;
            text_add_escaped(body, at + i, 1);
        } else if (at[i] == '*') {
            bold = !bold;
            text_add(body, bold ? "<strong>" : "</strong>");
        } else if (at[i] == '_' && !joined) {
            under = !under;
            text_add(body, under ? "<em>" : "</em>");
        } else if (at[i] == '+' && i + 2 == len && at[i + 1] == '+') {
            text_add(body, "<br>");
            i++;
        } else {
            text_add_escaped(body, at + i, 1);
        }
    }
    text_add(body, under ? "</em>" : "");
    text_add(body, bold ? "</strong>" : "");
}

static void add_line(struct manual *manual, const char *at, size_t len)
{
    unsigned depth = (unsigned)strspn(at, "\t");
    depth = depth > len ? (unsigned)len : depth;
    at += depth;
    len -= depth;
    bool is_item = len > 2 && at[0] == '-' && at[1] == ' ';
    if (len == 0) {
        close_element(manual);
        return;
    }
    set_depth(manual, depth);
    if (is_item) {
        close_element(manual);
        text_add(manual->body, manual->in_list ? "" : "<ul>\n");
        manual->in_list = true;
        manual->open = "li";
        text_add(manual->body, "<li>");
        at += 2;
        len -= 2;
    } else if (manual->open == NULL) {
        close_list(manual);
        manual->open = "p";
        text_add(manual->body, "<p>");
    } else {
        text_add(manual->body, "\n");
    }
    add_inline(manual->body, at, len);
}

/* Begin or end a literal block, or pass on a line of it. Returns: whether the
 * line was that. */
static bool add_literal(struct manual *manual, const char *at, size_t len)
{
    size_t tabs = strspn(at, "\t");
    if (len >= tabs + 3 && strncmp(at + tabs, "```", 3) == 0) {
        if (!manual->literal) {
            set_depth(manual, (unsigned)tabs);
            close_list(manual);
        }
        text_add(manual->body, manual->literal ? "</code></pre>\n" : "<pre tabindex=\"0\"><code>");
        manual->literal = !manual->literal;
        return true;
    }
    if (manual->literal) {
        size_t skip = tabs < manual->depth ? tabs : manual->depth;
        text_add_escaped(manual->body, at + skip, len - skip);
        text_add(manual->body, "\n");
        return true;
    }
    return false;
}

void render_manual(struct site *site, struct page *page)
{
    struct manual manual = {.body = &page->body};
    size_t heading_idx = 0;
    int line = 1;
    text_format(&page->body, "<h1>%s</h1>\n", page->title);
    const char *at = page->content + strcspn(page->content, "\n");
    for (; *at != '\0'; line++) {
        at++;
        size_t len = strcspn(at, "\n");
        size_t level = strspn(at, "#");
        if (add_literal(&manual, at, len) || at[0] == ';') {
            /* done; a semicolon begins a comment */
        } else if (level != 0 && level < 3 && at[level] == ' ') {
            const struct anchor *anchor = &page->anchors[heading_idx++];
            set_depth(&manual, 0);
            close_list(&manual);
            text_format(&page->body,
                "<h%u><a class=\"anchor\" id=\"%s\" href=\"#%s\" "
                "aria-label=\"Link to this "
                "heading\"></a>%s</h%u>\n",
                anchor->level, anchor->id, anchor->id, anchor->title, anchor->level);
        } else {
            add_line(&manual, at, len);
        }
        at += len;
    }
    set_depth(&manual, 0);
    close_list(&manual);
    if (manual.literal) {
        report(site, page, line, "a literal block is not closed by ```");
    }
}
