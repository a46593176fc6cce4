// SPDX-License-Identifier: ISC
//
// The graph as a whole: what a single word cannot see.
//
// A walk from what the unikernel runs and hands out to all that is needed for it: circles, devices
// with two owners, devices that are missing, targets that lack one. On the way every device reached
// gets its keys and its name; whatever is not reached (the other alternative of a choice) has none.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fa/solo5.h"

#include "model.h"

enum color {
    NEW,
    ON_THE_WAY,
    DONE,
};

/* The way from the root to the device being visited, for the sentence about a circle. */
struct way {
    const struct node *nodes[NODE_COUNT_MAX];
    size_t count;
};

static bool fail_circle(struct config *config, const struct way *way, const struct node *node)
{
    const char *text = "";
    bool inside = false;
    for (size_t i = 0; i < way->count; i++) {
        inside = inside || way->nodes[i] == node;
        if (inside) {
            text = arena_text(&config->arena, "%s%s -> ", text, way->nodes[i]->class->word);
        }
    }
    return config_fail(config, node->at,
        "these devices need each other in a circle: %s%s; give one of them another device", text,
        node->class->word);
}

static bool target_fits(const struct config *config, const struct device_class *class)
{
    return class->targets == NULL || target_is(config, class->targets);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool id_taken(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->order_count; i++) {
        if (strcmp(config->order[i]->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static const char *new_id(struct config *config, const struct node *node)
{
    const char *stem = node->group == NULL
                           ? node->class->label
                           : arena_text(&config->arena, "%s_%s",
                                 underscored(&config->arena, node->group), node->class->label);
    const char *id = stem;
    for (unsigned i = 2; id_taken(config, id); i++) {
        id = arena_text(&config->arena, "%s_%u", stem, i);
    }
    return id;
}

/* How whoever starts the image calls an attached device: the manifest has no dashes. */
static bool name_attached(struct config *config, struct node *node)
{
    const char *text = node_text(node, "name");
    if (text == NULL) {
        text = node->group != NULL                ? node->group
               : node->class->provides == SIG_NET ? "service"
                                                  : "storage";
        char *name = arena_take(&config->arena, strlen(text) + 1);
        for (size_t len = 0; *text != '\0'; text++) {
            if (*text != '-') {
                name[len++] = *text;
            }
        }
        text = name;
    }
    size_t len = strlen(text);
    bool plain = len > 0 && len < FA_SOLO5_NAME_BYTES;
    for (size_t i = 0; i < len; i++) {
        plain = plain && isalnum((unsigned char)text[i]);
    }
    const struct place at =
        node_value(node, "name")->at.line != 0 ? node_value(node, "name")->at : node->at;
    if (!plain) {
        return config_fail(config, at,
            "a device that is attached has a name of letters and digits, %d at most, not \"%s\"; "
            "give it name = \"NAME\"",
            FA_SOLO5_NAME_BYTES - 1, text);
    }
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *other = config->order[i];
        if (other->attached_as != NULL && strcmp(other->attached_as, text) == 0) {
            return config_fail(config, at,
                "two devices are attached as %s, here and on line %u; give one of them name = "
                "\"NAME\"",
                text, other->at.line);
        }
    }
    node->attached_as = text;
    return true;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool fail_two_keys(struct config *config, const struct key *old, const struct key *new)
{
    const char *stage = new->stage == KEY_BOOT ? "boot" : "configure";
    if (new->node != NULL && old->node != NULL) {
        return config_fail(config, new->at,
            "two devices ask for the %s-time key --%s, here and on line %u; share one device, or "
            "give one of them group = \"NAME\"",
            stage, new->name, old->at.line);
    }
    return config_fail(config, new->at,
        "there are two %s-time keys --%s, here and on line %u; give one another name", stage,
        new->name, old->at.line);
}

/* A key that the file names itself may stand for several options. */
static struct key *reach_key(struct config *config, struct key *named)
{
    if (named->reached) {
        return key_find(config, KEY_BOOT, named->name);
    }
    static const char *const taken[] = {"help", "version", "logs"};
    for (size_t i = 0; i < FA_COUNT_OF(taken); i++) {
        if (strcmp(named->name, taken[i]) == 0) {
            (void)config_fail(
                config, named->at, "every image has --%s already; choose another name", taken[i]);
            return NULL;
        }
    }
    const struct key *old = key_find(config, KEY_BOOT, named->name);
    if (old != NULL) {
        (void)fail_two_keys(config, old, named);
        return NULL;
    }
    named->reached = true;
    return key_add(config, named);
}

static struct key *add_option_key(struct config *config, const struct node *node, size_t idx)
{
    const struct option *option = &node->class->options[idx];
    const struct value *value = &node->values[idx];
    const char *name = dashed(&config->arena, option->key != NULL ? option->key : option->name);
    struct key key = {.stage = option->kind == OPTION_BOOT ? KEY_BOOT : KEY_BUILD,
        .name = node->group != NULL ? arena_text(&config->arena, "%s-%s", node->group, name) : name,
        .type = option->type,
        .choices = option->choices,
        .fallback = value->text != NULL ? value->text : option->fallback,
        .min = option->min,
        .max = option->max,
        .section = node->class->section,
        .doc = option->doc,
        .at = value->at.line != 0 ? value->at : node->at,
        .node = node};
    key.required = key.stage == KEY_BOOT && option->required && key.fallback == NULL;
    if (key.stage == KEY_BUILD) {
        key.env = arena_text(&config->arena, "FATA_BUILD_%s", key.name);
        for (char *at = (char *)(uintptr_t)key.env; *at != '\0'; at++) {
            *at = *at == '-' ? '_' : *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        }
    }
    const struct key *old = key_find(config, key.stage, key.name);
    if (old != NULL) {
        (void)fail_two_keys(config, old, &key);
        return NULL;
    }
    return key_add(config, &key);
}

static bool add_keys(struct config *config, struct node *node)
{
    for (size_t i = 0; i < OPTION_COUNT_MAX && node->class->options[i].name != NULL; i++) {
        const struct option *option = &node->class->options[i];
        const bool attached = option->hosted && target_is(config, "spt");
        if ((option->kind != OPTION_BOOT && option->kind != OPTION_BUILD) || attached) {
            continue;
        }
        node->keys[i] = node->values[i].kind == VALUE_KEY ? reach_key(config, node->values[i].key)
                                                          : add_option_key(config, node, i);
        if (node->keys[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool visit(struct config *config, struct node *node, struct way *way);

static bool visit_for(
    struct config *config, struct node *owner, struct node *node, struct place at, struct way *way)
{
    const struct signature_info *provides = &signatures[node->class->provides];
    if (node->color == ON_THE_WAY) {
        return fail_circle(config, way, node);
    }
    if (provides->exclusive && node->owner != NULL && node->owner != owner) {
        return config_fail(config, at,
            "this %s (%s, line %u) is given to two devices, but it can have one owner; make a "
            "second one",
            provides->name, node->class->word, node->at.line);
    }
    node->owner = owner;
    return visit(config, node, way);
}

/* A stack without a card gets the usual one, in its own group. */
static bool add_default_net(struct config *config, struct node *node, struct value *value)
{
    if (config->node_count == NODE_COUNT_MAX) {
        return config_fail(config, node->at, "there are more than %d devices", NODE_COUNT_MAX);
    }
    struct node *net = arena_take(&config->arena, sizeof *net);
    net->class = &device_classes[0];
    FA_ASSERT(strcmp(net->class->word, "net.default") == 0);
    net->at = node->at;
    net->group = node->group;
    config->nodes[config->node_count++] = net;
    *value = (struct value){.kind = VALUE_DEVICE, .at = node->at, .node = net};
    return true;
}

static bool fail_missing(
    struct config *config, const struct node *node, const struct option *option)
{
    if (option->kind == OPTION_DEVICE) {
        return config_fail(config, node->at, "%s needs `%s`, %s: %s, made by %s", node->class->word,
            option->name, option->doc, signatures[option->wants].article,
            words_for(&config->arena, option->wants));
    }
    return config_fail(
        config, node->at, "%s needs `%s`: %s", node->class->word, option->name, option->doc);
}

static bool visit_options(struct config *config, struct node *node, struct way *way)
{
    for (size_t i = 0; i < OPTION_COUNT_MAX && node->class->options[i].name != NULL; i++) {
        const struct option *option = &node->class->options[i];
        struct value *value = &node->values[i];
        bool missing = value->kind == VALUE_NONE;
        if (missing && node->class->provides == SIG_STACK && option->wants == SIG_NET) {
            if (!add_default_net(config, node, value)) {
                return false;
            }
        } else if (missing && option->required && option->kind != OPTION_BOOT) {
            return fail_missing(config, node, option);
        }
        if (value->kind == VALUE_DEVICE && !visit_for(config, node, value->node, value->at, way)) {
            return false;
        }
        for (size_t r = 0; r < value->route_count; r++) {
            struct route *route = &value->routes[r];
            if (route->content != NULL &&
                !visit_for(config, node, route->content, route->at, way)) {
                return false;
            }
        }
    }
    return true;
}

static bool check_http(struct config *config, const struct node *node)
{
    const struct value *routes = node_value(node, "routes");
    bool content = node_value(node, "content")->kind != VALUE_NONE;
    if (!content && routes->route_count == 0) {
        return config_fail(config, node->at,
            "http has nothing to serve: give it content = kv.embed \"FOLDER\", or routes = { "
            "[\"/\"] = \"FUNCTION\" }");
    }
    const struct route *last =
        routes->route_count != 0 ? &routes->routes[routes->route_count - 1] : NULL;
    if (content && last != NULL && strcmp(last->path, "/") == 0) {
        return config_fail(config, routes->at,
            "`content` and the route \"/\" both serve what is below /; keep one of them");
    }
    return true;
}

static bool check_node(struct config *config, const struct node *node)
{
    if (!target_fits(config, node->class)) {
        return config_fail(config, node->at,
            "%s is not there for the target %s, only for %s; choose by a configure.choice",
            node->class->word, config->target->value, node->class->targets);
    }
    if (strcmp(node->class->word, "net.switch") == 0) {
        unsigned long count = strtoul(node_text(node, "addresses"), NULL, 10);
        if (count == 0 || count % 4 != 0) {
            return config_fail(config, node->at,
                "`addresses` of net.switch must be a multiple of 4, not %lu", count);
        }
    }
    return node->class->provides != SIG_HTTP || check_http(config, node);
}

static bool visit(struct config *config, struct node *node, struct way *way)
{
    if (node->color == DONE) {
        return true;
    }
    FA_ASSERT(way->count < NODE_COUNT_MAX);
    node->color = ON_THE_WAY;
    way->nodes[way->count++] = node;
    if (!check_node(config, node) || !visit_options(config, node, way)) {
        return false;
    }
    way->count--;
    node->color = DONE;
    node->id = new_id(config, node);
    config->order[config->order_count++] = node;
    return add_keys(config, node) && (!node_is_attached(node) || name_attached(config, node));
}

static bool check_settings(struct config *config)
{
    for (size_t i = 0; i < config->setting_count; i++) {
        const struct setting *setting = &config->settings[i];
        if (setting->used || strcmp(setting->source, "remembered") == 0) {
            continue;
        }
        struct nearest nearest = {0};
        for (size_t k = 0; k < config->key_count; k++) {
            if (config->keys[k]->stage == KEY_BUILD) {
                nearest_offer(&nearest, setting->name, config->keys[k]->name);
            }
        }
        config->diag.outside = true;
        if (nearest.word != NULL) {
            return config_fail(config, (struct place){0},
                "there is no configure-time key --%s; did you mean --%s?", setting->name,
                nearest.word);
        }
        const struct key *boot = key_find(config, KEY_BOOT, setting->name);
        return config_fail(config, (struct place){0}, "there is no configure-time key --%s%s",
            setting->name,
            boot != NULL ? "; it is a boot-time key: give it to the image, behind --"
                         : "; `fata describe` lists those there are");
    }
    return true;
}

static bool check_unikernel(struct config *config)
{
    if (config->job_count == 0 && config->main == NULL) {
        return config_fail(config, config->at,
            "the unikernel does nothing: give it http { ... }, or main = \"%s_main\" with sources "
            "= "
            "{ \"%s.c\" }",
            config->id, config->name);
    }
    if (config->main != NULL && config->source_count == 0) {
        return config_fail(config, config->main_at,
            "`main` names the C function %s, but there are no sources: write sources = { \"%s.c\" "
            "}",
            config->main, config->name);
    }
    return true;
}

static bool add_logs_key(struct config *config)
{
    static const struct key logs = {.stage = KEY_BOOT,
        .name = "logs",
        .type = &fa_boot_logs,
        .section = "image",
        .doc = "what is logged; also -l LEVELS"};
    return key_add(config, &logs) != NULL;
}

bool graph_check(struct config *config)
{
    struct way way = {0};
    if (!check_unikernel(config)) {
        return false;
    }
    for (size_t i = 0; i < config->job_count; i++) {
        if (!visit_for(config, NULL, config->jobs[i], config->jobs[i]->at, &way)) {
            return false;
        }
    }
    /* The C code owns what it is handed: a node of its own stands for it. */
    static struct node code;
    for (size_t i = 0; i < config->field_count; i++) {
        struct field *field = &config->fields[i];
        if (field->value.kind == VALUE_KEY) {
            field->value.key = reach_key(config, field->value.key);
            if (field->value.key == NULL) {
                return false;
            }
        } else if (!visit_for(config, &code, field->value.node, field->at, &way)) {
            return false;
        }
    }
    if (config->late.set) {
        config->diag = config->late;
        return false;
    }
    if (!add_logs_key(config) || !check_settings(config)) {
        return false;
    }
    if (config->version == NULL) {
        config->version = "0";
    }
    size_t boot_count = 0;
    for (size_t i = 0; i < config->key_count; i++) {
        boot_count += config->keys[i]->stage == KEY_BOOT;
    }
    return boot_count <= FA_BOOT_KEY_COUNT_MAX ||
           config_fail(
               config, config->at, "there are more than %d boot-time keys", FA_BOOT_KEY_COUNT_MAX);
}
