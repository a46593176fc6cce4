// SPDX-License-Identifier: ISC
//
// Pages made of source text: headers, which are the reference, and manual pages.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"

static void add_span(struct text *out, const char *class, const char *at, size_t len)
{
    text_addf(out, "<span class=\"%s\">", class);
    text_add_html(out, at, len);
    text_add(out, "</span>");
}

/* Bytes of the comment, literal or directive that begins at `at`; 0: none begins. */
static size_t match_piece(const char *at, bool line_start, const char **class)
{
    if (strncmp(at, "//", 2) == 0) {
        *class = "comment";
        return strcspn(at, "\n");
    }
    if (strncmp(at, "/*", 2) == 0) {
        const char *end = strstr(at, "*/");
        *class = "comment";
        return end == NULL ? strlen(at) : (size_t)(end + 2 - at);
    }
    if (*at == '"') {
        size_t len = 1;
        while (at[len] != '\0' && at[len] != '"' && at[len] != '\n') {
            len += at[len] == '\\' && at[len + 1] != '\0' ? 2 : 1;
        }
        *class = "literal";
        return at[len] == '"' ? len + 1 : len;
    }
    if (line_start && *at == '#') {
        *class = "directive";
        return 1 + strcspn(at + 1, " \n");
    }
    return 0;
}

static bool is_keyword(const char *at, size_t len)
{
    static const char *const words[] = {"struct", "enum", "typedef", "static", "inline", "const",
        "void", "return", "if", "else", "while", "for", "extern", "sizeof", "union", "bool", "int",
        "char", "unsigned", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "size_t", "fa_err",
        "fa_ns", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], at, len) == 0) {
            return true;
        }
    }
    return false;
}

static void add_code(struct text *out, const char *at)
{
    bool line_start = true;
    while (*at != '\0') {
        const char *class = NULL;
        size_t len = match_piece(at, line_start, &class);
        if (len == 0 && (isalpha((unsigned char)*at) || *at == '_')) {
            while (isalnum((unsigned char)at[len]) || at[len] == '_') {
                len++;
            }
            class = is_keyword(at, len) ? "keyword" : NULL;
        }
        len = len == 0 ? 1 : len;
        if (class != NULL) {
            add_span(out, class, at, len);
        } else {
            text_add_html(out, at, len);
        }
        line_start = at[len - 1] == '\n' || (line_start && at[0] == ' ');
        at += len;
    }
}

/* The head comment as prose, its indented part as an example; then the source itself. */
void render_header(struct site *site, const struct page *page, struct text *out)
{
    char *source = read_source(site, page->source);
    const char *at = source;
    bool in_code = false;
    bool in_paragraph = false;
    text_addf(out, "<h1><code>%s</code></h1>\n", page->title);
    for (; strncmp(at, "//", 2) == 0; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t len = strcspn(at, "\n");
        const char *line = at + (len > 2 ? 3 : 2);
        size_t line_len = len > 2 ? len - 3 : 0;
        bool code = line_len > 4 && strncmp(line, "    ", 4) == 0;
        if (strncmp(line, "SPDX", 4) == 0) {
            continue;
        }
        if (in_code != code && (code || line_len > 0)) {
            text_add(out, in_paragraph ? "</p>\n" : "");
            text_add(out, code ? "<pre><code>" : "</code></pre>\n");
            in_code = code;
            in_paragraph = false;
        }
        if (code) {
            text_add_html(out, line + 4, line_len - 4);
            text_add(out, "\n");
        } else if (line_len == 0 && !in_code) {
            text_add(out, in_paragraph ? "</p>\n" : "");
            in_paragraph = false;
        } else if (line_len > 0) {
            text_add(out, in_paragraph ? "\n" : "<p>");
            text_add_html(out, line, line_len);
            in_paragraph = true;
        }
    }
    text_add(out, in_code ? "</code></pre>\n" : in_paragraph ? "</p>\n" : "");
    text_add(out, "<pre class=\"source\"><code>");
    add_code(out, at + strspn(at, "\n"));
    text_add(out, "</code></pre>\n");
    free(source);
}

/* scdoc's inline marks: *bold*, _underlined_ between words, and \ before a mark. */
static void add_man_line(struct text *out, const char *at, size_t len)
{
    bool bold = false;
    bool under = false;
    for (size_t i = 0; i < len; i++) {
        bool edge = i == 0 || i + 1 == len || !isalnum((unsigned char)at[i - 1]) ||
                    !isalnum((unsigned char)at[i + 1]);
        if (at[i] == '\\' && i + 1 < len) {
            text_add_html(out, at + ++i, 1);
        } else if (at[i] == '*') {
            bold = !bold;
            text_add(out, bold ? "<b>" : "</b>");
        } else if (at[i] == '_' && edge) {
            under = !under;
            text_add(out, under ? "<i>" : "</i>");
        } else {
            text_add_html(out, at + i, 1);
        }
    }
    text_add(out, under ? "</i>" : "");
    text_add(out, bold ? "</b>" : "");
}

enum man_block {
    MAN_NONE,
    MAN_PARAGRAPH,
    MAN_LIST,
    MAN_LITERAL,
};

static const char *const man_open[] = {"", "<p>", "<ul><li>", "<pre><code>"};
static const char *const man_close[] = {"", "</p>\n", "</li></ul>\n", "</code></pre>\n"};

static void man_enter(struct text *out, enum man_block *block, enum man_block next)
{
    text_add(out, man_close[*block]);
    text_add(out, man_open[next]);
    *block = next;
}

/* One line outside of literal text. */
static void add_man_source_line(
    struct text *out, const char *line, size_t len, enum man_block *block)
{
    size_t tabs = strspn(line, "\t");
    const char *at = line + tabs;
    size_t rest = len - tabs;
    int level = strncmp(at, "## ", 3) == 0 ? 3 : strncmp(at, "# ", 2) == 0 ? 2 : 0;
    if (rest == 0) {
        man_enter(out, block, MAN_NONE);
    } else if (level != 0) {
        man_enter(out, block, MAN_NONE);
        text_addf(out, "<h%d>", level);
        add_man_line(out, at + level, rest - (size_t)level);
        text_addf(out, "</h%d>\n", level);
    } else if (strncmp(at, "- ", 2) == 0 && *block == MAN_LIST) {
        text_add(out, "</li><li>");
        add_man_line(out, at + 2, rest - 2);
    } else if (strncmp(at, "- ", 2) == 0) {
        man_enter(out, block, MAN_LIST);
        add_man_line(out, at + 2, rest - 2);
    } else {
        if (*block == MAN_NONE) {
            man_enter(out, block, MAN_PARAGRAPH);
            if (tabs > 0) {
                out->len -= 1; /* of "<p>" */
                text_add(out, " class=\"indented\">");
            }
        } else {
            text_add(out, *block == MAN_PARAGRAPH && tabs > 0 ? "<br>\n" : "\n");
        }
        add_man_line(out, at, rest);
    }
}

void render_man(struct site *site, const struct page *page, struct text *out)
{
    char *source = read_source(site, page->source);
    enum man_block block = MAN_NONE;
    text_addf(out, "<h1><code>%s</code></h1>\n<div class=\"man\">\n", page->title);
    const char *line = source + strcspn(source, "\n"); /* the first says name and section */
    while (*line != '\0') {
        line += *line == '\n';
        size_t len = strcspn(line, "\n");
        const char *at = line + strspn(line, "\t");
        if (strncmp(at, "```", 3) == 0) {
            man_enter(out, &block, block == MAN_LITERAL ? MAN_NONE : MAN_LITERAL);
        } else if (block == MAN_LITERAL) {
            text_add_html(out, at, len - (size_t)(at - line));
            text_add(out, "\n");
        } else if (line[0] != ';') {
            add_man_source_line(out, line, len, &block);
        }
        line += len;
    }
    man_enter(out, &block, MAN_NONE);
    text_add(out, "</div>\n");
    free(source);
}
