// SPDX-License-Identifier: ISC
//
// Values of fata.lua: telling them apart, naming them in errors, taking them as options.

#include <ctype.h>
#include <string.h>

#include <lauxlib.h>

#include "lua_value.h"

void push_handle(lua_State *lua, struct handle handle)
{
    struct handle *at = lua_newuserdatauv(lua, sizeof *at, 0);
    *at = handle;
    luaL_setmetatable(lua, HANDLE_META);
}

const struct handle *handle_at(lua_State *lua, int idx)
{
    return luaL_testudata(lua, idx, HANDLE_META);
}

const char *value_text(lua_State *lua, int idx)
{
    struct config *config = lua_config(lua);
    switch (lua_type(lua, idx)) {
    case LUA_TSTRING: {
        size_t len;
        const char *text = lua_tolstring(lua, idx, &len);
        return text_is_plain(text, len) ? text : NULL;
    }
    case LUA_TNUMBER: {
        int whole;
        lua_Integer number = lua_tointegerx(lua, idx, &whole);
        return whole ? arena_text(&config->arena, "%lld", (long long)number) : NULL;
    }
    case LUA_TBOOLEAN:
        return lua_toboolean(lua, idx) ? "true" : "false";
    default:
        return NULL;
    }
}

const char *value_shown(lua_State *lua, int idx)
{
    struct arena *arena = &lua_config(lua)->arena;
    const struct handle *handle = handle_at(lua, idx);
    const char *text = value_text(lua, idx);
    if (handle != NULL && handle->kind == HANDLE_NODE) {
        const struct device_class *class = handle->node->class;
        return arena_text(arena, "%s (%s)", signatures[class->provides].article, class->word);
    }
    if (handle != NULL && handle->key != NULL) {
        return arena_text(arena, "%s \"%s\"", handle->word, handle->key->name);
    }
    if (handle != NULL) {
        return "unikernel";
    }
    if (lua_type(lua, idx) == LUA_TSTRING) {
        return text != NULL && strlen(text) <= 60 ? arena_text(arena, "\"%s\"", text) : "this text";
    }
    if (lua_type(lua, idx) == LUA_TTABLE || lua_type(lua, idx) == LUA_TFUNCTION) {
        return lua_type(lua, idx) == LUA_TTABLE ? "a table" : "a function";
    }
    return text != NULL ? text : lua_isnil(lua, idx) ? "nothing" : "this";
}

bool is_key_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > FA_BOOT_NAME_MAX || !islower((unsigned char)name[0])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) &&
            name[i] != '-') {
            return false;
        }
    }
    return name[len - 1] != '-';
}

static void take_device(lua_State *lua, struct value *value, const struct option *option,
    const char *word, struct place at)
{
    const struct handle *handle = handle_at(lua, -1);
    const struct signature_info *wants = &signatures[option->wants];
    if (handle == NULL || handle->kind != HANDLE_NODE ||
        handle->node->class->provides != option->wants) {
        lua_fail(lua, at, "`%s` of %s must be %s, not %s; %s is made by %s", option->name, word,
            wants->article, value_shown(lua, -1), wants->article,
            words_for(&lua_config(lua)->arena, option->wants));
        return;
    }
    *value = (struct value){.kind = VALUE_DEVICE, .at = at, .node = handle->node};
}

static void take_scalar(lua_State *lua, struct value *value, const struct option *option,
    const char *word, struct place at)
{
    struct config *config = lua_config(lua);
    const struct handle *handle = handle_at(lua, -1);
    struct key kind = {.name = option->name,
        .type = option->type,
        .choices = option->choices,
        .min = option->min,
        .max = option->max};
    if (handle != NULL && handle->kind == HANDLE_KEY && option->kind == OPTION_BOOT) {
        if (handle->key->type != option->type) {
            lua_fail(lua, at, "`%s` of %s wants a boot.%s, not %s", option->name, word,
                option->type->name, value_shown(lua, -1));
        }
        *value = (struct value){.kind = VALUE_KEY, .at = at, .key = handle->key};
        return;
    }
    if (handle != NULL && handle->kind == HANDLE_KEY) {
        lua_fail(lua, at,
            "`%s` of %s is settled before the image boots: write a value or a "
            "configure.%s, not %s",
            option->name, word, option->type != NULL ? option->type->name : "choice",
            value_shown(lua, -1));
    }
    const char *text = value_text(lua, -1);
    if (text == NULL || !key_accepts(&kind, text)) {
        lua_fail(lua, at, "`%s` of %s must be %s, not %s", option->name, word,
            key_expects(config, &kind), value_shown(lua, -1));
    }
    *value = (struct value){.kind = VALUE_TEXT, .at = at, .text = arena_copy(&config->arena, text)};
}

static bool is_method(const char *name, size_t len)
{
    static const char *const methods[] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < FA_COUNT_OF(methods); i++) {
        if (strlen(methods[i]) == len && memcmp(methods[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

/* "GET|POST /form": the methods, or NULL where only a path stands. Returns: the path. */
static const char *split_methods(struct arena *arena, const char *text, const char **ret_methods)
{
    FA_ASSERT(text != NULL);
    const char *space = strchr(text, ' ');
    *ret_methods = NULL;
    if (space == NULL) {
        return text;
    }
    for (const char *at = text; at < space;) {
        size_t len = strcspn(at, "| ");
        if (!is_method(at, len)) {
            return text;
        }
        at += len + (at[len] == '|');
    }
    *ret_methods = arena_text(arena, "%.*s", (int)(space - text), text);
    return space + 1;
}

static void take_route(lua_State *lua, struct route *route, const char *text, struct place at)
{
    struct config *config = lua_config(lua);
    const struct handle *handle = handle_at(lua, -1);
    *route = (struct route){.at = at};
    route->path = arena_copy(&config->arena, split_methods(&config->arena, text, &route->methods));
    const char *path = route->path;
    if (path[0] != '/' || strstr(path, "//") != NULL || strpbrk(path, "\"\\?#% ") != NULL) {
        lua_fail(lua, at,
            "a route is a plain path, such as [\"/docs/\"] or [\"POST /form\"], not \"%s\"", text);
    }
    if (handle != NULL && handle->kind == HANDLE_NODE && handle->node->class->provides == SIG_KV) {
        route->content = handle->node;
        if (path[strlen(path) - 1] != '/') {
            lua_fail(
                lua, at, "content is served below a path that ends in /: write [\"%s/\"]", path);
        }
        return;
    }
    const char *name = lua_type(lua, -1) == LUA_TSTRING ? value_text(lua, -1) : NULL;
    if (name == NULL || !is_c_name(name)) {
        lua_fail(lua, at,
            "the route \"%s\" must go to a C function's name or to a key-value store, not to %s",
            text, value_shown(lua, -1));
        return;
    }
    route->handler = arena_copy(&config->arena, name);
}

/* Bytes of a path before its first parameter. */
static size_t fixed_len(const char *path)
{
    const char *parameter = strstr(path, "/:");
    return parameter == NULL ? strlen(path) : (size_t)(parameter - path) + 1;
}

/* The more particular path first: exact ones, then the longer before a parameter, then the longer.
 */
static bool goes_before(const struct route *a, const struct route *b)
{
    size_t a_len = strlen(a->path);
    size_t b_len = strlen(b->path);
    bool a_exact = a->path[a_len - 1] != '/';
    bool b_exact = b->path[b_len - 1] != '/';
    if (a_exact != b_exact) {
        return a_exact;
    }
    size_t a_fixed = fixed_len(a->path);
    size_t b_fixed = fixed_len(b->path);
    if (a_fixed != b_fixed) {
        return a_fixed > b_fixed;
    }
    return a_len != b_len ? a_len > b_len : strcmp(a->path, b->path) < 0;
}

static void take_routes(lua_State *lua, struct value *value, const char *word, struct place at)
{
    struct config *config = lua_config(lua);
    if (lua_type(lua, -1) != LUA_TTABLE) {
        lua_fail(lua, at, "`routes` of %s must be a table, such as { [\"/\"] = \"greet\" }, not %s",
            word, value_shown(lua, -1));
    }
    struct route *routes = arena_take(&config->arena, LIST_COUNT_MAX * sizeof *routes);
    size_t count = 0;
    int table = lua_gettop(lua);
    for (struct field_walk walk = {0}; field_next(lua, table, &walk); lua_settop(lua, table)) {
        if (walk.name == NULL || count == LIST_COUNT_MAX) {
            lua_fail(lua, at,
                walk.name == NULL ? "every route has a path: write [\"/\"] = \"greet\""
                                  : "there are too many routes");
        }
        struct route route;
        take_route(lua, &route, walk.name, at);
        size_t idx = count++;
        for (; idx > 0 && goes_before(&route, &routes[idx - 1]); idx--) {
            routes[idx] = routes[idx - 1];
        }
        routes[idx] = route;
    }
    *value = (struct value){.kind = VALUE_ROUTES, .at = at, .routes = routes, .route_count = count};
}

void take_option(lua_State *lua, struct node *node, size_t idx, struct place at)
{
    const struct option *option = &node->class->options[idx];
    struct value *value = &node->values[idx];
    const char *word = node->class->word;
    switch (option->kind) {
    case OPTION_DEVICE:
        take_device(lua, value, option, word, at);
        return;
    case OPTION_ROUTES:
        take_routes(lua, value, word, at);
        return;
    default:
        take_scalar(lua, value, option, word, at);
    }
}

/* The smallest name above the last one. Quadratic, but the hook does not run here: so the table is
 * bounded first. */
static bool next_name(lua_State *lua, int table, const char **name)
{
    const char *best = NULL;
    lua_pushnil(lua);
    while (lua_next(lua, table) != 0) {
        lua_pop(lua, 1);
        const char *key = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : NULL;
        bool above = key != NULL && (*name == NULL || strcmp(key, *name) > 0);
        if (above && (best == NULL || strcmp(key, best) < 0)) {
            best = key;
        }
    }
    *name = best;
    return best != NULL;
}

static void check_size(lua_State *lua, int table)
{
    unsigned count = 0;
    lua_pushnil(lua);
    while (lua_next(lua, table) != 0) {
        lua_pop(lua, 1);
        count++;
        int type = lua_type(lua, -1);
        if (count > 2 * LIST_COUNT_MAX || (type != LUA_TSTRING && !lua_isinteger(lua, -1))) {
            struct place at = {lua_line(lua), 0, 0};
            lua_fail(lua, at,
                count > 2 * LIST_COUNT_MAX ? "this table has too many fields"
                                           : "a field's name must be a text");
        }
    }
}

bool field_next(lua_State *lua, int table, struct field_walk *walk)
{
    if (walk->item_next == 0) {
        check_size(lua, table);
        walk->item_next = 1;
    }
    if (walk->name == NULL) {
        if (lua_rawgeti(lua, table, walk->item_next) != LUA_TNIL) {
            walk->item = walk->item_next++;
            return true;
        }
        lua_pop(lua, 1);
        walk->item = 0;
    }
    if (!next_name(lua, table, &walk->name)) {
        return false;
    }
    lua_pushstring(lua, walk->name);
    lua_rawget(lua, table);
    return true;
}
