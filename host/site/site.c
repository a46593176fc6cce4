// SPDX-License-Identifier: ISC
//
// site: render the project's documents, man pages and headers to a folder of
// static pages.
//
// The same sources give the same bytes. A link that leads nowhere is an error,
// with its place.

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "host/site/site.h"

static const char usage[] =
    "usage: site --root FOLDER --out FOLDER [--title TEXT] [--theme FOLDER]\n"
    "\n"
    "Renders README.md, the other documents, docs/, app/*/README.md, man pages "
    "and public headers\n"
    "below --root to pages in --out. Files that an earlier run left there are "
    "removed.\n"
    "\n"
    "  --root FOLDER   the project\n"
    "  --out FOLDER    where the pages go; made if it is not there\n"
    "  --title TEXT    name of the site [Fata]\n"
    "  --theme FOLDER  where template.html and style.css are [ROOT/web/site]\n"
    "  --help          this text\n"
    "\n"
    "Leaves with 0, or 1 if a page could not be made or a link leads nowhere, "
    "or 64 if the\n"
    "arguments make no sense.\n";

static void scan_page(struct site *site, struct page *page)
{
    if (page->kind == PAGE_MARKDOWN) {
        scan_markdown(site, page);
    } else if (page->kind == PAGE_MANUAL) {
        scan_manual(page);
    } else if (page->kind == PAGE_HEADER) {
        scan_header(page);
    }
}

static void render_plain(struct page *page)
{
    text_add(&page->body, "<h1>");
    text_add_escaped(&page->body, page->title, strlen(page->title));
    text_add(&page->body, "</h1>\n<pre class=\"source\" tabindex=\"0\"><code>");
    const char *dot = strrchr(page->source, '.');
    text_add_code(&page->body, NULL, NULL, dot == NULL ? "" : dot + 1, page->content, page->len);
    text_add(&page->body, "</code></pre>\n");
}

static void render_page(struct site *site, struct page *page)
{
    switch (page->kind) {
    case PAGE_MARKDOWN:
        render_markdown(site, page);
        break;
    case PAGE_MANUAL:
        render_manual(site, page);
        break;
    case PAGE_HEADER:
        render_header(site, page);
        break;
    case PAGE_PLAIN:
        render_plain(page);
        break;
    }
}

static bool make_site(struct site *site)
{
    if (!find_pages(site)) {
        return false;
    }
    for (size_t i = 0; i < site->page_count; i++) {
        scan_page(site, site->pages[i]);
    }
    /* Rendering may find links to further files, which join the end of the list.
     */
    for (size_t i = 0; i < site->page_count; i++) {
        if (site->pages[i]->content == NULL) {
            return false;
        }
        render_page(site, site->pages[i]);
    }
    if (site->error_count != 0) {
        fprintf(stderr, "site: %u error%s\n", site->error_count, site->error_count == 1 ? "" : "s");
        return false;
    }
    for (size_t i = 0; i < site->page_count; i++) {
        if (!write_page(site, site->pages[i])) {
            return false;
        }
    }
    return write_extras(site) && remove_leftovers(site);
}

static void free_site(struct site *site)
{
    for (size_t i = 0; i < site->page_count; i++) {
        struct page *page = site->pages[i];
        for (size_t n = 0; n < page->anchor_count; n++) {
            free(page->anchors[n].id);
            free(page->anchors[n].title);
        }
        free(page->anchors);
        free(page->source);
        free(page->output);
        free(page->title);
        free(page->content);
        text_free(&page->body);
        free(page);
    }
    for (size_t i = 0; i < site->written_count; i++) {
        free(site->written[i]);
    }
    free(site->written);
    free(site->pages);
    free(site->sections);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"root", required_argument, NULL, 'r'},
        {"out", required_argument, NULL, 'o'}, {"title", required_argument, NULL, 't'},
        {"theme", required_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct site site = {.title = "Fata"};
    char *theme = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'r':
            site.root = optarg;
            break;
        case 'o':
            site.out = optarg;
            break;
        case 't':
            site.title = optarg;
            break;
        case 'm':
            site.theme = optarg;
            break;
        default:
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 64;
        }
    }
    if (site.root == NULL || site.out == NULL || optind != argc) {
        fputs(usage, stderr);
        return 64;
    }
    if (site.theme == NULL) {
        theme = make_text("%s/web/site", site.root);
        site.theme = theme;
    }
    bool good = make_site(&site);
    free_site(&site);
    free(theme);
    return good ? 0 : 1;
}
