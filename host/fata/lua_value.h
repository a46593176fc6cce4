// SPDX-License-Identifier: ISC
//
// lua_value.h: what a value of fata.lua is, and how it becomes a part of the graph.

#ifndef FATA_LUA_VALUE_H
#define FATA_LUA_VALUE_H

#include "lua_words.h"

#define HANDLE_META "fata.handle"

/* What a word returns. */
enum handle_kind {
    HANDLE_NODE,
    HANDLE_KEY,
    HANDLE_BUILD_KEY,
    HANDLE_UNIKERNEL,
};

struct handle {
    enum handle_kind kind;
    struct node *node;
    struct key *key;
    const char *word; /* "boot.port" */
    unsigned line;
};

void push_handle(lua_State *lua, struct handle handle);

/* The handle at a stack index; NULL: it is something else. */
const struct handle *handle_at(lua_State *lua, int idx);

/* A text, number or truth value as text; NULL: it is something else, too long, or holds a NUL. */
const char *value_text(lua_State *lua, int idx);

/* What the value is, for errors: "the text \"x\"", "a stack (stack)". */
const char *value_shown(lua_State *lua, int idx);

/* Small letters, digits and dashes, a letter first. */
bool is_key_name(const char *name);

/* Take the value on top of the stack as option `idx` of the node. */
void take_option(lua_State *lua, struct node *node, size_t idx, struct place at);

/* Walk a table: unnamed fields in order, then named ones in order of their names, one a call. */
struct field_walk {
    const char *name; /* NULL: without a name, the item-th */
    unsigned item;    /* from 1; 0: it has a name */
    unsigned item_next;
};

/* Leaves the field's value on top of the stack. Returns: false at the end, and pushes nothing. */
bool field_next(lua_State *lua, int table, struct field_walk *walk);

/* unikernel.c: `unikernel "name"`, and the table behind it. */
int unikernel_word(lua_State *lua);
int unikernel_fill(lua_State *lua);

#endif
