// SPDX-License-Identifier: ISC
//
// lua_words.h: what config.c, which runs a fata.lua, and words.c, which gives it its words, share.

#ifndef FATA_LUA_WORDS_H
#define FATA_LUA_WORDS_H

#include <lua.h>

#include "model.h"

struct config *lua_config(lua_State *lua);

/* Keep the error for config_complain() and leave Lua. Never returns; `return` it all the same. */
[[gnu::format(printf, 3, 4)]] int lua_fail(
    lua_State *lua, struct place at, const char *format, ...);

/* The line of the file that called the running C function; 0: not known. */
unsigned lua_line(lua_State *lua);

/* Put all words into the environment on top of the stack. */
void words_open(lua_State *lua);

/* Make the keys that every configuration has. */
bool words_add_target(struct config *config);

/* Whether the file returned its unikernel. */
bool words_check_result(lua_State *lua);

#endif
