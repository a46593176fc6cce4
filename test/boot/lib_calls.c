// SPDX-License-Identifier: ISC
//
// What a library gets that asks its libc for more than an image has: a clear no, and counted.
//
// With the argument --end=abort, raise or lock it ends by that instead; test/boot/lib.t looks how.

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fa/counter.h"
#include "fa/plat.h"
#include "fa/wall.h"
#include "test/t.h"

static uint64_t unknown_calls(void)
{
    return FA_COUNTER_VALUE(&fa_counters_main, libc_unknown_call);
}

T(it_ends_as_it_was_told)
{
    if (fa_slice_equal(fa_plat_arg(2), FA_LIT("--end=abort"))) {
        abort();
    } else if (fa_slice_equal(fa_plat_arg(2), FA_LIT("--end=raise"))) {
        (void)raise(SIGTERM);
    } else if (fa_slice_equal(fa_plat_arg(2), FA_LIT("--end=exit"))) {
        exit(7);
    } else if (fa_slice_equal(fa_plat_arg(2), FA_LIT("--end=lock"))) {
        pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        (void)pthread_mutex_lock(&lock);
        (void)pthread_mutex_lock(&lock);
    } else if (fa_slice_equal(fa_plat_arg(2), FA_LIT("--end=free"))) {
        void *volatile at = malloc(100);
        free(at);
        free(at);
    }
}

T(there_are_no_files)
{
    struct stat info;
    errno = 0;
    CHECK(open("/etc/passwd", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(fopen("/dev/urandom", "r") == NULL && errno == ENOENT);
    CHECK(stat("/", &info) == -1 && errno == ENOENT);
    CHECK(access("/tmp", W_OK) == -1 && errno == ENOENT);
    CHECK(close(7) == -1 && errno == EBADF);
    CHECK(fcntl(7, F_GETFL) == -1 && errno == EBADF);
    CHECK(write(7, "x", 1) == -1 && errno == EBADF);
    CHECK(read(7, &info, 1) == -1 && errno == EBADF);
    CHECK_EQ(read(STDIN_FILENO, &info, 1), 0);
    CHECK(lseek(STDOUT_FILENO, 0, SEEK_CUR) == -1 && errno == ESPIPE);
    CHECK(!isatty(STDOUT_FILENO));
}

T(what_is_not_in_the_table_is_refused_and_counted)
{
    const uint64_t before = unknown_calls();
    CHECK(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENOSYS);
    CHECK_EQ(unknown_calls(), before + 1);
    CHECK(fork() == -1);
    CHECK(vfork() == -1);
    CHECK(unknown_calls() > before + 1);
}

static void *run(void *ctx)
{
    return ctx;
}

T(there_is_one_thread_and_its_locks_work)
{
    pthread_t thread;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_key_t key;
    CHECK(pthread_create(&thread, NULL, run, NULL) != 0);
    CHECK_EQ(pthread_mutex_lock(&lock), 0);
    CHECK_EQ(pthread_mutex_trylock(&lock), EBUSY);
    CHECK_EQ(pthread_mutex_unlock(&lock), 0);
    REQUIRE(pthread_key_create(&key, NULL) == 0);
    CHECK_EQ(pthread_setspecific(key, &lock), 0);
    CHECK(pthread_getspecific(key) == &lock);
    CHECK(pthread_equal(pthread_self(), pthread_self()));
}

T(the_wall_clock_is_the_images)
{
    struct timespec mono[2];
    struct timeval day;
    fa_wall_set(UINT64_C(1780272000) * FA_NS_S);
    CHECK(time(NULL) - 1780272000 < 5);
    CHECK(gettimeofday(&day, NULL) == 0 && day.tv_sec - 1780272000 < 5);
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &mono[0]), 0);
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    CHECK_EQ(nanosleep(&pause, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &mono[1]), 0);
    const long passed =
        (mono[1].tv_sec - mono[0].tv_sec) * 1000000000L + mono[1].tv_nsec - mono[0].tv_nsec;
    CHECK(passed >= pause.tv_nsec);
    CHECK(clock_gettime(99, &mono[0]) == -1 && errno == EINVAL);
    CHECK(nanosleep(&(struct timespec){.tv_nsec = -1}, NULL) == -1 && errno == EINVAL);
}

T(randomness_is_the_images)
{
    uint8_t bytes[2][64] = {0};
    CHECK_EQ(getentropy(bytes[0], 64), 0);
    CHECK_EQ(getrandom(bytes[1], 64, 0), 64);
    CHECK(!fa_equal(bytes[0], bytes[1], 64));
    static uint8_t much[300];
    CHECK_EQ(getrandom(much, sizeof much, 0), 256);
}

T(what_wakes_the_image_becomes_part_of_its_randomness)
{
    uint8_t byte;
    const uint64_t before = FA_COUNTER_VALUE(&fa_counters_main, entropy_reseed);
    for (int i = 0; i < 30; i++) {
        const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        CHECK_EQ(nanosleep(&pause, NULL), 0);
    }
    CHECK_EQ(getrandom(&byte, 1, 0), 1);
    CHECK(FA_COUNTER_VALUE(&fa_counters_main, entropy_reseed) > before);
}

T(memory_comes_from_the_heap_until_it_is_full)
{
    enum {
        HEAP_BYTES = 16 << 20,
    };
    static void *taken[2 * 1024];
    size_t count = 0;
    const size_t len = 64 * 1024;
    while (count < FA_COUNT_OF(taken) && (taken[count] = malloc(len)) != NULL) {
        memset(taken[count++], 0xa5, len);
    }
    /* As many as fit below the ceiling that lib_calls.libs sets, of far more memory. */
    CHECK(count > HEAP_BYTES / len * 9 / 10 && count <= HEAP_BYTES / len && errno == ENOMEM);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    for (size_t i = 0; i < count; i++) {
        free(taken[i]);
    }
    const uint8_t *zeros = calloc(100, 1000);
    REQUIRE(zeros != NULL); /* where there was 0xa5 */
    for (size_t i = 0; i < 100 * 1000; i++) {
        REQUIRE(zeros[i] == 0);
    }
    volatile size_t half = SIZE_MAX / 2;
    CHECK(calloc(half, 3) == NULL);
    void *page = NULL;
    CHECK(posix_memalign(&page, 4096, 10) == 0 && (uintptr_t)page % 4096 == 0);
    CHECK(malloc_usable_size(page) >= 10);
    page = realloc(page, 100 * 1000);
    REQUIRE(page != NULL);
    CHECK(realloc(page, half) == NULL && errno == ENOMEM);
    free(NULL);
}

T(printf_prints_on_the_console)
{
    CHECK_EQ(printf("# %s %d %.3f %08x\n", "printf", -42, 0.5, 0xbeefu), 28);
    CHECK_EQ(fflush(stdout), 0);
    char text[32];
    CHECK_EQ(snprintf(text, sizeof text, "%5.2f|%-4s|%lu", 3.14159, "ab", 7UL), 12);
    CHECK(strcmp(text, " 3.14|ab  |7") == 0);
    CHECK(strtod("2.5e3", NULL) == 2500.0);
}

T(pages_have_4096_bytes_and_nobody_is_privileged)
{
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK_EQ(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQ(getauxval(AT_SECURE), 0);
    CHECK(getenv("HOME") == NULL);
    CHECK_EQ(getpid(), 1);
}
