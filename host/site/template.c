// SPDX-License-Identifier: ISC
//
// template.c: pages in their frame, on disk.

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/site/site.h"

#define LEFTOVERS ".site" /* in the output folder: what the last run wrote */

static bool make_folders(const char *path)
{
    char *part = copy_text(path, strlen(path));
    for (char *at = part + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                fprintf(stderr, "site: %s: %s\n", part, strerror(errno));
                free(part);
                return false;
            }
            *at = '/';
        }
    }
    free(part);
    return true;
}

static bool write_output(struct site *site, const char *name, const char *bytes, size_t len)
{
    char *path = make_text("%s/%s", site->out, name);
    FILE *file = make_folders(path) ? fopen(path, "wb") : NULL;
    bool good = file != NULL && fwrite(bytes, 1, len, file) == len;
    good = (file == NULL || fclose(file) == 0) && good;
    if (!good) {
        fprintf(stderr, "site: %s: %s\n", path, strerror(errno));
    }
    free(path);
    site->written = grow(site->written, site->written_count, sizeof *site->written);
    site->written[site->written_count++] = copy_text(name, strlen(name));
    return good;
}

static void add_title(struct text *out, const char *title)
{
    text_add_escaped(out, title, strlen(title));
}

static void add_way(struct text *out, const struct page *from, const char *to)
{
    if (from->anywhere) {
        text_format(out, "/%s", to);
    } else {
        text_add_way(out, from->output, to);
    }
}

static void add_page_link(
    struct text *out, const struct page *from, const struct page *to, bool current)
{
    text_add(out, "<a href=\"");
    add_way(out, from, to->output);
    text_add(out, current ? "\" aria-current=\"page\">" : "\">");
    add_title(out, to->title);
    text_add(out, "</a>");
}

static void add_navigation(struct text *out, const struct site *site, const struct page *page)
{
    for (size_t section = 0; section < site->section_count; section++) {
        text_format(out, "<details%s>\n<summary>%s</summary>\n<ul>\n",
            page->section == section || section == 0 ? " open" : "", site->sections[section]);
        for (size_t i = 0; i < site->page_count; i++) {
            if (site->pages[i]->section == section) {
                text_add(out, "<li>");
                add_page_link(out, page, site->pages[i], site->pages[i] == page);
                text_add(out, "</li>\n");
            }
        }
        text_add(out, "</ul>\n</details>\n");
    }
}

/* Headings of the second and third level; a page of few has none. */
static void add_contents(struct text *out, const struct page *page)
{
    size_t count = 0;
    for (size_t i = 0; i < page->anchor_count; i++) {
        count += page->anchors[i].level == 2 ? 1 : 0;
    }
    if (count < 2) {
        return;
    }
    text_add(out, "<nav class=\"contents\" aria-label=\"On this page\">\n<h2>On "
                  "this page</h2>\n<ul>\n");
    for (size_t i = 0; i < page->anchor_count; i++) {
        const struct anchor *anchor = &page->anchors[i];
        if (anchor->level == 2 || anchor->level == 3) {
            text_format(out, "<li class=\"level%u\"><a href=\"#%s\">%s</a></li>\n", anchor->level,
                anchor->id, anchor->title);
        }
    }
    text_add(out, "</ul>\n</nav>\n");
}

static void add_neighbours(struct text *out, const struct site *site, const struct page *page)
{
    static const struct {
        const char *rel;
        const char *label;
    } sides[] = {{"prev", "Previous"}, {"next", "Next"}};
    for (size_t i = 0; i < site->page_count && page->section != SECTION_NONE; i++) {
        if (site->pages[i] != page) {
            continue;
        }
        for (size_t side = 0; side < 2; side++) {
            const struct page *to = side == 0 ? (i == 0 ? NULL : site->pages[i - 1])
                                    : i + 1 < site->page_count ? site->pages[i + 1]
                                                               : NULL;
            if (to != NULL && to->section != SECTION_NONE) {
                text_format(out, "<a rel=\"%s\" href=\"", sides[side].rel);
                add_way(out, page, to->output);
                text_format(out, "\"><span>%s</span> ", sides[side].label);
                add_title(out, to->title);
                text_add(out, "</a>\n");
            }
        }
    }
}

/* One of the template's {{words}}. Returns: false if it is not known. */
static bool add_word(struct text *out, const struct site *site, const struct page *page,
    const char *word, size_t len)
{
#define IS(name) (len == strlen(name) && strncmp(word, name, len) == 0)
    if (IS("title")) {
        add_title(out, page->title);
        if (strcmp(page->title, site->title) != 0) {
            text_add(out, " - ");
            add_title(out, site->title);
        }
    } else if (IS("site")) {
        add_title(out, site->title);
    } else if (IS("home")) {
        add_way(out, page, "index.html");
    } else if (IS("style")) {
        add_way(out, page, "style.css");
    } else if (IS("icon")) {
        add_way(out, page, "icon.svg");
    } else if (IS("navigation")) {
        add_navigation(out, site, page);
    } else if (IS("contents")) {
        add_contents(out, page);
    } else if (IS("neighbours")) {
        add_neighbours(out, site, page);
    } else if (IS("body")) {
        text_add_bytes(out, page->body.at, page->body.len);
    } else if (IS("source")) {
        add_title(out, page->source);
    } else if (IS("kind")) {
        text_add(out, page->kind == PAGE_HEADER || page->kind == PAGE_PLAIN ? "code" : "prose");
    } else {
        return false;
    }
    return true;
#undef IS
}

bool write_page(struct site *site, const struct page *page)
{
    char *path = make_text("%s/template.html", site->theme);
    size_t len;
    char *template = read_file(path, &len);
    struct text out = {NULL, 0, 0};
    bool good = template != NULL;
    for (const char *at = template; good && *at != '\0';) {
        const char *open = strstr(at, "{{");
        const char *close = open == NULL ? NULL : strstr(open, "}}");
        if (close == NULL) {
            text_add(&out, at);
            break;
        }
        text_add_bytes(&out, at, (size_t)(open - at));
        good = add_word(&out, site, page, open + 2, (size_t)(close - open - 2));
        if (!good) {
            fprintf(stderr,
                "site: %s: %.*s is none of title, site, home, style, icon, "
                "navigation, "
                "contents, neighbours, body, source, kind\n",
                path, (int)(close + 2 - open), open);
        }
        at = close + 2;
    }
    good = good && write_output(site, page->output, out.at, out.len);
    text_free(&out);
    free(template);
    free(path);
    return good;
}

/* The page for what is not there is shown at any path, so its links begin at
 * the root. */
static bool write_not_found(struct site *site)
{
    char source[] = "web/site/template.html";
    char output[] = "404.html";
    char title[] = "Not found";
    struct page page = {.kind = PAGE_MARKDOWN,
        .source = source,
        .output = output,
        .title = title,
        .anywhere = true,
        .section = SECTION_NONE};
    text_add(&page.body, "<h1>Not found</h1>\n<p>There is no page of this name. "
                         "<a href=\"/\">The first page</a> knows the others.</p>\n");
    bool good = write_page(site, &page);
    text_free(&page.body);
    return good;
}

bool write_extras(struct site *site)
{
    static const char *const names[] = {"style.css", "icon.svg"};
    bool good = write_not_found(site);
    for (size_t i = 0; good && i < sizeof names / sizeof names[0]; i++) {
        char *path = make_text("%s/%s", site->theme, names[i]);
        size_t len;
        char *bytes = read_file(path, &len);
        good = bytes != NULL && write_output(site, names[i], bytes, len);
        free(bytes);
        free(path);
    }
    return good;
}

static bool was_written(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->written_count; i++) {
        if (strcmp(site->written[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool remove_leftovers(struct site *site)
{
    char *path = make_text("%s/%s", site->out, LEFTOVERS);
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while (file != NULL && (len = getline(&line, &cap, file)) > 0) {
        line[len - 1] = '\0';
        /* A list that someone changed does not make us remove what is elsewhere. */
        if (line[0] != '/' && strstr(line, "..") == NULL && !was_written(site, line)) {
            char *leftover = make_text("%s/%s", site->out, line);
            (void)unlink(leftover); /* gone already is as good */
            free(leftover);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    free(line);
    file = fopen(path, "w");
    for (size_t i = 0; file != NULL && i < site->written_count; i++) {
        fprintf(file, "%s\n", site->written[i]);
    }
    bool good = file != NULL && fclose(file) == 0;
    if (!good) {
        fprintf(stderr, "site: %s: %s\n", path, strerror(errno));
    }
    free(path);
    return good;
}
