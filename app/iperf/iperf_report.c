// SPDX-License-Identifier: ISC
//
// What is printed: lines like those of iperf 2, so that scripts which read them go on working.

#include "iperf.h"

#include "fa/fmt.h"

enum {
    REPORT_LINE_LEN = 256, /* bytes */
    NUMBER_LEN = 24,
};

void say(const char *format, ...)
{
    char line[REPORT_LINE_LEN];
    va_list list;
    va_start(list, format);
    size_t len = fa_min(fa_fmt_va(line, sizeof line, format, list), sizeof line - 1);
    va_end(list);
    fa_console_write((struct fa_slice){(const uint8_t *)line, len});
}

/* Three digits and a prefix: "1.10 G". `step` is 1000 or 1024. */
static void scale(char *at, size_t cap, uint64_t value, unsigned step)
{
    static const char *const prefixes[] = {"", "K", "M", "G", "T", "P", "E"};
    uint64_t unit = 1;
    size_t prefix = 0;
    while (value / unit >= step && prefix + 1 < FA_COUNT_OF(prefixes)) {
        unit *= step;
        prefix++;
    }
    unsigned whole = (unsigned)(value / unit);
    unsigned rest = (unsigned)(unit >= 100 ? value % unit / (unit / 100) : 0);
    if (whole >= 100 || prefix == 0) {
        fa_fmt(at, cap, "%u %s", whole, prefixes[prefix]);
    } else if (whole >= 10) {
        fa_fmt(at, cap, "%u.%u %s", whole, (unsigned)fa_min(rest / 10, 9), prefixes[prefix]);
    } else {
        fa_fmt(at, cap, "%u.%02u %s", whole, (unsigned)fa_min(rest, 99), prefixes[prefix]);
    }
}

/* Bytes * 8 / seconds, for any sizes of both. */
static uint64_t rate_of(uint64_t bytes, fa_ns took)
{
    fa_ns us = took / FA_NS_US;
    return us == 0 ? 0 : (uint64_t)((unsigned __int128)bytes * 8 * 1000000 / us);
}

static void line(
    const struct stream *stream, fa_ns from, fa_ns to, uint64_t bytes, const char *more)
{
    char amount[NUMBER_LEN];
    char rate[NUMBER_LEN];
    fa_ns start = from - stream->start_ns;
    fa_ns end = to - stream->start_ns;
    scale(amount, sizeof amount, bytes, 1024);
    scale(rate, sizeof rate, rate_of(bytes, to - from), 1000);
    say("[%3u] %u.%04u-%u.%04u sec  %sBytes  %sbits/sec%s\n", stream->id,
        (unsigned)(start / FA_NS_S), (unsigned)(start % FA_NS_S / (100 * FA_NS_US)),
        (unsigned)(end / FA_NS_S), (unsigned)(end % FA_NS_S / (100 * FA_NS_US)), amount, rate,
        more);
}

void stream_begin(struct stream *stream, const char *what, const struct fa_endpoint *peer)
{
    static unsigned last_id;
    char text[FA_ENDPOINT_TEXT_MAX];
    fa_ns now = fa_clock_mono_ns();
    *stream = (struct stream){.id = ++last_id, .start_ns = now, .shown_ns = now};
    fa_endpoint_text(peer, text, sizeof text);
    say("[%3u] %s %s\n", stream->id, what, text);
}

void stream_count(struct stream *stream, size_t len)
{
    fa_ns interval = work.devices->interval;
    stream->bytes += len;
    if (interval == 0) {
        return;
    }
    fa_ns now = fa_clock_mono_ns();
    if (now - stream->shown_ns >= interval) {
        line(stream, stream->shown_ns, now, stream->bytes - stream->shown_bytes, "");
        stream->shown_ns = now;
        stream->shown_bytes = stream->bytes;
    }
}

void stream_end(const struct stream *stream)
{
    line(stream, stream->start_ns, fa_clock_mono_ns(), stream->bytes, "");
}

void stream_end_udp(const struct stream *stream, const char *whose, const struct report *report)
{
    char more[96];
    fa_ns jitter_us = report->jitter_ns / FA_NS_US;
    uint64_t share =
        report->datagram_count != 0 ? report->lost_count * 100 / report->datagram_count : 0;
    fa_fmt(more, sizeof more, "  %u.%03u ms  %llu/%llu (%llu%%)%s%s", (unsigned)(jitter_us / 1000),
        (unsigned)(jitter_us % 1000), (unsigned long long)report->lost_count,
        (unsigned long long)report->datagram_count, (unsigned long long)share,
        whose[0] != '\0' ? "  " : "", whose);
    line(stream, stream->start_ns, stream->start_ns + report->took_ns, report->bytes, more);
    if (report->late_count != 0) {
        say("[%3u] %llu datagrams received out-of-order\n", stream->id,
            (unsigned long long)report->late_count);
    }
}
