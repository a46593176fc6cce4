// SPDX-License-Identifier: ISC
//
// build.ninja: how main.c, the application's C files and embedded folders become an image.

#include <stdlib.h>
#include <string.h>

#include "generate.h"

/* A path as ninja reads it. */
static void write_path(const char *path, FILE *out)
{
    for (; *path != '\0'; path++) {
        if (strchr("$ :", *path) != NULL) {
            fputc('$', out);
        }
        fputc(*path, out);
    }
}

/* Whether `name` is among the words of a list such as "fa-core (= 0.1.0), fa-wire". */
static bool lists(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += len) {
        bool begins = at == list || at[-1] == ' ' || at[-1] == ',';
        if (begins && (at[len] == '\0' || at[len] == ' ' || at[len] == ',')) {
            return true;
        }
    }
    return false;
}

/* One round of the closure over the packages' depends. */
static bool spread(const struct home *home, bool *used)
{
    bool changed = false;
    for (size_t i = 0; i < home->package_count; i++) {
        for (size_t k = 0; used[i] && k < home->package_count; k++) {
            if (!used[k] && lists(home->packages[i].depends, home->packages[k].name)) {
                used[k] = true;
                changed = true;
            }
        }
    }
    return changed;
}

bool library_used(const struct config *config, const struct home *home, const char *name)
{
    bool used[64] = {false};
    char platform[64];
    snprintf(platform, sizeof platform, "fa-plat-%s", config->target->value);
    FA_ASSERT(home->package_count <= FA_COUNT_OF(used));
    for (size_t i = 0; i < home->package_count; i++) {
        const char *package = home->packages[i].name;
        used[i] = strcmp(package, "fa-boot") == 0 || strcmp(package, platform) == 0;
        for (size_t n = 0; n < config->order_count && !used[i]; n++) {
            used[i] = lists(config->order[n]->class->libraries, package);
        }
    }
    while (spread(home, used)) {
    }
    for (size_t i = 0; i < home->package_count; i++) {
        if (strcmp(home->packages[i].name, name) == 0) {
            return used[i];
        }
    }
    return false;
}

/* "fa-plat-linux" is in libfa_plat_linux.a. */
static void write_libraries(const struct config *config, const struct home *home, FILE *out)
{
    for (size_t i = 0; i < home->package_count; i++) {
        const char *name = home->packages[i].name;
        if (strncmp(name, "fa-", 3) == 0 && library_used(config, home, name)) {
            fputs(" $libs/libfa_", out);
            for (const char *at = name + 3; *at != '\0'; at++) {
                fputc(*at == '-' ? '_' : *at, out);
            }
            fputs(".a", out);
        }
    }
    fputs(" $libs/libfa_arch.a", out);
}

/* An image that a tender loads has no libc, and lies in memory as its linker script says. Of
 * Debian's libraries it has one hash. */
static void write_link_words(const struct config *config, const struct home *home, FILE *out)
{
    if (!target_is(config, "spt")) {
        fprintf(out, "ldflags = %s-Wl,--gc-sections\nbeyond =\n",
            target_is(config, "sim") ? "" : "-static -no-pie ");
        return;
    }
    fputs("scripts = ", out);
    write_path(home->root, out);
    fprintf(out,
        "%s\nldflags = -static -nostdlib -no-pie -Wl,--gc-sections,--build-id=none "
        "-Wl,-z,max-page-size=4096 -T $scripts/spt/spt.ld -L$scripts/guest "
        "-Wl,--defsym=fa_stack_count=%llu,--defsym=fa_stack_bytes=%llu\n"
        "beyond = -L/usr/lib/%s-linux-gnu -l:libmd.a -lgcc\n",
        home->in_tree ? "/plat" : "/share/fata/plat", (unsigned long long)number_of(config->fibers),
        (unsigned long long)number_of(config->fiber_stack), home->machine);
}

static void write_rules(FILE *out)
{
    fputs(
        "\nrule cc\n"
        "  command = $cc $cflags -MMD -MF $out.d -c $in -o $out\n"
        "  depfile = $out.d\n"
        "  deps = gcc\n"
        "  description = CC $in\n"
        "\nrule embed\n"
        "  command = $embed --symbol $symbol --depfile $out.d $in $out\n"
        "  depfile = $out.d\n"
        "  description = EMBED $in\n"
        "\nrule link\n"
        "  command = $cc $ldflags $in -Wl,--start-group $archives $beyond -Wl,--end-group -o $out\n"
        "  description = LINK $out\n\n",
        out);
}

static const char *object_name(struct arena *arena, const char *source)
{
    const char *flat = arena_copy(arena, source);
    for (char *at = (char *)(uintptr_t)flat; *at != '\0'; at++) {
        *at = *at == '/' ? '_' : *at;
    }
    return arena_text(arena, "app_%s.o", flat);
}

static void write_embeds(
    const struct config *config, struct arena *arena, const char *app_dir, FILE *out)
{
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        if (strcmp(node->class->word, "kv.embed") == 0) {
            const char *dir = node_text(node, "dir");
            fprintf(out, "build %s.c: embed ", node->id);
            write_path(dir[0] == '/' ? dir : arena_text(arena, "%s/%s", app_dir, dir), out);
            fprintf(out, " | $embed\n  symbol = %s_table\nbuild %s.o: cc %s.c\n", node->id,
                node->id, node->id);
        }
    }
}

/* Nothing of where the build lies comes into the image: neither debug information nor the names of
 * files that assertions print. */
static void write_flags(const struct home *home, const struct folders *folders, bool sim, FILE *out)
{
    fprintf(out,
        "\ncc = %s\ncflags = -std=gnu2x -O2 -g -Wall -Wextra -fstack-protector-strong "
        "-ffunction-sections -fdata-sections -fno-common%s",
        sim ? "gcc" : "musl-gcc", sim ? "" : " -fno-pie -fno-asynchronous-unwind-tables");
    const char *const maps[][2] = {
        {folders->app, "app"}, {folders->output, "."}, {home->include, "include"}};
    for (size_t i = 0; i < FA_COUNT_OF(maps); i++) {
        fprintf(out, " -ffile-prefix-map=\"%s\"=%s", maps[i][0], maps[i][1]);
    }
    fprintf(out, " -I. -I\"%s\" -I\"%s\"\n", home->include, folders->app);
}

void write_ninja(
    const struct config *config, const struct home *home, const struct folders *folders, FILE *out)
{
    struct arena arena = {0};
    const char *app_dir = folders->app;
    struct home *writable = (struct home *)(uintptr_t)home;
    bool sim = target_is(config, "sim");
    fprintf(
        out, "# Made by `fata configure` from %s: change that file, not this one.\n", config->path);
    fprintf(out, "ninja_required_version = 1.7\nlibs = ");
    write_path(home_libraries(writable, config->target->value), out);
    fprintf(out, "\nembed = ");
    write_path(home->embed, out);
    write_flags(home, folders, sim, out);
    write_link_words(config, home, out);
    fputs("archives =", out);
    write_libraries(config, home, out);
    fputc('\n', out);
    write_rules(out);
    fputs("build main.o: cc main.c\nbuild note.o: cc note.c\n", out);
    write_embeds(config, &arena, app_dir, out);
    for (size_t i = 0; i < config->source_count; i++) {
        fprintf(out, "build %s: cc ", object_name(&arena, config->sources[i]));
        write_path(arena_text(&arena, "%s/%s", app_dir, config->sources[i]), out);
        fputc('\n', out);
    }
    fprintf(out, "build %s: link main.o note.o", config->name);
    for (size_t i = 0; i < config->source_count; i++) {
        fprintf(out, " %s", object_name(&arena, config->sources[i]));
    }
    for (size_t i = 0; i < config->order_count; i++) {
        if (strcmp(config->order[i]->class->word, "kv.embed") == 0) {
            fprintf(out, " %s.o", config->order[i]->id);
        }
    }
    fputs(target_is(config, "spt") ? " | $scripts/spt/spt.ld $scripts/guest/image.ld" : " |", out);
    write_libraries(config, home, out);
    fprintf(out, "\ndefault %s\n", config->name);
    arena_free(&arena);
}
