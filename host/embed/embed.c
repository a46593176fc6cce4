// SPDX-License-Identifier: ISC
//
// embed: turn a folder into a C file that defines a sorted table for fa/embedkv.h.
//
// The bytes go to one file beside the C file, which the assembler includes; the same folder gives
// the same two files, whatever its times and its order on disk.

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fa/hash.h"
#include "fa/kv.h"

enum {
    DEPTH_MAX = 32, /* folders inside each other */
};

struct file {
    char *key;
    uint64_t off;
    uint64_t len;
    uint64_t version;
};

struct embed {
    const char *folder;
    const char *out;
    const char *symbol;
    unsigned long long modified_s;
    FILE *deps; /* NULL: nobody asked */
    struct file *files;
    size_t file_count;
};

static const char usage[] =
    "usage: embed [options] FOLDER OUT.c\n"
    "\n"
    "Writes OUT.c and OUT.c.bin: each file below FOLDER as a row of a table for fa/embedkv.h.\n"
    "Names that begin with a dot are left out, but for .well-known.\n"
    "\n"
    "  --symbol NAME       name of the table; NAME_count is its size [embed_table]\n"
    "  --modified SECONDS  when the files changed, since 1970; 0: not said\n"
    "                      [$SOURCE_DATE_EPOCH, else 0]\n"
    "  --depfile FILE      also write what OUT.c depends on, for ninja or make\n"
    "  --help              this text\n";

[[gnu::noreturn, gnu::format(printf, 1, 2)]] static void fail(const char *format, ...)
{
    va_list args;
    fputs("embed: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

[[gnu::format(printf, 1, 2)]] static char *make_text(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        fail("out of memory");
    }
    return text;
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        fail("%s: %s", path, strerror(errno));
    }
    return file;
}

static void close_written(FILE *file, const char *path)
{
    if (ferror(file) != 0 || fclose(file) != 0) {
        fail("%s: %s", path, strerror(errno));
    }
}

/* Spaces and the like as make and ninja read them. */
static void write_dependency(FILE *deps, const char *path)
{
    fputs(" \\\n  ", deps);
    for (; *path != '\0'; path++) {
        if (*path == ' ' || *path == '#' || *path == '\\') {
            fputc('\\', deps);
        } else if (*path == '$') {
            fputc('$', deps);
        }
        fputc(*path, deps);
    }
}

static bool is_hidden(const char *name)
{
    return name[0] == '.' && strcmp(name, ".well-known") != 0;
}

static void add_file(struct embed *embed, char *key)
{
    if (!fa_kv_key_check(fa_slice_of(key))) {
        fail("%s/%s: no image could ask for this name: at most %d bytes, and no empty or dotted "
             "parts",
            embed->folder, key, FA_KV_KEY_MAX);
    }
    embed->files = reallocarray(embed->files, embed->file_count + 1, sizeof *embed->files);
    if (embed->files == NULL) {
        fail("out of memory");
    }
    embed->files[embed->file_count++] = (struct file){.key = key};
}

/* Find all files below `prefix`, which is "" or ends in '/'. */
static void find_files(struct embed *embed, const char *prefix, unsigned depth)
{
    char *path = make_text("%s/%s", embed->folder, prefix);
    DIR *dir = opendir(path);
    struct dirent *entry;
    if (dir == NULL) {
        fail("%s: %s", path, strerror(errno));
    }
    if (depth == DEPTH_MAX) {
        fail("%s: more than %d folders deep; a link to itself?", path, DEPTH_MAX);
    }
    if (embed->deps != NULL) {
        write_dependency(embed->deps, path);
    }
    while ((entry = readdir(dir)) != NULL) {
        if (is_hidden(entry->d_name)) {
            continue;
        }
        struct stat info;
        char *key = make_text("%s%s", prefix, entry->d_name);
        char *file = make_text("%s/%s", embed->folder, key);
        if (stat(file, &info) != 0) {
            fail("%s: %s", file, strerror(errno));
        }
        if (S_ISDIR(info.st_mode)) {
            char *below = make_text("%s/", key);
            find_files(embed, below, depth + 1);
            free(below);
            free(key);
        } else if (S_ISREG(info.st_mode)) {
            add_file(embed, key);
        } else {
            fail("%s: neither a file nor a folder", file);
        }
        free(file);
    }
    closedir(dir);
    free(path);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->key, ((const struct file *)b)->key);
}

/* Append the files' bytes to the blob, and learn lengths and versions on the way. */
static void write_blob(struct embed *embed, const char *blob_path)
{
    /* No secret: the version only has to differ when the bytes do. */
    static const struct fa_siphash_key key = {0x6661746120656d62, 0x65642076657273};
    FILE *blob = open_file(blob_path, "wb");
    uint64_t off = 0;
    for (size_t i = 0; i < embed->file_count; i++) {
        struct file *file = &embed->files[i];
        struct stat info;
        char *path = make_text("%s/%s", embed->folder, file->key);
        FILE *in = open_file(path, "rb");
        if (embed->deps != NULL) {
            write_dependency(embed->deps, path);
        }
        if (fstat(fileno(in), &info) != 0) {
            fail("%s: %s", path, strerror(errno));
        }
        file->off = off;
        file->len = (uint64_t)info.st_size;
        uint8_t *bytes = malloc(file->len + 1);
        if (bytes == NULL) {
            fail("out of memory for %s", path);
        }
        if (fread(bytes, 1, file->len + 1, in) != file->len) {
            fail("%s: cannot be read, or changed meanwhile", path);
        }
        file->version = fa_siphash(&key, (struct fa_slice){bytes, file->len});
        fwrite(bytes, 1, file->len, blob);
        off += file->len;
        free(bytes);
        fclose(in);
        free(path);
    }
    close_written(blob, blob_path);
}

/* A string as C and the assembler both read it. */
static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\' || byte == '?') {
            fprintf(out, "\\%03o", byte);
        } else {
            fputc(byte, out);
        }
    }
    fputc('"', out);
}

static void write_table(const struct embed *embed, const char *blob_path)
{
    FILE *out = open_file(embed->out, "w");
    fprintf(out,
        "/* Made by `embed` from a folder: change that, not this. */\n"
        "#include \"fa/embedkv.h\"\n\n"
        "__asm__(\".pushsection .rodata\\n\"\n"
        "        \"embed_bytes_of_%s: .incbin \"\n        ",
        embed->symbol);
    /* A string for the assembler inside a string for C. */
    fputs("\"\\\"\" ", out);
    write_string(out, blob_path);
    fputs(" \"\\\"\\n\"\n        \".popsection\");\n\n", out);
    fprintf(out, "extern const uint8_t embed_bytes_of_%s[];\n", embed->symbol);
    fprintf(out, "extern const struct fa_embedkv_file %s[];\nextern const size_t %s_count;\n\n",
        embed->symbol, embed->symbol);
    fprintf(out, "const struct fa_embedkv_file %s[] = {\n", embed->symbol);
    for (size_t i = 0; i < embed->file_count; i++) {
        const struct file *file = &embed->files[i];
        fputs("    {", out);
        write_string(out, file->key);
        fprintf(out, ", embed_bytes_of_%s + %llu, %llu, %llu, 0x%016llx},\n", embed->symbol,
            (unsigned long long)file->off, (unsigned long long)file->len, embed->modified_s,
            (unsigned long long)file->version);
    }
    fprintf(out, "};\n\nconst size_t %s_count = %zu;\n", embed->symbol, embed->file_count);
    close_written(out, embed->out);
}

static unsigned long long parse_seconds(const char *text, const char *what)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-') {
        fail("%s is \"%s\", not a number of seconds", what, text);
    }
    return value;
}

static bool is_identifier(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return len != 0 && text[len] == '\0' && (text[0] < '0' || text[0] > '9');
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"symbol", required_argument, NULL, 's'},
        {"modified", required_argument, NULL, 'm'}, {"depfile", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'}, {0}};
    struct embed embed = {.symbol = "embed_table"};
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    const char *depfile = NULL;
    int option;
    if (epoch != NULL) {
        embed.modified_s = parse_seconds(epoch, "SOURCE_DATE_EPOCH");
    }
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's') {
            embed.symbol = optarg;
        } else if (option == 'm') {
            embed.modified_s = parse_seconds(optarg, "--modified");
        } else if (option == 'd') {
            depfile = optarg;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 64;
        }
    }
    if (argc - optind != 2) {
        fputs(usage, stderr);
        return 64;
    }
    if (!is_identifier(embed.symbol)) {
        fail("--symbol is \"%s\", not a name that C knows", embed.symbol);
    }
    embed.folder = argv[optind];
    embed.out = argv[optind + 1];
    if (strpbrk(embed.out, "\"\\\n") != NULL) {
        fail("%s: the assembler cannot include a file of this name", embed.out);
    }
    char *blob_path = make_text("%s.bin", embed.out);
    if (depfile != NULL) {
        embed.deps = open_file(depfile, "w");
        fprintf(embed.deps, "%s:", embed.out);
    }
    find_files(&embed, "", 0);
    if (embed.file_count == 0) {
        fail("%s: nothing to embed; is it the right folder?", embed.folder);
    }
    qsort(embed.files, embed.file_count, sizeof *embed.files, compare_files);
    write_blob(&embed, blob_path);
    write_table(&embed, blob_path);
    if (embed.deps != NULL) {
        fputc('\n', embed.deps);
        close_written(embed.deps, depfile);
    }
    for (size_t i = 0; i < embed.file_count; i++) {
        free(embed.files[i].key);
    }
    free(embed.files);
    free(blob_path);
    return 0;
}
