// SPDX-License-Identifier: ISC
//
// Running a fata.lua: a Lua without files, processes, bytecode or endless loops.
//
// What a file can use up is bounded: memory by the allocator, steps and processor time by a hook.
// pcall is not there because it would swallow the hook's error; patterns are not because one call
// of them can take for ever; pairs goes in order so that the same file always says the same.

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua_words.h"

enum {
    HOOK_STEPS = 1000, /* between two looks at the limits */
};

/* What one run has used. */
struct limits {
    size_t bytes;
    uint64_t steps;
    clock_t started;
};

static void *take_limited(void *ctx, void *at, size_t old_len, size_t new_len)
{
    struct limits *limits = ctx;
    size_t old = at != NULL ? old_len : 0;
    if (new_len == 0) {
        free(at);
        limits->bytes -= old;
        return NULL;
    }
    if (new_len > old && limits->bytes + (new_len - old) > LUA_BYTES_MAX) {
        return NULL;
    }
    void *moved = realloc(at, new_len);
    if (moved != NULL) {
        limits->bytes += new_len - old;
    }
    return moved;
}

static void check_limits(lua_State *lua, lua_Debug *debug)
{
    void *ctx;
    (void)lua_getallocf(lua, &ctx);
    struct limits *limits = ctx;
    limits->steps += HOOK_STEPS;
    bool slow = clock() - limits->started > LUA_SECONDS_MAX * CLOCKS_PER_SEC;
    if (limits->steps > LUA_STEPS_MAX || slow) {
        lua_getinfo(lua, "Sl", debug);
        struct place at = {debug->currentline > 0 ? (unsigned)debug->currentline : 0, 0, 0};
        lua_fail(lua, at,
            "this takes too long: a configuration may run for %d million steps and %d s; is a "
            "loop without an end here?",
            LUA_STEPS_MAX / 1000000, LUA_SECONDS_MAX);
    }
}

struct config *lua_config(lua_State *lua)
{
    return *(struct config **)lua_getextraspace(lua);
}

int lua_fail(lua_State *lua, struct place at, const char *format, ...)
{
    struct config *config = lua_config(lua);
    va_list args;
    va_start(args, format);
    char sentence[sizeof config->diag.sentence];
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    (void)config_fail(config, at, "%s", sentence);
    lua_pushlightuserdata(lua, config);
    return lua_error(lua);
}

unsigned lua_line(lua_State *lua)
{
    lua_Debug debug;
    if (lua_getstack(lua, 1, &debug) == 0 || lua_getinfo(lua, "Sl", &debug) == 0) {
        return 0;
    }
    return debug.currentline > 0 ? (unsigned)debug.currentline : 0;
}

/* ---- pairs in order ------------------------------------------------------------------------- */

static int compare_keys(lua_State *lua, int a, int b)
{
    bool a_number = lua_type(lua, a) == LUA_TNUMBER;
    bool b_number = lua_type(lua, b) == LUA_TNUMBER;
    if (a_number != b_number) {
        return a_number ? -1 : 1;
    }
    if (a_number) {
        return lua_compare(lua, a, b, LUA_OPLT) ? -1 : 1;
    }
    return strcmp(lua_tostring(lua, a), lua_tostring(lua, b));
}

/* The smallest key above the last one: quadratic, but tables of a configuration are small, and
 * the hook watches the clock. */
static int next_in_order(lua_State *lua)
{
    lua_settop(lua, 2);
    lua_pushnil(lua); /* 3: the best so far */
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
        lua_pop(lua, 1);
        bool plain = lua_type(lua, 4) == LUA_TSTRING || lua_type(lua, 4) == LUA_TNUMBER;
        bool above = plain && (lua_isnil(lua, 2) || compare_keys(lua, 4, 2) > 0);
        bool below = above && (lua_isnil(lua, 3) || compare_keys(lua, 4, 3) < 0);
        if (below && !(!lua_isnil(lua, 2) && lua_rawequal(lua, 4, 2))) {
            lua_pushvalue(lua, 4);
            lua_replace(lua, 3);
        }
    }
    if (lua_isnil(lua, 3)) {
        return 1;
    }
    lua_pushvalue(lua, 3);
    lua_rawget(lua, 1);
    return 2;
}

static int pairs_in_order(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushcfunction(lua, next_in_order);
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

static void keep_only(lua_State *lua, const char *const *names)
{
    lua_newtable(lua);
    for (; *names != NULL; names++) {
        lua_getfield(lua, -2, *names);
        lua_setfield(lua, -2, *names);
    }
    lua_remove(lua, -2);
}

static void open_sandbox(lua_State *lua)
{
    static const char *const base[] = {
        "assert", "error", "ipairs", "select", "tonumber", "tostring", "type", NULL};
    static const char *const text[] = {
        "byte", "char", "format", "len", "lower", "rep", "reverse", "sub", "upper", NULL};
    static const char *const tables[] = {"concat", "insert", "remove", "unpack", NULL};
    static const char *const numbers[] = {"abs", "ceil", "floor", "huge", "max", "maxinteger",
        "min", "mininteger", "tointeger", "type", NULL};
    luaL_requiref(lua, "_G", luaopen_base, 0);
    keep_only(lua, base); /* the environment, left on the stack */
    lua_pushcfunction(lua, pairs_in_order);
    lua_setfield(lua, -2, "pairs");
    static const struct {
        const char *name;
        lua_CFunction open;
        const char *const *names;
    } libraries[] = {{"string", luaopen_string, text}, {"table", luaopen_table, tables},
        {"math", luaopen_math, numbers}};
    for (size_t i = 0; i < 3; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].open, 0);
        keep_only(lua, libraries[i].names);
        lua_setfield(lua, -2, libraries[i].name);
    }
    /* ("x"):rep() goes by the metatable of texts: only what is kept. */
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_getfield(lua, -3, "string");
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 2);
}

/* ---- errors of Lua itself ----------------------------------------------------------------------
 */

/* "fata.lua:12: words" becomes a place and the words; the token they end in gets the caret. */
static void take_lua_error(struct config *config, const char *message)
{
    struct place at = {0};
    const char *words = message;
    size_t path_len = strlen(config->path);
    if (strncmp(message, config->path, path_len) == 0 && message[path_len] == ':') {
        char *end;
        at.line = (unsigned)strtoul(message + path_len + 1, &end, 10);
        words = *end == ':' ? end + 1 + (end[1] == ' ') : end;
    }
    const char *near = strstr(words, " near '");
    const char *named = near != NULL ? near + 7 : strchr(words, '\'');
    if (named != NULL) {
        named += near == NULL;
        const char *end = near != NULL ? strrchr(named, '\'') : strchr(named, '\'');
        if (end != NULL && end > named) {
            at = tokens_find(
                config, at.line, arena_text(&config->arena, "%.*s", (int)(end - named), named));
        }
    }
    (void)config_fail(config, at, "%s", words[0] != '\0' ? words : "an error without words");
}

static bool run(lua_State *lua, struct config *config)
{
    if (config->source_len != 0 && config->source[0] == LUA_SIGNATURE[0]) {
        return config_fail(config, (struct place){0},
            "this is compiled Lua, and fata reads nothing but Lua's text");
    }
    const char *chunk = arena_text(&config->arena, "=%s", config->path);
    int status = luaL_loadbufferx(lua, config->source, config->source_len, chunk, "t");
    if (status == LUA_OK) {
        lua_pushvalue(lua, 1);
        lua_setupvalue(lua, -2, 1);
        status = lua_pcall(lua, 0, 1, 0);
    }
    if (status == LUA_OK) {
        return true;
    }
    if (config->diag.set) {
        return false;
    }
    if (status == LUA_ERRMEM) {
        return config_fail(config, (struct place){0},
            "this needs too much memory: a configuration may use %d MiB", LUA_BYTES_MAX >> 20);
    }
    const char *message = lua_tostring(lua, -1);
    take_lua_error(config, message != NULL ? message : "an error that is not a text was raised");
    return false;
}

/* Opening can run out of memory too, so it is done where that is caught. */
static int prepare(lua_State *lua)
{
    open_sandbox(lua);
    words_open(lua);
    return 1;
}

bool config_evaluate(struct config *config)
{
    struct limits limits = {.started = clock()};
    tokens_read(config);
    lua_State *lua = lua_newstate(take_limited, &limits);
    FA_ASSERT(lua != NULL);
    *(struct config **)lua_getextraspace(lua) = config;
    lua_pushcfunction(lua, prepare);
    int opened = lua_pcall(lua, 0, 1, 0);
    FA_ASSERT(opened == LUA_OK);
    lua_sethook(lua, check_limits, LUA_MASKCOUNT, HOOK_STEPS);
    bool good = words_add_target(config) && run(lua, config) && words_check_result(lua);
    lua_close(lua);
    return good && graph_check(config);
}

void config_done(struct config *config)
{
    arena_free(&config->arena);
    *config = (struct config){0};
}

/* ---- the one error -----------------------------------------------------------------------------
 */

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 127;
}

bool config_fail(struct config *config, struct place at, const char *format, ...)
{
    if (!config->diag.set) {
        va_list args;
        va_start(args, format);
        vsnprintf(config->diag.sentence, sizeof config->diag.sentence, format, args);
        va_end(args);
        /* What a file says must not reach the terminal as commands. */
        for (char *c = config->diag.sentence; *c != '\0'; c++) {
            *c = is_control(*c) ? '?' : *c;
        }
        config->diag.at = at;
        config->diag.set = true;
    }
    return false;
}

static const char *line_of(const struct config *config, unsigned line, int *ret_len)
{
    const char *at = config->source;
    const char *end = at + config->source_len;
    for (unsigned i = 1; i < line && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
    }
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    *ret_len = (int)((newline != NULL ? newline : end) - at);
    return at;
}

void config_complain(const struct config *config, FILE *out)
{
    const struct place *at = &config->diag.at;
    if (config->diag.outside) {
        fprintf(out, "fata: %s\n", config->diag.sentence);
        return;
    }
    if (at->line == 0) {
        fprintf(out, "%s: %s\n", config->path, config->diag.sentence);
        return;
    }
    if (at->column == 0) {
        fprintf(out, "%s:%u: %s\n", config->path, at->line, config->diag.sentence);
    } else {
        fprintf(out, "%s:%u:%u: %s\n", config->path, at->line, at->column, config->diag.sentence);
    }
    int len;
    const char *line = line_of(config, at->line, &len);
    int gutter = fprintf(out, "%5u | ", at->line);
    for (int i = 0; i < len; i++) {
        fputc(is_control(line[i]) && line[i] != '\t' ? '?' : line[i], out);
    }
    fputc('\n', out);
    if (at->column == 0) {
        return;
    }
    fprintf(out, "%*s", gutter - 2, "");
    fputs("| ", out);
    for (unsigned i = 0; i + 1 < at->column; i++) {
        fputc(line[i] == '\t' ? '\t' : ' ', out);
    }
    for (unsigned i = 0; i < at->width; i++) {
        fputc(i == 0 ? '^' : '~', out);
    }
    fputc('\n', out);
}
