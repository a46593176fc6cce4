// SPDX-License-Identifier: ISC
//
// fuzz/http_fuzz.c: every pure function of fa/http.h on arbitrary bytes, against what its header
// promises. The first byte says where the bytes are cut in two.
//
// Covers: src/http/http.c src/http/http_path.c src/http/http_chunked.c src/http/http_date.c
// Covers: src/http/http_condition.c

#include "fa/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct fa_http_limits limits = {
    .header_bytes_max = 4096, .header_count_max = 16, .target_bytes_max = 2048};

static bool is_within(struct fa_slice inner, struct fa_slice outer)
{
    return inner.at == NULL ||
           (inner.at >= outer.at && inner.at + inner.len <= outer.at + outer.len);
}

/* No empty, "." or ".." segment, no control byte, no backslash. */
static void check_path(struct fa_slice path)
{
    size_t start = 1;
    FA_ASSERT(path.len != 0 && path.at[0] == '/');
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.at[i] != '/') {
            FA_ASSERT(path.at[i] >= 0x20 && path.at[i] != 0x7f && path.at[i] != '\\');
            continue;
        }
        struct fa_slice segment = {path.at + start, i - start};
        FA_ASSERT(segment.len != 0 || i == path.len);
        FA_ASSERT(!fa_slice_equal(segment, FA_LIT(".")));
        FA_ASSERT(!fa_slice_equal(segment, FA_LIT("..")));
        start = i + 1;
    }
}

static void check_text(struct fa_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        FA_ASSERT(text.at[i] == '\t' || (text.at[i] >= 0x20 && text.at[i] != 0x7f));
    }
}

static void use_request(const struct fa_http_request *request)
{
    struct fa_http_validators validators = {
        .etag = FA_LIT("\"0000000000000001\""), .modified_s = 784111777, .now_s = 1700000000};
    uint64_t off;
    uint64_t part;
    uint16_t status = fa_http_conditions(request, &validators);
    FA_ASSERT(status == 0 || status == 304 || status == 412);
    for (uint64_t value_len = 0; value_len < 3000; value_len += 999) {
        status = fa_http_range(request, &validators, value_len, &off, &part);
        FA_ASSERT(status == 200 || status == 206 || status == 416);
        FA_ASSERT(status != 206 || (part != 0 && off < value_len && part <= value_len - off));
    }
}

static void parse(struct fa_slice head)
{
    static struct fa_http_request request;
    if (fa_http_parse_request(head, &limits, &request) != FA_HTTP_FAULT_NONE) {
        return;
    }
    FA_ASSERT(!(request.chunked && request.has_length));
    FA_ASSERT(request.header_count <= limits.header_count_max);
    FA_ASSERT(is_within(request.method_text, head) && is_within(request.target, head));
    FA_ASSERT(is_within(request.query, head) && is_within(request.host, head));
    for (uint32_t i = 0; i < request.header_count; i++) {
        FA_ASSERT(is_within(request.headers[i].name, head));
        FA_ASSERT(is_within(request.headers[i].value, head) && request.headers[i].name.len != 0);
        check_text(request.headers[i].name);
        check_text(request.headers[i].value);
        struct fa_slice rest = request.headers[i].value;
        struct fa_slice element;
        while (fa_http_list_next(&rest, &element)) {
            FA_ASSERT(element.len != 0 && is_within(element, head));
        }
    }
    if (request.method != FA_HTTP_METHOD_OTHER && request.path.at[0] != '*') {
        check_path(request.path);
    }
    use_request(&request);
}

/* A head ends at the same place however it is cut. */
static void scan(struct fa_slice bytes, size_t cut)
{
    struct fa_http_scan whole = {.state = 0};
    struct fa_http_scan parts = {.state = 0};
    size_t len = 0;
    size_t part_len = 0;
    bool found = fa_http_head_scan(&whole, bytes, &len);
    bool part_found = fa_http_head_scan(&parts, (struct fa_slice){bytes.at, cut}, &part_len);
    if (!part_found) {
        part_found = fa_http_head_scan(&parts, fa_slice_from(bytes, cut), &part_len);
        part_len += part_found ? cut : 0;
    }
    FA_ASSERT(found == part_found && len == part_len && len <= bytes.len);
    if (found) {
        parse((struct fa_slice){bytes.at, len});
    } else {
        /* What is not complete is never a request. */
        static struct fa_http_request request;
        FA_ASSERT(fa_http_parse_request(bytes, &limits, &request) != FA_HTTP_FAULT_NONE);
    }
}

struct unchunked {
    enum fa_http_chunk end;
    size_t used;
    size_t len;
    uint64_t sum;
};

static struct unchunked unchunk(struct fa_slice bytes, size_t cut)
{
    struct fa_http_chunked chunked = {.left = 0};
    struct unchunked result = {.end = FA_HTTP_CHUNK_MORE};
    while (result.used < bytes.len) {
        size_t end = result.used < cut ? cut : bytes.len;
        size_t skip;
        size_t len;
        result.end = fa_http_chunked_next(
            &chunked, (struct fa_slice){bytes.at + result.used, end - result.used}, &skip, &len);
        result.used += skip;
        FA_ASSERT(result.used + len <= end);
        if (result.end == FA_HTTP_CHUNK_END || result.end == FA_HTTP_CHUNK_BAD) {
            return result;
        }
        for (size_t i = 0; i < len; i++) {
            result.sum = result.sum * 31 + bytes.at[result.used + i];
        }
        fa_http_chunked_done(&chunked, len);
        result.used += len;
        result.len += len;
    }
    result.end = FA_HTTP_CHUNK_MORE; /* where data ends and its frame is missing */
    return result;
}

static void dates(struct fa_slice text)
{
    uint64_t unix_s;
    if (fa_http_date_parse(text, 1700000000, &unix_s) == FA_OK) {
        char again[FA_HTTP_DATE_LEN];
        uint64_t again_s = 0;
        fa_http_date_write(unix_s, again);
        struct fa_slice written = {(const uint8_t *)again, sizeof again};
        FA_ASSERT(fa_http_date_parse(written, 0, &again_s) == FA_OK && again_s == unix_s);
    }
}

static void paths(struct fa_slice raw)
{
    static uint8_t at[8192];
    static char encoded[3 * 8192];
    size_t len;
    if (raw.len > sizeof at || !fa_http_path_normalise(raw, at, &len)) {
        return;
    }
    struct fa_slice path = {at, len};
    check_path(path);
    size_t encoded_len = fa_http_path_encode(path, encoded, sizeof encoded);
    struct fa_slice again = {(const uint8_t *)encoded, encoded_len};
    size_t again_len;
    FA_ASSERT(fa_http_path_normalise(again, (uint8_t *)encoded, &again_len));
    FA_ASSERT(again_len == len && fa_equal(encoded, at, len));
    (void)fa_http_media_type(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    struct fa_slice bytes = {data + 1, len - 1};
    size_t cut = bytes.len * data[0] / 256;
    scan(bytes, cut);
    struct unchunked whole = unchunk(bytes, 0);
    struct unchunked parts = unchunk(bytes, cut);
    FA_ASSERT(whole.end == parts.end && whole.used == parts.used);
    FA_ASSERT(whole.len == parts.len && whole.sum == parts.sum);
    dates(bytes);
    paths(bytes);
    return 0;
}
