// SPDX-License-Identifier: ISC
//
// test/t.h: a small TAP harness. A test file is a list of T(claim) { CHECK(...); } and links with
// test/t.c and any platform; the same file runs as a process, in the simulator and in a guest.
//
//     T(empty_ring_has_nothing_to_read)
//     {
//         CHECK_EQ(fa_ring_len(&ring), 0);
//     }
//
// Arguments: nothing runs all; `--list` prints the names; `--stop` ends with the first failure; any
// other word runs the tests whose name contains it.

#ifndef T_H
#define T_H

#include "fa/base.h"

struct t_case {
    const char *name;
    void (*fn)(void);
    int line;
    struct t_case *next;
};

void t_register(struct t_case *test_case);

/* Record a failed check of the running test; it goes on. */
[[gnu::format(printf, 3, 4)]] void t_fail(const char *file, int line, const char *format, ...);

/* Leave the running test out, with the reason in its TAP line. */
void t_skip(const char *reason);

/* Print a "# ..." line. */
[[gnu::format(printf, 1, 2)]] void t_note(const char *format, ...);

/* Register code to run when the running test has failed, before the next begins: captures,
 * seeds. At most 4; forgotten when the test ends. */
void t_on_failure(void (*fn)(void *ctx), void *ctx);

/* Whether a check of the running test has failed. */
bool t_failed(void);

/* Name of the running test. */
const char *t_name(void);

/* Call fn(ctx) and see whether an FA_ASSERT stops it. What it had begun stays half done. Not for
 * fibers, which have a stack of their own. */
bool t_traps(void (*fn)(void *ctx), void *ctx);

#define T(test_name)                                                                               \
    static void t_fn_##test_name(void);                                                            \
    static struct t_case t_case_##test_name = {#test_name, t_fn_##test_name, __LINE__, NULL};      \
    [[gnu::constructor]] static void t_register_##test_name(void)                                  \
    {                                                                                              \
        t_register(&t_case_##test_name);                                                           \
    }                                                                                              \
    static void t_fn_##test_name(void)

#define CHECK(expression) ((expression) ? (void)0 : t_fail(__FILE__, __LINE__, "%s", #expression))

/* Like CHECK, but ends the test function. */
#define REQUIRE(expression)                                                                        \
    do {                                                                                           \
        if (!(expression)) {                                                                       \
            t_fail(__FILE__, __LINE__, "%s", #expression);                                         \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        long long t_a_ = (long long)(a);                                                           \
        long long t_b_ = (long long)(b);                                                           \
        if (t_a_ != t_b_) {                                                                        \
            t_fail(__FILE__, __LINE__, "%s == %s: %lld, not %lld", #a, #b, t_a_, t_b_);            \
        }                                                                                          \
    } while (0)

/* Two byte ranges as text. */
#define CHECK_TEXT(slice, literal) CHECK(fa_slice_equal((slice), fa_slice_of(literal)))

#endif
