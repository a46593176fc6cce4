// SPDX-License-Identifier: ISC
//
// The graph as JSON, for graph.json and `fata describe --json`.

#include <string.h>

#include <jansson.h>

#include "generate.h"
#include "json.h"

static const char *option_kind_name(enum option_kind kind)
{
    return kind == OPTION_BOOT ? "boot" : kind == OPTION_BUILD ? "configure" : "fixed";
}

static json_t *device_options(const struct node *node)
{
    json_t *options = json_object();
    for (size_t i = 0; i < OPTION_COUNT_MAX && node->class->options[i].name != NULL; i++) {
        const struct option *option = &node->class->options[i];
        const struct value *value = &node->values[i];
        json_t *entry = NULL;
        if (value->kind == VALUE_DEVICE) {
            entry = json_pack("{s:s, s:s}", "kind", "device", "device", value->node->id);
        } else if (value->kind == VALUE_ROUTES) {
            entry = json_object();
            for (size_t r = 0; r < value->route_count; r++) {
                const struct route *route = &value->routes[r];
                json_object_set_new(entry, route->path,
                    json_string(route->handler != NULL ? route->handler : route->content->id));
            }
        } else if (node->keys[i] != NULL) {
            entry = json_pack("{s:s, s:s, s:s?}", "kind", option_kind_name(option->kind), "key",
                node->keys[i]->name, "default", node->keys[i]->fallback);
        } else if (node_text(node, option->name) != NULL) {
            entry =
                json_pack("{s:s, s:s}", "kind", "fixed", "value", node_text(node, option->name));
        }
        if (entry != NULL) {
            json_object_set_new(options, option->name, entry);
        }
    }
    return options;
}

json_t *json_of_keys(const struct config *config, enum key_stage stage)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < config->key_count; i++) {
        const struct key *key = config->keys[i];
        if (key->stage != stage) {
            continue;
        }
        json_t *entry = json_pack("{s:s, s:s, s:s?, s:b, s:s, s:s?}", "name", key->name, "type",
            key->type != NULL ? key->type->name : key->choices, "default", key->fallback,
            "required", key->required, "environment", key->env, "doc", key->doc);
        if (stage == KEY_BUILD) {
            json_object_set_new(entry, "value", json_string(key->value));
            json_object_set_new(entry, "source", json_string(key->source));
        } else {
            json_object_set_new(entry, "section", json_string(key->section));
        }
        json_array_append_new(keys, entry);
    }
    return keys;
}

json_t *json_of_config(const struct config *config)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        json_array_append_new(devices,
            json_pack("{s:s, s:s, s:s, s:i, s:s?, s:o}", "name", node->id, "made_by",
                node->class->word, "is", signatures[node->class->provides].name, "line",
                (int)node->at.line, "group", node->group, "options", device_options(node)));
    }
    json_t *sources = json_array();
    for (size_t i = 0; i < config->source_count; i++) {
        json_array_append_new(sources, json_string(config->sources[i]));
    }
    json_t *handed = json_object();
    for (size_t i = 0; i < config->field_count; i++) {
        const struct value *value = &config->fields[i].value;
        json_object_set_new(handed, config->fields[i].name,
            json_string(value->kind == VALUE_DEVICE ? value->node->id : value->key->name));
    }
    json_t *runs = json_array();
    for (size_t i = 0; i < config->job_count; i++) {
        json_array_append_new(runs, json_string(config->jobs[i]->id));
    }
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "fata",
        FATA_VERSION, "name", config->name, "version", config->version, "doc", config->doc, "file",
        config->path, "target", config->target->value, "main", config->main, "runs", runs,
        "sources", sources, "devices", devices, "handed", handed, "configure_keys",
        json_of_keys(config, KEY_BUILD), "boot_keys", json_of_keys(config, KEY_BOOT));
}

void json_write(json_t *take, FILE *out)
{
    FA_ASSERT(take != NULL);
    json_dumpf(take, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(take);
}

void write_graph(const struct config *config, FILE *out)
{
    json_write(json_of_config(config), out);
}
