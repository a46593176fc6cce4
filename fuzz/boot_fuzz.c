// SPDX-License-Identifier: ISC
//
// Any words as boot-time arguments: they are taken or refused in one sentence, and a refusal never
// leaves a value that its type does not allow. The first byte says how many words stand in the
// environment; a NUL ends each.

#include "fa/boot.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    WORD_COUNT_MAX = 32,
    WORD_BYTES_MAX = 4096,
};

static bool flag;
static uint64_t number = 5;
static const char *text;
static uint16_t port = 80;
static fa_ns pause_ns;
static uint64_t size_bytes;
static struct fa_ip ip;
static struct fa_boot_address address;

static const struct fa_boot_key keys[] = {
    {"quick", &fa_boot_flag, &flag, .fallback = "false", .env = "QUICK"},
    {"count", &fa_boot_number, &number, .fallback = "5", .min = 2, .max = 9, .env = "COUNT"},
    {"greeting", &fa_boot_text, &text, .fallback = "hello", .env = "GREETING"},
    {"port", &fa_boot_port, &port, .fallback = "80", .env = "PORT"},
    {"pause", &fa_boot_duration, &pause_ns, .fallback = "10s"},
    {"room", &fa_boot_size, &size_bytes, .fallback = "16MiB"},
    {"gateway", &fa_boot_ip, &ip, .required = true},
    {"management-ipv4", &fa_boot_address, &address, .fallback = "dhcp"},
    {"logs", &fa_boot_logs, NULL, .env = NULL},
};

static const struct fa_boot_image image = {
    .name = "img", .version = "1", .keys = keys, .key_count = FA_COUNT_OF(keys)};

static char bytes[WORD_BYTES_MAX + 1];
static const char *words[WORD_COUNT_MAX];
static size_t word_count;
static size_t env_count;
static size_t line_count;

static struct fa_slice word_at(size_t idx)
{
    size_t at = env_count + idx;
    return at < word_count ? fa_slice_of(words[at]) : (struct fa_slice){NULL, 0};
}

static struct fa_slice variable(struct fa_slice name)
{
    for (size_t i = 0; i < env_count && i < word_count; i++) {
        struct fa_slice word = fa_slice_of(words[i]);
        if (word.len > name.len && fa_equal(word.at, name.at, name.len) &&
            word.at[name.len] == '=') {
            return fa_slice_from(word, name.len + 1);
        }
    }
    return (struct fa_slice){NULL, 0};
}

static void count_lines(struct fa_slice piece)
{
    line_count += piece.len != 0 && piece.at[piece.len - 1] == '\n';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct fa_boot_outside outside = {word_at, variable, count_lines};
    if (len < 1 || len > WORD_BYTES_MAX) {
        return 0;
    }
    fa_copy(bytes, data + 1, len - 1);
    bytes[len - 1] = '\0';
    env_count = data[0] % 8;
    word_count = 0;
    for (size_t at = 0; at < len - 1 && word_count < WORD_COUNT_MAX;) {
        words[word_count++] = bytes + at;
        at += __builtin_strlen(bytes + at) + 1;
    }
    line_count = 0;
    fa_err err = fa_boot_parse(&image, &outside);
    bool good = err == FA_OK ? line_count == 0 : err == FA_ECLOSED || line_count == 1;
    if (!good || number < 2 || number > 9 || port == 0) {
        abort();
    }
    return 0;
}
