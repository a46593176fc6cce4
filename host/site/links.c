// SPDX-License-Identifier: ISC
//
// links.c: links of the sources as links between pages. One that leads nowhere
// is an error.

#include <stdlib.h>
#include <string.h>

#include "host/site/site.h"

static bool is_elsewhere(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 ||
           strncmp(url, "mailto:", 7) == 0;
}

/* `path` as seen from the folder of `source`, with "." and ".." resolved; NULL
 * if that leads above the root. A slash at its end goes. */
static char *join_path(const char *source, const char *path)
{
    const char *slash = strrchr(source, '/');
    char *joined = make_text("%.*s%s", slash == NULL ? 0 : (int)(slash - source + 1), source, path);
    size_t len = 0;
    char *at = joined;
    while (*at != '\0') {
        size_t part = strcspn(at, "/");
        const char *next = at[part] == '/' ? at + part + 1 : at + part;
        if (part == 2 && strncmp(at, "..", 2) == 0) {
            if (len == 0) {
                free(joined);
                return NULL;
            }
            while (len > 0 && joined[--len] != '/') {
            }
        } else if (part != 0 && !(part == 1 && at[0] == '.')) {
            if (len != 0) {
                joined[len++] = '/';
            }
            memmove(joined + len, at, part);
            len += part;
        }
        at = joined + (next - joined);
    }
    joined[len] = '\0';
    return joined;
}

/* The page that a folder is best known by: its README, or its first in reading
 * order. */
static struct page *find_in_folder(const struct site *site, const char *folder)
{
    size_t len = strlen(folder);
    for (size_t i = 0; i < site->page_count; i++) {
        struct page *page = site->pages[i];
        if (len == 0 || (strncmp(page->source, folder, len) == 0 && page->source[len] == '/')) {
            return page;
        }
    }
    return NULL;
}

static struct page *find_target(struct site *site, struct page *page, int line, const char *path)
{
    char *source = join_path(page->source, path);
    struct page *target = NULL;
    if (source != NULL) {
        target = find_page(site, source);
        target = target != NULL ? target : find_in_folder(site, source);
        target = target != NULL ? target : add_plain_page(site, source);
    }
    if (target == NULL) {
        report(site, page, line, "link to \"%s\": there is no %s", path,
            source == NULL ? "such place below the root" : source);
    }
    free(source);
    return target;
}

char *resolve_link(struct site *site, struct page *page, int line, const char *url)
{
    if (is_elsewhere(url)) {
        return copy_text(url, strlen(url));
    }
    size_t path_len = strcspn(url, "#");
    const char *fragment = url[path_len] == '#' ? url + path_len + 1 : NULL;
    struct page *target = page;
    if (path_len != 0) {
        char *path = copy_text(url, path_len);
        target = find_target(site, page, line, path);
        free(path);
        if (target == NULL) {
            return NULL;
        }
    }
    if (fragment != NULL && !has_anchor(target, fragment)) {
        report(site, page, line, "link to \"%s\": %s has no heading #%s", url, target->source,
            fragment);
        return NULL;
    }
    struct text way = {NULL, 0, 0};
    if (path_len != 0) {
        text_add_way(&way, page->output, target->output);
    }
    if (fragment != NULL) {
        text_format(&way, "#%s", fragment);
    }
    return way.at;
}
