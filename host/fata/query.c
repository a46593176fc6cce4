// SPDX-License-Identifier: ISC
//
// `fata query`: one thing at a time, a line each, for scripts.

#include <string.h>

#include "command.h"
#include "generate.h"
#include "json.h"

static json_t *lines_of_keys(const struct config *config, enum key_stage stage)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < config->key_count; i++) {
        const struct key *key = config->keys[i];
        if (key->stage == stage) {
            const char *value = stage == KEY_BUILD ? key->value : key->fallback;
            json_array_append_new(
                lines, json_sprintf("%s=%s", key->name, value != NULL ? value : ""));
        }
    }
    return lines;
}

static json_t *libraries(const struct config *config, const struct home *home)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < home->package_count; i++) {
        if (library_used(config, home, home->packages[i].name)) {
            json_array_append_new(
                lines, json_sprintf("%s %s", home->packages[i].name, home->packages[i].version));
        }
    }
    return lines;
}

static json_t *sources(const struct config *config)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < config->source_count; i++) {
        json_array_append_new(lines, json_string(config->sources[i]));
    }
    return lines;
}

static json_t *devices(const struct config *config)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < config->order_count; i++) {
        json_array_append_new(
            lines, json_sprintf("%s %s", config->order[i]->id, config->order[i]->class->word));
    }
    return lines;
}

static json_t *generated(const struct project *project)
{
    return json_pack("[s, s, s+, s, s, s, s]", "main.c", "keys.h", project->config.name, ".fata.h",
        "note.c", "build.ninja", "graph.json", "fata.keys");
}

static const char *const things[] = {"name", "version", "target", "doc", "image", "output",
    "sources", "generated", "libraries", "packages", "keys", "boot-keys", "devices"};

static json_t *answer(struct project *project, const struct home *home, const char *what)
{
    const struct config *config = &project->config;
    const char *const texts[][2] = {{"name", config->name}, {"version", config->version},
        {"target", config->target->value}, {"doc", config->doc != NULL ? config->doc : ""},
        {"image", project_image(project)}, {"output", project->output}};
    for (size_t i = 0; i < FA_COUNT_OF(texts); i++) {
        if (strcmp(texts[i][0], what) == 0) {
            return json_string(texts[i][1]);
        }
    }
    if (strcmp(what, "sources") == 0) {
        return sources(config);
    }
    if (strcmp(what, "generated") == 0) {
        return generated(project);
    }
    if (strcmp(what, "libraries") == 0) {
        return libraries(config, home);
    }
    if (strcmp(what, "packages") == 0) {
        if (target_is(config, "spt")) {
            return json_pack("[s, s, s]", "ninja-build", "musl-tools", "libmd-dev");
        }
        return json_pack("[s, s]", "ninja-build", target_is(config, "sim") ? "gcc" : "musl-tools");
    }
    if (strcmp(what, "devices") == 0) {
        return devices(config);
    }
    return lines_of_keys(config, strcmp(what, "keys") == 0 ? KEY_BUILD : KEY_BOOT);
}

static bool is_thing(const char *what)
{
    for (size_t i = 0; i < FA_COUNT_OF(things); i++) {
        if (strcmp(things[i], what) == 0) {
            return true;
        }
    }
    return false;
}

static void keep_question_error(struct arguments *arguments)
{
    const char *what = arguments->word_count != 0 ? arguments->words[0] : NULL;
    struct nearest nearest = {0};
    for (size_t i = 0; what != NULL && i < FA_COUNT_OF(things); i++) {
        nearest_offer(&nearest, what, things[i]);
    }
    if (arguments->error[0] == '\0' && (what == NULL || !is_thing(what))) {
        snprintf(arguments->error, sizeof arguments->error, "%s%s%s%s%s",
            what != NULL ? "nothing is called " : "query needs to know what",
            what != NULL ? what : "", nearest.word != NULL ? "; did you mean " : "; ",
            nearest.word != NULL ? nearest.word : "fata help query lists it",
            nearest.word != NULL ? "?" : "");
    }
}

int verb_query(struct arguments *arguments, struct home *home)
{
    struct project project = {0};
    keep_question_error(arguments);
    int status = project_load(&project, arguments, home);
    if (status == STATUS_OK) {
        json_t *lines = answer(&project, home, arguments->words[0]);
        size_t i;
        json_t *line;
        if (arguments->json) {
            json_dumpf(lines, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
            fputc('\n', stdout);
        } else if (json_is_string(lines)) {
            puts(json_string_value(lines));
        }
        json_array_foreach(arguments->json ? NULL : lines, i, line)
        {
            puts(json_string_value(line));
        }
        json_decref(lines);
    }
    project_done(&project);
    return status;
}
