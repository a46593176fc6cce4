// SPDX-License-Identifier: ISC
//
// A kv over a host directory.

#include "fa/dirkv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fa/fmt.h"
#include "fa/hash.h"
#include "plat/linux/below.h"

enum {
    TEMPORARY_TRIES_MAX = 64, /* names left behind by crashes */
    TEMPORARY_CAP = 64,
    VALUE_MODE = 0666, /* as cut down by the umask */
};

_Static_assert((int)FA_KV_KEY_MAX <= (int)FA__BELOW_PATH_MAX, "every key can be opened");

/* A key as C text, and where its last segment begins. */
struct path {
    char at[FA_KV_KEY_MAX + 1];
    size_t name_off;
};

static bool is_temporary(struct fa_slice name)
{
    const struct fa_slice prefix = FA_LIT(FA_DIRKV_TEMPORARY);
    return name.len >= prefix.len && fa_equal(name.at, prefix.at, prefix.len);
}

/* Returns: false if it is no key, or a hidden one. */
static bool make_path(struct fa_slice key, struct path *path)
{
    if (!fa_kv_key_check(key)) {
        return false;
    }
    fa_copy(path->at, key.at, key.len);
    path->at[key.len] = '\0';
    path->name_off = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (i == path->name_off && is_temporary(fa_slice_from(key, i))) {
            return false;
        }
        if (key.at[i] == '/') {
            path->name_off = i + 1;
        }
    }
    return true;
}

static struct fa_dirkv *dir_of(struct fa_kv *kv)
{
    return FA_CONTAINER(kv, struct fa_dirkv, kv);
}

static fa_err explain_read(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO: /* a socket, or a device without a driver */
        return FA_ENOENT;
    default:
        return FA_EIO;
    }
}

static fa_err explain_write(void)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return FA_ENOSPC;
    case EISDIR:
    case ENOTDIR:
    case EEXIST:
    case ELOOP:
    case ENAMETOOLONG:
        return FA_EINVAL;
    case EROFS:
    case EACCES:
    case EPERM:
        return FA_EREFUSED;
    default:
        return FA_EIO;
    }
}

/* A file that is replaced gets another inode; one that is rewritten in place, another time. */
static uint64_t version_of(const struct stat *stat)
{
    const uint64_t words[] = {
        (uint64_t)stat->st_ino,
        (uint64_t)stat->st_size,
        (uint64_t)stat->st_mtim.tv_sec,
        (uint64_t)stat->st_mtim.tv_nsec,
        (uint64_t)stat->st_ctim.tv_sec,
        (uint64_t)stat->st_ctim.tv_nsec,
    };
    const struct fa_siphash_key no_key = {0, 0};
    return fa_siphash(&no_key, (struct fa_slice){(const uint8_t *)words, sizeof words});
}

static fa_err find(struct fa_kv *kv, struct fa_slice key, struct fa_kv_entry *ret_entry)
{
    struct fa_dirkv *dir = dir_of(kv);
    struct path path;
    if (!make_path(key, &path)) {
        return FA_EINVAL;
    }
    const int fd = fa__below_open(dir->root_fd, path.at, O_PATH, &dir->no_openat2);
    if (fd < 0) {
        return explain_read();
    }
    struct stat stat;
    const int status = fstat(fd, &stat);
    (void)close(fd);
    if (status != 0) {
        return FA_EIO;
    }
    if (S_ISDIR(stat.st_mode)) {
        *ret_entry = (struct fa_kv_entry){.kind = FA_KV_DIRECTORY};
        return FA_OK;
    }
    if (!S_ISREG(stat.st_mode)) {
        return FA_ENOENT;
    }
    *ret_entry = (struct fa_kv_entry){
        .kind = FA_KV_VALUE,
        .len = (uint64_t)stat.st_size,
        .modified_s = stat.st_mtim.tv_sec > 0 ? (uint64_t)stat.st_mtim.tv_sec : 0,
        .version = version_of(&stat),
    };
    return FA_OK;
}

static fa_err read_open_file(int fd, uint64_t off, uint8_t *at, size_t cap, size_t *ret_len)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return FA_EIO;
    }
    if (!S_ISREG(stat.st_mode)) {
        return FA_ENOENT;
    }
    size_t len = 0;
    while (len < cap && off < (uint64_t)stat.st_size) {
        const ssize_t got = pread(fd, at + len, cap - len, (off_t)off);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return FA_EIO;
        }
        if (got == 0) {
            break; /* someone has cut it off meanwhile */
        }
        len += (size_t)got;
        off += (uint64_t)got;
    }
    *ret_len = len;
    return FA_OK;
}

static fa_err read_value(
    struct fa_kv *kv, struct fa_slice key, uint64_t off, uint8_t *at, size_t cap, size_t *ret_len)
{
    struct fa_dirkv *dir = dir_of(kv);
    struct path path;
    if (!make_path(key, &path)) {
        return FA_EINVAL;
    }
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    const int fd = fa__below_open(dir->root_fd, path.at, flags, &dir->no_openat2);
    if (fd < 0) {
        return explain_read();
    }
    const fa_err err = read_open_file(fd, off, at, cap, ret_len);
    (void)close(fd);
    return err;
}

static fa_err borrow(struct fa_kv *kv, struct fa_slice key, struct fa_slice *ret_value)
{
    (void)ret_value;
    struct fa_kv_entry entry;
    FA_TRY(find(kv, key, &entry));
    return entry.kind == FA_KV_VALUE ? FA_AGAIN : FA_ENOENT;
}

static bool is_kind(int directory_fd, const struct dirent *entry, unsigned char type, mode_t mode)
{
    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type == type;
    }
    struct stat stat;
    return fstatat(directory_fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
           (stat.st_mode & S_IFMT) == mode;
}

/* The child that `entry` is, as fa_kv_list() names it, in name[]. Returns: its length; 0: none. */
static size_t name_child(
    int directory_fd, const struct dirent *entry, size_t prefix_len, char name[FA_KV_KEY_MAX + 1])
{
    const struct fa_slice text = fa_slice_of(entry->d_name);
    if (!fa_kv_key_check(text) || is_temporary(text)) {
        return 0;
    }
    fa_copy(name, text.at, text.len);
    if (is_kind(directory_fd, entry, DT_REG, S_IFREG)) {
        return prefix_len + text.len <= FA_KV_KEY_MAX ? text.len : 0;
    }
    name[text.len] = '/';
    const bool has_room = prefix_len + text.len + 2 <= FA_KV_KEY_MAX; /* for "/x" behind it */
    return has_room && is_kind(directory_fd, entry, DT_DIR, S_IFDIR) ? text.len + 1 : 0;
}

/* Byte order of names. */
static bool is_below(struct fa_slice a, struct fa_slice b)
{
    const size_t len = fa_min(a.len, b.len);
    const int order = len == 0 ? 0 : __builtin_memcmp(a.at, b.at, len);
    return order < 0 || (order == 0 && a.len < b.len);
}

static fa_err pick_child(
    DIR *stream, size_t prefix_len, struct fa_slice after, char *ret_name, size_t *ret_len)
{
    char best[FA_KV_KEY_MAX + 1];
    size_t best_len = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            break;
        }
        char name[FA_KV_KEY_MAX + 1];
        const size_t len = name_child(dirfd(stream), entry, prefix_len, name);
        const struct fa_slice child = {(const uint8_t *)name, len};
        const struct fa_slice present = {(const uint8_t *)best, best_len};
        if (len > 0 && is_below(after, child) && (best_len == 0 || is_below(child, present))) {
            fa_copy(best, name, len);
            best_len = len;
        }
    }
    if (errno != 0) {
        return FA_EIO;
    }
    if (best_len == 0) {
        return FA_ENOENT;
    }
    fa_copy(ret_name, best, best_len);
    *ret_len = best_len;
    return FA_OK;
}

static fa_err list(struct fa_kv *kv, struct fa_slice directory, struct fa_slice after,
    char *ret_name, size_t *ret_len)
{
    struct fa_dirkv *dir = dir_of(kv);
    struct path path = {.at = "."};
    if ((directory.len > 0 && !make_path(directory, &path)) || after.len > FA_KV_KEY_MAX) {
        return FA_EINVAL;
    }
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    const int fd = directory.len > 0
                       ? fa__below_open(dir->root_fd, path.at, flags, &dir->no_openat2)
                       : openat(dir->root_fd, ".", flags);
    if (fd < 0) {
        return explain_read();
    }
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        (void)close(fd);
        return FA_EIO;
    }
    const size_t prefix_len = directory.len > 0 ? directory.len + 1 : 0;
    const fa_err err = pick_child(stream, prefix_len, after, ret_name, ret_len);
    (void)closedir(stream);
    return err;
}

/* Open the directory that `path` lies in. Returns: -1 with errno. */
static int open_parent(struct fa_dirkv *dir, const struct path *path, bool make)
{
    if (path->name_off == 0) {
        return openat(dir->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    struct path parent = *path;
    parent.at[path->name_off - 1] = '\0';
    return fa__below_walk(dir->root_fd, parent.at, O_PATH | O_DIRECTORY, make);
}

/* Remove the directories on the way to `path` that hold nothing any more, innermost first: a
 * directory without a key does not exist for a kv. */
static void prune_parents(struct fa_dirkv *dir, struct path path)
{
    while (path.name_off > 0) {
        path.at[--path.name_off] = '\0';
        while (path.name_off > 0 && path.at[path.name_off - 1] != '/') {
            path.name_off--;
        }
        const int fd = open_parent(dir, &path, false);
        if (fd < 0) {
            return;
        }
        const int status = unlinkat(fd, path.at + path.name_off, AT_REMOVEDIR);
        (void)close(fd);
        if (status != 0) {
            return;
        }
    }
}

/* Make a file of a name that nobody has in the directory. Returns: -1 with errno. */
static int open_temporary(struct fa_dirkv *dir, int parent_fd, char name[TEMPORARY_CAP])
{
    int fd = -1;
    for (int i = 0; i < TEMPORARY_TRIES_MAX; i++) {
        fa_fmt(name, TEMPORARY_CAP, "%s%d-%llu", FA_DIRKV_TEMPORARY, (int)getpid(),
            (unsigned long long)dir->temporary_count++);
        fd = openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, VALUE_MODE);
        if (fd >= 0 || errno != EEXIST) {
            break;
        }
    }
    return fd;
}

/* Write all of `value` and have it on the disk before a rename can be: after a crash of the host
 * the name must not stand for an empty file. */
static bool write_whole(int fd, struct fa_slice value)
{
    while (value.len > 0) {
        const ssize_t len = write(fd, value.at, value.len);
        if (len < 0 && errno != EINTR) {
            return false;
        }
        value = fa_slice_from(value, len > 0 ? (size_t)len : 0);
    }
    return fdatasync(fd) == 0;
}

static fa_err replace_value(
    struct fa_dirkv *dir, int parent_fd, const char *name, struct fa_slice value)
{
    char temporary[TEMPORARY_CAP];
    const int fd = open_temporary(dir, parent_fd, temporary);
    if (fd < 0) {
        return explain_write();
    }
    fa_err err = write_whole(fd, value) ? FA_OK : explain_write();
    (void)close(fd);
    if (err == FA_OK && renameat(parent_fd, temporary, parent_fd, name) != 0) {
        err = explain_write();
    }
    if (err != FA_OK) {
        (void)unlinkat(parent_fd, temporary, 0);
    }
    return err;
}

static fa_err set(struct fa_kv *kv, struct fa_slice key, struct fa_slice value)
{
    struct fa_dirkv *dir = dir_of(kv);
    struct path path;
    if (kv->read_only) {
        return FA_EREFUSED;
    }
    if (!make_path(key, &path)) {
        return FA_EINVAL;
    }
    const int parent_fd = open_parent(dir, &path, true);
    fa_err err = parent_fd >= 0 ? FA_OK : explain_write();
    if (parent_fd >= 0) {
        err = replace_value(dir, parent_fd, path.at + path.name_off, value);
        (void)close(parent_fd);
    }
    if (err != FA_OK) {
        prune_parents(dir, path);
    }
    return err;
}

static fa_err remove_file(int parent_fd, const char *name)
{
    struct stat stat;
    if (fstatat(parent_fd, name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return explain_read();
    }
    if (!S_ISREG(stat.st_mode)) {
        return FA_ENOENT;
    }
    return unlinkat(parent_fd, name, 0) == 0 ? FA_OK : explain_write();
}

static fa_err remove_value(struct fa_kv *kv, struct fa_slice key)
{
    struct fa_dirkv *dir = dir_of(kv);
    struct path path;
    if (kv->read_only) {
        return FA_EREFUSED;
    }
    if (!make_path(key, &path)) {
        return FA_EINVAL;
    }
    const int parent_fd = open_parent(dir, &path, false);
    if (parent_fd < 0) {
        return explain_read();
    }
    const fa_err err = remove_file(parent_fd, path.at + path.name_off);
    (void)close(parent_fd);
    if (err == FA_OK) {
        prune_parents(dir, path);
    }
    return err;
}

static const struct fa_kv_ops dirkv_ops = {find, read_value, borrow, list, set, remove_value};

static fa_err explain_open(const char **ret_reason)
{
    switch (errno) {
    case ENOENT:
        *ret_reason = "no such directory";
        return FA_ENOENT;
    case ENOTDIR:
        *ret_reason = "it is not a directory";
        return FA_EINVAL;
    case EACCES:
    case EPERM:
        *ret_reason = "no permission to open it";
        return FA_EREFUSED;
    default:
        *ret_reason = "it cannot be opened";
        return FA_EIO;
    }
}

fa_err fa_dirkv_open(
    struct fa_dirkv *dir, const char *path, bool read_only, const char **ret_reason)
{
    const int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return explain_open(ret_reason);
    }
    *dir = (struct fa_dirkv){
        .kv = {.ops = &dirkv_ops, .read_only = read_only},
        .root_fd = fd,
    };
    return FA_OK;
}

void fa_dirkv_close(struct fa_dirkv *dir)
{
    if (dir->kv.ops != NULL) {
        (void)close(dir->root_fd);
    }
    *dir = (struct fa_dirkv){.root_fd = -1};
}
