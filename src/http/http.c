// SPDX-License-Identifier: ISC
//
// src/http/http.c: request heads. Strict: one reading of the bytes or none (RFC 9112 11.2).

#include "fa/http.h"

#include "fa/fmt.h"
#include "src/http/http_priv.h"

enum {
    ALNUM = FA__HTTP_TOKEN | FA__HTTP_FIELD | FA__HTTP_TARGET | FA__HTTP_PLAIN | FA__HTTP_HOST,
    VISIBLE = FA__HTTP_FIELD | FA__HTTP_TARGET,
};

const uint8_t fa__http_classes[256] = {
    ['\t'] = FA__HTTP_FIELD,
    [' '] = FA__HTTP_FIELD,
    ['0' ... '9'] = ALNUM,
    ['A' ... 'Z'] = ALNUM,
    ['a' ... 'z'] = ALNUM,
    ['-'] = ALNUM,
    ['.'] = ALNUM,
    ['_'] = ALNUM,
    ['~'] = ALNUM,
    ['!'] = ALNUM,
    ['$'] = ALNUM,
    ['*'] = ALNUM,
    ['+'] = ALNUM,
    ['%'] = FA__HTTP_TOKEN | VISIBLE | FA__HTTP_HOST,
    ['&'] = FA__HTTP_TOKEN | VISIBLE | FA__HTTP_HOST,
    ['\''] = FA__HTTP_TOKEN | VISIBLE | FA__HTTP_HOST,
    ['#'] = FA__HTTP_TOKEN | FA__HTTP_FIELD,
    ['^'] = FA__HTTP_TOKEN | VISIBLE,
    ['`'] = FA__HTTP_TOKEN | VISIBLE,
    ['|'] = FA__HTTP_TOKEN | VISIBLE,
    ['/'] = VISIBLE | FA__HTTP_PLAIN,
    ['('] = VISIBLE | FA__HTTP_PLAIN | FA__HTTP_HOST,
    [')'] = VISIBLE | FA__HTTP_PLAIN | FA__HTTP_HOST,
    [','] = VISIBLE | FA__HTTP_PLAIN | FA__HTTP_HOST,
    [';'] = VISIBLE | FA__HTTP_PLAIN | FA__HTTP_HOST,
    ['='] = VISIBLE | FA__HTTP_PLAIN | FA__HTTP_HOST,
    [':'] = VISIBLE | FA__HTTP_PLAIN | FA__HTTP_HOST,
    ['@'] = VISIBLE | FA__HTTP_PLAIN,
    ['['] = VISIBLE | FA__HTTP_HOST,
    [']'] = VISIBLE | FA__HTTP_HOST,
    ['"'] = VISIBLE,
    ['<'] = VISIBLE,
    ['>'] = VISIBLE,
    ['?'] = VISIBLE,
    ['\\'] = VISIBLE,
    ['{'] = VISIBLE,
    ['}'] = VISIBLE,
    [0x80 ... 0xff] = FA__HTTP_FIELD,
};

/* States of fa_http_scan. BEGIN is 0, so that a zeroed scan is at its first byte. */
enum {
    SCAN_BEGIN,    /* nothing yet; one empty line may come (RFC 9112 2.2) */
    SCAN_BEGIN_CR, /* a CR was first */
    SCAN_FIRST,    /* after that empty line: the request line must come */
    SCAN_LINE,     /* inside a line */
    SCAN_LINE_CR,  /* inside a line, behind a CR */
    SCAN_START,    /* at the start of a line behind the first */
    SCAN_START_CR, /* there, behind a CR */
};

size_t fa__http_find(struct fa_slice bytes, uint8_t byte)
{
    size_t i = 0;
    /* Eight bytes at a time: x has a zero byte where `bytes` has `byte`. Little or big endian is
     * the same, because only the fact that there is one is used. */
    const uint64_t ones = UINT64_C(0x0101010101010101);
    for (; i + 8 <= bytes.len; i += 8) {
        uint64_t x;
        __builtin_memcpy(&x, bytes.at + i, sizeof x);
        x ^= ones * byte;
        if (((x - ones) & ~x & (ones << 7)) != 0) {
            break;
        }
    }
    while (i < bytes.len && bytes.at[i] != byte) {
        i++;
    }
    return i;
}

struct fa_slice fa__http_trim(struct fa_slice text)
{
    while (text.len != 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text = fa_slice_from(text, 1);
    }
    while (text.len != 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

bool fa_http_name_equal(struct fa_slice a, struct fa_slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (fa__http_lower(a.at[i]) != fa__http_lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

/* Step over one byte. Returns: whether the head ends with it, well or badly. */
static bool scan_byte(struct fa_http_scan *scan, uint8_t byte)
{
    switch (scan->state) {
    case SCAN_BEGIN:
    case SCAN_FIRST:
        if (byte == '\r' && scan->state == SCAN_BEGIN) {
            scan->state = SCAN_BEGIN_CR;
            return false;
        }
        scan->state = SCAN_LINE;
        return !fa__http_is(byte, FA__HTTP_TOKEN);
    case SCAN_BEGIN_CR:
        scan->state = SCAN_FIRST;
        return byte != '\n';
    case SCAN_LINE_CR:
        if (byte == '\n') {
            scan->state = SCAN_START;
            scan->line_seen = true;
        } else if (byte != '\r') {
            scan->state = SCAN_LINE; /* a bare CR: the parser finds it */
        }
        return false;
    case SCAN_START:
        scan->state = byte == '\r' ? SCAN_START_CR : SCAN_LINE;
        return byte == '\n';
    case SCAN_START_CR:
        return true;
    default:
        if (byte == '\r') {
            scan->state = SCAN_LINE_CR;
        }
        return byte == '\n';
    }
}

bool fa_http_head_scan(struct fa_http_scan *scan, struct fa_slice bytes, size_t *ret_len)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (scan->state == SCAN_LINE) {
            /* To the line's end in one leap. */
            i += fa__http_find(fa_slice_from(bytes, i), '\n');
            if (i == bytes.len) {
                scan->state = bytes.at[i - 1] == '\r' ? SCAN_LINE_CR : SCAN_LINE;
                return false;
            }
            scan->state = i != 0 && bytes.at[i - 1] == '\r' ? SCAN_LINE_CR : SCAN_LINE;
        }
        if (scan_byte(scan, bytes.at[i])) {
            *ret_len = i + 1;
            return true;
        }
    }
    return false;
}

/* Take a line off the front of *rest. Returns: false if it does not end in CR LF. */
static bool take_line(struct fa_slice *rest, struct fa_slice *ret_line)
{
    size_t end = fa__http_find(*rest, '\n');
    if (end == rest->len || end == 0 || rest->at[end - 1] != '\r') {
        return false;
    }
    *ret_line = (struct fa_slice){rest->at, end - 1};
    *rest = fa_slice_from(*rest, end + 1);
    return true;
}

static enum fa_http_method find_method(struct fa_slice text)
{
    static const char names[][8] = {
        [FA_HTTP_GET] = "GET",
        [FA_HTTP_HEAD] = "HEAD",
        [FA_HTTP_POST] = "POST",
        [FA_HTTP_PUT] = "PUT",
        [FA_HTTP_PATCH] = "PATCH",
        [FA_HTTP_DELETE] = "DELETE",
        [FA_HTTP_OPTIONS] = "OPTIONS",
    };
    for (size_t i = 0; i < FA_COUNT_OF(names); i++) {
        if (fa_slice_equal(text, fa_slice_of(names[i]))) {
            return (enum fa_http_method)i;
        }
    }
    return FA_HTTP_METHOD_OTHER;
}

/* The four forms of a target (RFC 9112 3.2); CONNECT's is for proxies and not among ours. */
static enum fa_http_fault split_target(struct fa_http_request *request)
{
    struct fa_slice rest = request->target;
    if (rest.at[0] == '*') {
        request->path = rest;
        return rest.len == 1 && request->method == FA_HTTP_OPTIONS ? FA_HTTP_FAULT_NONE
                                                                   : FA_HTTP_FAULT_TARGET;
    }
    if (rest.at[0] != '/') {
        size_t skip = 7;
        if (!fa_http_name_equal(
                (struct fa_slice){rest.at, fa_min(rest.len, 7)}, FA_LIT("http://"))) {
            skip = 8;
            if (!fa_http_name_equal(
                    (struct fa_slice){rest.at, fa_min(rest.len, 8)}, FA_LIT("https://"))) {
                return FA_HTTP_FAULT_TARGET;
            }
        }
        rest = fa_slice_from(rest, skip);
        size_t end = fa_min(fa__http_find(rest, '/'), fa__http_find(rest, '?'));
        request->host = (struct fa_slice){rest.at, end};
        if (end == 0 || !fa__http_all(request->host, FA__HTTP_HOST)) {
            return FA_HTTP_FAULT_TARGET;
        }
        rest = fa_slice_from(rest, end);
    }
    size_t mark = fa__http_find(rest, '?');
    if (mark != rest.len) {
        request->query = fa_slice_from(rest, mark + 1);
    }
    struct fa_slice raw = {rest.at, mark};
    if (mark == 0) {
        raw = FA_LIT("/"); /* http://host and http://host?query */
    }
    if (raw.len > FA_HTTP_PATH_MAX) {
        return FA_HTTP_FAULT_TARGET_LEN;
    }
    request->path.at = request->path_memory;
    return fa_http_path_normalise(raw, request->path_memory, &request->path.len)
               ? FA_HTTP_FAULT_NONE
               : FA_HTTP_FAULT_TARGET;
}

static enum fa_http_fault parse_line(
    struct fa_slice line, const struct fa_http_limits *limits, struct fa_http_request *request)
{
    size_t end = fa__http_find(line, ' ');
    request->method_text = (struct fa_slice){line.at, end};
    if (end == 0 || end == line.len || !fa__http_all(request->method_text, FA__HTTP_TOKEN)) {
        return FA_HTTP_FAULT_LINE;
    }
    request->method = find_method(request->method_text);
    struct fa_slice rest = fa_slice_from(line, end + 1);
    end = fa__http_find(rest, ' ');
    if (end == 0 || end == rest.len) {
        return FA_HTTP_FAULT_LINE;
    }
    if (end > limits->target_bytes_max) {
        return FA_HTTP_FAULT_TARGET_LEN;
    }
    request->target = (struct fa_slice){rest.at, end};
    struct fa_slice version = fa_slice_from(rest, end + 1);
    if (version.len != 8 || !fa_equal(version.at, "HTTP/", 5) || version.at[6] != '.' ||
        version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' || version.at[7] > '9') {
        return FA_HTTP_FAULT_LINE;
    }
    if (version.at[5] != '1') {
        return FA_HTTP_FAULT_VERSION;
    }
    request->version_minor = version.at[7] - '0';
    if (!fa__http_all(request->target, FA__HTTP_TARGET)) {
        return FA_HTTP_FAULT_TARGET;
    }
    /* A method we do not know may have a target that we do not know, such as CONNECT's. */
    return request->method == FA_HTTP_METHOD_OTHER ? FA_HTTP_FAULT_NONE : split_target(request);
}

static enum fa_http_fault parse_header(struct fa_slice line, struct fa_http_header *ret_header)
{
    size_t colon = fa__http_find(line, ':');
    struct fa_slice name = {line.at, colon};
    /* A space before the colon, and the one that a folded line begins with, are no token either. */
    if (colon == 0 || colon == line.len || !fa__http_all(name, FA__HTTP_TOKEN)) {
        return FA_HTTP_FAULT_HEADER;
    }
    struct fa_slice value = fa__http_trim(fa_slice_from(line, colon + 1));
    if (!fa__http_all(value, FA__HTTP_FIELD)) {
        return FA_HTTP_FAULT_HEADER;
    }
    *ret_header = (struct fa_http_header){name, value};
    return FA_HTTP_FAULT_NONE;
}

bool fa_http_field_next(struct fa_slice *rest, struct fa_http_header *ret_header)
{
    struct fa_slice line;
    return take_line(rest, &line) && parse_header(line, ret_header) == FA_HTTP_FAULT_NONE;
}

/* What of the fields decides over framing, gathered in one pass. */
struct framing {
    struct fa_slice host;
    struct fa_slice length;
    struct fa_slice coding;
    struct fa_slice expect;
    uint32_t host_count;
    uint32_t length_count;
    uint32_t coding_count;
    bool close;
    bool keep_alive;
};

static void note_header(struct framing *framing, const struct fa_http_header *header)
{
    struct fa_slice rest = header->value;
    struct fa_slice element;
    switch (header->name.len) {
    case 4:
        if (fa_http_name_equal(header->name, FA_LIT("host"))) {
            framing->host = header->value;
            framing->host_count++;
        }
        break;
    case 6:
        if (fa_http_name_equal(header->name, FA_LIT("expect"))) {
            framing->expect = header->value;
        }
        break;
    case 10:
        if (!fa_http_name_equal(header->name, FA_LIT("connection"))) {
            break;
        }
        while (fa_http_list_next(&rest, &element)) {
            framing->close |= fa_http_name_equal(element, FA_LIT("close"));
            framing->keep_alive |= fa_http_name_equal(element, FA_LIT("keep-alive"));
        }
        break;
    case 14:
        if (fa_http_name_equal(header->name, FA_LIT("content-length"))) {
            framing->length = header->value;
            framing->length_count++;
        }
        break;
    case 17:
        if (fa_http_name_equal(header->name, FA_LIT("transfer-encoding"))) {
            framing->coding = header->value;
            framing->coding_count++;
        }
        break;
    default:
        break;
    }
}

static enum fa_http_fault apply_framing(
    const struct framing *framing, struct fa_http_request *request)
{
    bool is_1_0 = request->version_minor == 0;
    if (framing->host_count > 1 || (framing->host_count == 0 && !is_1_0) ||
        !fa__http_all(framing->host, FA__HTTP_HOST)) {
        return FA_HTTP_FAULT_HOST;
    }
    if (request->host.at == NULL) {
        request->host = framing->host;
    }
    if (framing->coding_count != 0) {
        if (framing->coding_count > 1 || framing->length_count != 0 || is_1_0) {
            return FA_HTTP_FAULT_FRAMING;
        }
        if (!fa_http_name_equal(framing->coding, FA_LIT("chunked"))) {
            return FA_HTTP_FAULT_CODING;
        }
        request->chunked = true;
    }
    if (framing->length_count != 0) {
        if (framing->length_count > 1 || framing->length.len > 19 ||
            fa_parse_u64(framing->length, INT64_MAX, &request->content_len) != FA_OK) {
            return FA_HTTP_FAULT_LENGTH;
        }
        request->has_length = true;
    }
    if (framing->expect.len != 0 && !is_1_0) {
        if (!fa_http_name_equal(framing->expect, FA_LIT("100-continue"))) {
            return FA_HTTP_FAULT_EXPECT;
        }
        request->expect_continue = request->chunked || request->content_len != 0;
    }
    request->keep_alive = !framing->close && (!is_1_0 || framing->keep_alive);
    return FA_HTTP_FAULT_NONE;
}

enum fa_http_fault fa_http_parse_request(
    struct fa_slice head, const struct fa_http_limits *limits, struct fa_http_request *ret_request)
{
    struct fa_http_request *request = ret_request;
    /* All but the two arrays, which are large and are only read where they were written. */
    fa_zero(request, offsetof(struct fa_http_request, headers));
    FA_ASSERT(limits->header_count_max <= FA_HTTP_HEADER_MAX);

    if (head.len > limits->header_bytes_max) {
        return FA_HTTP_FAULT_HEADER_LEN;
    }
    struct fa_slice rest = head;
    if (rest.len >= 2 && rest.at[0] == '\r' && rest.at[1] == '\n') {
        rest = fa_slice_from(rest, 2);
    }
    struct fa_slice line;
    if (!take_line(&rest, &line)) {
        return FA_HTTP_FAULT_LINE_END;
    }
    enum fa_http_fault fault = parse_line(line, limits, request);
    struct framing framing = {.close = false};
    while (fault == FA_HTTP_FAULT_NONE) {
        if (!take_line(&rest, &line)) {
            return FA_HTTP_FAULT_LINE_END;
        }
        if (line.len == 0) {
            /* What follows the empty line is no part of this head. */
            return rest.len == 0 ? apply_framing(&framing, request) : FA_HTTP_FAULT_LINE_END;
        }
        if (request->header_count == limits->header_count_max) {
            return FA_HTTP_FAULT_HEADER_LEN;
        }
        struct fa_http_header *header = &request->headers[request->header_count];
        fault = parse_header(line, header);
        if (fault == FA_HTTP_FAULT_NONE) {
            note_header(&framing, header);
            request->header_count++;
        }
    }
    return fault;
}

struct fa_slice fa_http_header_find(const struct fa_http_request *request, const char *name)
{
    struct fa_slice wanted = fa_slice_of(name);
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (fa_http_name_equal(request->headers[i].name, wanted)) {
            return request->headers[i].value;
        }
    }
    return (struct fa_slice){NULL, 0};
}

bool fa_http_list_next(struct fa_slice *rest, struct fa_slice *ret_element)
{
    while (rest->len != 0) {
        size_t end = 0;
        bool quoted = false;
        while (end < rest->len && (quoted || rest->at[end] != ',')) {
            if (rest->at[end] == '"') {
                quoted = !quoted;
            } else if (quoted && rest->at[end] == '\\' && end + 1 < rest->len) {
                end++;
            }
            end++;
        }
        struct fa_slice element = fa__http_trim((struct fa_slice){rest->at, end});
        *rest = fa_slice_from(*rest, end + 1);
        if (element.len != 0) {
            *ret_element = element;
            return true;
        }
    }
    return false;
}
