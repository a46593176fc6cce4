// SPDX-License-Identifier: ISC
//
// log.c: log lines to the log ring and the console.

#include "fa/log.h"
#include "fa/counter.h"
#include "fa/fiber.h"
#include "fa/fmt.h"
#include "fa/plat.h"
#include "fa/trace.h"

enum {
    TEXT_MAX = 480,  /* bytes of a line's text */
    PREFIX_MAX = 64, /* bytes: time, source and level */
    RECORD_HEAD = 2, /* bytes before the text in a log_line record: source, level */
};

const struct fa_log_source_info fa_log_source_infos[FA_LOG_SOURCE_COUNT] = {
#define FA_LOG_SOURCE(name, doc) {#name, doc},
#include "fa/schema.def"
};

enum fa_log_level fa_log_levels[FA_LOG_SOURCE_COUNT] = {
#define FA_LOG_SOURCE(name, doc) FA_LOG_INFO,
#include "fa/schema.def"
};

static const char *const level_names[] = {
    [FA_LOG_QUIET] = "quiet",
    [FA_LOG_APP] = "app",
    [FA_LOG_ERROR] = "error",
    [FA_LOG_WARNING] = "warning",
    [FA_LOG_INFO] = "info",
    [FA_LOG_DEBUG] = "debug",
};

void (*fa_log_console)(struct fa_slice line) = fa_console_write;

const char *fa_log_level_name(enum fa_log_level level)
{
    FA_ASSERT(level < FA_COUNT_OF(level_names));
    return level_names[level];
}

/* Text may carry what a stranger sent: nothing in it may start a line or move a terminal's
 * cursor. */
static void tame_text(char *text, size_t len)
{
    for (size_t off = 0; off < len; off++) {
        uint8_t c = (uint8_t)text[off];
        if (c < 0x20 || c == 0x7f) {
            text[off] = '?';
        }
    }
}

static void show_line(
    enum fa_log_source source, enum fa_log_level level, fa_ns now, struct fa_slice text)
{
    static fa_ns first_ns;
    if (first_ns == 0) {
        first_ns = now;
    }
    fa_ns us = (now - first_ns) / FA_NS_US;
    char line[PREFIX_MAX + TEXT_MAX + 2];
    struct fa_text out;
    fa_text_init(&out, line, sizeof line);
    fa_text_add(&out, "[%4llu.%06llu] %s: %s: ", (unsigned long long)(us / 1000000),
        (unsigned long long)(us % 1000000), fa_log_source_infos[source].name,
        fa_log_level_name(level));
    fa_text_add_slice(&out, text);
    fa_text_add(&out, "\n");
    fa_log_console(fa_text_slice(&out));
}

void fa_log_emit(enum fa_log_source source, enum fa_log_level level, const char *format, ...)
{
    static bool writing;
    FA_ASSERT(source < FA_LOG_SOURCE_COUNT);
    if (writing) {
        FA_COUNT(&fa_counters_main, log_dropped);
        return;
    }
    writing = true;
    char record[RECORD_HEAD + TEXT_MAX + 1];
    char *text = record + RECORD_HEAD;
    record[0] = (char)source;
    record[1] = (char)level;
    va_list args;
    va_start(args, format);
    size_t len = fa_fmt_va(text, TEXT_MAX + 1, format, args);
    va_end(args);
    if (len > TEXT_MAX) {
        len = TEXT_MAX;
        fa_copy(text + len - 3, "...", 3);
    }
    tame_text(text, len);
    fa_ns now = fa_clock_mono_ns();
    const struct fa_fiber *fiber = fa_fiber_current();
    fa_trace_emit(FA_EVENT_log_line, now, fiber == NULL ? 0 : fiber->id, record, RECORD_HEAD + len);
    show_line(source, level, now, (struct fa_slice){(const uint8_t *)text, len});
    writing = false;
}

static bool find_level(struct fa_slice name, enum fa_log_level *ret_level)
{
    for (unsigned level = 0; level < FA_COUNT_OF(level_names); level++) {
        if (fa_slice_equal(name, fa_slice_of(level_names[level]))) {
            *ret_level = (enum fa_log_level)level;
            return true;
        }
    }
    return false;
}

/* Apply one piece, `source:level` or `level`. Returns: whether it is understood. */
static bool set_piece(struct fa_slice piece, enum fa_log_level *levels)
{
    struct fa_slice source = FA_LIT("*");
    struct fa_slice name = piece;
    for (size_t off = 0; off < piece.len; off++) {
        if (piece.at[off] == ':') {
            source = (struct fa_slice){piece.at, off};
            name = fa_slice_from(piece, off + 1);
            break;
        }
    }
    enum fa_log_level level;
    if (!find_level(name, &level)) {
        return false;
    }
    bool all = fa_slice_equal(source, FA_LIT("*"));
    bool known = all;
    for (size_t idx = 0; idx < FA_LOG_SOURCE_COUNT; idx++) {
        if (all || fa_slice_equal(source, fa_slice_of(fa_log_source_infos[idx].name))) {
            levels[idx] = level;
            known = true;
        }
    }
    return known;
}

fa_err fa_log_levels_set(struct fa_slice text, struct fa_slice *ret_bad)
{
    enum fa_log_level levels[FA_LOG_SOURCE_COUNT];
    fa_copy(levels, fa_log_levels, sizeof levels);
    size_t start = 0;
    for (size_t off = 0; off <= text.len; off++) {
        if (off < text.len && text.at[off] != ',') {
            continue;
        }
        struct fa_slice piece = {text.at + start, off - start};
        if (!set_piece(piece, levels)) {
            if (ret_bad != NULL) {
                *ret_bad = piece;
            }
            return FA_EINVAL;
        }
        start = off + 1;
    }
    fa_copy(fa_log_levels, levels, sizeof levels);
    return FA_OK;
}
