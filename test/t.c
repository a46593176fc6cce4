// SPDX-License-Identifier: ISC
//
// t.c: runs the registered tests and prints TAP 13. It knows the platform and the formatter only,
// so it runs wherever an image does.

#include "test/t.h"
#include "fa/fmt.h"
#include "fa/plat.h"

enum {
    T_LINE_MAX = 512,   /* bytes of an output line, the rest is cut off */
    ON_FAILURE_MAX = 4, /* t_on_failure() calls a test may make */
};

static struct {
    struct t_case *cases;
    const struct t_case *running;
    bool failed;
    const char *skip_reason;
    size_t on_failure_count;
    struct {
        void (*fn)(void *ctx);
        void *ctx;
    } on_failure[ON_FAILURE_MAX];
    bool trap_expected;
    void *trap_place[5]; // what __builtin_setjmp() wants
} t;

static void print_line(const char *prefix, struct fa_slice text)
{
    char line[T_LINE_MAX];
    struct fa_text out;
    fa_text_init(&out, line, sizeof line - 1);
    fa_text_add(&out, "%s", prefix);
    fa_text_add_slice(&out, text);
    line[out.len++] = '\n';
    fa_console_write(fa_text_slice(&out));
}

/* In source order, whatever order the compiler gives constructors. */
void t_register(struct t_case *test_case)
{
    struct t_case **place = &t.cases;
    while (*place != NULL && (*place)->line < test_case->line) {
        place = &(*place)->next;
    }
    test_case->next = *place;
    *place = test_case;
}

void t_fail(const char *file, int line, const char *format, ...)
{
    char text[T_LINE_MAX];
    struct fa_text out;
    fa_text_init(&out, text, sizeof text);
    fa_text_add(&out, "%s:%d: ", file, line);
    va_list args;
    va_start(args, format);
    size_t len = fa_fmt_va(text + out.len, sizeof text - out.len, format, args);
    va_end(args);
    out.len = fa_min(out.len + len, sizeof text - 1);
    print_line("# ", fa_text_slice(&out));
    t.failed = true;
}

void t_note(const char *format, ...)
{
    char text[T_LINE_MAX];
    va_list args;
    va_start(args, format);
    (void)fa_fmt_va(text, sizeof text, format, args);
    va_end(args);
    print_line("# ", fa_slice_of(text));
}

void t_skip(const char *reason)
{
    t.skip_reason = reason;
}

void t_on_failure(void (*fn)(void *ctx), void *ctx)
{
    FA_ASSERT(t.on_failure_count < ON_FAILURE_MAX);
    t.on_failure[t.on_failure_count].fn = fn;
    t.on_failure[t.on_failure_count].ctx = ctx;
    t.on_failure_count++;
}

bool t_failed(void)
{
    return t.failed;
}

const char *t_name(void)
{
    return t.running == NULL ? "" : t.running->name;
}

/* Linked in place of the library's, so that a trap can be a test's expectation. */
void fa_assert_fail(const char *expression, const char *file, int line)
{
    if (t.trap_expected) {
        t.trap_expected = false;
        __builtin_longjmp(t.trap_place, 1);
    }
    static bool failing;
    if (!failing) {
        failing = true;
        t_fail(file, line, "assertion failed: %s", expression);
        t_note("Bail out: in %s", t_name());
    }
    fa_plat_abort();
}

bool t_traps(void (*fn)(void *ctx), void *ctx)
{
    if (__builtin_setjmp(t.trap_place) != 0) {
        return true;
    }
    t.trap_expected = true;
    fn(ctx);
    t.trap_expected = false;
    return false;
}

static bool contains(struct fa_slice text, struct fa_slice word)
{
    for (size_t off = 0; off + word.len <= text.len; off++) {
        if (fa_equal(text.at + off, word.at, word.len)) {
            return true;
        }
    }
    return false;
}

/* Whether a word on the command line asks for this test; without words all are. */
static bool wants(const struct t_case *test_case)
{
    bool any_word = false;
    struct fa_slice arg;
    for (size_t idx = 1; (arg = fa_plat_arg(idx)).at != NULL; idx++) {
        if (fa_slice_equal(arg, FA_LIT("--seed"))) {
            idx++; // the simulator's, with a value
        } else if (arg.len < 2 || !fa_equal(arg.at, "--", 2)) {
            any_word = true;
            if (contains(fa_slice_of(test_case->name), arg)) {
                return true;
            }
        }
    }
    return !any_word;
}

static bool has_arg(struct fa_slice wanted)
{
    struct fa_slice arg;
    for (size_t idx = 1; (arg = fa_plat_arg(idx)).at != NULL; idx++) {
        if (fa_slice_equal(arg, wanted)) {
            return true;
        }
    }
    return false;
}

/* Returns: whether it passed. */
static bool run_case(const struct t_case *test_case, unsigned number)
{
    t.running = test_case;
    t.failed = false;
    t.skip_reason = NULL;
    t.on_failure_count = 0;
    test_case->fn();
    for (size_t idx = 0; t.failed && idx < t.on_failure_count; idx++) {
        t.on_failure[idx].fn(t.on_failure[idx].ctx);
    }
    char text[T_LINE_MAX];
    struct fa_text out;
    fa_text_init(&out, text, sizeof text);
    fa_text_add(&out, "ok %u - %s", number, test_case->name);
    if (t.skip_reason != NULL && !t.failed) {
        fa_text_add(&out, " # SKIP %s", t.skip_reason);
    }
    print_line(t.failed ? "not " : "", fa_text_slice(&out));
    t.running = NULL;
    return !t.failed;
}

int fa_main(void)
{
    bool list = has_arg(FA_LIT("--list"));
    bool stop = has_arg(FA_LIT("--stop"));
    unsigned run_count = 0;
    unsigned failed_count = 0;
    for (const struct t_case *test_case = t.cases; test_case != NULL; test_case = test_case->next) {
        if (!wants(test_case)) {
            continue;
        }
        run_count++;
        if (list) {
            print_line("", fa_slice_of(test_case->name));
        } else if (!run_case(test_case, run_count)) {
            failed_count++;
            if (stop) {
                break;
            }
        }
    }
    if (list) {
        return 0;
    }
    char text[T_LINE_MAX];
    size_t len = fa_fmt(text, sizeof text, "1..%u", run_count);
    print_line("", (struct fa_slice){(const uint8_t *)text, len});
    if (run_count == 0) {
        t_note("no test has such a name");
    }
    return run_count == 0 || failed_count != 0 ? 1 : 0;
}
