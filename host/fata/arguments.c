// SPDX-License-Identifier: ISC
//
// The command line. What is wrong with it is kept until fata.lua was checked, because an error
// there is more often the cause: a key that a broken file could not declare.

#include <stdlib.h>
#include <string.h>

#include "command.h"

struct option_row {
    char letter; /* in verb.options */
    const char *short_name;
    const char *long_name;
    const char *wants; /* NULL: no value */
};

static const struct option_row rows[] = {
    {'o', "-o", "--output", "a folder"},
    {'t', "-t", "--target", "a target: linux, spt or sim"},
    {'j', NULL, "--json", NULL},
    {'d', NULL, "--dot", NULL},
    {'n', "-n", "--dry-run", NULL},
    {'r', NULL, "--reset", NULL},
    {'p', "-p", "--publish", "ports, such as 8080:80"},
    {'N', NULL, "--net", "user, tap:NAME, stream:PATH, listen:PATH or fd:N"},
    {'T', NULL, "--template", "hello or echo"},
    {'h', "-h", "--help", NULL},
};

[[gnu::format(printf, 2, 3)]] static void keep_error(
    struct arguments *arguments, const char *format, ...)
{
    if (arguments->error[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(arguments->error, sizeof arguments->error, format, args);
        va_end(args);
    }
}

static bool has_option(const struct arguments *arguments, char letter)
{
    return letter == 'h' ||
           (arguments->verb->options != NULL && strchr(arguments->verb->options, letter) != NULL);
}

/* The row of `word`; *ret_value is what stands behind '=' or behind a short name, or NULL. */
static const struct option_row *find_row(
    const struct arguments *arguments, const char *word, const char **ret_value)
{
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        if (!has_option(arguments, rows[i].letter)) {
            continue;
        }
        size_t len = strlen(rows[i].long_name);
        if (strncmp(word, rows[i].long_name, len) == 0 && (word[len] == '\0' || word[len] == '=')) {
            *ret_value = word[len] == '=' ? word + len + 1 : NULL;
            return &rows[i];
        }
        if (rows[i].short_name != NULL && strncmp(word, rows[i].short_name, 2) == 0 &&
            (word[2] == '\0' || rows[i].wants != NULL)) {
            *ret_value = word[2] != '\0' ? word + 2 : NULL;
            return &rows[i];
        }
    }
    return NULL;
}

static void set_option(struct arguments *arguments, char letter, const char *value)
{
    switch (letter) {
    case 'o':
        arguments->output = value;
        break;
    case 't':
        arguments->target = value;
        break;
    case 'j':
        arguments->json = true;
        break;
    case 'd':
        arguments->dot = true;
        break;
    case 'n':
        arguments->dry = true;
        break;
    case 'r':
        arguments->reset = true;
        break;
    case 'p':
        if (arguments->forward_count == FORWARD_COUNT_MAX) {
            keep_error(arguments, "at most %d ports can be published", FORWARD_COUNT_MAX);
            break;
        }
        arguments->forwards[arguments->forward_count++] = value;
        break;
    case 'N':
        arguments->net = value;
        break;
    case 'T':
        arguments->template = value;
        break;
    default:
        arguments->help = true;
    }
}

static void refuse_option(struct arguments *arguments, const char *word)
{
    struct nearest nearest = {0};
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        if (has_option(arguments, rows[i].letter)) {
            nearest_offer(&nearest, name, rows[i].long_name);
        }
    }
    bool run = strcmp(arguments->verb->name, "run") == 0;
    if (nearest.word != NULL) {
        keep_error(arguments, "%s has no option %s; did you mean %s?", arguments->verb->name, name,
            nearest.word);
    } else {
        keep_error(arguments, "%s has no option %s; %s", arguments->verb->name, name,
            run ? "what is meant for the image stands behind --" : "fata help lists them");
    }
}

/* `--KEY=VALUE` or `--KEY VALUE`, for a key that only fata.lua knows. Returns: words used up. */
static int take_setting(struct arguments *arguments, char **words, int left)
{
    const char *name = words[0] + 2;
    const char *equals = strchr(name, '=');
    bool next = equals == NULL && left > 1 && words[1][0] != '-';
    if (arguments->setting_count == KEY_COUNT_MAX) {
        keep_error(arguments, "at most %d keys can be given", KEY_COUNT_MAX);
        return 1;
    }
    struct setting *setting = &arguments->settings[arguments->setting_count++];
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    setting->name = arena_text(&arguments->arena, "%.*s", (int)len, name);
    setting->value = equals != NULL ? equals + 1 : next ? words[1] : NULL;
    setting->source = "command line";
    return 1 + next;
}

void arguments_read(struct arguments *arguments, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        const char *value = NULL;
        const struct option_row *row = find_row(arguments, words[i], &value);
        if (strcmp(words[i], "--") == 0) {
            arguments->boot = words + i + 1;
            arguments->boot_count = (size_t)(count - i - 1);
            return;
        }
        if (row != NULL) {
            bool next = row->wants != NULL && value == NULL && i + 1 < count;
            value = next ? words[++i] : value;
            if (row->wants != NULL && value == NULL) {
                keep_error(arguments, "%s needs %s behind it", words[i], row->wants);
            } else if (row->wants == NULL && value != NULL) {
                keep_error(arguments, "%s takes no value", row->long_name);
            } else {
                set_option(arguments, row->letter, value);
            }
        } else if (strncmp(words[i], "--", 2) == 0 && arguments->verb->settings) {
            i += take_setting(arguments, words + i, count - i) - 1;
        } else if (words[i][0] == '-') {
            refuse_option(arguments, words[i]);
        } else if (arguments->word_count < FA_COUNT_OF(arguments->words)) {
            arguments->words[arguments->word_count++] = words[i];
        } else {
            keep_error(arguments, "%s is one word too many", words[i]);
        }
    }
}

int arguments_check(const struct arguments *arguments)
{
    if (arguments->error[0] == '\0') {
        return STATUS_OK;
    }
    fprintf(stderr, "fata: %s\n", arguments->error);
    return STATUS_USAGE;
}
