// SPDX-License-Identifier: ISC
//
// site: render this project's documents to a folder of static pages.
//
// Markdown, public headers and manual pages become HTML with one navigation; a link that leads
// nowhere is an error with its place. The same sources give the same bytes.

#include "site.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: site [--root DIR] [--title NAME] --out DIR\n"
    "\n"
    "Render the documents of the source tree DIR [.] to pages in the folder given by --out:\n"
    "*.md, docs/*/*.md, app/*/README.md, include/fa/*.h and docs/man/*.scd. The frame of a page\n"
    "and its style come from web/site. Broken links are errors; exit status 1 then.\n";

/* ---- small tools ---- */

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("site: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

void *must(void *memory)
{
    if (memory == NULL) {
        fail("no memory");
    }
    return memory;
}

void text_add_len(struct text *text, const char *bytes, size_t len)
{
    if (text->len + len + 1 > text->cap) {
        text->cap = (text->len + len + 1) * 2;
        text->at = must(realloc(text->at, text->cap));
    }
    memcpy(text->at + text->len, bytes, len);
    text->len += len;
    text->at[text->len] = '\0';
}

void text_add(struct text *text, const char *bytes)
{
    text_add_len(text, bytes, strlen(bytes));
}

void text_addf(struct text *text, const char *format, ...)
{
    char *piece;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&piece, format, args);
    va_end(args);
    if (len < 0) {
        fail("no memory");
    }
    text_add_len(text, piece, (size_t)len);
    free(piece);
}

void text_add_html(struct text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (bytes[i]) {
        case '&':
            text_add(text, "&amp;");
            break;
        case '<':
            text_add(text, "&lt;");
            break;
        case '>':
            text_add(text, "&gt;");
            break;
        case '"':
            text_add(text, "&quot;");
            break;
        default:
            text_add_len(text, bytes + i, 1);
        }
    }
}

char *read_source(const struct site *site, const char *path)
{
    char full[PATH_LEN_MAX * 2];
    struct text text = {};
    char piece[4096];
    size_t len;
    snprintf(full, sizeof full, "%s/%s", site->root, path);
    FILE *in = fopen(full, "r");
    if (in == NULL) {
        fail("cannot read %s: %s", full, strerror(errno));
    }
    text_add(&text, "");
    while ((len = fread(piece, 1, sizeof piece, in)) > 0) {
        text_add_len(&text, piece, len);
    }
    if (ferror(in)) {
        fail("cannot read %s", full);
    }
    fclose(in);
    return text.at;
}

void complain(struct site *site, const char *source, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", source, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    site->error_count++;
}

/* ---- which pages there are ---- */

const struct page *find_page(const struct site *site, const char *source)
{
    for (size_t i = 0; i < site->page_count; i++) {
        if (site->pages[i].source != NULL && strcmp(site->pages[i].source, source) == 0) {
            return &site->pages[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* README.md is its folder's index, others keep their names. */
static char *target_of(const char *source)
{
    struct text target = {};
    const char *slash = strrchr(source, '/');
    const char *name = slash == NULL ? source : slash + 1;
    text_add_len(&target, source, (size_t)(name - source));
    if (strcmp(name, "README.md") == 0) {
        text_add(&target, "index.html");
    } else if (ends_with(name, ".md") || ends_with(name, ".scd")) {
        text_addf(&target, "%.*s.html", (int)(strrchr(name, '.') - name), name);
    } else {
        text_addf(&target, "%s.html", name);
    }
    return target.at;
}

static char *title_of(const struct site *site, const char *source)
{
    if (ends_with(source, ".md")) {
        char *markdown = read_source(site, source);
        char *title = markdown_title(markdown);
        free(markdown);
        if (title != NULL) {
            return title;
        }
    }
    const char *name = strncmp(source, "include/", 8) == 0 ? source + 8 : strrchr(source, '/') + 1;
    struct text title = {};
    text_add(&title, name);
    if (ends_with(name, ".scd")) { /* fata.1.scd is fata(1) */
        const char *number = strrchr(name, '.') - 1;
        title.len = 0;
        text_addf(&title, "%.*s(%c)", (int)(number - 1 - name), name, *number);
    }
    return title.at;
}

static void add_page(struct site *site, const char *section, const char *source)
{
    if (find_page(site, source) != NULL) {
        return;
    }
    site->pages = must(realloc(site->pages, (site->page_count + 1) * sizeof *site->pages));
    site->pages[site->page_count++] = (struct page){
        .source = must(strdup(source)),
        .target = target_of(source),
        .title = title_of(site, source),
        .section = section,
    };
}

static void add_if_there(struct site *site, const char *section, const char *source)
{
    char full[PATH_LEN_MAX * 2];
    struct stat info;
    snprintf(full, sizeof full, "%s/%s", site->root, source);
    if (stat(full, &info) == 0) {
        add_page(site, section, source);
    }
}

static int wants_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Every file of a folder with an ending, in byte order; `leaf` instead looks into subfolders. */
static void add_folder(struct site *site, const char *section, const char *folder,
    const char *ending, const char *leaf)
{
    char path[PATH_LEN_MAX * 2];
    struct dirent **names;
    snprintf(path, sizeof path, "%s/%s", site->root, folder);
    int count = scandir(path, &names, wants_name, alphasort);
    for (int i = 0; i < count; i++) {
        if (leaf != NULL) {
            snprintf(path, sizeof path, "%s/%s/%s", folder, names[i]->d_name, leaf);
            add_if_there(site, section, path);
        } else if (ends_with(names[i]->d_name, ending)) {
            bool at_root = strcmp(folder, ".") == 0;
            snprintf(path, sizeof path, "%s%s%s", at_root ? "" : folder, at_root ? "" : "/",
                names[i]->d_name);
            add_page(site, section, path);
        }
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
}

static void find_pages(struct site *site)
{
    setenv("LC_ALL", "C", 1); /* alphasort */
    add_page(site, "Start", "README.md");
    add_folder(site, "Start", "docs/guide", ".md", NULL);
    add_folder(site, "Applications", "app", NULL, "README.md");
    add_folder(site, "Manual", "docs/man", ".scd", NULL);
    add_if_there(site, "How it is built", "ARCHITECTURE.md");
    add_if_there(site, "How it is built", "STYLE.md");
    add_folder(site, "How it is built", "docs/design", ".md", NULL);
    add_folder(site, "Formats", "docs/spec", ".md", NULL);
    add_if_there(site, "State", "CHANGES.md");
    add_if_there(site, "State", "CAVEATS.md");
    add_folder(site, "State", ".", ".md", NULL);
    add_folder(site, "Contracts", "include/fa", ".h", NULL);
    add_folder(site, "Contracts", "include/fa/wire", ".h", NULL);
}

/* ---- writing ---- */

void add_way_to_root(struct text *out, const char *target)
{
    text_add(out, "");
    for (const char *at = target; (at = strchr(at, '/')) != NULL; at++) {
        text_add(out, "../");
    }
}

/* An error page is shown wherever the reader got lost, so its links begin at the site's root. */
static void add_root(const struct page *here, struct text *out)
{
    if (here->source == NULL) {
        text_add(out, "/");
    } else {
        add_way_to_root(out, here->target);
    }
}

static void make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            fail("cannot make the folder %s: %s", path, strerror(errno));
        }
        *slash = '/';
    }
}

static void write_file(const struct site *site, const char *target, const struct text *bytes)
{
    char full[PATH_LEN_MAX * 2];
    snprintf(full, sizeof full, "%s/%s", site->out, target);
    make_folders(full);
    FILE *out = fopen(full, "w");
    if (out == NULL || fwrite(bytes->at, 1, bytes->len, out) != bytes->len || fclose(out) != 0) {
        fail("cannot write %s: %s", full, strerror(errno));
    }
}

static void add_nav(const struct site *site, const struct page *here, struct text *out)
{
    const char *section = "";
    for (size_t i = 0; i < site->page_count; i++) {
        const struct page *page = &site->pages[i];
        if (strcmp(page->section, section) != 0) {
            text_addf(
                out, "%s<h2>%s</h2>\n<ul>\n", section[0] != '\0' ? "</ul>\n" : "", page->section);
            section = page->section;
        }
        text_add(out, "<li><a href=\"");
        add_root(here, out);
        text_addf(out, "%s\"%s>", page->target, page == here ? " aria-current=\"page\"" : "");
        text_add_html(out, page->title, strlen(page->title));
        text_add(out, "</a></li>\n");
    }
    text_add(out, "</ul>");
}

/* The pages before and behind this one. */
static void add_turn(const struct site *site, const struct page *here, struct text *out)
{
    if (here->source == NULL) {
        return;
    }
    size_t idx = (size_t)(here - site->pages);
    for (int way = -1; way <= 1; way += 2) {
        size_t to = way < 0 ? idx - 1 : idx + 1;
        bool there =
            here->source != NULL && to < site->page_count && site->pages[to].source != NULL;
        text_add(out, "<span>");
        if (there) {
            text_addf(out, "%s<a rel=\"%s\" href=\"", way < 0 ? "&larr; " : "",
                way < 0 ? "prev" : "next");
            add_way_to_root(out, here->target);
            text_addf(out, "%s\">", site->pages[to].target);
            text_add_html(out, site->pages[to].title, strlen(site->pages[to].title));
            text_addf(out, "</a>%s", way < 0 ? "" : " &rarr;");
        }
        text_add(out, "</span>");
    }
}

static void render_body(struct site *site, const struct page *page, struct text *out)
{
    if (page->source == NULL) {
        text_add(out, "<h1>Not here</h1>\n<p>There is no such page. The list of pages knows which "
                      "there are.</p>\n");
    } else if (ends_with(page->source, ".md")) {
        render_markdown(site, page, out);
    } else if (ends_with(page->source, ".scd")) {
        render_man(site, page, out);
    } else {
        render_header(site, page, out);
    }
}

/* Fill the frame's {{words}}. */
static void write_page(struct site *site, const struct page *page, const char *frame)
{
    struct text out = {};
    for (const char *at = frame; *at != '\0';) {
        size_t len = (size_t)(strstr(at, "{{") != NULL ? strstr(at, "{{") - at : (long)strlen(at));
        text_add_len(&out, at, len);
        at += len;
        if (strncmp(at, "{{title}}", 9) == 0) {
            text_add_html(&out, page->title, strlen(page->title));
            text_addf(&out, "%s%s", page == site->pages ? "" : " - ",
                page == site->pages ? "" : site->name);
        } else if (strncmp(at, "{{root}}", 8) == 0) {
            add_root(page, &out);
        } else if (strncmp(at, "{{nav}}", 7) == 0) {
            add_nav(site, page, &out);
        } else if (strncmp(at, "{{body}}", 8) == 0) {
            render_body(site, page, &out);
        } else if (strncmp(at, "{{turn}}", 8) == 0) {
            add_turn(site, page, &out);
        }
        const char *end = strstr(at, "}}");
        at = end != NULL ? end + 2 : at + strlen(at);
    }
    write_file(site, page->target, &out);
    free(out.at);
}

static void copy_asset(const struct site *site, const char *name)
{
    char path[PATH_LEN_MAX];
    snprintf(path, sizeof path, "web/site/%s", name);
    char *bytes = read_source(site, path);
    struct text text = {.at = bytes, .len = strlen(bytes)};
    write_file(site, name, &text);
    free(bytes);
}

int main(int argc, char **argv)
{
    struct site site = {.root = ".", .name = "Fata"};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--root") == 0 && more) {
            site.root = argv[++i];
        } else if (strcmp(argv[i], "--out") == 0 && more) {
            site.out = argv[++i];
        } else if (strcmp(argv[i], "--title") == 0 && more) {
            site.name = argv[++i];
        } else {
            fprintf(stderr, "site: '%s' is not understood\n%s", argv[i], usage);
            return 2;
        }
    }
    if (site.out == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    find_pages(&site);
    char *frame = read_source(&site, "web/site/page.html");
    for (size_t i = 0; i < site.page_count; i++) {
        write_page(&site, &site.pages[i], frame);
    }
    static char target[] = "404.html";
    static char title[] = "Not here";
    const struct page lost = {.target = target, .title = title, .section = ""};
    write_page(&site, &lost, frame);
    copy_asset(&site, "style.css");
    copy_asset(&site, "icon.svg");
    if (site.error_count > 0) {
        fprintf(
            stderr, "site: %zu broken links; mend them where it says above\n", site.error_count);
        return 1;
    }
    printf("site: %zu pages in %s\n", site.page_count + 1, site.out);
    return 0;
}
