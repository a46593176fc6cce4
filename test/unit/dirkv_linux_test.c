// SPDX-License-Identifier: ISC
//
// What a directory of the host may do to fa/dirkv.h. That it is a kv is
// test/conform/kv_linux_test.c.

#include "fa/dirkv.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/t.h"
#include "test/tempdir.h"

static struct fa_dirkv dir;
static char base[TEMPDIR_PATH_CAP]; /* holds the kv's "root" and what lies beside it */

static const char *path_of(const char *name)
{
    static char paths[4][TEMPDIR_PATH_CAP + 300];
    static size_t idx;
    idx = (idx + 1) % FA_COUNT_OF(paths);
    (void)snprintf(paths[idx], sizeof paths[idx], "%s/%s", base, name);
    return paths[idx];
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    REQUIRE(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_EQ(fclose(file), 0);
}

static void open_root(bool no_openat2)
{
    const char *reason = "";
    tempdir_make(base);
    CHECK_EQ(mkdir(path_of("root"), 0755), 0);
    write_file("secret", "secret");
    write_file("root/plain", "plain");
    CHECK_EQ(fa_dirkv_open(&dir, path_of("root"), false, &reason), FA_OK);
    dir.no_openat2 = no_openat2;
}

static void close_root(void)
{
    fa_dirkv_close(&dir);
    tempdir_remove(base);
}

/* What reading says; find and borrow must agree. */
static fa_err read_outcome(const char *key)
{
    uint8_t at[16];
    size_t len;
    struct fa_kv_entry entry;
    struct fa_slice lent;
    const struct fa_slice name = fa_slice_of(key);
    const fa_err err = fa_kv_read(&dir.kv, name, 0, at, sizeof at, &len);
    CHECK_EQ(fa_kv_find(&dir.kv, name, &entry), err);
    CHECK_EQ(fa_kv_borrow(&dir.kv, name, &lent), err == FA_OK ? FA_AGAIN : err);
    return err;
}

static bool file_holds(const char *name, const char *text)
{
    char at[64] = {0};
    FILE *file = fopen(path_of(name), "r");
    if (file == NULL) {
        return false;
    }
    const size_t len = fread(at, 1, sizeof at - 1, file);
    (void)fclose(file);
    return fa_slice_equal((struct fa_slice){(uint8_t *)at, len}, fa_slice_of(text));
}

static void check_listing(const char *directory, const char *expected)
{
    char all[512] = "";
    size_t all_len = 0;
    char name[FA_KV_KEY_MAX + 1];
    size_t len = 0;
    while (fa_kv_list(&dir.kv, fa_slice_of(directory),
               (struct fa_slice){(const uint8_t *)name, len}, name, &len) == FA_OK) {
        REQUIRE(all_len + len + 1 < sizeof all);
        fa_copy(all + all_len, name, len);
        all_len += len;
        all[all_len++] = '\n';
    }
    CHECK_TEXT(((struct fa_slice){(uint8_t *)all, all_len}), expected);
}

static void check_links_are_not_followed(bool no_openat2)
{
    open_root(no_openat2);
    CHECK_EQ(mkdir(path_of("outside"), 0755), 0);
    write_file("outside/file", "outside");
    CHECK_EQ(symlink("../secret", path_of("root/to-secret")), 0);
    CHECK_EQ(symlink("../outside", path_of("root/to-outside")), 0);
    CHECK_EQ(symlink("/etc/passwd", path_of("root/absolute")), 0);
    CHECK_EQ(symlink("plain", path_of("root/inside")), 0);
    CHECK_EQ(symlink("loop", path_of("root/loop")), 0);
    CHECK_EQ(symlink(".", path_of("root/here")), 0);
    static const char *const keys[] = {"to-secret", "to-outside", "to-outside/file", "absolute",
        "inside", "loop", "loop/x", "here", "here/plain", "here/here/plain"};
    for (size_t i = 0; i < FA_COUNT_OF(keys); i++) {
        CHECK_EQ(read_outcome(keys[i]), FA_ENOENT);
        CHECK_EQ(fa_kv_remove(&dir.kv, fa_slice_of(keys[i])), FA_ENOENT);
    }
    check_listing("", "plain\n");
    check_listing("to-outside", "");
    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("to-outside/file"), FA_LIT("x")), FA_EINVAL);
    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("to-outside/new/file"), FA_LIT("x")), FA_EINVAL);
    CHECK(file_holds("outside/file", "outside"));
    CHECK(access(path_of("outside/new"), F_OK) != 0);

    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("to-secret"), FA_LIT("x")), FA_OK); /* not through it */
    CHECK(file_holds("secret", "secret"));
    CHECK(file_holds("root/to-secret", "x"));
    close_root();
}

T(links_are_not_followed)
{
    check_links_are_not_followed(false);
}

T(links_are_not_followed_without_openat2)
{
    check_links_are_not_followed(true);
}

static void check_odd_files_are_not_there(bool no_openat2)
{
    open_root(no_openat2);
    CHECK_EQ(mkfifo(path_of("root/fifo"), 0644), 0);
    CHECK_EQ(mkdir(path_of("root/empty"), 0755), 0);
    write_file("root/" FA_DIRKV_TEMPORARY "1-2", "left behind");
    CHECK_EQ(read_outcome("fifo"), FA_ENOENT);
    CHECK_EQ(read_outcome("fifo/x"), FA_ENOENT);
    CHECK_EQ(fa_kv_remove(&dir.kv, FA_LIT("fifo")), FA_ENOENT);
    CHECK_EQ(read_outcome(FA_DIRKV_TEMPORARY "1-2"), FA_EINVAL);
    CHECK_EQ(read_outcome("a/" FA_DIRKV_TEMPORARY "1-2/b"), FA_EINVAL);
    check_listing("", "empty/\nplain\n");
    close_root();
}

T(odd_files_are_not_there)
{
    check_odd_files_are_not_there(false);
}

T(odd_files_are_not_there_without_openat2)
{
    check_odd_files_are_not_there(true);
}

T(writing_leaves_no_traces)
{
    open_root(false);
    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("a/b/c/d"), FA_LIT("x")), FA_OK);
    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("plain/x"), FA_LIT("x")), FA_EINVAL);
    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("a/b"), FA_LIT("x")), FA_EINVAL);
    CHECK_EQ(fa_kv_remove(&dir.kv, FA_LIT("a/b/c/d")), FA_OK);
    CHECK(access(path_of("root/a"), F_OK) != 0);
    check_listing("", "plain\n");
    CHECK_EQ(unlink(path_of("root/plain")), 0);
    CHECK_EQ(rmdir(path_of("root")), 0); /* nothing hidden was left */
    close_root();
}

T(a_change_of_the_file_is_another_version)
{
    open_root(false);
    struct fa_kv_entry first;
    struct fa_kv_entry second;
    CHECK_EQ(fa_kv_find(&dir.kv, FA_LIT("plain"), &first), FA_OK);
    CHECK_EQ(fa_kv_find(&dir.kv, FA_LIT("plain"), &second), FA_OK);
    CHECK(first.version == second.version && first.modified_s > 1000000000);
    write_file("root/plain", "longer than it was");
    CHECK_EQ(fa_kv_find(&dir.kv, FA_LIT("plain"), &second), FA_OK);
    CHECK(first.version != second.version);
    CHECK_EQ(second.len, 18);
    close_root();
}

T(without_permission_writing_is_refused)
{
    if (geteuid() == 0) {
        t_skip("root may write everywhere");
        return;
    }
    open_root(false);
    CHECK_EQ(chmod(path_of("root"), 0555), 0);
    CHECK_EQ(fa_kv_set(&dir.kv, FA_LIT("new"), FA_LIT("x")), FA_EREFUSED);
    CHECK_EQ(fa_kv_remove(&dir.kv, FA_LIT("plain")), FA_EREFUSED);
    CHECK_EQ(chmod(path_of("root"), 0755), 0);
    close_root();
}

T(a_full_disk_is_reported_and_leaves_the_old_value)
{
    open_root(false);
    const pid_t child = fork();
    if (child == 0) {
        /* A limit on file sizes stands in for the full disk. */
        static uint8_t big[100 * 1000];
        const struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
        const bool limited =
            signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0;
        const fa_err err = fa_kv_set(&dir.kv, FA_LIT("plain"), (struct fa_slice){big, sizeof big});
        _exit(limited && err == FA_ENOSPC ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK(file_holds("root/plain", "plain"));
    check_listing("", "plain\n");
    CHECK_EQ(unlink(path_of("root/plain")), 0);
    CHECK_EQ(rmdir(path_of("root")), 0); /* no half-written file either */
    close_root();
}

T(what_cannot_be_opened_is_explained)
{
    tempdir_make(base);
    write_file("file", "x");
    static const struct {
        const char *name;
        fa_err err;
        const char *reason;
    } rows[] = {
        {"nowhere", FA_ENOENT, "no such directory"},
        {"nowhere/deeper", FA_ENOENT, "no such directory"},
        {"file", FA_EINVAL, "it is not a directory"},
        {"file/deeper", FA_EINVAL, "it is not a directory"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_dirkv unopened = {0};
        const char *reason = "";
        CHECK_EQ(fa_dirkv_open(&unopened, path_of(rows[i].name), true, &reason), rows[i].err);
        CHECK_TEXT(fa_slice_of(reason), rows[i].reason);
        fa_dirkv_close(&unopened);
    }
    tempdir_remove(base);
}
