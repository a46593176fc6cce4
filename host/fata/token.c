// SPDX-License-Identifier: ISC
//
// Lua's words with their lines and columns, so that an error can point at the very option. Lua
// itself remembers lines only. Nothing here decides anything: what is not found has no caret.

#include <ctype.h>
#include <string.h>

#include "model.h"

enum {
    WORD_PARTS_MAX = 3,        /* tokens of "net.tap" */
    REPEATED_CHECKED_MAX = 64, /* fields of a table that are compared with those before them */
};

/* A walk through the text. */
struct cursor {
    const char *at;
    const char *end;
    const char *line_start;
    unsigned line;
};

static void step(struct cursor *cursor)
{
    if (*cursor->at == '\n') {
        cursor->line++;
        cursor->line_start = cursor->at + 1;
    }
    cursor->at++;
}

/* `[[` or `[==[`: how many signs; -1: no long bracket. */
static int long_bracket(const struct cursor *cursor)
{
    const char *at = cursor->at + 1;
    int level = 0;
    while (at < cursor->end && *at == '=') {
        level++;
        at++;
    }
    return at < cursor->end && *at == '[' ? level : -1;
}

static void skip_long(struct cursor *cursor, int level)
{
    for (int i = 0; i < level + 2; i++) {
        step(cursor);
    }
    while (cursor->at < cursor->end) {
        if (*cursor->at == ']') {
            const char *at = cursor->at + 1;
            int signs = 0;
            while (at < cursor->end && *at == '=') {
                signs++;
                at++;
            }
            if (signs == level && at < cursor->end && *at == ']') {
                cursor->at = at + 1;
                return;
            }
        }
        step(cursor);
    }
}

static void skip_quoted(struct cursor *cursor)
{
    char quote = *cursor->at;
    step(cursor);
    while (cursor->at < cursor->end && *cursor->at != quote && *cursor->at != '\n') {
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end) {
            step(cursor);
        }
        step(cursor);
    }
    if (cursor->at < cursor->end && *cursor->at == quote) {
        step(cursor);
    }
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* White space and comments. */
static void skip_nothing(struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        if (isspace((unsigned char)*cursor->at)) {
            step(cursor);
            continue;
        }
        bool comment = cursor->end - cursor->at >= 2 && memcmp(cursor->at, "--", 2) == 0;
        if (!comment) {
            return;
        }
        cursor->at += 2;
        int level = cursor->at < cursor->end && *cursor->at == '[' ? long_bracket(cursor) : -1;
        if (level >= 0) {
            skip_long(cursor, level);
            continue;
        }
        while (cursor->at < cursor->end && *cursor->at != '\n') {
            cursor->at++;
        }
    }
}

static bool next_token(struct cursor *cursor, struct token *ret_token)
{
    skip_nothing(cursor);
    if (cursor->at >= cursor->end) {
        return false;
    }
    *ret_token = (struct token){.kind = TOKEN_SYMBOL,
        .at = cursor->at,
        .line = cursor->line,
        .column = (unsigned)(cursor->at - cursor->line_start) + 1};
    int level = *cursor->at == '[' ? long_bracket(cursor) : -1;
    if (*cursor->at == '"' || *cursor->at == '\'') {
        ret_token->kind = TOKEN_TEXT;
        skip_quoted(cursor);
    } else if (level >= 0) {
        ret_token->kind = TOKEN_TEXT;
        skip_long(cursor, level);
    } else if (is_name_char(*cursor->at)) {
        ret_token->kind = TOKEN_NAME;
        while (cursor->at < cursor->end && is_name_char(*cursor->at)) {
            cursor->at++;
        }
    } else {
        step(cursor);
    }
    ret_token->len = (size_t)(cursor->at - ret_token->at);
    return true;
}

void tokens_read(struct config *config)
{
    for (int pass = 0; pass < 2; pass++) {
        struct cursor cursor = {.at = config->source,
            .end = config->source + config->source_len,
            .line_start = config->source,
            .line = 1};
        struct token token;
        size_t count = 0;
        while (next_token(&cursor, &token)) {
            if (pass == 1) {
                config->tokens[count] = token;
            }
            count++;
        }
        if (pass == 0) {
            config->tokens = arena_take(&config->arena, count * sizeof token);
            config->token_count = count;
        }
    }
}

static bool token_is(const struct config *config, size_t idx, const char *text)
{
    return idx < config->token_count && config->tokens[idx].len == strlen(text) &&
           memcmp(config->tokens[idx].at, text, config->tokens[idx].len) == 0;
}

static struct place place_of(const struct token *first, const struct token *last)
{
    unsigned width =
        first->line == last->line ? last->column + (unsigned)last->len - first->column : 1;
    return (struct place){first->line, first->column, width};
}

/* Whether `word`, such as "net.tap", stands at token `idx`. Returns: its tokens; 0: no. */
static size_t word_at(const struct config *config, size_t idx, const char *word)
{
    char part[64];
    size_t count = 0;
    while (*word != '\0') {
        size_t len = *word == '.' ? 1 : strcspn(word, ".");
        if (len >= sizeof part || count == WORD_PARTS_MAX) {
            return 0;
        }
        memcpy(part, word, len);
        part[len] = '\0';
        if (!token_is(config, idx + count, part)) {
            return 0;
        }
        word += len;
        count++;
    }
    return count;
}

/* The table behind a word: its first token behind '{', or token_count. */
static size_t table_behind(const struct config *config, size_t idx)
{
    if (token_is(config, idx, "(")) {
        idx++;
    }
    if (idx < config->token_count && config->tokens[idx].kind == TOKEN_TEXT) {
        idx++;
    }
    if (token_is(config, idx, ")")) {
        idx++;
    }
    return token_is(config, idx, "{") ? idx + 1 : config->token_count;
}

static int depth_change(const struct config *config, size_t idx)
{
    if (config->tokens[idx].kind != TOKEN_SYMBOL) {
        return 0;
    }
    char c = *config->tokens[idx].at;
    return c == '{' || c == '(' || c == '[' ? 1 : c == '}' || c == ')' || c == ']' ? -1 : 0;
}

/* Whether a field `name =` begins at idx, in either spelling. Returns: the name's token. */
static const struct token *field_at(const struct config *config, size_t idx)
{
    const struct token *token = &config->tokens[idx];
    if (token->kind == TOKEN_NAME && token_is(config, idx + 1, "=") &&
        !token_is(config, idx + 2, "=")) {
        return token;
    }
    if (token_is(config, idx, "[") && token_is(config, idx + 2, "]") &&
        token_is(config, idx + 3, "=")) {
        return token + 1;
    }
    return NULL;
}

static bool names(const struct token *token, const char *name)
{
    size_t quotes = token->kind == TOKEN_TEXT ? 1 : 0;
    return token->len == strlen(name) + 2 * quotes &&
           memcmp(token->at + quotes, name, strlen(name)) == 0;
}

/* Find a named field, or the item-th field without a name, in the table that begins at `idx`. */
static const struct token *find_field(
    const struct config *config, size_t idx, const char *option, unsigned item)
{
    int depth = 0;
    bool fresh = true; /* a field begins here */
    unsigned items = 0;
    for (; idx < config->token_count && depth >= 0; idx++) {
        if (depth == 0 && fresh) {
            const struct token *field = field_at(config, idx);
            bool ends = depth_change(config, idx) < 0;
            items += field == NULL && !ends;
            bool found = option != NULL ? field != NULL && names(field, option)
                                        : field == NULL && !ends && items == item;
            if (found) {
                return option != NULL ? field : &config->tokens[idx];
            }
        }
        fresh = depth == 0 && (token_is(config, idx, ",") || token_is(config, idx, ";"));
        depth += depth_change(config, idx);
    }
    return NULL;
}

struct place tokens_locate(
    const struct config *config, unsigned line, const char *word, const char *option, unsigned item)
{
    struct place found = {line, 0, 0};
    for (size_t i = 0; i < config->token_count && config->tokens[i].line <= line; i++) {
        size_t parts = config->tokens[i].line == line ? word_at(config, i, word) : 0;
        if (parts == 0 || (i > 0 && token_is(config, i - 1, "."))) {
            continue;
        }
        if (found.column == 0) {
            found = place_of(&config->tokens[i], &config->tokens[i + parts - 1]);
        }
        if (option == NULL && item == 0) {
            return found;
        }
        size_t table = table_behind(config, i + parts);
        const struct token *field = find_field(config, table, option, item);
        if (field != NULL) {
            return place_of(field, field);
        }
    }
    return found;
}

struct place tokens_repeated(
    struct config *config, unsigned line, const char *word, const char **ret_name)
{
    for (size_t i = 0; i < config->token_count && config->tokens[i].line <= line; i++) {
        size_t parts = config->tokens[i].line == line ? word_at(config, i, word) : 0;
        size_t table = parts != 0 ? table_behind(config, i + parts) : config->token_count;
        int depth = 0;
        bool fresh = true;
        size_t seen = 0;
        for (size_t at = table; at < config->token_count && depth >= 0; at++) {
            const struct token *field = depth == 0 && fresh ? field_at(config, at) : NULL;
            if (field != NULL && field->kind == TOKEN_NAME && seen++ < REPEATED_CHECKED_MAX) {
                const char *name = arena_text(&config->arena, "%.*s", (int)field->len, field->at);
                if (find_field(config, table, name, 0) != field) {
                    *ret_name = name;
                    return place_of(field, field);
                }
            }
            fresh = depth == 0 && (token_is(config, at, ",") || token_is(config, at, ";"));
            depth += depth_change(config, at);
        }
    }
    return (struct place){0, 0, 0};
}

struct place tokens_find(const struct config *config, unsigned line, const char *text)
{
    for (size_t i = 0; i < config->token_count; i++) {
        const struct token *token = &config->tokens[i];
        if (token->line == line && token->len == strlen(text) &&
            memcmp(token->at, text, token->len) == 0) {
            return place_of(token, token);
        }
    }
    return (struct place){line, 0, 0};
}
