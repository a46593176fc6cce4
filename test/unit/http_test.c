// SPDX-License-Identifier: ISC
//
// test/unit/http_test.c: HTTP messages as bytes, mostly as tables.

#include "fa/fmt.h"
#include "fa/http.h"
#include "fa/rand.h"
#include "test/t.h"

static const struct fa_http_limits limits = {
    .header_bytes_max = 1024, .header_count_max = 8, .target_bytes_max = 100};

static struct fa_http_request request;

static enum fa_http_fault parse(const char *head)
{
    return fa_http_parse_request(fa_slice_of(head), &limits, &request);
}

T(request_head_is_taken_apart)
{
    const char *head = "POST /a/%62?x=1&y HTTP/1.1\r\nHost: example.org:80\r\n"
                       "Content-Length:5\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\n\r\n";
    REQUIRE(parse(head) == FA_HTTP_FAULT_NONE);
    CHECK_EQ(request.method, FA_HTTP_POST);
    CHECK_TEXT(request.method_text, "POST");
    CHECK_TEXT(request.target, "/a/%62?x=1&y");
    CHECK_TEXT(request.path, "/a/b");
    CHECK_TEXT(request.query, "x=1&y");
    CHECK_TEXT(request.host, "example.org:80");
    CHECK_EQ(request.version_minor, 1);
    CHECK(request.keep_alive && request.has_length && !request.chunked);
    CHECK_EQ(request.content_len, 5);
    CHECK_EQ(request.header_count, 4);
    CHECK_TEXT(fa_http_header_find(&request, "x-spaces"), "a b");
    CHECK(fa_http_header_find(&request, "x-empty").at != NULL);
    CHECK(fa_http_header_find(&request, "x-missing").at == NULL);
}

T(every_method_is_known_by_its_exact_name)
{
    static const struct {
        const char *line;
        enum fa_http_method method;
    } rows[] = {
        {"GET", FA_HTTP_GET},
        {"HEAD", FA_HTTP_HEAD},
        {"POST", FA_HTTP_POST},
        {"PUT", FA_HTTP_PUT},
        {"PATCH", FA_HTTP_PATCH},
        {"DELETE", FA_HTTP_DELETE},
        {"OPTIONS", FA_HTTP_OPTIONS},
        {"get", FA_HTTP_METHOD_OTHER},
        {"GETS", FA_HTTP_METHOD_OTHER},
        {"CONNECT", FA_HTTP_METHOD_OTHER},
        {"M-SEARCH", FA_HTTP_METHOD_OTHER},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        char head[64];
        (void)fa_fmt(head, sizeof head, "%s / HTTP/1.1\r\nHost: h\r\n\r\n", rows[i].line);
        CHECK_EQ(parse(head), FA_HTTP_FAULT_NONE);
        CHECK_EQ(request.method, rows[i].method);
    }
}

T(four_forms_of_target)
{
    REQUIRE(parse("GET http://a.example:8080/p?q HTTP/1.1\r\nHost: b\r\n\r\n") == 0);
    CHECK_TEXT(request.host, "a.example:8080");
    CHECK_TEXT(request.path, "/p");
    CHECK_TEXT(request.query, "q");
    REQUIRE(parse("GET HTTPS://a?q/r HTTP/1.1\r\nHost: b\r\n\r\n") == 0);
    CHECK_TEXT(request.host, "a");
    CHECK_TEXT(request.path, "/");
    CHECK_TEXT(request.query, "q/r");
    REQUIRE(parse("OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n") == 0);
    CHECK_TEXT(request.path, "*");
    REQUIRE(parse("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
    CHECK_EQ(request.method, FA_HTTP_METHOD_OTHER);
    REQUIRE(parse("GET / HTTP/1.0\r\n\r\n") == 0);
    CHECK(request.query.at == NULL);
    REQUIRE(parse("GET /? HTTP/1.0\r\n\r\n") == 0);
    CHECK(request.query.at != NULL);
}

T(connection_stays_or_ends_as_rfc_9112_9_3_says)
{
    static const struct {
        const char *head;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, CLOSE ,bar\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.9\r\nHost: h\r\n\r\n", true},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(parse(rows[i].head), FA_HTTP_FAULT_NONE);
        CHECK_EQ(request.keep_alive, rows[i].keep_alive);
    }
}

/* Heads that could be read in two ways, or in none. */
static const struct {
    enum fa_http_fault fault;
    const char *head;
} refused[] = {
    /* lines */
    {FA_HTTP_FAULT_LINE, "GET /\r\n\r\n"}, /* HTTP/0.9 */
    {FA_HTTP_FAULT_LINE, "GET\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, " GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET /  HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "G(T / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET / http/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET / HTTP/1.10\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET / HTTP/11\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE, "GET / x y HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_VERSION, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_VERSION, "PRI * HTTP/2.0\r\n\r\n"},
    {FA_HTTP_FAULT_VERSION, "GET / HTTP/0.9\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_LINE_END, "GET / HTTP/1.1\nHost: h\n\n"},
    {FA_HTTP_FAULT_LINE_END, "GET / HTTP/1.1\r\nHost: h\n\r\n"},
    {FA_HTTP_FAULT_LINE_END, "GET / HTTP/1.1\r\nHost: h\r\n"},
    {FA_HTTP_FAULT_LINE_END, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET"},
    {FA_HTTP_FAULT_LINE, "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    /* targets */
    {FA_HTTP_FAULT_TARGET, "GET index.html HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET * HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "OPTIONS *x HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET http:/// HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET /#top HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {FA_HTTP_FAULT_TARGET, "GET /../etc HTTP/1.1\r\nHost: h\r\n\r\n"},
    /* fields */
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost : h\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX\t: y\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX(: y\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX: a\x0b\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "GET / HTTP/1.1\r\nHost: h\r\nX\x80: a\r\n\r\n"},
    /* hosts */
    {FA_HTTP_FAULT_HOST, "GET / HTTP/1.1\r\n\r\n"},
    {FA_HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
    {FA_HTTP_FAULT_HOST, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
    {FA_HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {FA_HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {FA_HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {FA_HTTP_FAULT_HOST, "GET http://a/ HTTP/1.1\r\n\r\n"},
    /* bodies: who is right about their end? */
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5.0\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551621\r\n\r\n"},
    {FA_HTTP_FAULT_LENGTH,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n"},
    {FA_HTTP_FAULT_FRAMING, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"},
    {FA_HTTP_FAULT_FRAMING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                            "Content-Length: 0\r\n\r\n"},
    {FA_HTTP_FAULT_FRAMING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"},
    {FA_HTTP_FAULT_FRAMING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"},
    {FA_HTTP_FAULT_FRAMING, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {FA_HTTP_FAULT_CODING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"},
    {FA_HTTP_FAULT_CODING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n"},
    {FA_HTTP_FAULT_CODING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                           "gzip, chunked\r\n\r\n"},
    {FA_HTTP_FAULT_CODING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                           "chunked, identity\r\n\r\n"},
    {FA_HTTP_FAULT_CODING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"},
    {FA_HTTP_FAULT_CODING, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n"},
    {FA_HTTP_FAULT_HEADER, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x0b"
                           "chunked\r\n\r\n"},
    {FA_HTTP_FAULT_EXPECT, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n"},
};

T(what_could_be_read_in_two_ways_is_refused)
{
    for (size_t i = 0; i < FA_COUNT_OF(refused); i++) {
        enum fa_http_fault fault = parse(refused[i].head);
        CHECK_EQ(fault, refused[i].fault);
        if (fault != refused[i].fault) {
            t_note("row %zu: %s", i, refused[i].head);
        }
    }
}

T(nul_is_refused_wherever_it_stands)
{
    static const char head[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
    for (size_t i = 0; i + 1 < sizeof head; i++) {
        char broken[sizeof head];
        fa_copy(broken, head, sizeof head);
        broken[i] = '\0';
        struct fa_slice bytes = {(const uint8_t *)broken, sizeof broken - 1};
        CHECK(fa_http_parse_request(bytes, &limits, &request) != FA_HTTP_FAULT_NONE);
    }
}

T(limits_of_a_head_are_reached_and_kept)
{
    char text[2048];
    struct fa_text head;
    for (unsigned extra = 0; extra < 2; extra++) {
        fa_text_init(&head, text, sizeof text);
        fa_text_add(&head, "GET /");
        for (size_t i = 1; i < limits.target_bytes_max + extra; i++) {
            fa_text_add(&head, "a");
        }
        fa_text_add(&head, " HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK_EQ(parse(text), extra == 0 ? FA_HTTP_FAULT_NONE : FA_HTTP_FAULT_TARGET_LEN);

        fa_text_init(&head, text, sizeof text);
        fa_text_add(&head, "GET / HTTP/1.1\r\nHost: h\r\n");
        for (size_t i = 1; i < limits.header_count_max + extra; i++) {
            fa_text_add(&head, "X: y\r\n");
        }
        fa_text_add(&head, "\r\n");
        CHECK_EQ(parse(text), extra == 0 ? FA_HTTP_FAULT_NONE : FA_HTTP_FAULT_HEADER_LEN);

        fa_text_init(&head, text, sizeof text);
        fa_text_add(&head, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
        while (head.len < limits.header_bytes_max - 4 + extra) {
            fa_text_add(&head, "a");
        }
        fa_text_add(&head, "\r\n\r\n");
        CHECK_EQ(parse(text), extra == 0 ? FA_HTTP_FAULT_NONE : FA_HTTP_FAULT_HEADER_LEN);
    }
    static const struct fa_http_limits wide = {4096, 8, 4096};
    fa_text_init(&head, text, sizeof text);
    fa_text_add(&head, "GET /");
    for (size_t i = 0; i < FA_HTTP_PATH_MAX; i++) {
        fa_text_add(&head, "a");
    }
    fa_text_add(&head, " HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_EQ(
        fa_http_parse_request(fa_text_slice(&head), &wide, &request), FA_HTTP_FAULT_TARGET_LEN);
}

T(every_fault_has_a_status)
{
    for (int i = FA_HTTP_FAULT_NONE + 1; i < FA_HTTP_FAULT_COUNT; i++) {
        uint16_t status = fa_http_fault_status((enum fa_http_fault)i);
        CHECK(status >= 400 && status < 600);
        CHECK(!fa_equal(fa_http_reason(status), "Unknown", 7));
    }
    CHECK_EQ(fa_http_fault_status(FA_HTTP_FAULT_HEADER_LEN), 431);
}

/* Scan `bytes` in pieces that end where `cuts` has a bit. Returns: bytes to the end; 0: no end. */
static size_t scan(struct fa_slice bytes, uint64_t cuts)
{
    struct fa_http_scan state = {.state = 0};
    size_t from = 0;
    for (size_t i = 1; i <= bytes.len; i++) {
        size_t len;
        if (i != bytes.len && (cuts >> (i % 64) & 1) == 0) {
            continue;
        }
        if (fa_http_head_scan(&state, (struct fa_slice){bytes.at + from, i - from}, &len)) {
            return from + len;
        }
        from = i;
    }
    return 0;
}

T(end_of_head_is_found_whatever_pieces_it_comes_in)
{
    static const struct {
        const char *bytes;
        size_t len; /* 0: needs more */
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\nrest", 27},
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"\r\nGET / HTTP/1.1\r\n\r\n", 20},
        {"GET / HTTP/1.1\r\nHost: h\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: h\r\n\r", 0},
        {"GET / HT\rTP/1.1\r\r\nHost: h\r\n\r\n", 29},
        {"", 0},
        {"\r", 0},
        /* refused at once */
        {"GET / HTTP/1.1\nHost: h\n\n", 15},
        {"GET / HTTP/1.1\r\nHost: h\r\n\n", 26},
        {"GET / HTTP/1.1\r\nHost: h\r\n\rx", 27},
        {"\r\n\r\nGET /", 3},
        {"\rGET /", 2},
        {"\x16\x03\x01", 1}, /* TLS */
        {" GET", 1},
    };
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_slice bytes = fa_slice_of(rows[i].bytes);
        CHECK_EQ(scan(bytes, 0), rows[i].len);
        CHECK_EQ(scan(bytes, UINT64_MAX), rows[i].len);
        for (int n = 0; n < 50; n++) {
            CHECK_EQ(scan(bytes, fa_rand_u64(&rand)), rows[i].len);
        }
    }
}

T(lists_are_taken_apart)
{
    struct fa_slice rest = FA_LIT(" a ,, \"b,c\" ,d\t, \"e\\\",f\",");
    struct fa_slice element;
    static const char *const want[] = {"a", "\"b,c\"", "d", "\"e\\\",f\""};
    for (size_t i = 0; i < FA_COUNT_OF(want); i++) {
        REQUIRE(fa_http_list_next(&rest, &element));
        CHECK(fa_slice_equal(element, fa_slice_of(want[i])));
    }
    CHECK(!fa_http_list_next(&rest, &element));
}

T(no_path_leaves_its_root)
{
    static const struct {
        const char *raw;
        const char *path; /* NULL: refused */
    } rows[] = {
        {"/", "/"},
        {"/a/b.html", "/a/b.html"},
        {"/a/", "/a/"},
        {"/a//b", "/a/b"},
        {"//a", "/a"},
        {"///", "/"},
        {"/./a/./b/.", "/a/b/"},
        {"/a/../b", "/b"},
        {"/a/b/../..", "/"},
        {"/a/..", "/"},
        {"/a/b/../../c/", "/c/"},
        {"/%61%2e%2E/x", "/a../x"},
        {"/a/%2e%2e/b", "/b"},
        {"/a/%2e/b", "/a/b"},
        {"/a%20b", "/a b"},
        {"/%25", "/%"},
        {"/%252e%252e/", "/%2e%2e/"},
        {"/caf%C3%A9", "/caf\xc3\xa9"},
        {"/...", "/..."},
        {"/.a/..b", "/.a/..b"},
        {"/a%3Fb", "/a?b"},
        {"", NULL},
        {"a", NULL},
        {"/..", NULL},
        {"/../", NULL},
        {"/a/../..", NULL},
        {"/a/../../b", NULL},
        {"/%2e%2e/", NULL},
        {"/.%2e/", NULL},
        {"/a/%2e%2e/%2e%2e/b", NULL},
        {"/a%2fb", NULL},
        {"/..%2f..", NULL},
        {"/a\\b", NULL},
        {"/..\\..", NULL},
        {"/%5c", NULL},
        {"/%00", NULL},
        {"/a%0d%0ab", NULL},
        {"/%7f", NULL},
        {"/%", NULL},
        {"/%2", NULL},
        {"/%zz", NULL},
        {"/%-1", NULL},
        {"/% 1", NULL},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t at[64];
        size_t len = 0;
        bool good = fa_http_path_normalise(fa_slice_of(rows[i].raw), at, &len);
        CHECK_EQ(good, rows[i].path != NULL);
        if (good && rows[i].path != NULL &&
            !fa_slice_equal((struct fa_slice){at, len}, fa_slice_of(rows[i].path))) {
            t_fail(__FILE__, __LINE__, "%s gives %.*s", rows[i].raw, (int)len, (char *)at);
        }
    }
}

/* The claim of fa_http_path_normalise() about what it lets through. */
static bool is_normal(struct fa_slice path)
{
    size_t start = 1;
    for (size_t i = 1; i <= path.len; i++) {
        if (i == path.len || path.at[i] == '/') {
            struct fa_slice segment = {path.at + start, i - start};
            bool bad = fa_slice_equal(segment, FA_LIT(".")) ||
                       fa_slice_equal(segment, FA_LIT("..")) || (segment.len == 0 && i != path.len);
            if (bad) {
                return false;
            }
            start = i + 1;
        } else if (path.at[i] < 0x20 || path.at[i] == '\\') {
            return false;
        }
    }
    return path.len != 0 && path.at[0] == '/';
}

T(random_paths_are_refused_or_normal_and_survive_encoding)
{
    static const char *const pieces[] = {
        "/", "//", ".", "..", "%2e", "%2f", "a", "%41", "%", "\\", "%20", "/../", "b/", "%c3"};
    struct fa_rand rand;
    unsigned good_count = 0;
    fa_rand_init_seed(&rand, 7);
    for (int n = 0; n < 20000; n++) {
        char raw[64];
        struct fa_text text;
        uint8_t at[64];
        size_t len = 0;
        fa_text_init(&text, raw, sizeof raw);
        fa_text_add(&text, "/");
        for (uint64_t count = fa_rand_below(&rand, 10); count > 0; count--) {
            fa_text_add(&text, "%s", pieces[fa_rand_below(&rand, FA_COUNT_OF(pieces))]);
        }
        if (!fa_http_path_normalise(fa_text_slice(&text), at, &len)) {
            continue;
        }
        good_count++;
        CHECK(is_normal((struct fa_slice){at, len}));
        char encoded[3 * 64];
        size_t encoded_len =
            fa_http_path_encode((struct fa_slice){at, len}, encoded, sizeof encoded);
        size_t again_len = 0;
        CHECK(fa_http_path_normalise(
            (struct fa_slice){(uint8_t *)encoded, encoded_len}, (uint8_t *)encoded, &again_len));
        CHECK(fa_slice_equal(
            (struct fa_slice){at, len}, (struct fa_slice){(uint8_t *)encoded, again_len}));
    }
    CHECK(good_count > 1000);
}

/* Decode `bytes` in pieces as `cuts` says. Returns: what ended it; *ret_len bytes of data. */
static enum fa_http_chunk unchunk(struct fa_slice bytes, uint64_t cuts, char *at, size_t *ret_len)
{
    struct fa_http_chunked chunked = {.left = 0};
    size_t from = 0;
    *ret_len = 0;
    for (size_t i = 1; i <= bytes.len; i++) {
        if (i != bytes.len && (cuts >> (i % 64) & 1) == 0) {
            continue;
        }
        while (from < i) {
            size_t skip;
            size_t len;
            enum fa_http_chunk chunk = fa_http_chunked_next(
                &chunked, (struct fa_slice){bytes.at + from, i - from}, &skip, &len);
            from += skip;
            if (chunk == FA_HTTP_CHUNK_END || chunk == FA_HTTP_CHUNK_BAD) {
                return chunk;
            }
            fa_copy(at + *ret_len, bytes.at + from, len);
            *ret_len += len;
            from += len;
            fa_http_chunked_done(&chunked, len);
        }
    }
    return FA_HTTP_CHUNK_MORE;
}

T(chunks_are_decoded_whatever_pieces_they_come_in)
{
    static const struct {
        const char *bytes;
        enum fa_http_chunk end;
        const char *data;
    } rows[] = {
        {"0\r\n\r\n", FA_HTTP_CHUNK_END, ""},
        {"5\r\nhello\r\n0\r\n\r\n", FA_HTTP_CHUNK_END, "hello"},
        {"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", FA_HTTP_CHUNK_END, "hello"},
        {"0005\r\nhello\r\n000\r\n\r\n", FA_HTTP_CHUNK_END, "hello"},
        {"a\r\n0123456789\r\n0\r\n\r\nGET", FA_HTTP_CHUNK_END, "0123456789"},
        {"A\r\n0123456789\r\n0\r\n\r\n", FA_HTTP_CHUNK_END, "0123456789"},
        {"1;x=\"y;z\"\r\na\r\n0;q\r\n\r\n", FA_HTTP_CHUNK_END, "a"},
        {"1\r\na\r\n0\r\nX: y\r\nZ: w\r\n\r\n", FA_HTTP_CHUNK_END, "a"},
        {"1\r\na\r\n0\r\n", FA_HTTP_CHUNK_MORE, "a"},
        {"5\r\nhel", FA_HTTP_CHUNK_MORE, "hel"},
        {"\r\n", FA_HTTP_CHUNK_BAD, ""},
        {";\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"g\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"-1\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"0x5\r\nhello\r\n", FA_HTTP_CHUNK_BAD, ""},
        {" 5\r\nhello\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"5 \r\nhello\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"5\nhello\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"5\rhello\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"5\r\nhelloX\r\n", FA_HTTP_CHUNK_BAD, "hello"},
        {"5\r\nhello\n0\r\n\r\n", FA_HTTP_CHUNK_BAD, "hello"},
        {"1;a\nb\r\na\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"1;a\rb\r\na\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"0\r\n X: y\r\n\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"0\r\nX: y\n\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"0\r\n\rx", FA_HTTP_CHUNK_BAD, ""},
        {"ffffffffffffffff1\r\n", FA_HTTP_CHUNK_BAD, ""},
        {"0000000000000001\r\n", FA_HTTP_CHUNK_BAD, ""},
    };
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 2);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        for (int n = 0; n < 20; n++) {
            char at[64];
            size_t len;
            uint64_t cuts = n == 0 ? 0 : n == 1 ? UINT64_MAX : fa_rand_u64(&rand);
            CHECK_EQ(unchunk(fa_slice_of(rows[i].bytes), cuts, at, &len), rows[i].end);
            CHECK(fa_slice_equal((struct fa_slice){(uint8_t *)at, len}, fa_slice_of(rows[i].data)));
        }
    }
}

T(chunk_extensions_and_trailers_are_limited)
{
    static char text[FA_HTTP_CHUNK_EXT_MAX + 32];
    char at[8];
    size_t len;
    for (unsigned extra = 0; extra < 2; extra++) {
        struct fa_text body;
        fa_text_init(&body, text, sizeof text);
        fa_text_add(&body, "1;");
        for (size_t i = 0; i < FA_HTTP_CHUNK_EXT_MAX + extra; i++) {
            fa_text_add(&body, "x");
        }
        fa_text_add(&body, "\r\na\r\n0\r\n\r\n");
        CHECK_EQ(unchunk(fa_text_slice(&body), 0, at, &len),
            extra == 0 ? FA_HTTP_CHUNK_END : FA_HTTP_CHUNK_BAD);
        fa_text_init(&body, text, sizeof text);
        fa_text_add(&body, "0\r\n");
        for (size_t i = 0; i < FA_HTTP_TRAILER_MAX + extra; i++) {
            fa_text_add(&body, "x");
        }
        fa_text_add(&body, "\r\n\r\n");
        CHECK_EQ(unchunk(fa_text_slice(&body), 0, at, &len),
            extra == 0 ? FA_HTTP_CHUNK_END : FA_HTTP_CHUNK_BAD);
    }
}

T(dates_are_read_in_three_forms)
{
    static const struct {
        const char *text;
        uint64_t unix_s; /* 1: refused */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Sun Nov 16 08:49:37 1994", 784975777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
        {"Fri, 31 Dec 9999 23:59:59 GMT", UINT64_C(253402300799)},
        {"Monday, 01-Jan-70 00:00:00 GMT", UINT64_C(3155760000)}, /* 2070, not 1970: 2020 + 50 */
        {"Monday, 01-Jan-71 00:00:00 GMT", 31536000},
        {"Thu, 29 Feb 2023 12:00:00 GMT", 1},
        {"Sun, 32 Nov 1994 08:49:37 GMT", 1},
        {"Sun, 00 Nov 1994 08:49:37 GMT", 1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", 1},
        {"Sun, 06 Nov 1994 08:60:37 GMT", 1},
        {"Sun, 06 Nov 1969 08:49:37 GMT", 1},
        {"Sun, 06 Nov 1994 08:49:37 CET", 1},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", 1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", 1},
        {"Sun, 06 nov 1994 08:49:37 GMT", 1},
        {"Sun, 06 Nov 1994 08:49:37", 1},
        {"Sun, +6 Nov 1994 08:49:37 GMT", 1},
        {"Xyz, 06 Nov 1994 08:49:37 GMT", 1},
        {"Sun", 1},
        {"", 1},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint64_t unix_s = 1;
        fa_err err = fa_http_date_parse(fa_slice_of(rows[i].text), 1590000000, &unix_s);
        CHECK_EQ(err, rows[i].unix_s == 1 ? FA_EINVAL : FA_OK);
        CHECK_EQ(unix_s, rows[i].unix_s);
    }
    char text[FA_HTTP_DATE_LEN];
    fa_http_date_write(784111777, text);
    CHECK_TEXT(((struct fa_slice){(uint8_t *)text, sizeof text}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

#define OLD  "Sun, 06 Nov 1994 08:49:37 GMT" /* 784111777, the value's */
#define PAST "Sun, 06 Nov 1994 08:49:36 GMT"
#define NEXT "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct fa_http_validators validators = {
    .etag = {(const uint8_t *)"\"v1\"", 4}, .modified_s = 784111777, .now_s = 1590000000};

static enum fa_http_fault parse_with(const char *method, const char *fields)
{
    static char head[512];
    (void)fa_fmt(head, sizeof head, "%s / HTTP/1.1\r\nHost: h\r\n%s\r\n", method, fields);
    return parse(head);
}

T(conditions_are_decided_in_the_order_of_rfc_9110)
{
    static const struct {
        const char *method;
        const char *fields;
        uint16_t status;
    } rows[] = {
        {"GET", "", 0},
        {"GET", "If-None-Match: \"v1\"\r\n", 304},
        {"HEAD", "If-None-Match: \"v1\"\r\n", 304},
        {"PUT", "If-None-Match: \"v1\"\r\n", 412},
        {"GET", "If-None-Match: W/\"v1\"\r\n", 304},
        {"GET", "If-None-Match: \"v0\", \"v1\"\r\n", 304},
        {"GET", "If-None-Match: \"v0\"\r\nIf-None-Match: \"v1\"\r\n", 304},
        {"GET", "If-None-Match: \"v0\"\r\n", 0},
        {"GET", "If-None-Match: *\r\n", 304},
        {"PUT", "If-None-Match: *\r\n", 412},
        {"GET", "If-None-Match: v1\r\n", 0},
        {"GET", "If-Modified-Since: " OLD "\r\n", 304},
        {"GET", "If-Modified-Since: " NEXT "\r\n", 304},
        {"GET", "If-Modified-Since: " PAST "\r\n", 0},
        {"GET", "If-Modified-Since: nonsense\r\n", 0},
        {"POST", "If-Modified-Since: " OLD "\r\n", 0},
        {"GET", "If-None-Match: \"v0\"\r\nIf-Modified-Since: " OLD "\r\n", 0},
        {"GET", "If-Match: \"v1\"\r\n", 0},
        {"GET", "If-Match: *\r\n", 0},
        {"GET", "If-Match: W/\"v1\"\r\n", 412},
        {"GET", "If-Match: \"v0\"\r\n", 412},
        {"PUT", "If-Match: \"v0\"\r\n", 412},
        {"GET", "If-Unmodified-Since: " OLD "\r\n", 0},
        {"GET", "If-Unmodified-Since: " PAST "\r\n", 412},
        {"GET", "If-Match: \"v1\"\r\nIf-Unmodified-Since: " PAST "\r\n", 0},
        {"GET", "If-Match: \"v1\"\r\nIf-None-Match: \"v1\"\r\n", 304},
        {"GET", "If-Match: \"v0\"\r\nIf-None-Match: \"v1\"\r\n", 412},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(parse_with(rows[i].method, rows[i].fields), FA_HTTP_FAULT_NONE);
        CHECK_EQ(fa_http_conditions(&request, &validators), rows[i].status);
    }
}

T(ranges_are_parts_of_the_value_or_nothing)
{
    static const struct {
        const char *fields;
        uint64_t len;
        uint16_t status;
        uint64_t off;
        uint64_t part;
    } rows[] = {
        {"", 100, 200, 0, 0},
        {"Range: bytes=0-9\r\n", 100, 206, 0, 10},
        {"Range: BYTES=0-0\r\n", 100, 206, 0, 1},
        {"Range: bytes=90-\r\n", 100, 206, 90, 10},
        {"Range: bytes=90-1000\r\n", 100, 206, 90, 10},
        {"Range: bytes=-10\r\n", 100, 206, 90, 10},
        {"Range: bytes=-1000\r\n", 100, 206, 0, 100},
        {"Range: bytes=0-99999999999999999999999\r\n", 100, 206, 0, 100},
        {"Range: bytes=100-\r\n", 100, 416, 0, 0},
        {"Range: bytes=100-200\r\n", 100, 416, 0, 0},
        {"Range: bytes=99999999999999999999999-\r\n", 100, 416, 0, 0},
        {"Range: bytes=-0\r\n", 100, 416, 0, 0},
        {"Range: bytes=0-\r\n", 0, 416, 0, 0},
        {"Range: bytes=-5\r\n", 0, 200, 0, 0},
        {"Range: bytes=9-0\r\n", 100, 200, 0, 0},
        {"Range: bytes=-\r\n", 100, 200, 0, 0},
        {"Range: bytes=\r\n", 100, 200, 0, 0},
        {"Range: bytes=a-b\r\n", 100, 200, 0, 0},
        {"Range: bytes=1-2-3\r\n", 100, 200, 0, 0},
        {"Range: bytes=0-1,5-6\r\n", 100, 200, 0, 0},
        {"Range: items=0-9\r\n", 100, 200, 0, 0},
        {"Range: bytes=0-9\r\nIf-Range: \"v1\"\r\n", 100, 206, 0, 10},
        {"Range: bytes=0-9\r\nIf-Range: \"v0\"\r\n", 100, 200, 0, 0},
        {"Range: bytes=0-9\r\nIf-Range: W/\"v1\"\r\n", 100, 200, 0, 0},
        {"Range: bytes=0-9\r\nIf-Range: " OLD "\r\n", 100, 206, 0, 10},
        {"Range: bytes=0-9\r\nIf-Range: " NEXT "\r\n", 100, 200, 0, 0},
        {"Range: bytes=200-\r\nIf-Range: \"v0\"\r\n", 100, 200, 0, 0},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint64_t off = 0;
        uint64_t len = 0;
        CHECK_EQ(parse_with("GET", rows[i].fields), FA_HTTP_FAULT_NONE);
        CHECK_EQ(fa_http_range(&request, &validators, rows[i].len, &off, &len), rows[i].status);
        CHECK_EQ(off, rows[i].off);
        CHECK_EQ(len, rows[i].part);
    }
    uint64_t off;
    uint64_t len;
    CHECK_EQ(parse_with("HEAD", "Range: bytes=0-9\r\n"), FA_HTTP_FAULT_NONE);
    CHECK_EQ(fa_http_range(&request, &validators, 100, &off, &len), 200);
    /* A date that is not yet a minute old may name two values of the same second. */
    struct fa_http_validators fresh = validators;
    fresh.now_s = fresh.modified_s + 59;
    CHECK_EQ(parse_with("GET", "Range: bytes=0-9\r\nIf-Range: " OLD "\r\n"), FA_HTTP_FAULT_NONE);
    CHECK_EQ(fa_http_range(&request, &fresh, 100, &off, &len), 200);
}

T(media_types_come_from_the_last_ending)
{
    static const struct {
        const char *name;
        const char *type;
    } rows[] = {
        {"index.html", "text/html; charset=utf-8"},
        {"a/b.c/INDEX.HTML", "text/html; charset=utf-8"},
        {"x.tar.gz", "application/gzip"},
        {"fata.wasm", "application/wasm"},
        {"logo.svg", "image/svg+xml"},
        {"LICENSE", "application/octet-stream"},
        {"a.html/b", "application/octet-stream"},
        {"", "application/octet-stream"},
        {".", "application/octet-stream"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK(fa_slice_equal(
            fa_slice_of(fa_http_media_type(fa_slice_of(rows[i].name))), fa_slice_of(rows[i].type)));
    }
}
