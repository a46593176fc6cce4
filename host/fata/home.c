// SPDX-License-Identifier: ISC
//
// Finding headers, libraries and packages from where this program lies.

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "home.h"

enum {
    PACKAGE_COUNT_MAX = 64,
    LINE_BYTES_MAX = 1024,
};

static bool is_there(const char *path)
{
    return access(path, R_OK) == 0;
}

static void read_package(struct home *home, const char *path)
{
    FILE *in = fopen(path, "re");
    if (in == NULL || home->package_count == PACKAGE_COUNT_MAX) {
        if (in != NULL) {
            fclose(in);
        }
        return;
    }
    struct package *package = &home->packages[home->package_count];
    *package = (struct package){"", "", "", "", ""};
    const struct {
        const char *name;
        const char **text;
    } fields[] = {{"name:", &package->name}, {"version:", &package->version},
        {"summary:", &package->summary}, {"depends:", &package->depends},
        {"conflicts:", &package->conflicts}};
    char line[LINE_BYTES_MAX];
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < FA_COUNT_OF(fields); i++) {
            size_t len = strlen(fields[i].name);
            if (strncmp(line, fields[i].name, len) == 0) {
                const char *text = line + len + strspn(line + len, " ");
                *fields[i].text = arena_copy(&home->arena, text);
            }
        }
    }
    fclose(in);
    home->package_count += package->name[0] != '\0';
}

static int compare_packages(const void *a, const void *b)
{
    return strcmp(((const struct package *)a)->name, ((const struct package *)b)->name);
}

/* DIR/NAME.pkg, or DIR/NAME/pkg in a source tree. */
static void read_packages(struct home *home, const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        bool file = len > 4 && strcmp(entry->d_name + len - 4, ".pkg") == 0;
        const char *path =
            arena_text(&home->arena, "%s/%s%s", folder, entry->d_name, file ? "" : "/pkg");
        if (entry->d_name[0] != '.' && is_there(path)) {
            read_package(home, path);
        }
    }
    closedir(dir);
    qsort(home->packages, home->package_count, sizeof *home->packages, compare_packages);
}

/* `path` without its last `count` parts. */
static const char *above(struct home *home, const char *path, int count)
{
    size_t len = strlen(path);
    for (int i = 0; i < count; i++) {
        while (len > 0 && path[len - 1] != '/') {
            len--;
        }
        len -= len > 1;
    }
    return arena_text(&home->arena, "%.*s", (int)len, path);
}

static bool try_tree(struct home *home, const char *folder, const char *root)
{
    if (root == NULL || !is_there(arena_text(&home->arena, "%s/src/core/pkg", root))) {
        return false;
    }
    home->in_tree = true;
    home->root = root;
    home->include = arena_text(&home->arena, "%s/include", root);
    home->output = above(home, folder, 1);
    read_packages(home, arena_text(&home->arena, "%s/src", root));
    read_packages(home, arena_text(&home->arena, "%s/plat", root));
    return true;
}

bool home_find(struct home *home)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) {
        fputs("fata: cannot tell where this program lies: /proc is not mounted\n", stderr);
        return false;
    }
    self[len] = '\0';
    struct utsname host;
    home->machine = uname(&host) == 0 ? arena_copy(&home->arena, host.machine) : "x86_64";
    home->packages = arena_take(&home->arena, PACKAGE_COUNT_MAX * sizeof *home->packages);
    const char *folder = above(home, self, 1);
    home->embed = arena_text(&home->arena, "%s/embed", folder);
    if (try_tree(home, folder, above(home, folder, 2)) ||
        try_tree(home, folder, getenv("FATA_TREE"))) {
        return true;
    }
    home->root = above(home, folder, 1);
    home->include = arena_text(&home->arena, "%s/include", home->root);
    read_packages(home, arena_text(&home->arena, "%s/share/fata/pkg", home->root));
    if (home->package_count == 0 ||
        !is_there(arena_text(&home->arena, "%s/fa/base.h", home->include))) {
        fprintf(stderr,
            "fata: neither a source tree nor an installation is around %s: run it as "
            "o/linux/fata, or install it by `make install`\n",
            self);
        return false;
    }
    return true;
}

void home_done(struct home *home)
{
    arena_free(&home->arena);
}

const char *home_libraries(struct home *home, const char *target)
{
    bool sim = strcmp(target, "sim") == 0;
    if (home->in_tree) {
        return arena_text(&home->arena, "%s/%s", home->output, sim ? "linux" : "image");
    }
    return arena_text(
        &home->arena, "%s/lib/fata/%s-%s", home->root, sim ? "sim" : "image", home->machine);
}
