// SPDX-License-Identifier: ISC
//
// Finding the words of a fata.lua again, so that errors can point at them.

#include "host/fata/arena.c"
#include "host/fata/token.c"

#include "test/t.h"

static struct config config;

static void read_text(const char *text)
{
    arena_free(&config.arena);
    config = (struct config){.source = text, .source_len = strlen(text)};
    tokens_read(&config);
}

static void check_place(struct place at, unsigned line, unsigned column, unsigned width)
{
    CHECK_EQ(at.line, line);
    CHECK_EQ(at.column, column);
    CHECK_EQ(at.width, width);
}

T(options_are_found_in_the_table_of_their_word)
{
    read_text("local s = stack { net = net.tap { name = \"x\" },\n"
              "    ipv4 = \"10.0.0.1/24\" }\n");
    check_place(tokens_locate(&config, 1, "stack", NULL, 0), 1, 11, 5);
    check_place(tokens_locate(&config, 1, "stack", "net", 0), 1, 19, 3);
    check_place(tokens_locate(&config, 1, "stack", "ipv4", 0), 2, 5, 4);
    check_place(tokens_locate(&config, 1, "net.tap", "name", 0), 1, 35, 4);
    check_place(tokens_locate(&config, 1, "stack", "name", 0), 1, 11, 5);
}

T(of_two_words_on_a_line_the_one_with_the_option_is_meant)
{
    read_text("f(http { on = a }, http { port = 1, on = b })");
    check_place(tokens_locate(&config, 1, "http", "on", 0), 1, 10, 2);
    check_place(tokens_locate(&config, 1, "http", "port", 0), 1, 27, 4);
}

T(comments_and_texts_hide_what_is_in_them)
{
    read_text("-- http { a = 1 }\n--[[ http { b = 1 }\n]] --[==[ ]] http ]==]\n"
              "x = \"http { c = 1 \\\" }\" .. [[\nhttp { d = 1 }]] .. 'http'\nhttp { e = 1 }\n");
    for (unsigned line = 1; line <= 5; line++) {
        CHECK_EQ(tokens_locate(&config, line, "http", NULL, 0).column, 0);
    }
    check_place(tokens_locate(&config, 6, "http", "e", 0), 6, 8, 1);
}

T(unnamed_fields_are_counted)
{
    read_text("u { doc = 1, { 1, 2 }, f { a, b }; [\"x\"] = 3, c }");
    check_place(tokens_locate(&config, 1, "u", NULL, 1), 1, 14, 1);
    check_place(tokens_locate(&config, 1, "u", NULL, 2), 1, 24, 1);
    check_place(tokens_locate(&config, 1, "u", NULL, 3), 1, 47, 1);
    check_place(tokens_locate(&config, 1, "u", "x", 0), 1, 37, 3);
}

T(an_option_given_twice_is_found)
{
    const char *name = NULL;
    read_text("http { on = f { on = 1 }, port = 1, g == h, port = 2 }");
    check_place(tokens_repeated(&config, 1, "http", &name), 1, 45, 4);
    CHECK(name != NULL && strcmp(name, "port") == 0);
    read_text("http { on = f { on = 1 }, port = function() local on = 2 end }");
    CHECK_EQ(tokens_repeated(&config, 1, "http", &name).line, 0);
}

T(unfinished_texts_end_with_the_file)
{
    static const char *const texts[] = {"", "\"", "[[", "--[[", "http {", "http { a =", "'x\\",
        "[==[ ]=]", "http { [\"a\"", "http (", "\n\n", "-", "--", "[=", "http { \"a"};
    for (size_t i = 0; i < FA_COUNT_OF(texts); i++) {
        read_text(texts[i]);
        (void)tokens_locate(&config, 1, "http", "a", 0);
        const char *name;
        CHECK_EQ(tokens_repeated(&config, 1, "http", &name).line, 0);
        CHECK_EQ(tokens_find(&config, 9, "x").column, 0);
    }
    arena_free(&config.arena);
}
