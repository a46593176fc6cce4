// SPDX-License-Identifier: ISC
//
// The words of an image: help, what a value must look like, near misses, the summary at the end.

#include "boot_priv.h"

enum {
    HELP_COLUMN = 30, /* where the meaning begins */
};

void fa__boot_expect_add(struct fa_text *text, const struct fa_boot_key *key)
{
    if (key->type == &fa_boot_number && (key->min != 0 || key->max != 0)) {
        fa_text_add(text, "a number from %llu to %llu", (unsigned long long)key->min,
            (unsigned long long)(key->max != 0 ? key->max : UINT64_MAX));
        return;
    }
    fa_text_add(text, "%s", key->type->expect);
}

static void help_line(const struct fa_boot_outside *outside, const struct fa_boot_key *key)
{
    char at[768];
    struct fa_text line;
    fa_text_init(&line, at, sizeof at);
    bool is_flag = key->type == &fa_boot_flag;
    fa_text_add(
        &line, "  --%s%s%s", key->name, is_flag ? "" : "=", is_flag ? "" : key->type->shown);
    size_t padding = line.len < HELP_COLUMN - 1 ? HELP_COLUMN - line.len : 0;
    if (padding == 0) {
        fa_text_add(&line, "\n");
        padding = HELP_COLUMN;
    }
    fa_text_add(&line, "%*s%s", (int)padding, "", key->doc != NULL ? key->doc : "");
    if (key->required) {
        fa_text_add(&line, " (must be given");
    } else if (key->fallback != NULL && key->fallback[0] != '\0') {
        fa_text_add(&line, " (default %s", key->fallback);
    } else {
        fa_text_add(&line, " (no default");
    }
    if (key->env != NULL) {
        fa_text_add(&line, ", environment %s", key->env);
    }
    fa_text_add(&line, ")\n");
    outside->write(fa_text_slice(&line));
}

static bool same_section(const struct fa_boot_key *a, const struct fa_boot_key *b)
{
    const char *left = a->section != NULL ? a->section : "";
    const char *right = b->section != NULL ? b->section : "";
    return fa_slice_equal(fa_slice_of(left), fa_slice_of(right));
}

static void help_section(
    const struct fa_boot_image *image, size_t first, const struct fa_boot_outside *outside)
{
    for (size_t i = 0; i < first; i++) {
        if (same_section(&image->keys[i], &image->keys[first])) {
            return;
        }
    }
    char at[128];
    struct fa_text line;
    fa_text_init(&line, at, sizeof at);
    const char *section = image->keys[first].section;
    fa_text_add(&line, "\n%s\n", section != NULL ? section : "keys");
    outside->write(fa_text_slice(&line));
    for (size_t i = first; i < image->key_count; i++) {
        if (same_section(&image->keys[i], &image->keys[first])) {
            help_line(outside, &image->keys[i]);
        }
    }
}

void fa__boot_help(const struct fa_boot_image *image, const struct fa_boot_outside *outside)
{
    char at[512];
    struct fa_text line;
    fa_text_init(&line, at, sizeof at);
    fa_text_add(&line, "%s %s", image->name, image->version);
    if (image->doc != NULL && image->doc[0] != '\0') {
        fa_text_add(&line, ": %s", image->doc);
    }
    fa_text_add(&line, "\n\nusage: %s [--name=value]...\n", image->name);
    outside->write(fa_text_slice(&line));
    for (size_t i = 0; i < image->key_count; i++) {
        help_section(image, i, outside);
    }
    outside->write(FA_LIT("\nquestions\n"
                          "  --help                      this text\n"
                          "  --version                   name and version\n"
                          "\nexit status: 0 stopped in order, 64 a bad argument, 69 a device is "
                          "not there\n"));
}

/* Optimal string alignment over three rows; words are cut to FA_BOOT_NAME_MAX letters. */
unsigned fa_boot_distance(struct fa_slice a, struct fa_slice b)
{
    unsigned rows[3][FA_BOOT_NAME_MAX + 1];
    size_t a_len = fa_min(a.len, FA_BOOT_NAME_MAX);
    size_t b_len = fa_min(b.len, FA_BOOT_NAME_MAX);
    unsigned *above2 = rows[0];
    unsigned *above = rows[1];
    unsigned *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        above2[j] = 0;
        above[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);
            unsigned add = row[j - 1] + 1;
            unsigned leave = above[j] + 1;
            unsigned best = change < add ? change : add;
            best = leave < best ? leave : best;
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1]) {
                best = above2[j - 2] + 1 < best ? above2[j - 2] + 1 : best;
            }
            row[j] = best;
        }
        unsigned *spare = above2;
        above2 = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

bool fa_boot_is_slip(struct fa_slice given, struct fa_slice meant)
{
    if (given.len == 0 || given.len > FA_BOOT_NAME_MAX || meant.len == 0) {
        return false;
    }
    /* One slip in a short word, two in a usual one, three in a long one. */
    size_t letters = fa_min(given.len, meant.len);
    unsigned allowed = letters <= 3 ? 1 : letters <= 7 ? 2 : 3;
    return fa_boot_distance(given, meant) <= allowed;
}

const char *fa_boot_scheme(const char *text, const char *scheme)
{
    size_t len = __builtin_strlen(scheme);
    bool begins = __builtin_strlen(text) >= len && fa_equal(text, scheme, len);
    return begins ? text + len : NULL;
}
