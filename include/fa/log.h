// SPDX-License-Identifier: ISC
//
// fa/log.h: emit log lines, by source and level.
//
// A line goes to the log ring (fa/trace.h, class FA_TRACE_LOG) and, if its level is within its
// source's threshold, to the console. Libraries count, they do not log: apps, hosts and the few
// milestones of a stack's life do. A line below threshold costs one branch. Thresholds are set at
// boot by `-l tcp:debug,*:info`. Tested by test/unit/log_test.c.
//
//     FA_LOG(dhcp, FA_LOG_INFO, "lease %s for %u s", address, lease_s);

#ifndef FA_LOG_H
#define FA_LOG_H

#include "fa/base.h"

enum fa_log_level {
    FA_LOG_QUIET,
    FA_LOG_APP, /* what the user asked to see */
    FA_LOG_ERROR,
    FA_LOG_WARNING,
    FA_LOG_INFO,
    FA_LOG_DEBUG,
};

enum fa_log_source {
#define FA_LOG_SOURCE(name, doc) FA_LOG_SOURCE_##name,
#include "fa/schema.def"

    FA_LOG_SOURCE_COUNT
};

struct fa_log_source_info {
    const char *name;
    const char *doc;
};

extern const struct fa_log_source_info fa_log_source_infos[FA_LOG_SOURCE_COUNT];

/* Largest level of each source that is shown and kept; FA_LOG_INFO at first. */
extern enum fa_log_level fa_log_levels[FA_LOG_SOURCE_COUNT];

/* Where whole lines such as "[   1.234567] tcp: warning: text\n" go beside the ring:
 * fa_console_write() at first. The seconds count from the image's first line. */
extern void (*fa_log_console)(struct fa_slice line);

/* Log a line if its source's threshold lets it through. The line has no newline at its end. */
#define FA_LOG(source, level, ...)                                                                 \
    do {                                                                                           \
        if ((level) <= fa_log_levels[FA_LOG_SOURCE_##source]) {                                    \
            fa_log_emit(FA_LOG_SOURCE_##source, (level), __VA_ARGS__);                             \
        }                                                                                          \
    } while (0)

/* Limits: 480 bytes of text, the rest is cut off and marked by three dots. Control characters
 * become question marks. Not re-entrant: a line logged while one is written is dropped and
 * counted. */
[[gnu::format(printf, 3, 4)]] void fa_log_emit(
    enum fa_log_source source, enum fa_log_level level, const char *format, ...);

/*
 * Set thresholds from text such as `*:info,tcp:debug,http:quiet` or a bare `debug`.
 *
 * Returns: FA_OK; FA_EINVAL, and then *ret_bad (may be NULL) is the piece that is not understood.
 *          Nothing is changed in that case.
 */
fa_err fa_log_levels_set(struct fa_slice text, struct fa_slice *ret_bad);

const char *fa_log_level_name(enum fa_log_level level);

#endif
