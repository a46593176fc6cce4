// SPDX-License-Identifier: ISC
#include "fa/counter.h"
#include "fa/fmt.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/trace.h"
#include "test/t.h"

static char shown[1024];
static struct fa_text out;
static bool logs_itself;

static void catch_line(struct fa_slice line)
{
    fa_text_add_slice(&out, line);
    if (logs_itself) {
        FA_LOG(app, FA_LOG_ERROR, "again");
    }
}

static void begin_catch(void)
{
    fa_text_init(&out, shown, sizeof shown);
    fa_log_console = catch_line;
    logs_itself = false;
    CHECK(fa_log_levels_set(FA_LIT("info"), NULL) == FA_OK);
}

static void end_catch(void)
{
    fa_log_console = fa_console_write;
    CHECK(fa_log_levels_set(FA_LIT("info"), NULL) == FA_OK);
}

/* The caught text behind "[   0.000000] ", whose form is checked. */
static struct fa_slice caught_text(void)
{
    struct fa_slice line = fa_text_slice(&out);
    CHECK(line.len > 14 && line.at[0] == '[' && line.at[5] == '.');
    CHECK(line.len > 14 && line.at[12] == ']' && line.at[13] == ' ');
    for (size_t off = 6; off < 12; off++) {
        CHECK(line.at[off] >= '0' && line.at[off] <= '9');
    }
    return fa_slice_from(line, 14);
}

T(a_line_has_time_source_level_and_text)
{
    begin_catch();
    FA_LOG(tcp, FA_LOG_WARNING, "%s of %d", "text", 5);
    CHECK_TEXT(caught_text(), "tcp: warning: text of 5\n");
    end_catch();
}

T(a_line_above_the_threshold_is_not_even_formatted)
{
    begin_catch();
    int evaluated = 0;
    FA_LOG(tcp, FA_LOG_DEBUG, "%d", evaluated++);
    CHECK_EQ(evaluated, 0);
    CHECK_EQ(out.len, 0);
    CHECK(fa_log_levels_set(FA_LIT("tcp:debug"), NULL) == FA_OK);
    FA_LOG(tcp, FA_LOG_DEBUG, "%d", evaluated++);
    CHECK_TEXT(caught_text(), "tcp: debug: 0\n");
    end_catch();
}

T(control_characters_cannot_forge_lines)
{
    begin_catch();
    FA_LOG(app, FA_LOG_INFO, "%s", "a\nb\r\x1b[2J\x7f\xc3\xa9");
    CHECK_TEXT(caught_text(), "app: info: a?b??[2J?\xc3\xa9\n");
    end_catch();
}

T(a_long_line_is_cut_and_marked)
{
    char text[482];
    for (size_t len = 479; len <= 481; len++) {
        __builtin_memset(text, 'x', len);
        text[len] = '\0';
        begin_catch();
        FA_LOG(app, FA_LOG_INFO, "%s", text);
        struct fa_slice line = fa_slice_from(caught_text(), 11);
        CHECK_EQ(line.len, fa_min(len, 480) + 1);
        bool marked = fa_equal(line.at + line.len - 4, "...\n", 4);
        CHECK(marked == (len > 480));
        end_catch();
    }
}

T(a_line_logged_while_one_is_written_is_dropped_and_counted)
{
    begin_catch();
    uint64_t before = FA_COUNTER_VALUE(&fa_counters_main, log_dropped);
    logs_itself = true;
    FA_LOG(app, FA_LOG_INFO, "once");
    logs_itself = false;
    CHECK_TEXT(caught_text(), "app: info: once\n");
    CHECK_EQ(FA_COUNTER_VALUE(&fa_counters_main, log_dropped), before + 1);
    begin_catch();
    FA_LOG(app, FA_LOG_INFO, "and works again");
    CHECK_TEXT(caught_text(), "app: info: and works again\n");
    end_catch();
}

T(a_line_is_a_record_too)
{
    static _Alignas(8) uint8_t memory[8192];
    begin_catch();
    fa_trace_attach(FA_TRACE_LOG, memory, sizeof memory);
    FA_LOG(http, FA_LOG_ERROR, "kept");
    FA_LOG(http, FA_LOG_DEBUG, "not kept");
    uint64_t cursor = 0;
    struct fa_trace_record record;
    uint8_t payload[1024];
    struct fa_trace_ring *ring = fa_trace_rings[FA_TRACE_LOG];
    CHECK(fa_trace_read(ring, sizeof memory, &cursor, &record, payload, sizeof payload) == FA_OK);
    CHECK_EQ(record.event, FA_EVENT_log_line);
    CHECK_EQ(record.len, 6);
    CHECK_EQ(payload[0], FA_LOG_SOURCE_http);
    CHECK_EQ(payload[1], FA_LOG_ERROR);
    CHECK(fa_equal(payload + 2, "kept", 4));
    CHECK(
        fa_trace_read(ring, sizeof memory, &cursor, &record, payload, sizeof payload) == FA_AGAIN);
    fa_trace_attach(FA_TRACE_LOG, NULL, 0);
    end_catch();
}

T(thresholds_are_set_piece_by_piece)
{
    static const struct {
        const char *text;
        enum fa_log_level app;
        enum fa_log_level tcp;
        enum fa_log_level other;
    } rows[] = {
        {"debug", FA_LOG_DEBUG, FA_LOG_DEBUG, FA_LOG_DEBUG},
        {"*:warning", FA_LOG_WARNING, FA_LOG_WARNING, FA_LOG_WARNING},
        {"tcp:debug", FA_LOG_INFO, FA_LOG_DEBUG, FA_LOG_INFO},
        {"*:error,tcp:debug,app:quiet", FA_LOG_QUIET, FA_LOG_DEBUG, FA_LOG_ERROR},
        {"tcp:debug,*:error", FA_LOG_ERROR, FA_LOG_ERROR, FA_LOG_ERROR}, // the last word counts
        {"app,tcp:warning", FA_LOG_APP, FA_LOG_WARNING, FA_LOG_APP},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK(fa_log_levels_set(FA_LIT("info"), NULL) == FA_OK);
        CHECK(fa_log_levels_set(fa_slice_of(rows[row].text), NULL) == FA_OK);
        CHECK_EQ(fa_log_levels[FA_LOG_SOURCE_app], rows[row].app);
        CHECK_EQ(fa_log_levels[FA_LOG_SOURCE_tcp], rows[row].tcp);
        CHECK_EQ(fa_log_levels[FA_LOG_SOURCE_dhcp], rows[row].other);
    }
    CHECK(fa_log_levels_set(FA_LIT("info"), NULL) == FA_OK);
}

T(a_piece_that_is_not_understood_changes_nothing)
{
    static const struct {
        const char *text;
        const char *bad;
    } rows[] = {
        {"", ""},
        {"loud", "loud"},
        {"tcp:debug,smtp:info", "smtp:info"},
        {"debug,tcp:loud,app:info", "tcp:loud"},
        {"debug,", ""},
        {",debug", ""},
        {"tcp:", "tcp:"},
        {":debug", ":debug"},
        {"tcp:debug:info", "tcp:debug:info"},
        {"TCP:debug", "TCP:debug"},
        {" debug", " debug"},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        struct fa_slice bad = FA_LIT("untouched");
        CHECK(fa_log_levels_set(fa_slice_of(rows[row].text), &bad) == FA_EINVAL);
        CHECK_TEXT(bad, rows[row].bad);
        CHECK(fa_log_levels_set(fa_slice_of(rows[row].text), NULL) == FA_EINVAL);
        for (size_t idx = 0; idx < FA_LOG_SOURCE_COUNT; idx++) {
            CHECK_EQ(fa_log_levels[idx], FA_LOG_INFO);
        }
    }
}
