// SPDX-License-Identifier: ISC
//
// pages.c: which pages there are, in which order, and the ways between them.

#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/site/site.h"

/* The navigation, in order: a section's title and the patterns of its pages,
 * each in byte order. A page belongs to the first pattern that finds it. */
static const struct {
    const char *title;
    const char *patterns[4];
} plan[] = {
    {"Start here", {"README.md", "docs/guide/getting-started.md", "docs/guide/*.md"}},
    {"Applications", {"app/hello/README.md", "app/*/README.md"}},
    {"The project", {"ARCHITECTURE.md", "CHANGES.md", "CAVEATS.md", "STYLE.md"}},
    {"Commands", {"docs/man/*.scd"}},
    {"Decisions", {"docs/design/*.md"}},
    {"Formats", {"docs/spec/*.md"}},
    {"More", {"*.md", "docs/*/*.md"}},
    {"Headers", {"include/fa/*.h", "include/fa/schema.def"}},
    {"Packet formats", {"include/fa/*/*.h"}},
};

struct page *find_page(const struct site *site, const char *source)
{
    for (size_t i = 0; i < site->page_count; i++) {
        if (strcmp(site->pages[i]->source, source) == 0) {
            return site->pages[i];
        }
    }
    return NULL;
}

/* README.md is its folder's index; other documents keep their name, and their
 * ending changes. */
static char *name_output(const char *source, enum page_kind kind)
{
    if (has_ending(source, "README.md")) {
        return make_text("%.*sindex.html", (int)(strlen(source) - strlen("README.md")), source);
    }
    size_t cut = kind == PAGE_MARKDOWN ? 3 : kind == PAGE_MANUAL ? 4 : 0;
    return make_text("%.*s.html", (int)(strlen(source) - cut), source);
}

static struct page *add_page(
    struct site *site, const char *source, enum page_kind kind, size_t section)
{
    char *path = make_text("%s/%s", site->root, source);
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        abort();
    }
    page->kind = kind;
    page->source = copy_text(source, strlen(source));
    page->output = name_output(source, kind);
    page->section = section;
    page->content = read_file(path, &page->len);
    free(path);
    site->pages = grow(site->pages, site->page_count, sizeof *site->pages);
    site->pages[site->page_count++] = page;
    return page;
}

struct page *add_plain_page(struct site *site, const char *source)
{
    struct stat info;
    char *path = make_text("%s/%s", site->root, source);
    bool is_file = stat(path, &info) == 0 && S_ISREG(info.st_mode);
    free(path);
    if (!is_file) {
        return NULL;
    }
    struct page *page = add_page(site, source, PAGE_PLAIN, SECTION_NONE);
    page->title = copy_text(source, strlen(source));
    return page;
}

static enum page_kind find_kind(const char *source)
{
    return has_ending(source, ".md")    ? PAGE_MARKDOWN
           : has_ending(source, ".scd") ? PAGE_MANUAL
                                        : PAGE_HEADER;
}

/* Add the pages of one pattern that no pattern before it has found. */
static bool find_pattern(struct site *site, const char *pattern, size_t section)
{
    glob_t found;
    bool good = true;
    char *path = make_text("%s/%s", site->root, pattern);
    int result = glob(path, 0, NULL, &found);
    free(path);
    if (result == GLOB_NOMATCH) {
        return true;
    }
    if (result != 0) {
        fprintf(stderr, "site: %s/%s cannot be searched\n", site->root, pattern);
        return false;
    }
    for (size_t i = 0; good && i < found.gl_pathc; i++) {
        const char *source = found.gl_pathv[i] + strlen(site->root) + 1;
        good = find_page(site, source) != NULL ||
               add_page(site, source, find_kind(source), section)->content != NULL;
    }
    globfree(&found);
    return good;
}

static bool find_section(struct site *site, size_t row)
{
    size_t page_count = site->page_count;
    for (size_t i = 0; i < 4 && plan[row].patterns[i] != NULL; i++) {
        if (!find_pattern(site, plan[row].patterns[i], site->section_count)) {
            return false;
        }
    }
    if (site->page_count != page_count) {
        site->sections = grow(site->sections, site->section_count, sizeof *site->sections);
        site->sections[site->section_count++] = plan[row].title;
    }
    return true;
}

bool find_pages(struct site *site)
{
    for (size_t row = 0; row < sizeof plan / sizeof plan[0]; row++) {
        if (!find_section(site, row)) {
            return false;
        }
    }
    if (find_page(site, "README.md") == NULL) {
        fprintf(stderr, "site: %s has no README.md, which would be the first page\n", site->root);
        return false;
    }
    return true;
}

bool has_anchor(const struct page *page, const char *id)
{
    for (size_t i = 0; i < page->anchor_count; i++) {
        if (strcmp(page->anchors[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

const char *add_anchor(struct page *page, const char *id, const char *title, unsigned level)
{
    char *unique = copy_text(id, strlen(id));
    for (unsigned n = 1; has_anchor(page, unique); n++) {
        free(unique);
        unique = make_text("%s-%u", id, n);
    }
    page->anchors = grow(page->anchors, page->anchor_count, sizeof *page->anchors);
    page->anchors[page->anchor_count++] = (struct anchor){
        .id = unique,
        .title = title == NULL ? NULL : copy_text(title, strlen(title)),
        .level = level,
    };
    return unique;
}

void text_add_way(struct text *text, const char *from, const char *to)
{
    size_t shared = 0; /* bytes of folders that both lie in */
    for (size_t i = 0; from[i] != '\0' && from[i] == to[i]; i++) {
        shared = from[i] == '/' ? i + 1 : shared;
    }
    for (const char *at = from + shared; *at != '\0'; at++) {
        if (*at == '/') {
            text_add(text, "../");
        }
    }
    text_add(text, to + shared);
}

void report(struct site *site, const struct page *page, int line, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: ", page->source, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    site->error_count++;
}
