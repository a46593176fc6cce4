// SPDX-License-Identifier: ISC
//
// What Linux adds to the platform: signals, descriptors, guard pages. The rest is
// test/conform/plat_test.c.

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/plat.h"
#include "plat/linux/linux.h"
#include "test/t.h"

enum {
    RACE_COUNT = 300,
    HANG_S = 20, /* a child that sleeps on is killed by SIGALRM */
};

/* Run fn() in a child, which must end by itself. Returns: its status, as of waitpid(). */
static int run_child(void (*fn)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(HANG_S);
        fn();
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static void watch_something(void)
{
    static struct fa__linux_fd watch;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) {
        _exit(2);
    }
    fa__linux_watch(&watch, ends[0], false);
    fa_plat_wait(0); /* takes the first edge, if there is one */
}

static void stop_before_sleep(void)
{
    (void)raise(SIGINT);
    fa_plat_wait(FA_NS_NEVER);
    _exit(fa_plat_stop_requested() ? 0 : 1);
}

static void stop_before_sleep_on_descriptors(void)
{
    watch_something();
    stop_before_sleep();
}

static void terminate_before_sleep(void)
{
    (void)raise(SIGTERM);
    fa_plat_wait(FA_NS_NEVER);
    _exit(fa_plat_stop_requested() ? 0 : 1);
}

T(a_signal_before_the_sleep_ends_it)
{
    CHECK_EQ(run_child(stop_before_sleep), 0);
    CHECK_EQ(run_child(stop_before_sleep_on_descriptors), 0);
    CHECK_EQ(run_child(terminate_before_sleep), 0);
}

/* Signals come from a timer at all distances from the beginning of a sleep. */
static void race_signals(void)
{
    for (int i = 0; i < RACE_COUNT; i++) {
        /* The handler is gone after its first signal: put it back. */
        fa__linux_signals_init();
        struct sigaction action;
        (void)sigaction(SIGTERM, NULL, &action);
        (void)sigaction(SIGALRM, &action, NULL);
        const struct itimerval soon = {.it_value.tv_usec = 1 + i % 100};
        (void)setitimer(ITIMER_REAL, &soon, NULL);
        fa_plat_wait(fa_clock_mono_ns() + HANG_S * FA_NS_S);
    }
}

static void race_without_descriptors(void)
{
    const fa_ns before = fa_clock_mono_ns();
    race_signals();
    _exit(fa_clock_mono_ns() - before < HANG_S * FA_NS_S ? 0 : 1);
}

static void race_with_descriptors(void)
{
    watch_something();
    race_without_descriptors();
}

T(a_signal_at_any_moment_ends_the_sleep)
{
    CHECK_EQ(run_child(race_without_descriptors), 0);
    CHECK_EQ(run_child(race_with_descriptors), 0);
}

static void interrupt_twice(void)
{
    (void)raise(SIGINT);
    (void)raise(SIGINT);
}

T(the_second_interrupt_kills)
{
    const int status = run_child(interrupt_twice);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void write_to_nobody(void)
{
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0 || close(ends[0]) != 0) {
        _exit(2);
    }
    fa_console_write(FA_LIT("nobody reads this\n"));
}

T(a_console_without_a_reader_is_ignored)
{
    CHECK_EQ(run_child(write_to_nobody), 0);
}

static void fill_a_pipe(void)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0 || dup2(ends[1], STDOUT_FILENO) < 0) {
        _exit(2);
    }
    for (int i = 0; i < 10000; i++) {
        fa_console_write(FA_LIT("a reader that does not keep up loses lines\n"));
    }
}

T(a_full_console_loses_text_and_does_not_wait)
{
    CHECK_EQ(run_child(fill_a_pipe), 0);
}

static void overrun_stack(void)
{
    uint8_t *at;
    if (fa_plat_stack_map(4096, &at) == FA_OK) {
        (void)close(STDERR_FILENO); /* what a sanitizer has to say is expected */
        *(volatile uint8_t *)(at - 1) = 1;
    }
}

T(a_page_below_the_stack_faults)
{
    CHECK(run_child(overrun_stack) != 0);
}

T(environment_is_seen)
{
    CHECK_EQ(setenv("FATA_TEST", "value=1", 1), 0);
    CHECK_EQ(setenv("FATA_TEST_EMPTY", "", 1), 0);
    CHECK_TEXT(fa_plat_env(FA_LIT("FATA_TEST")), "value=1");
    CHECK(fa_plat_env(FA_LIT("FATA_TEST_EMPTY")).at != NULL);
    CHECK_EQ(fa_plat_env(FA_LIT("FATA_TEST_EMPTY")).len, 0);
    CHECK(fa_plat_env(FA_LIT("FATA_TES")).at == NULL);
}

T(readiness_comes_with_news_alone)
{
    struct fa__linux_fd watch = {0};
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    fa__linux_watch(&watch, ends[0], false);
    CHECK(watch.readable && watch.writable);

    watch.readable = watch.writable = false;
    fa_plat_wait(0);
    CHECK(!watch.readable && !watch.writable);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    fa_plat_wait(FA_NS_NEVER);
    CHECK(watch.readable && !watch.writable);

    watch.readable = false;
    fa_plat_wait(0);
    CHECK(!watch.readable); /* unread bytes are no news */
    CHECK_EQ(write(ends[1], "y", 1), 1);
    fa_plat_wait(0);
    CHECK(watch.readable);

    fa__linux_watch(&watch, ends[0], true);
    CHECK(!watch.writable);
    fa_plat_wait(0);
    CHECK(watch.writable);

    watch.readable = watch.writable = false;
    CHECK_EQ(close(ends[1]), 0);
    fa_plat_wait(0);
    CHECK(watch.readable && watch.writable);
    fa__linux_unwatch(&watch);
    CHECK(!watch.readable && !watch.watched);
    fa__linux_unwatch(&watch);
    CHECK_EQ(close(ends[0]), 0);
}

T(descriptors_that_cannot_be_polled_are_always_ready)
{
    struct fa__linux_fd watch = {0};
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    fa__linux_watch(&watch, fd, true);
    fa_plat_wait(0);
    CHECK(watch.readable && watch.writable);
    fa__linux_unwatch(&watch);
    CHECK_EQ(close(fd), 0);
}

T(many_descriptors_are_reported_in_turn)
{
    enum {
        PAIR_COUNT = 200, /* more than are taken from the kernel at once */
    };
    static struct fa__linux_fd watches[PAIR_COUNT];
    static int ends[PAIR_COUNT][2];
    for (size_t i = 0; i < PAIR_COUNT; i++) {
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]) == 0);
        fa__linux_watch(&watches[i], ends[i][0], false);
        watches[i].readable = false;
        CHECK_EQ(write(ends[i][1], "x", 1), 1);
    }
    size_t ready_count = 0;
    for (int turn = 0; turn < 10; turn++) {
        fa_plat_wait(0);
    }
    for (size_t i = 0; i < PAIR_COUNT; i++) {
        ready_count += watches[i].readable;
        fa__linux_unwatch(&watches[i]);
        (void)close(ends[i][0]);
        (void)close(ends[i][1]);
    }
    CHECK_EQ(ready_count, PAIR_COUNT);
}
