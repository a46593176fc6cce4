// SPDX-License-Identifier: ISC
//
// The word `unikernel`: the one thing a fata.lua returns.

#include <string.h>

#include "lua_value.h"

static struct place locate(lua_State *lua, const char *option, unsigned item)
{
    struct config *config = lua_config(lua);
    return tokens_locate(config, config->at.line, "unikernel", option, item);
}

int unikernel_word(lua_State *lua)
{
    struct config *config = lua_config(lua);
    unsigned line = lua_line(lua);
    struct place at = tokens_locate(config, line, "unikernel", NULL, 0);
    const char *name = lua_gettop(lua) == 1 ? value_text(lua, 1) : NULL;
    if (name == NULL || !is_key_name(name)) {
        return lua_fail(lua, at,
            "a unikernel has a name in small letters, digits and dashes: unikernel \"www\" { ... "
            "}");
    }
    if (config->name != NULL) {
        return lua_fail(
            lua, at, "there is a unikernel already, on line %u; a file makes one", config->at.line);
    }
    config->name = arena_copy(&config->arena, name);
    config->id = underscored(&config->arena, name);
    config->at = at;
    push_handle(lua, (struct handle){.kind = HANDLE_UNIKERNEL, .line = line});
    return 1;
}

static void take_job(lua_State *lua, unsigned item)
{
    struct config *config = lua_config(lua);
    const struct handle *handle = handle_at(lua, -1);
    struct place at = locate(lua, NULL, item);
    if (handle == NULL || handle->kind != HANDLE_NODE ||
        handle->node->class->provides != SIG_HTTP) {
        lua_fail(lua, at,
            "what a unikernel runs is made by http, not %s; devices for its C code "
            "stand in devices = { ... }",
            value_shown(lua, -1));
        return;
    }
    if (config->job_count == LIST_COUNT_MAX) {
        lua_fail(lua, at, "there are more than %d things to run", LIST_COUNT_MAX);
    }
    config->jobs[config->job_count++] = handle->node;
}

static bool is_source(const char *path)
{
    size_t len = strlen(path);
    bool c_file = len > 2 && strcmp(path + len - 2, ".c") == 0;
    return c_file && path[0] != '/' && strstr(path, "..") == NULL && path[0] != '-' &&
           strpbrk(path, " $:|\"'\\\t") == NULL;
}

static void take_sources(lua_State *lua)
{
    struct config *config = lua_config(lua);
    struct place at = locate(lua, "sources", 0);
    if (lua_type(lua, -1) != LUA_TTABLE) {
        lua_fail(lua, at, "`sources` must be a list of C files, such as { \"%s.c\" }, not %s",
            config->name, value_shown(lua, -1));
    }
    int table = lua_gettop(lua);
    for (struct field_walk walk = {0}; field_next(lua, table, &walk); lua_settop(lua, table)) {
        const char *path = value_text(lua, -1);
        if (walk.name != NULL || path == NULL || !is_source(path)) {
            lua_fail(lua, at,
                "a source is a C file beside or below fata.lua, such as \"%s.c\", not %s",
                config->name, value_shown(lua, -1));
            return;
        }
        if (config->source_count == LIST_COUNT_MAX) {
            lua_fail(lua, at, "there are more than %d sources", LIST_COUNT_MAX);
        }
        config->source_places[config->source_count] = at;
        config->sources[config->source_count++] = arena_copy(&config->arena, path);
    }
}

static void take_field(lua_State *lua, const char *name, struct place at)
{
    struct config *config = lua_config(lua);
    const struct handle *handle = handle_at(lua, -1);
    struct field *field = &config->fields[config->field_count];
    if (!is_c_name(name) || strcmp(name, "loop") == 0) {
        lua_fail(lua, at,
            "the device's name `%s` must be a name in C, and not `loop`, which is "
            "there always",
            name);
    }
    if (config->field_count == LIST_COUNT_MAX) {
        lua_fail(lua, at, "there are more than %d devices here", LIST_COUNT_MAX);
    }
    bool device = handle != NULL && handle->kind == HANDLE_NODE &&
                  handle->node->class->provides != SIG_SWITCH;
    bool key = handle != NULL && handle->kind == HANDLE_KEY;
    if (!device && !key) {
        lua_fail(lua, at,
            "`%s` must be a device or a boot-time key, such as stack() or "
            "boot.text \"%s\", not %s",
            name, name, value_shown(lua, -1));
        return;
    }
    *field = (struct field){.name = arena_copy(&config->arena, name),
        .at = at,
        .value = {.kind = device ? VALUE_DEVICE : VALUE_KEY,
            .at = at,
            .node = handle->node,
            .key = handle->key}};
    config->field_count++;
}

static void take_fields(lua_State *lua)
{
    struct config *config = lua_config(lua);
    struct place at = locate(lua, "devices", 0);
    if (lua_type(lua, -1) != LUA_TTABLE) {
        lua_fail(lua, at, "`devices` must be a table, such as { stack = stack() }, not %s",
            value_shown(lua, -1));
    }
    int table = lua_gettop(lua);
    for (struct field_walk walk = {0}; field_next(lua, table, &walk); lua_settop(lua, table)) {
        if (walk.name == NULL) {
            lua_fail(lua, at, "every device has a name here: write { stack = stack() }");
            return;
        }
        struct place field_at = tokens_find(config, at.line, walk.name);
        take_field(lua, walk.name, field_at.column != 0 ? field_at : at);
    }
}

static const char *take_text(lua_State *lua, const char *name, struct place at)
{
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? value_text(lua, -1) : NULL;
    if (text == NULL) {
        lua_fail(lua, at, "`%s` of unikernel must be a text, not %s", name, value_shown(lua, -1));
    }
    return arena_copy(&lua_config(lua)->arena, text);
}

/* fibers and fiber_stack: the file's value is the default of the key of that name. */
static void take_limit(lua_State *lua, struct key *key, struct place at)
{
    struct config *config = lua_config(lua);
    const char *text = value_text(lua, -1);
    if (text == NULL || !key_accepts(key, text)) {
        lua_fail(lua, at, "`%s` of unikernel must be %s, not %s", key->field,
            key_expects(config, key), value_shown(lua, -1));
    }
    bool settled = strcmp(key->source, "default") != 0;
    key->fallback = arena_copy(&config->arena, text);
    key->value = settled ? key->value : key->fallback;
}

static int set_option(lua_State *lua, const char *name, struct place at)
{
    struct config *config = lua_config(lua);
    static const char *const known[] = {
        "doc", "version", "main", "sources", "devices", "fibers", "fiber_stack"};
    if (strcmp(name, "doc") == 0) {
        config->doc = take_text(lua, name, at);
    } else if (strcmp(name, "version") == 0) {
        config->version = take_text(lua, name, at);
    } else if (strcmp(name, "sources") == 0) {
        take_sources(lua);
    } else if (strcmp(name, "devices") == 0) {
        take_fields(lua);
    } else if (strcmp(name, "fibers") == 0) {
        take_limit(lua, key_find(config, KEY_BUILD, "fibers"), at);
    } else if (strcmp(name, "fiber_stack") == 0) {
        take_limit(lua, key_find(config, KEY_BUILD, "fiber-stack"), at);
    } else if (strcmp(name, "main") == 0) {
        config->main = take_text(lua, name, at);
        config->main_at = at;
        if (!is_c_name(config->main)) {
            return lua_fail(
                lua, at, "`main` is the name of a C function, such as \"%s_main\"", config->id);
        }
    } else {
        struct nearest nearest = {0};
        for (size_t i = 0; i < FA_COUNT_OF(known); i++) {
            nearest_offer(&nearest, name, known[i]);
        }
        return nearest.word != NULL
                   ? lua_fail(lua, at, "unikernel has no option `%s`; did you mean `%s`?", name,
                         nearest.word)
                   : lua_fail(lua, at,
                         "unikernel has no option `%s`; it has doc, version, main, sources, "
                         "devices, "
                         "fibers and fiber_stack",
                         name);
    }
    return 0;
}

int unikernel_fill(lua_State *lua)
{
    struct config *config = lua_config(lua);
    const char *twice = NULL;
    struct place repeated = tokens_repeated(config, config->at.line, "unikernel", &twice);
    if (repeated.line != 0) {
        return lua_fail(lua, repeated, "`%s` is given twice; keep one of them", twice);
    }
    for (struct field_walk walk = {0}; field_next(lua, 2, &walk); lua_settop(lua, 2)) {
        if (walk.name == NULL) {
            take_job(lua, walk.item);
        } else {
            set_option(lua, walk.name, locate(lua, walk.name, 0));
        }
    }
    lua_settop(lua, 1);
    return 1;
}

bool words_add_target(struct config *config)
{
    static const struct key target = {.stage = KEY_BUILD,
        .name = "target",
        .choices = "linux|spt|sim",
        .fallback = "linux",
        .env = "FATA_BUILD_TARGET",
        .doc = "where the image runs: a Linux process, one that a tender starts under a filter, or "
               "the "
               "deterministic simulator"};
    static const struct key fibers = {.stage = KEY_BUILD,
        .name = "fibers",
        .type = &fa_boot_number,
        .min = 1,
        .max = 65536,
        .fallback = "64",
        .env = "FATA_BUILD_FIBERS",
        .doc = "fibers at once"};
    static const struct key stack = {.stage = KEY_BUILD,
        .name = "fiber-stack",
        .type = &fa_boot_size,
        .min = 16 * 1024,
        .max = 16 << 20,
        .fallback = "32KiB",
        .env = "FATA_BUILD_FIBER_STACK",
        .doc = "stack of a fiber"};
    config->target = key_add(config, &target);
    config->fibers = config->target != NULL ? key_add(config, &fibers) : NULL;
    config->fiber_stack = config->fibers != NULL ? key_add(config, &stack) : NULL;
    return config->fiber_stack != NULL;
}

bool words_check_result(lua_State *lua)
{
    struct config *config = lua_config(lua);
    const struct handle *handle = handle_at(lua, -1);
    if (handle != NULL && handle->kind == HANDLE_UNIKERNEL) {
        return true;
    }
    if (config->name != NULL) {
        return config_fail(config, config->at,
            "the unikernel is made but not returned: write `return unikernel \"%s\" { ... }`",
            config->name);
    }
    return config_fail(
        config, (struct place){0}, "the file must end in `return unikernel \"NAME\" { ... }`");
}
