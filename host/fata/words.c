// SPDX-License-Identifier: ISC
//
// The words of fata.lua that are functions: they check what they are given and build the graph.
//
// Every device word is one closure over its row in classes.c. What a word returns is a handle; a
// handle can be called with a table (`boot.port "port" { ... }`) or have an option set later
// (`s.net = ...`). Fields of a handle cannot be read: a configuration says, it does not ask.

#include <ctype.h>
#include <string.h>

#include <lauxlib.h>

#include "lua_value.h"
#include "lua_words.h"

static const struct fa_boot_type *const value_types[] = {&fa_boot_flag, &fa_boot_number,
    &fa_boot_text, &fa_boot_port, &fa_boot_duration, &fa_boot_size, &fa_boot_ip, &fa_boot_address};

/* ---- devices --------------------------------------------------------------------------------- */

static void set_group(lua_State *lua, struct node *node, struct place at)
{
    const char *group = value_text(lua, -1);
    if (group == NULL || !is_key_name(group)) {
        lua_fail(lua, at,
            "`group` of %s must be a short name in small letters, such as \"management\"",
            node->class->word);
    }
    node->group = arena_copy(&lua_config(lua)->arena, group);
}

/* Set the option called `name` to the value on top of the stack. */
static void set_option(lua_State *lua, struct node *node, const char *name, struct place at)
{
    if (strcmp(name, "group") == 0) {
        set_group(lua, node, at);
        return;
    }
    size_t idx = 0;
    const struct option *option = class_option(node->class, name, &idx);
    if (option == NULL) {
        struct nearest nearest = {0};
        const char *list = "";
        for (size_t i = 0; i < OPTION_COUNT_MAX && node->class->options[i].name != NULL; i++) {
            const char *known = node->class->options[i].name;
            nearest_offer(&nearest, name, known);
            list = arena_text(&lua_config(lua)->arena, "%s%s, ", list, known);
        }
        nearest_offer(&nearest, name, "group");
        if (nearest.word != NULL) {
            lua_fail(lua, at, "%s has no option `%s`; did you mean `%s`?", node->class->word, name,
                nearest.word);
        }
        lua_fail(
            lua, at, "%s has no option `%s`; it has %sand group", node->class->word, name, list);
        return;
    }
    take_option(lua, node, idx, at);
}

/* Fill a node from the table at the top of the stack. */
static void fill_node(lua_State *lua, struct node *node)
{
    struct config *config = lua_config(lua);
    const char *word = node->class->word;
    unsigned line = node->at.line;
    const char *twice = NULL;
    struct place repeated = tokens_repeated(config, line, word, &twice);
    if (repeated.line != 0) {
        lua_fail(lua, repeated, "`%s` is given twice in one %s; keep one of them", twice, word);
    }
    int table = lua_gettop(lua);
    for (struct field_walk walk = {0}; field_next(lua, table, &walk);) {
        if (walk.name == NULL) {
            struct place at = tokens_locate(config, line, word, NULL, walk.item);
            if (walk.item != 1 || node->class->lead == NULL) {
                lua_fail(lua, at, "everything in %s has a name: write `name = value`", word);
            }
            set_option(lua, node, node->class->lead, at);
        } else {
            set_option(lua, node, walk.name, tokens_locate(config, line, word, walk.name, 0));
        }
        lua_settop(lua, table);
    }
}

static struct node *make_node(lua_State *lua, const struct device_class *class, unsigned line)
{
    struct config *config = lua_config(lua);
    struct place at = tokens_locate(config, line, class->word, NULL, 0);
    if (config->node_count == NODE_COUNT_MAX) {
        lua_fail(lua, at, "there are more than %d devices", NODE_COUNT_MAX);
    }
    struct node *node = arena_take(&config->arena, sizeof *node);
    node->class = class;
    node->at = at;
    config->nodes[config->node_count++] = node;
    return node;
}

static int device_word(lua_State *lua)
{
    const struct device_class *class = lua_touserdata(lua, lua_upvalueindex(1));
    struct node *node = make_node(lua, class, lua_line(lua));
    int count = lua_gettop(lua);
    bool text = count == 1 && lua_type(lua, 1) == LUA_TSTRING;
    if (count > 1 || (count == 1 && !text && lua_type(lua, 1) != LUA_TTABLE)) {
        return lua_fail(lua, node->at, "%s is given a table: write %s { name = value, ... }",
            class->word, class->word);
    }
    if (text && class->lead == NULL) {
        return lua_fail(lua, node->at, "%s is given a table, not a text: write %s { ... }",
            class->word, class->word);
    }
    if (text) {
        set_option(lua, node, class->lead, node->at);
    } else if (count == 1) {
        fill_node(lua, node);
    }
    push_handle(lua, (struct handle){.kind = HANDLE_NODE, .node = node});
    return 1;
}

/* `handle.option = value` */
static int handle_assign(lua_State *lua)
{
    const struct handle *handle = handle_at(lua, 1);
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    struct place at = tokens_find(lua_config(lua), lua_line(lua), name);
    if (handle == NULL || handle->kind != HANDLE_NODE) {
        return lua_fail(lua, at, "`%s` cannot be set here: only devices have options", name);
    }
    set_option(lua, handle->node, name, at);
    return 0;
}

static int handle_read(lua_State *lua)
{
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    return lua_fail(lua, tokens_find(lua_config(lua), lua_line(lua), name),
        "`%s` cannot be read: options can be set, not asked for", name);
}

/* ---- boot-time keys ---------------------------------------------------------------------------
 */

static struct place locate_key(lua_State *lua, const struct handle *handle, const char *option)
{
    return tokens_locate(lua_config(lua), handle->line, handle->word, option, 0);
}

/* `boot.TYPE "name"` and `configure.TYPE "name"`: a handle that may be called with a table. */
static int key_word(lua_State *lua)
{
    struct config *config = lua_config(lua);
    const struct fa_boot_type *type = lua_touserdata(lua, lua_upvalueindex(1));
    bool boot = lua_toboolean(lua, lua_upvalueindex(2));
    struct handle handle = {.kind = boot ? HANDLE_KEY : HANDLE_BUILD_KEY, .line = lua_line(lua)};
    handle.word = arena_text(
        &config->arena, "%s.%s", boot ? "boot" : "configure", type != NULL ? type->name : "choice");
    struct place at = locate_key(lua, &handle, NULL);
    const char *name = lua_gettop(lua) == 1 ? value_text(lua, 1) : NULL;
    if (name == NULL || !is_key_name(name)) {
        return lua_fail(lua, at,
            "%s wants a name in small letters, digits and dashes: write %s \"name\" { ... }",
            handle.word, handle.word);
    }
    struct key *key = arena_take(&config->arena, sizeof *key);
    key->stage = boot ? KEY_BOOT : KEY_BUILD;
    key->name = arena_copy(&config->arena, name);
    key->type = type;
    key->section = "application";
    key->required = boot;
    key->at = at;
    handle.key = key;
    push_handle(lua, handle);
    return 1;
}

static void set_range(lua_State *lua, struct key *key, const char *name, struct place at)
{
    if (key->type != &fa_boot_number || !lua_isinteger(lua, -1) || lua_tointeger(lua, -1) < 0) {
        lua_fail(lua, at, "`%s` is for numbers, and is a number from 0 on", name);
    }
    *(strcmp(name, "min") == 0 ? &key->min : &key->max) = (uint64_t)lua_tointeger(lua, -1);
}

/* One field of the table behind a key that every kind of key has. Returns: whether it was one. */
static bool set_key_field(
    lua_State *lua, const struct handle *handle, const char *name, struct place at)
{
    struct config *config = lua_config(lua);
    struct key *key = handle->key;
    const char *text = value_text(lua, -1);
    if (strcmp(name, "min") == 0 || strcmp(name, "max") == 0) {
        set_range(lua, key, name, at);
        return true;
    }
    bool is_default = strcmp(name, "default") == 0;
    bool is_doc = strcmp(name, "doc") == 0;
    if (!is_default && !is_doc && strcmp(name, "env") != 0) {
        return false;
    }
    if (text == NULL) {
        lua_fail(lua, at, "`%s` of %s \"%s\" must be a text or number, not %s", name, handle->word,
            key->name, value_shown(lua, -1));
        return true;
    }
    *(is_default ? &key->fallback
        : is_doc ? &key->doc
                 : &key->env) = arena_copy(&config->arena, text);
    return true;
}

static void check_default(lua_State *lua, const struct handle *handle)
{
    struct key *key = handle->key;
    key->required = key->stage == KEY_BOOT && key->fallback == NULL;
    if (key->fallback != NULL && !key_accepts(key, key->fallback)) {
        lua_fail(lua, locate_key(lua, handle, "default"),
            "the default of %s \"%s\" is \"%s\", but it must be %s", handle->word, key->name,
            key->fallback, key_expects(lua_config(lua), key));
    }
}

/* The table of every kind of key but a choice. */
static void take_key_fields(lua_State *lua, const struct handle *handle)
{
    static const char *const known[] = {"default", "doc", "env", "min", "max"};
    for (struct field_walk walk = {0}; field_next(lua, 2, &walk); lua_settop(lua, 2)) {
        struct place at =
            tokens_locate(lua_config(lua), handle->line, handle->word, walk.name, walk.item);
        if (walk.name == NULL) {
            lua_fail(lua, at, "everything in %s has a name: write default = ...", handle->word);
            return;
        }
        if (set_key_field(lua, handle, walk.name, at)) {
            continue;
        }
        struct nearest nearest = {0};
        for (size_t i = 0; i < FA_COUNT_OF(known); i++) {
            nearest_offer(&nearest, walk.name, known[i]);
        }
        if (nearest.word != NULL) {
            lua_fail(lua, at, "%s has no `%s`; did you mean `%s`?", handle->word, walk.name,
                nearest.word);
        }
        lua_fail(lua, at, "%s has no `%s`; it has default, doc, env, min and max", handle->word,
            walk.name);
    }
}

static int call_boot_key(lua_State *lua, const struct handle *handle)
{
    take_key_fields(lua, handle);
    check_default(lua, handle);
    lua_settop(lua, 1);
    return 1;
}

/* ---- configure-time keys: they are settled at once, and what comes back is a plain value
 * --------- */

/* Take the alternatives of a choice: texts, or names of other values. */
static void take_choices(lua_State *lua, const struct handle *handle)
{
    struct config *config = lua_config(lua);
    const char *choices = "";
    for (struct field_walk walk = {0}; field_next(lua, 2, &walk); lua_settop(lua, 2)) {
        const char *name = walk.name != NULL ? walk.name : value_text(lua, -1);
        struct place at = tokens_locate(config, handle->line, handle->word, walk.name, walk.item);
        if (walk.name != NULL && set_key_field(lua, handle, walk.name, at)) {
            continue;
        }
        const char *shown = name != NULL ? dashed(&config->arena, name) : NULL;
        if (shown == NULL || !is_key_name(shown)) {
            lua_fail(lua, at, "an alternative is a name in small letters, or name = value");
        }
        choices =
            arena_text(&config->arena, "%s%s%s", choices, choices[0] != '\0' ? "|" : "", name);
    }
    handle->key->choices = choices;
}

static int push_choice(lua_State *lua, const struct key *key)
{
    lua_getfield(lua, 2, key->value);
    if (lua_isnil(lua, -1)) {
        lua_pushstring(lua, key->value);
    }
    return 1;
}

static int call_build_key(lua_State *lua, const struct handle *handle)
{
    struct config *config = lua_config(lua);
    if (handle->key->type == NULL) {
        take_choices(lua, handle);
    } else {
        take_key_fields(lua, handle);
    }
    if (handle->key->fallback == NULL) {
        return lua_fail(lua, handle->key->at,
            "%s \"%s\" needs a default: write default = ... in it", handle->word,
            handle->key->name);
    }
    check_default(lua, handle);
    if (key_find(config, KEY_BUILD, handle->key->name) != NULL) {
        return lua_fail(lua, handle->key->at, "there are two configure-time keys --%s; rename one",
            handle->key->name);
    }
    const struct key *key = key_add(config, handle->key);
    if (key == NULL) {
        lua_pushlightuserdata(lua, config);
        return lua_error(lua);
    }
    if (key->type == NULL) {
        return push_choice(lua, key);
    }
    if (key->type == &fa_boot_flag) {
        lua_pushboolean(lua, key->value[0] == 't' || key->value[0] == 'y' || key->value[0] == '1');
    } else if (key->type == &fa_boot_number) {
        lua_pushstring(lua, key->value);
        lua_pushinteger(lua, lua_tointeger(lua, -1));
    } else {
        lua_pushstring(lua, key->value);
    }
    return 1;
}

static int handle_call(lua_State *lua)
{
    const struct handle *handle = handle_at(lua, 1);
    bool table = lua_gettop(lua) == 2 && lua_type(lua, 2) == LUA_TTABLE;
    if (handle != NULL && table && handle->kind == HANDLE_UNIKERNEL) {
        return unikernel_fill(lua);
    }
    if (handle != NULL && table && handle->kind == HANDLE_KEY) {
        return call_boot_key(lua, handle);
    }
    if (handle != NULL && table && handle->kind == HANDLE_BUILD_KEY) {
        return call_build_key(lua, handle);
    }
    struct place at = {lua_line(lua), 0, 0};
    if (handle != NULL && handle->kind != HANDLE_NODE) {
        return lua_fail(lua, at, "%s is followed by a table: { ... }", value_shown(lua, 1));
    }
    return lua_fail(
        lua, at, "%s is a device already: its options stand in its own table", value_shown(lua, 1));
}

/* ---- the environment ----------------------------------------------------------------------------
 */

static const char *nearest_field(lua_State *lua, int table, const char *name, const char *prefix)
{
    struct nearest nearest = {0};
    lua_pushnil(lua);
    while (lua_next(lua, table) != 0) {
        lua_pop(lua, 1);
        if (lua_type(lua, -1) == LUA_TSTRING) {
            nearest_offer(&nearest, name, lua_tostring(lua, -1));
        }
    }
    return nearest.word != NULL
               ? arena_text(&lua_config(lua)->arena, "; did you mean %s%s?", prefix, nearest.word)
               : "";
}

/* Words of Lua that a configuration does without. */
static bool is_left_out(const char *name)
{
    static const char *const words[] = {"collectgarbage", "coroutine", "debug", "dofile",
        "getmetatable", "io", "load", "loadfile", "next", "os", "package", "pcall", "print",
        "rawget", "rawset", "require", "setmetatable", "warn", "xpcall"};
    for (size_t i = 0; i < FA_COUNT_OF(words); i++) {
        if (strcmp(words[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* A name that no word has: upvalue 1 is the table of words, upvalue 2 the prefix, "" or "net.". */
static int read_word(lua_State *lua)
{
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    lua_pushvalue(lua, 2);
    lua_rawget(lua, lua_upvalueindex(1));
    if (!lua_isnil(lua, -1)) {
        return 1;
    }
    const char *prefix = lua_tostring(lua, lua_upvalueindex(2));
    struct place at = tokens_find(lua_config(lua), lua_line(lua), name);
    if (prefix[0] == '\0' && is_left_out(name)) {
        return lua_fail(lua, at,
            "`%s` is not there: a fata.lua sees no files, programs or other code, and catches no "
            "errors",
            name);
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    const char *hint = nearest_field(lua, lua_gettop(lua), name, prefix);
    return lua_fail(lua, at, "there is no word `%s%s`%s", prefix, name, hint);
}

static void demand(lua_State *lua, const char *name, const char *version, struct place at)
{
    const char *wanted = value_text(lua, -1);
    int fulfils = wanted != NULL ? version_fulfils(version, wanted) : -1;
    if (fulfils < 0) {
        lua_fail(lua, at, "a demand on a version is such as \">= 0.1\" or \">= 0.1, < 2\", not %s",
            value_shown(lua, -1));
    }
    if (fulfils == 0) {
        lua_fail(lua, at, "this needs %s %s, but %s %s is what is installed", name, wanted, name,
            version);
    }
}

static int write_word(lua_State *lua)
{
    struct config *config = lua_config(lua);
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    unsigned line = lua_line(lua);
    struct place at = tokens_find(config, line, name);
    if (strcmp(name, "fata") == 0) {
        demand(lua, "fata", FATA_VERSION, at);
        return 0;
    }
    if (strcmp(name, "libraries") != 0 || lua_type(lua, 3) != LUA_TTABLE) {
        return lua_fail(
            lua, at, "write `local %s = ...`: only fata and libraries are set without it", name);
    }
    for (struct field_walk walk = {0}; field_next(lua, 3, &walk); lua_settop(lua, 3)) {
        const struct package *package =
            walk.name != NULL ? package_find(config->packages, config->package_count, walk.name)
                              : NULL;
        if (package == NULL) {
            struct nearest nearest = {0};
            for (size_t i = 0; walk.name != NULL && i < config->package_count; i++) {
                nearest_offer(&nearest, walk.name, config->packages[i].name);
            }
            return lua_fail(lua, at, "there is no library `%s`%s%s%s",
                walk.name != NULL ? walk.name : "?", nearest.word != NULL ? "; did you mean `" : "",
                nearest.word != NULL ? nearest.word : "", nearest.word != NULL ? "`?" : "");
        }
        demand(lua, package->name, package->version, at);
    }
    return 0;
}

/* Put the value on top of the stack into the table of words below it, as "net.tap" or "stack". */
static void add_word(lua_State *lua, const char *word)
{
    const char *dot = strchr(word, '.');
    if (dot == NULL) {
        lua_setfield(lua, -2, word);
        return;
    }
    lua_pushlstring(lua, word, (size_t)(dot - word));
    if (lua_rawget(lua, -3) == LUA_TNIL) {
        lua_pop(lua, 1);
        lua_newtable(lua);
        lua_pushlstring(lua, word, (size_t)(dot - word));
        lua_pushvalue(lua, -2);
        lua_rawset(lua, -5);
    }
    lua_pushvalue(lua, -2);
    lua_setfield(lua, -2, dot + 1);
    lua_pop(lua, 2);
}

/* Hide the table on top of the stack behind one that explains what is not there. */
static void guard(lua_State *lua, const char *prefix, lua_CFunction write)
{
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushvalue(lua, -3);
    lua_pushstring(lua, prefix);
    lua_pushcclosure(lua, read_word, 2);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, write);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

static int refuse_write(lua_State *lua)
{
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    return lua_fail(lua, tokens_find(lua_config(lua), lua_line(lua), name),
        "words cannot be changed: write `local %s = ...`", name);
}

void words_open(lua_State *lua)
{
    static const char *const spaces[] = {"net", "tcp", "kv", "blk", "boot", "configure"};
    for (size_t i = 0; i < device_class_count; i++) {
        lua_pushlightuserdata(lua, (void *)(uintptr_t)&device_classes[i]);
        lua_pushcclosure(lua, device_word, 1);
        add_word(lua, device_classes[i].word);
    }
    for (size_t i = 0; i <= FA_COUNT_OF(value_types); i++) {
        bool choice = i == FA_COUNT_OF(value_types);
        const struct fa_boot_type *type = choice ? NULL : value_types[i];
        for (int boot = 0; boot <= (choice ? 0 : 1); boot++) {
            char word[64];
            snprintf(word, sizeof word, "%s.%s", boot ? "boot" : "configure",
                choice ? "choice" : type->name);
            lua_pushlightuserdata(lua, (void *)(uintptr_t)type);
            lua_pushboolean(lua, boot);
            lua_pushcclosure(lua, key_word, 2);
            add_word(lua, word);
        }
    }
    lua_pushcfunction(lua, unikernel_word);
    lua_setfield(lua, -2, "unikernel");
    for (size_t i = 0; i < FA_COUNT_OF(spaces); i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "%s.", spaces[i]);
        lua_getfield(lua, -1, spaces[i]);
        guard(lua, prefix, refuse_write);
        lua_setfield(lua, -2, spaces[i]);
    }
    guard(lua, "", write_word);
    static const luaL_Reg meta[] = {{"__call", handle_call}, {"__newindex", handle_assign},
        {"__index", handle_read}, {NULL, NULL}};
    luaL_newmetatable(lua, HANDLE_META);
    luaL_setfuncs(lua, meta, 0);
    lua_pop(lua, 1);
}
