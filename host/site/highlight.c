// SPDX-License-Identifier: ISC
//
// highlight.c: source text with its comments, words, strings and numbers marked
// up. It knows the shape of tokens, not of programs.

#include <ctype.h>
#include <string.h>

#include "host/site/site.h"

struct language {
    const char *names; /* with a space before and behind each */
    const char *line_comment;
    bool block_comments; /* as in C */
    bool directives;     /* as in C */
    const char *words;   /* with a space before and behind each */
};

static const struct language languages[] = {
    {" c h ", "//", true, true,
        " if else for while do switch case default break continue return goto "
        "sizeof struct union "
        "enum typedef static extern const inline volatile void bool char short "
        "int long unsigned "
        "signed float double size_t uint8_t uint16_t uint32_t uint64_t int8_t "
        "int16_t int32_t "
        "int64_t uintptr_t va_list true false NULL "},
    {" lua ", "--", false, false,
        " and break do else elseif end false for function goto if in local nil "
        "not or repeat "
        "return then true until while "},
    {" sh shell bash console make makefile ", "#", false, false,
        " if then else elif fi for in do done while case esac "},
};

struct lexer {
    struct text *text;
    struct site *site;
    struct page *page;
    const struct language *language;
    const char *code;
    size_t len;
    size_t at;
    int line;
    unsigned parens;
    unsigned braces;
    bool line_start; /* only space so far on this line */
};

static const struct language *find_language(const char *name)
{
    char *wanted = make_text(" %s ", name);
    const struct language *found = NULL;
    for (size_t i = 0; i < sizeof languages / sizeof languages[0] && name[0] != '\0'; i++) {
        if (strstr(languages[i].names, wanted) != NULL) {
            found = &languages[i];
        }
    }
    free(wanted);
    return found;
}

static void count_lines(struct lexer *lexer, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        lexer->line += lexer->code[lexer->at + i] == '\n' ? 1 : 0;
    }
}

/* Pass on the next bytes, marked as `class`, which may be NULL. */
static void add_span(struct lexer *lexer, const char *class, size_t len)
{
    if (class != NULL) {
        text_format(lexer->text, "<span class=\"%s\">", class);
    }
    text_add_escaped(lexer->text, lexer->code + lexer->at, len);
    if (class != NULL) {
        text_add(lexer->text, "</span>");
    }
    count_lines(lexer, len);
    lexer->at += len;
}

static bool looks_at(const struct lexer *lexer, const char *text)
{
    size_t len = strlen(text);
    return lexer->len - lexer->at >= len && memcmp(lexer->code + lexer->at, text, len) == 0;
}

/* Bytes to `end`, which may be "\n", from here; to the end of all if it does
 * not come. */
static size_t find_end(const struct lexer *lexer, const char *end)
{
    const char *from = lexer->code + lexer->at;
    size_t left = lexer->len - lexer->at;
    const char *found = memmem(from, left, end, strlen(end));
    return found == NULL ? left : (size_t)(found - from);
}

static size_t find_string_end(const struct lexer *lexer)
{
    char quote = lexer->code[lexer->at];
    size_t len = 1;
    while (lexer->at + len < lexer->len && lexer->code[lexer->at + len] != '\n') {
        char byte = lexer->code[lexer->at + len];
        len++;
        if (byte == quote) {
            break;
        }
        if (byte == '\\' && lexer->at + len < lexer->len) {
            len++;
        }
    }
    return len;
}

/* An #include of a header that is a page becomes a link to it. */
static void add_directive(struct lexer *lexer)
{
    const char *from = lexer->code + lexer->at;
    size_t len = find_end(lexer, "\n");
    struct page *target = NULL;
    const char *open = memchr(from, '"', len);
    size_t name_len = 0;
    if (lexer->site != NULL && lexer->page != NULL && strncmp(from, "#include", 8) == 0 &&
        open != NULL) {
        name_len = strcspn(open + 1, "\"\n");
        char *source = make_text("include/%.*s", (int)name_len, open + 1);
        target = find_page(lexer->site, source);
        free(source);
    }
    if (target == NULL) {
        const char *word_end = from + 1;
        while (word_end < from + len && isalpha((unsigned char)*word_end)) {
            word_end++;
        }
        add_span(lexer, "d", (size_t)(word_end - from));
        return;
    }
    add_span(lexer, "d", (size_t)(open + 1 - from));
    text_add(lexer->text, "<a href=\"");
    text_add_way(lexer->text, lexer->page->output, target->output);
    text_add(lexer->text, "\">");
    add_span(lexer, NULL, name_len);
    text_add(lexer->text, "</a>");
    add_span(lexer, "d", 1);
}

/* A name of ours outside of any braces and parentheses, with a parenthesis
 * behind it, is what the page declares. */
static bool is_declaration(const struct lexer *lexer, size_t len)
{
    const char *word = lexer->code + lexer->at;
    return lexer->page != NULL && lexer->braces == 0 && lexer->parens == 0 &&
           strncmp(word, "fa_", 3) == 0 && lexer->at + len < lexer->len && word[len] == '(';
}

static void add_word(struct lexer *lexer)
{
    const char *word = lexer->code + lexer->at;
    size_t len = 0;
    while (
        lexer->at + len < lexer->len && (isalnum((unsigned char)word[len]) || word[len] == '_')) {
        len++;
    }
    if (is_declaration(lexer, len)) {
        char *id = copy_text(word, len);
        if (has_anchor(lexer->page, id)) {
            text_format(lexer->text, "<a class=\"f\" id=\"%s\" href=\"#%s\">", id, id);
            add_span(lexer, NULL, len);
            text_add(lexer->text, "</a>");
        } else {
            (void)add_anchor(lexer->page, id, id, 2);
            add_span(lexer, "f", len);
        }
        free(id);
        return;
    }
    char *wanted = make_text(" %.*s ", (int)len, word);
    bool known = lexer->language->words != NULL && strstr(lexer->language->words, wanted) != NULL;
    free(wanted);
    add_span(lexer, known ? "k" : NULL, len);
}

static void add_number(struct lexer *lexer)
{
    size_t len = 0;
    while (lexer->at + len < lexer->len && (isalnum((unsigned char)lexer->code[lexer->at + len]) ||
                                               lexer->code[lexer->at + len] == '.')) {
        len++;
    }
    add_span(lexer, "n", len);
}

static void add_other(struct lexer *lexer)
{
    char byte = lexer->code[lexer->at];
    lexer->parens += byte == '(' ? 1 : 0;
    lexer->parens -= byte == ')' && lexer->parens != 0 ? 1 : 0;
    lexer->braces += byte == '{' ? 1 : 0;
    lexer->braces -= byte == '}' && lexer->braces != 0 ? 1 : 0;
    add_span(lexer, NULL, 1);
}

static void add_token(struct lexer *lexer)
{
    unsigned char byte = (unsigned char)lexer->code[lexer->at];
    bool line_start = lexer->line_start;
    lexer->line_start = byte == '\n' || (line_start && isspace(byte));
    if (looks_at(lexer, lexer->language->line_comment) &&
        (line_start || lexer->language->block_comments || lexer->at == 0 ||
            isspace((unsigned char)lexer->code[lexer->at - 1]))) {
        add_span(lexer, "c", find_end(lexer, "\n"));
    } else if (lexer->language->block_comments && looks_at(lexer, "/*")) {
        size_t len = find_end(lexer, "*/");
        add_span(lexer, "c", len + 2 <= lexer->len - lexer->at ? len + 2 : len);
    } else if (lexer->language->directives && line_start && byte == '#') {
        add_directive(lexer);
    } else if (byte == '"' || byte == '\'') {
        add_span(lexer, "s", find_string_end(lexer));
    } else if (isalpha(byte) || byte == '_') {
        add_word(lexer);
    } else if (isdigit(byte)) {
        add_number(lexer);
    } else {
        add_other(lexer);
    }
}

void text_add_code(struct text *text, struct site *site, struct page *page, const char *language,
    const char *code, size_t len)
{
    struct lexer lexer = {
        .text = text,
        .site = site,
        .page = page,
        .language = find_language(language),
        .code = code,
        .len = len,
        .line = 1,
        .line_start = true,
    };
    if (lexer.language == NULL) {
        text_add_escaped(text, code, len);
        return;
    }
    while (lexer.at < len) {
        add_token(&lexer);
    }
}
