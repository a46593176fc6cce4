// SPDX-License-Identifier: ISC
//
// Every sentence of fa/kv.h, one function a claim.

#include "test/conform/kv_conform.h"

#include "fa/fmt.h"
#include "test/t.h"

const struct conform_kv_file conform_kv_files[] = {
    {"a-b", "sorts before the directory a/"},
    {"a.txt", "so does this"},
    {"a/1", "one"},
    {"a/2/deep/leaf", "leaf"},
    {"a/2/deeper", "deeper"},
    {"a0", "sorts behind it"},
    {"empty", ""},
    {"index.html", "<!doctype html><title>index</title>"},
    {"name with spaces, \xc3\xbc and \x01", "odd but allowed"},
    {"z/z", "last"},
};
const size_t conform_kv_file_count = FA_COUNT_OF(conform_kv_files);

enum {
    CANARY = 0x5a,
    BIG_LEN = 300 * 1000,
    CHUNK_LEN = 4096,
    FILL_COUNT_MAX = 1000,
};

static void fill_with_files(struct fa_kv *kv)
{
    for (size_t i = 0; i < conform_kv_file_count && !kv->read_only; i++) {
        const struct conform_kv_file *file = &conform_kv_files[i];
        CHECK_EQ(fa_kv_set(kv, fa_slice_of(file->key), fa_slice_of(file->value)), FA_OK);
    }
}

static bool holds(struct fa_kv *kv, struct fa_slice key, struct fa_slice value)
{
    uint8_t seen[256];
    size_t len = SIZE_MAX;
    return fa_kv_read(kv, key, 0, seen, sizeof seen, &len) == FA_OK &&
           fa_slice_equal((struct fa_slice){seen, len}, value);
}

/* Whether all calls that take a key answer `expected` and leave their ret_ parameters alone. */
static void check_refused(struct fa_kv *kv, struct fa_slice key, fa_err expected)
{
    struct fa_kv_entry entry;
    struct fa_kv_entry untouched;
    __builtin_memset(&entry, CANARY, sizeof entry);
    untouched = entry;
    uint8_t at[8];
    __builtin_memset(at, CANARY, sizeof at);
    size_t len = CANARY;
    struct fa_slice lent = {at, CANARY};

    CHECK_EQ(fa_kv_find(kv, key, &entry), expected);
    CHECK_EQ(fa_kv_read(kv, key, 0, at, sizeof at, &len), expected);
    CHECK_EQ(fa_kv_borrow(kv, key, &lent), expected);
    CHECK_EQ(fa_kv_remove(kv, key), kv->read_only ? FA_EREFUSED : expected);
    CHECK(fa_equal(&entry, &untouched, sizeof entry));
    CHECK_EQ(len, CANARY);
    CHECK(lent.at == at && lent.len == CANARY);
}

static void check_values_are_found_and_read(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    fill_with_files(kv);
    for (size_t i = 0; i < conform_kv_file_count; i++) {
        const struct fa_slice key = fa_slice_of(conform_kv_files[i].key);
        const struct fa_slice value = fa_slice_of(conform_kv_files[i].value);
        struct fa_kv_entry entry = {0};
        CHECK_EQ(fa_kv_find(kv, key, &entry), FA_OK);
        CHECK_EQ(entry.kind, FA_KV_VALUE);
        CHECK_EQ(entry.len, value.len);
        CHECK(holds(kv, key, value));

        struct fa_slice lent;
        CHECK_EQ(fa_kv_borrow(kv, key, &lent), target->lends ? FA_OK : FA_AGAIN);
        CHECK(!target->lends || fa_slice_equal(lent, value));
    }
    target->close(target->ctx, kv);
}

static void check_reads_of_a_part(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    fill_with_files(kv);
    static const struct {
        uint64_t off;
        size_t cap;
        const char *expected;
    } rows[] = {
        {0, 4, "deep"},
        {2, 3, "epe"},
        {4, 2, "er"},
        {4, 64, "er"},
        {5, 1, "r"},
        {6, 64, ""},
        {7, 64, ""},
        {0, 0, ""},
        {UINT64_MAX, 64, ""},
        {INT64_MAX, 64, ""},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t at[65];
        __builtin_memset(at, CANARY, sizeof at);
        size_t len = SIZE_MAX;
        const struct fa_slice key = FA_LIT("a/2/deeper");
        CHECK_EQ(fa_kv_read(kv, key, rows[i].off, at, rows[i].cap, &len), FA_OK);
        CHECK_TEXT(((struct fa_slice){at, len}), rows[i].expected);
        CHECK_EQ(at[rows[i].cap], CANARY);
    }
    target->close(target->ctx, kv);
}

static void check_malformed_keys_are_refused(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    fill_with_files(kv);
    static uint8_t long_key[FA_KV_KEY_MAX + 1];
    __builtin_memset(long_key, 'k', sizeof long_key);
    const struct fa_slice keys[] = {
        FA_LIT(""),
        FA_LIT("/"),
        FA_LIT("/a/1"),
        FA_LIT("a/1/"),
        FA_LIT("a//1"),
        FA_LIT("."),
        FA_LIT(".."),
        FA_LIT("../a"),
        FA_LIT("a/../a/1"),
        FA_LIT("a/./1"),
        FA_LIT("a/.."),
        FA_LIT("a/1\0"),
        FA_LIT("a\0/1"),
        {long_key, sizeof long_key},
    };
    for (size_t i = 0; i < FA_COUNT_OF(keys); i++) {
        check_refused(kv, keys[i], FA_EINVAL);
        CHECK_EQ(fa_kv_set(kv, keys[i], FA_LIT("x")), kv->read_only ? FA_EREFUSED : FA_EINVAL);
    }
    target->close(target->ctx, kv);
}

static void check_what_is_not_there_is_not_found(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    fill_with_files(kv);
    static uint8_t long_key[FA_KV_KEY_MAX];
    __builtin_memset(long_key, 'k', sizeof long_key);
    const struct fa_slice keys[] = {
        FA_LIT("b"),
        FA_LIT("a/3"),
        FA_LIT("a/1/2"),
        FA_LIT("a/1/2/3"),
        FA_LIT("index.htm"),
        FA_LIT("index.html2"),
        FA_LIT("..."),
        {long_key, sizeof long_key},
    };
    for (size_t i = 0; i < FA_COUNT_OF(keys); i++) {
        check_refused(kv, keys[i], FA_ENOENT);
    }
    target->close(target->ctx, kv);
}

static void check_directories_are_no_values(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    fill_with_files(kv);
    static const char *const directories[] = {"a", "a/2", "a/2/deep", "z"};
    for (size_t i = 0; i < FA_COUNT_OF(directories); i++) {
        const struct fa_slice key = fa_slice_of(directories[i]);
        struct fa_kv_entry entry = {.kind = FA_KV_VALUE};
        uint8_t at[8];
        size_t len = CANARY;
        struct fa_slice lent = {at, CANARY};
        CHECK_EQ(fa_kv_find(kv, key, &entry), FA_OK);
        CHECK_EQ(entry.kind, FA_KV_DIRECTORY);
        CHECK_EQ(fa_kv_read(kv, key, 0, at, sizeof at, &len), FA_ENOENT);
        CHECK_EQ(fa_kv_borrow(kv, key, &lent), FA_ENOENT);
        CHECK_EQ(fa_kv_remove(kv, key), kv->read_only ? FA_EREFUSED : FA_ENOENT);
        CHECK_EQ(fa_kv_set(kv, key, FA_LIT("x")), kv->read_only ? FA_EREFUSED : FA_EINVAL);
        CHECK(len == CANARY && lent.len == CANARY);
    }
    target->close(target->ctx, kv);
}

/* List `directory` behind `after` and compare with `expected`, names separated by newlines. */
static void check_listing(
    struct fa_kv *kv, const char *directory, const char *after, const char *expected)
{
    char all[512];
    struct fa_text text;
    fa_text_init(&text, all, sizeof all);
    char name[FA_KV_KEY_MAX + 1];
    size_t len = 0;
    struct fa_slice behind = fa_slice_of(after);
    fa_err err;
    while ((err = fa_kv_list(kv, fa_slice_of(directory), behind, name, &len)) == FA_OK) {
        fa_text_add(&text, "%.*s\n", (int)len, name);
        behind = (struct fa_slice){(const uint8_t *)name, len};
        REQUIRE(!text.cut);
    }
    CHECK_EQ(err, FA_ENOENT);
    CHECK_TEXT(fa_text_slice(&text), expected);
}

static void check_lists_are_in_byte_order(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    fill_with_files(kv);
    static const struct {
        const char *directory;
        const char *after;
        const char *expected;
    } rows[] = {
        {"", "",
            "a-b\na.txt\na/\na0\nempty\nindex.html\nname with spaces, \xc3\xbc and \x01\nz/\n"},
        {"a", "", "1\n2/\n"},
        {"a/2", "", "deep/\ndeeper\n"},
        {"a/2/deep", "", "leaf\n"},
        {"z", "", "z\n"},
        {"a", "1", "2/\n"},
        {"a", "2/", ""},
        {"a", "0", "1\n2/\n"},
        {"a", "11", "2/\n"},
        {"a", "2", "2/\n"},
        {"", "index.html", "name with spaces, \xc3\xbc and \x01\nz/\n"},
        {"", "z/", ""},
        {"", "\xff", ""},
        {"nowhere", "", ""},
        {"index.html", "", ""},
        {"a/1", "", ""},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        check_listing(kv, rows[i].directory, rows[i].after, rows[i].expected);
    }
    char name[FA_KV_KEY_MAX + 1] = {CANARY};
    size_t len = CANARY;
    CHECK_EQ(fa_kv_list(kv, FA_LIT("a/"), FA_LIT(""), name, &len), FA_EINVAL);
    CHECK_EQ(fa_kv_list(kv, FA_LIT(".."), FA_LIT(""), name, &len), FA_EINVAL);
    CHECK_EQ(fa_kv_list(kv, FA_LIT("b"), FA_LIT(""), name, &len), FA_ENOENT);
    CHECK(name[0] == CANARY && len == CANARY);
    target->close(target->ctx, kv);
}

static void check_read_only_refuses_to_write(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    if (kv->read_only) {
        CHECK_EQ(fa_kv_set(kv, FA_LIT("index.html"), FA_LIT("x")), FA_EREFUSED);
        CHECK_EQ(fa_kv_set(kv, FA_LIT("new"), FA_LIT("x")), FA_EREFUSED);
        CHECK_EQ(fa_kv_remove(kv, FA_LIT("index.html")), FA_EREFUSED);
        CHECK(holds(kv, FA_LIT("a/1"), FA_LIT("one")));
    }
    target->close(target->ctx, kv);
}

static void check_set_replaces_and_remove_removes(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    const struct fa_slice key = FA_LIT("dir/sub/key");
    struct fa_kv_entry first;
    struct fa_kv_entry second;
    CHECK_EQ(fa_kv_set(kv, key, FA_LIT("first")), FA_OK);
    CHECK_EQ(fa_kv_find(kv, key, &first), FA_OK);
    CHECK_EQ(fa_kv_set(kv, key, FA_LIT("2nd")), FA_OK);
    CHECK_EQ(fa_kv_find(kv, key, &second), FA_OK);
    CHECK(holds(kv, key, FA_LIT("2nd")));
    CHECK_EQ(second.len, 3);
    CHECK(first.version != second.version);
    CHECK(second.modified_s >= first.modified_s);

    CHECK_EQ(fa_kv_remove(kv, key), FA_OK);
    check_refused(kv, key, FA_ENOENT);
    check_refused(kv, FA_LIT("dir/sub"), FA_ENOENT);
    check_refused(kv, FA_LIT("dir"), FA_ENOENT);
    check_listing(kv, "", "", "");

    CHECK_EQ(fa_kv_set(kv, key, FA_LIT("first")), FA_OK);
    CHECK_EQ(fa_kv_find(kv, key, &second), FA_OK);
    CHECK(first.version != second.version || target->lends == false);
    CHECK_EQ(fa_kv_set(kv, FA_LIT("dir/other"), FA_LIT("")), FA_OK);
    CHECK_EQ(fa_kv_remove(kv, key), FA_OK);
    check_listing(kv, "dir", "", "other\n");
    target->close(target->ctx, kv);
}

static void check_a_value_is_no_directory(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    CHECK_EQ(fa_kv_set(kv, FA_LIT("a/b"), FA_LIT("value")), FA_OK);
    CHECK_EQ(fa_kv_set(kv, FA_LIT("a/b/c"), FA_LIT("x")), FA_EINVAL);
    CHECK_EQ(fa_kv_set(kv, FA_LIT("a/b/c/d"), FA_LIT("x")), FA_EINVAL);
    CHECK_EQ(fa_kv_set(kv, FA_LIT("a"), FA_LIT("x")), FA_EINVAL);
    CHECK(holds(kv, FA_LIT("a/b"), FA_LIT("value")));
    CHECK_EQ(fa_kv_set(kv, FA_LIT("a/bc"), FA_LIT("neighbour")), FA_OK);
    check_listing(kv, "a", "", "b\nbc\n");
    target->close(target->ctx, kv);
}

static void check_keys_of_all_lengths(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    uint8_t flat[FA_KV_KEY_MAX];
    uint8_t deep[FA_KV_KEY_MAX];
    for (size_t i = 0; i < FA_KV_KEY_MAX; i++) {
        flat[i] = 'k';
        deep[i] = i % 2 == 0 ? 'd' : '/';
    }
    static const size_t lens[] = {1, 3, 15, 63, 127, 253, FA_KV_KEY_MAX};
    for (size_t k = 0; k < FA_COUNT_OF(lens); k++) {
        const size_t len = lens[k];
        const struct fa_slice keys[] = {{flat, len}, {deep, len}};
        for (size_t i = 0; i < FA_COUNT_OF(keys); i++) {
            CHECK_EQ(fa_kv_set(kv, keys[i], FA_LIT("value")), FA_OK);
            CHECK(holds(kv, keys[i], FA_LIT("value")));
            CHECK_EQ(fa_kv_remove(kv, keys[i]), FA_OK);
        }
    }
    check_listing(kv, "", "", "");
    target->close(target->ctx, kv);
}

static void check_big_values(const struct conform_kv_target *target)
{
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    static uint8_t big[BIG_LEN];
    static uint8_t seen[BIG_LEN];
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    const struct fa_slice key = FA_LIT("big");
    CHECK_EQ(fa_kv_set(kv, key, (struct fa_slice){big, sizeof big}), FA_OK);
    size_t off = 0;
    while (off < sizeof seen) {
        size_t len = 0;
        CHECK_EQ(fa_kv_read(kv, key, off, seen + off, CHUNK_LEN, &len), FA_OK);
        REQUIRE(len > 0 && (len == CHUNK_LEN || off + len == sizeof seen));
        off += len;
    }
    CHECK(fa_equal(big, seen, sizeof big));
    target->close(target->ctx, kv);
}

static struct fa_slice number_key(char *at, size_t cap, size_t number)
{
    const size_t len = fa_fmt(at, cap, "fill/%04u", (unsigned)number);
    return (struct fa_slice){(const uint8_t *)at, len};
}

static void check_a_full_kv_refuses_and_recovers(const struct conform_kv_target *target)
{
    if (!target->limited) {
        return;
    }
    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    static uint8_t chunk[CHUNK_LEN];
    char at[16];
    size_t count = 0;
    fa_err err = FA_OK;
    while (count < FILL_COUNT_MAX) {
        __builtin_memset(chunk, (int)count & 0xff, sizeof chunk);
        const struct fa_slice key = number_key(at, sizeof at, count);
        err = fa_kv_set(kv, key, (struct fa_slice){chunk, sizeof chunk});
        if (err != FA_OK) {
            break;
        }
        count++;
    }
    CHECK_EQ(err, FA_ENOSPC);
    REQUIRE(count > 1);
    check_refused(kv, number_key(at, sizeof at, count), FA_ENOENT);
    for (size_t i = 0; i < count; i++) {
        size_t len = 0;
        uint8_t seen[2];
        CHECK_EQ(fa_kv_read(kv, number_key(at, sizeof at, i), CHUNK_LEN - 1, seen, 2, &len), FA_OK);
        CHECK(len == 1 && seen[0] == (uint8_t)i);
    }
    CHECK_EQ(fa_kv_remove(kv, number_key(at, sizeof at, count / 2)), FA_OK);
    CHECK_EQ(
        fa_kv_set(kv, number_key(at, sizeof at, count), (struct fa_slice){chunk, sizeof chunk}),
        FA_OK);
    target->close(target->ctx, kv);
}

void conform_kv(const struct conform_kv_target *target)
{
    check_values_are_found_and_read(target);
    check_reads_of_a_part(target);
    check_malformed_keys_are_refused(target);
    check_what_is_not_there_is_not_found(target);
    check_directories_are_no_values(target);
    check_lists_are_in_byte_order(target);
    check_read_only_refuses_to_write(target);

    struct fa_kv *kv = target->open(target->ctx);
    REQUIRE(kv != NULL);
    const bool read_only = kv->read_only;
    target->close(target->ctx, kv);
    if (!read_only) {
        check_set_replaces_and_remove_removes(target);
        check_a_value_is_no_directory(target);
        check_keys_of_all_lengths(target);
        check_big_values(target);
        check_a_full_kv_refuses_and_recovers(target);
    }
}
