// SPDX-License-Identifier: ISC
//
// Markdown to HTML by cmark-gfm, with anchors on headings and links that fit the site.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include "site.h"

enum {
    SLUG_MAX = 80,
    HEADING_MAX = 256, /* headings of one page */
};

static cmark_parser *new_parser(void)
{
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);
    static const char *const extensions[] = {"table", "strikethrough", "autolink"};
    cmark_gfm_core_extensions_ensure_registered();
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    }
    return parser;
}

/* All literal text below a node. */
static void add_plain_text(cmark_node *node, struct text *out)
{
    cmark_iter *iter = cmark_iter_new(node);
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        cmark_node *at = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(at);
        if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) {
            text_add(out, cmark_node_get_literal(at));
        } else if (type == CMARK_NODE_SOFTBREAK) {
            text_add(out, " ");
        }
    }
    cmark_iter_free(iter);
}

/* The anchor of a heading, as the usual renderers of repositories make it. */
static void make_slug(const char *heading, char slug[SLUG_MAX])
{
    size_t len = 0;
    for (const char *at = heading; *at != '\0' && len < SLUG_MAX - 1; at++) {
        if (isalnum((unsigned char)*at) || *at == '-' || *at == '_') {
            slug[len++] = (char)tolower((unsigned char)*at);
        } else if (*at == ' ') {
            slug[len++] = '-';
        }
    }
    slug[len] = '\0';
}

char *markdown_title(const char *markdown)
{
    const char *line = strncmp(markdown, "# ", 2) == 0 ? markdown : strstr(markdown, "\n# ");
    if (line == NULL) {
        return NULL;
    }
    line += line == markdown ? 2 : 3;
    struct text title = {};
    for (; *line != '\n' && *line != '\0'; line++) {
        if (*line != '`' && *line != '*') {
            text_add_len(&title, line, 1);
        }
    }
    return title.at;
}

/* Join `link` to the folder of `source` and take out "." and "..". Returns: false if it leaves
 * the tree. */
static bool join_path(const char *source, const char *link, char path[PATH_LEN_MAX])
{
    struct text whole = {};
    const char *slash = strrchr(source, '/');
    if (link[0] != '/' && slash != NULL) {
        text_add_len(&whole, source, (size_t)(slash - source) + 1);
    }
    text_add(&whole, link);
    size_t len = 0;
    path[0] = '\0';
    for (char *save, *part = strtok_r(whole.at, "/", &save); part != NULL;
         part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0) {
            continue;
        }
        if (strcmp(part, "..") == 0) {
            if (len == 0) {
                free(whole.at);
                return false;
            }
            char *last = strrchr(path, '/');
            len = last == NULL ? 0 : (size_t)(last - path);
            path[len] = '\0';
            continue;
        }
        len += (size_t)snprintf(path + len, PATH_LEN_MAX - len, "%s%s", len > 0 ? "/" : "", part);
        if (len >= PATH_LEN_MAX) {
            free(whole.at);
            return false;
        }
    }
    free(whole.at);
    return true;
}

/* Keep the words of a link to what is in the tree but not on the site. */
static void unlink_words(cmark_node *link)
{
    cmark_node *child;
    while ((child = cmark_node_first_child(link)) != NULL) {
        cmark_node_insert_before(link, child);
    }
}

/* Returns: whether the link was taken out. */
static bool fit_link(struct site *site, const struct page *page, cmark_node *link)
{
    const char *url = cmark_node_get_url(link);
    int line = cmark_node_get_start_line(cmark_node_parent(link));
    if (strstr(url, "://") != NULL || strncmp(url, "mailto:", 7) == 0 || url[0] == '#') {
        return false;
    }
    char path[PATH_LEN_MAX];
    struct text wanted = {};
    text_add_len(&wanted, url, strcspn(url, "#"));
    const char *anchor = strchr(url, '#');
    bool inside = join_path(page->source, wanted.at, path);
    free(wanted.at);
    if (!inside) {
        complain(site, page->source, line, "the link '%s' leads out of the tree", url);
        return false;
    }
    const struct page *to = find_page(site, path);
    if (to != NULL) {
        struct text fitted = {};
        add_way_to_root(&fitted, page->target);
        text_addf(&fitted, "%s%s", to->target, anchor != NULL ? anchor : "");
        cmark_node_set_url(link, fitted.at);
        free(fitted.at);
        return false;
    }
    char full[PATH_LEN_MAX * 2];
    snprintf(full, sizeof full, "%s/%s", site->root, path);
    if (access(full, F_OK) != 0) {
        complain(
            site, page->source, line, "the link '%s' leads nowhere: there is no %s", url, path);
        return false;
    }
    unlink_words(link);
    return true;
}

/* Put a heading's content between tags of our own, which carry the anchor. */
static void anchor_heading(cmark_node *heading)
{
    struct text words = {};
    struct text enter = {};
    char leave[8];
    char slug[SLUG_MAX];
    int level = cmark_node_get_heading_level(heading);
    add_plain_text(heading, &words);
    make_slug(words.at != NULL ? words.at : "", slug);
    text_addf(&enter, "<h%d id=\"%s\">", level, slug);
    if (level > 1) {
        text_addf(&enter, "<a class=\"anchor\" href=\"#%s\" aria-hidden=\"true\">#</a>", slug);
    }
    snprintf(leave, sizeof leave, "</h%d>", level);
    cmark_node *custom = cmark_node_new(CMARK_NODE_CUSTOM_BLOCK);
    cmark_node_set_on_enter(custom, enter.at);
    cmark_node_set_on_exit(custom, leave);
    cmark_node *child;
    while ((child = cmark_node_first_child(heading)) != NULL) {
        cmark_node_append_child(custom, child);
    }
    cmark_node_replace(heading, custom);
    cmark_node_free(heading);
    free(words.at);
    free(enter.at);
}

static void fit_document(struct site *site, const struct page *page, cmark_node *document)
{
    cmark_node *headings[HEADING_MAX];
    size_t heading_count = 0;
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        if (event == CMARK_EVENT_EXIT && type == CMARK_NODE_LINK && fit_link(site, page, node)) {
            cmark_node_free(node);
        } else if (event == CMARK_EVENT_EXIT && type == CMARK_NODE_HEADING) {
            if (heading_count == HEADING_MAX) {
                fail("%s has more than %d headings", page->source, HEADING_MAX);
            }
            headings[heading_count++] = node;
        }
    }
    cmark_iter_free(iter);
    for (size_t i = 0; i < heading_count; i++) {
        anchor_heading(headings[i]);
    }
}

void render_markdown(struct site *site, const struct page *page, struct text *out)
{
    char *markdown = read_source(site, page->source);
    cmark_parser *parser = new_parser();
    cmark_parser_feed(parser, markdown, strlen(markdown));
    cmark_node *document = cmark_parser_finish(parser);
    fit_document(site, page, document);
    char *html =
        cmark_render_html(document, CMARK_OPT_UNSAFE, cmark_parser_get_syntax_extensions(parser));
    text_add(out, html);
    free(html);
    cmark_node_free(document);
    cmark_parser_free(parser);
    free(markdown);
}
