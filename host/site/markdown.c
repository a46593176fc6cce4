// SPDX-License-Identifier: ISC
//
// markdown.c: documents in GitHub's Markdown, by libcmark-gfm. Raw HTML in them
// is refused.

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "host/site/site.h"

static cmark_node *parse_document(const struct page *page)
{
    static const char *const names[] = {"table", "strikethrough", "autolink", "tasklist"};
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(names[i]));
    }
    cmark_parser_feed(parser, page->content, page->len);
    cmark_node *document = cmark_parser_finish(parser);
    cmark_parser_free(parser);
    return document;
}

/* The text of a node without its markup. */
static char *collect_text(cmark_node *node)
{
    struct text text = {NULL, 0, 0};
    cmark_iter *iter = cmark_iter_new(node);
    text_add(&text, "");
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        cmark_node *at = cmark_iter_get_node(iter);
        const char *literal = cmark_node_get_literal(at);
        if (cmark_node_get_type(at) == CMARK_NODE_SOFTBREAK) {
            text_add(&text, " ");
        } else if (literal != NULL && cmark_node_first_child(at) == NULL) {
            text_add(&text, literal);
        }
    }
    cmark_iter_free(iter);
    return text.at;
}

/* What GitHub makes of a heading: lower case, spaces as hyphens, no
 * punctuation. */
static char *make_id(const char *title)
{
    struct text id = {NULL, 0, 0};
    text_add(&id, "");
    for (const char *at = title; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (isalnum(byte) || byte == '-' || byte == '_' || byte >= 0x80) {
            char lower = (char)tolower(byte);
            text_add_bytes(&id, &lower, 1);
        } else if (byte == ' ') {
            text_add(&id, "-");
        }
    }
    return id.at;
}

void scan_markdown(struct site *site, struct page *page)
{
    cmark_node *document = parse_document(page);
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER || cmark_node_get_type(node) != CMARK_NODE_HEADING) {
            continue;
        }
        char *title = collect_text(node);
        char *id = make_id(title);
        struct text html = {NULL, 0, 0};
        text_add_escaped(&html, title, strlen(title));
        (void)add_anchor(
            page, id, html.at == NULL ? "" : html.at, (unsigned)cmark_node_get_heading_level(node));
        if (page->title == NULL) {
            page->title = copy_text(title, strlen(title));
        }
        text_free(&html);
        free(id);
        free(title);
    }
    cmark_iter_free(iter);
    cmark_node_free(document);
    if (page->title == NULL) {
        report(site, page, 1, "a document begins with a heading, its title");
        page->title = copy_text(page->source, strlen(page->source));
    }
}

/* The line that an inline node stands in, as well as it is known: that of its
 * block. */
static int find_line(cmark_node *node)
{
    int line = 0;
    for (; node != NULL && line == 0; node = cmark_node_parent(node)) {
        line = cmark_node_get_start_line(node);
    }
    return line;
}

/* Put a node that is copied to the output as it is in the place of another. */
static void replace_node(cmark_node *node, cmark_node_type type, const char *html)
{
    cmark_node *custom = cmark_node_new(type);
    cmark_node_set_on_enter(custom, html);
    cmark_node_replace(node, custom);
    cmark_node_free(node);
}

static void render_code(struct site *site, cmark_node *node)
{
    const char *code = cmark_node_get_literal(node);
    struct text html = {NULL, 0, 0};
    char *language =
        copy_text(cmark_node_get_fence_info(node), strcspn(cmark_node_get_fence_info(node), " {"));
    text_add(&html, "<pre tabindex=\"0\"><code>");
    text_add_code(&html, site, NULL, language, code, strlen(code));
    text_add(&html, "</code></pre>\n");
    replace_node(node, CMARK_NODE_CUSTOM_BLOCK, html.at);
    text_free(&html);
    free(language);
}

static void render_heading(cmark_node *node, const struct anchor *anchor)
{
    cmark_node *custom = cmark_node_new(CMARK_NODE_CUSTOM_INLINE);
    char *html = make_text("<a class=\"anchor\" id=\"%s\" href=\"#%s\" aria-label=\"Link to this "
                           "heading\"></a>",
        anchor->id, anchor->id);
    cmark_node_set_on_enter(custom, html);
    cmark_node_prepend_child(node, custom);
    free(html);
}

static void render_link(struct site *site, struct page *page, cmark_node *node)
{
    char *url = resolve_link(site, page, find_line(node), cmark_node_get_url(node));
    if (url != NULL) {
        cmark_node_set_url(node, url);
        free(url);
    }
}

void render_markdown(struct site *site, struct page *page)
{
    cmark_node *document = parse_document(page);
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;
    size_t heading_idx = 0;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER) {
            continue;
        }
        switch ((unsigned)cmark_node_get_type(node)) {
        case CMARK_NODE_HEADING:
            render_heading(node, &page->anchors[heading_idx++]);
            break;
        case CMARK_NODE_CODE_BLOCK:
            render_code(site, node);
            break;
        case CMARK_NODE_LINK:
        case CMARK_NODE_IMAGE:
            render_link(site, page, node);
            break;
        case CMARK_NODE_HTML_BLOCK:
        case CMARK_NODE_HTML_INLINE:
            report(site, page, find_line(node), "raw HTML is not shown; write Markdown");
            break;
        default:
            break;
        }
    }
    cmark_iter_free(iter);
    cmark_llist *extensions = NULL;
    char *html = cmark_render_html(document, CMARK_OPT_DEFAULT, extensions);
    text_add(&page->body, html);
    free(html);
    cmark_node_free(document);
}
