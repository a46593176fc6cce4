// SPDX-License-Identifier: ISC
//
// `fata describe`: what a project is made of, or what an image says of itself.

#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "json.h"

/* ---- a project ---------------------------------------------------------------------------------
 */

static const char *key_type_name(const struct key *key)
{
    return key->type != NULL ? key->type->shown : key->choices;
}

static void show_value(const struct node *node, size_t idx)
{
    const struct option *option = &node->class->options[idx];
    const struct value *value = &node->values[idx];
    if (value->kind == VALUE_DEVICE) {
        printf("    %-12s %s\n", option->name, value->node->id);
    } else if (value->kind == VALUE_ROUTES) {
        for (size_t r = 0; r < value->route_count; r++) {
            const struct route *route = &value->routes[r];
            printf("    %-12s %s%s%s -> %s\n", r == 0 ? option->name : "",
                route->methods != NULL ? route->methods : "", route->methods != NULL ? " " : "",
                route->path, route->handler != NULL ? route->handler : route->content->id);
        }
    } else if (node->keys[idx] != NULL && node->keys[idx]->stage == KEY_BOOT) {
        printf("    %-12s at boot, by --%s\n", option->name, node->keys[idx]->name);
    } else if (option->kind != OPTION_DEVICE && option->kind != OPTION_ROUTES) {
        const char *text = node_text(node, option->name);
        printf("    %-12s %s\n", option->name, text != NULL ? text : "");
    }
}

static void show_devices(const struct config *config)
{
    puts("\ndevices, each behind what it uses");
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        printf("  %s: %s, %s (line %u)\n", node->id, node->class->word, node->class->doc,
            node->at.line);
        for (size_t o = 0; o < OPTION_COUNT_MAX && node->class->options[o].name != NULL; o++) {
            show_value(node, o);
        }
    }
    for (size_t i = 0; i < config->field_count; i++) {
        const struct value *value = &config->fields[i].value;
        printf("%s  %-12s %s\n", i == 0 ? "\nhanded to the C code\n" : "", config->fields[i].name,
            value->kind == VALUE_DEVICE ? value->node->id : value->key->name);
    }
}

static void show_keys(const struct config *config, enum key_stage stage)
{
    puts(stage == KEY_BUILD ? "\nconfigure-time keys (fata configure --KEY=VALUE)"
                            : "\nboot-time keys (behind -- of fata run, or to the image itself)");
    for (size_t i = 0; i < config->key_count; i++) {
        const struct key *key = config->keys[i];
        if (key->stage != stage) {
            continue;
        }
        const char *value = stage == KEY_BUILD ? key->value : key->fallback;
        printf("  --%s=%s\n      %s\n      ", key->name, key_type_name(key),
            key->doc != NULL ? key->doc : "");
        if (stage == KEY_BUILD) {
            printf("%s, %s; ", value, key->source);
        } else if (key->required) {
            fputs("must be given; ", stdout);
        } else {
            printf("%s%s; ", value != NULL ? "default " : "no default", value != NULL ? value : "");
        }
        printf("environment %s\n", key->env);
    }
}

static void show_text(const struct config *config)
{
    printf("%s %s%s%s\n", config->name, config->version, config->doc != NULL ? ": " : "",
        config->doc != NULL ? config->doc : "");
    printf("target %s, from %s\n", config->target->value, config->path);
    show_devices(config);
    show_keys(config, KEY_BUILD);
    show_keys(config, KEY_BOOT);
}

static void show_dot(const struct config *config)
{
    printf("digraph \"%s\" {\n  rankdir = LR;\n  node [shape = box, fontname = \"sans\"];\n",
        config->name);
    printf("  \"%s\" [shape = ellipse];\n", config->name);
    for (size_t i = 0; i < config->order_count; i++) {
        printf("  \"%s\" [label = \"%s\\n%s\"];\n", config->order[i]->id, config->order[i]->id,
            config->order[i]->class->word);
    }
    for (size_t i = 0; i < config->job_count; i++) {
        printf("  \"%s\" -> \"%s\";\n", config->name, config->jobs[i]->id);
    }
    for (size_t i = 0; i < config->field_count; i++) {
        if (config->fields[i].value.kind == VALUE_DEVICE) {
            printf("  \"%s\" -> \"%s\" [label = \"%s\"];\n", config->name,
                config->fields[i].value.node->id, config->fields[i].name);
        }
    }
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        for (size_t o = 0; o < OPTION_COUNT_MAX && node->class->options[o].name != NULL; o++) {
            const struct value *value = &node->values[o];
            if (value->kind == VALUE_DEVICE) {
                printf("  \"%s\" -> \"%s\" [label = \"%s\"];\n", node->id, value->node->id,
                    node->class->options[o].name);
            }
            for (size_t r = 0; r < value->route_count; r++) {
                if (value->routes[r].content != NULL) {
                    printf("  \"%s\" -> \"%s\" [label = \"%s\"];\n", node->id,
                        value->routes[r].content->id, value->routes[r].path);
                }
            }
        }
    }
    puts("}");
}

/* ---- an image
 * ------------------------------------------------------------------------------------ */

enum {
    NOTE_FIELDS = 8, /* of a key: "key", name, type, default?, environment, section, default, doc */
};

/* Cut a line at its tabs. Returns: the fields. */
static size_t split_line(char *line, const char **fields, size_t max)
{
    size_t count = 0;
    while (count < max) {
        fields[count++] = line;
        char *tab = strchr(line, '\t');
        if (tab == NULL) {
            break;
        }
        *tab = '\0';
        line = tab + 1;
    }
    return count;
}

static void add_image_line(json_t *image, json_t *keys, const char **fields, size_t count)
{
    if (count == NOTE_FIELDS && strcmp(fields[0], "key") == 0) {
        bool has_default = strcmp(fields[3], "default") == 0;
        json_array_append_new(
            keys, json_pack("{s:s, s:s, s:s?, s:b, s:s, s:s, s:s}", "name", fields[1], "type",
                      fields[2], "default", has_default ? fields[6] : NULL, "required",
                      strcmp(fields[3], "required") == 0, "environment", fields[4], "section",
                      fields[5], "doc", fields[7]));
    } else if (count == 2) {
        json_object_set_new(image, fields[0], json_string(fields[1]));
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void show_image(const json_t *image)
{
    printf("%s %s%s%s\ntarget %s, made by fata %s\n\nboot-time keys\n", text_of(image, "name"),
        text_of(image, "version"), text_of(image, "doc")[0] != '\0' ? ": " : "",
        text_of(image, "doc"), text_of(image, "target"), text_of(image, "fata"));
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(image, "boot_keys"), i, key)
    {
        const char *value = text_of(key, "default");
        printf("  --%s (%s)\n      %s\n      %s%s; environment %s\n", text_of(key, "name"),
            text_of(key, "type"), text_of(key, "doc"),
            json_is_true(json_object_get(key, "required")) ? "must be given"
            : value[0] != '\0'                             ? "default "
                                                           : "no default",
            value, text_of(key, "environment"));
    }
}

static int describe_image(const char *path, bool as_json)
{
    struct arena arena = {0};
    char *text = note_read(&arena, path);
    if (text == NULL) {
        fprintf(stderr, "fata: %s is not an image made by fata: it has no note of ours\n", path);
        arena_free(&arena);
        return STATUS_FAILED;
    }
    json_t *image = json_object();
    json_t *keys = json_array();
    for (char *line = text; *line != '\0';) {
        const char *fields[NOTE_FIELDS];
        char *end = strchr(line, '\n');
        if (end == NULL) {
            break;
        }
        *end = '\0';
        size_t count = split_line(line, fields, NOTE_FIELDS);
        add_image_line(image, keys, fields, count);
        line = end + 1;
    }
    json_object_set_new(image, "boot_keys", keys);
    arena_free(&arena);
    if (as_json) {
        json_write(image, stdout);
    } else {
        show_image(image);
        json_decref(image);
    }
    return STATUS_OK;
}

int verb_describe(struct arguments *arguments, struct home *home)
{
    struct stat stat_of;
    const char *app = arguments->app;
    if (app != NULL && stat(app, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && is_elf(app)) {
        int status = arguments_check(arguments);
        return status != STATUS_OK ? status : describe_image(app, arguments->json);
    }
    struct project project = {0};
    int status = project_load(&project, arguments, home);
    if (status == STATUS_OK && arguments->json) {
        json_write(json_of_config(&project.config), stdout);
    } else if (status == STATUS_OK && arguments->dot) {
        show_dot(&project.config);
    } else if (status == STATUS_OK) {
        show_text(&project.config);
    }
    project_done(&project);
    return status;
}
