// SPDX-License-Identifier: ISC
//
// model.h: what a fata.lua says, as a graph of devices and a list of keys.
//
// config.c runs the file and words.c builds the graph out of what it says; graph.c checks the whole
// and gives names; generate*.c, describe.c and query.c read it. All of it lives in one arena and
// goes with it. Only the first error is kept: one clear sentence.

#ifndef FATA_MODEL_H
#define FATA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fa/boot.h"

enum {
    CONFIG_BYTES_MAX = 64 * 1024, /* of a fata.lua */
    NODE_COUNT_MAX = 128,
    KEY_COUNT_MAX = 128,
    OPTION_COUNT_MAX = 32,
    LIST_COUNT_MAX = 64, /* sources, devices, routes, jobs */
    TEXT_BYTES_MAX = 4096,
    LUA_BYTES_MAX = 8 * 1024 * 1024,
    LUA_STEPS_MAX = 10 * 1000 * 1000,
    LUA_SECONDS_MAX = 2, /* of processor time */
};

/* ---- memory -------------------------------------------------------------------------------- */

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
};

void *arena_take(struct arena *arena, size_t len); /* zeroed */
[[gnu::format(printf, 2, 3)]] const char *arena_text(struct arena *arena, const char *format, ...);
const char *arena_copy(struct arena *arena, const char *text);
void arena_free(struct arena *arena);

/* ---- places and errors --------------------------------------------------------------------- */

/* Lines and columns count from 1; 0: not known. */
struct place {
    unsigned line;
    unsigned column;
    unsigned width;
};

struct diag {
    bool set;
    bool outside; /* not about the file but about the command line or the environment */
    struct place at;
    char sentence[512];
};

/* ---- the language's nouns ------------------------------------------------------------------ */

/* What a device is to whoever uses it. */
enum signature {
    SIG_NONE,
    SIG_NET,
    SIG_SWITCH,
    SIG_STACK,
    SIG_LISTENER,
    SIG_KV,
    SIG_BLK,
    SIG_HTTP,
    SIG_RESOLVER,
    SIG_TIMESYNC,
    SIG_COUNT,
};

struct signature_info {
    const char *name;    /* "network card" */
    const char *article; /* "a network card" */
    const char *c_type;  /* "struct fa_netdev *" */
    const char *header;  /* that declares it */
    bool exclusive;      /* one user at most */
};

extern const struct signature_info signatures[SIG_COUNT];

enum option_kind {
    OPTION_NONE,
    OPTION_DEVICE, /* another device, of signature `wants` */
    OPTION_BOOT,   /* a boot-time key stands for it; what the file says is the default */
    OPTION_BUILD,  /* the same with a configure-time key */
    OPTION_PLAIN,  /* settled in the file */
    OPTION_ROUTES, /* paths to handlers and content: http alone */
};

struct option {
    const char *name;
    enum option_kind kind;
    enum signature wants;
    const struct fa_boot_type *type; /* of a value; NULL: one of `choices` */
    const char *choices;             /* "any|tap|stream" */
    const char *key;                 /* of its key; NULL: as `name` */
    const char *fallback;            /* default, as text */
    bool required;
    bool hosted;  /* about the host's devices: not there where a tender attaches them */
    uint64_t min; /* of a number or size */
    uint64_t max;
    const char *doc;
};

struct device_class {
    const char *word;  /* in fata.lua: "net.tap" */
    const char *label; /* where its generated names begin: "net" */
    enum signature provides;
    const char *lead;      /* option that `word "text"` sets; NULL: none */
    const char *section;   /* of its keys in --help */
    const char *libraries; /* beyond fa-core and the platform, separated by spaces */
    const char *targets;   /* that it exists for; NULL: all */
    const char *doc;
    struct option options[OPTION_COUNT_MAX];
};

extern const struct device_class device_classes[];
extern const size_t device_class_count;

/* ---- what a file says ---------------------------------------------------------------------- */

enum value_kind {
    VALUE_NONE,
    VALUE_DEVICE,
    VALUE_TEXT, /* any scalar, as text that its type accepts */
    VALUE_KEY,  /* a boot-time key of its own */
    VALUE_ROUTES,
};

struct value {
    enum value_kind kind;
    struct place at;
    struct node *node;
    const char *text;
    struct key *key;
    struct route *routes;
    size_t route_count;
};

struct route {
    const char *path;
    const char *methods; /* "GET|POST"; NULL: those of a page */
    const char *handler; /* a C function; NULL: content */
    struct node *content;
    struct place at;
};

struct node {
    const struct device_class *class;
    struct place at;
    const char *group;       /* NULL: none */
    const char *id;          /* C identifier, once it is reached */
    const char *attached_as; /* of an attached device, once it is reached: [A-Za-z0-9]{1,67} */
    struct value values[OPTION_COUNT_MAX];
    struct key *keys[OPTION_COUNT_MAX]; /* of boot and build options */
    struct node *owner;                 /* of an exclusive device */
    unsigned color;                     /* of the walk in graph.c */
};

enum key_stage {
    KEY_BUILD,
    KEY_BOOT,
};

struct key {
    enum key_stage stage;
    const char *name;                /* "management-ipv4" */
    const struct fa_boot_type *type; /* NULL: one of `choices` */
    const char *choices;             /* "embed|dir" */
    const char *fallback;            /* NULL: none */
    bool required;
    uint64_t min;
    uint64_t max;
    const char *env;
    const char *section;
    const char *doc;
    const char *value;  /* of a build key: what holds now */
    const char *source; /* "default", "remembered", "environment", "command line" */
    const char *field;  /* C identifier of a boot key */
    struct place at;
    const struct node *node; /* whose option it is; NULL: named in the file */
    bool reached;
};

/* A field of the devices that an application's C code is given. */
struct field {
    const char *name;
    struct value value;
    struct place at;
};

/* A value for a build key from the command line or from the last time. */
struct setting {
    const char *name;
    const char *value; /* NULL: the name alone */
    const char *source;
    bool used;
};

struct config {
    struct arena arena;
    struct diag diag;
    struct diag late; /* a value from outside that is not good: told once the file is all right */
    const char *path; /* as shown in errors */
    const char *source;
    size_t source_len;
    struct token *tokens;
    size_t token_count;

    struct setting *settings;
    size_t setting_count;
    const char *(*env)(const char *name); /* NULL: no environment */
    const struct package *packages;       /* what there is, for version demands; NULL: any */
    size_t package_count;

    const char *name; /* "www" */
    const char *id;   /* C identifier of it */
    const char *version;
    const char *doc;
    const char *main; /* C function; NULL: none */
    struct place at;
    struct place main_at;
    const char *sources[LIST_COUNT_MAX];
    struct place source_places[LIST_COUNT_MAX];
    size_t source_count;
    struct field fields[LIST_COUNT_MAX];
    size_t field_count;
    struct node *jobs[LIST_COUNT_MAX];
    size_t job_count;

    struct node *nodes[NODE_COUNT_MAX]; /* as made */
    size_t node_count;
    struct node *order[NODE_COUNT_MAX]; /* reached, each behind what it uses */
    size_t order_count;
    struct key *keys[KEY_COUNT_MAX];
    size_t key_count;
    const struct key *target;
    const struct key *fibers;
    const struct key *fiber_stack;
};

/* ---- config.c, words.c, graph.c, key.c ----------------------------------------------------- */

/* Run config->source and check all it says. Returns: whether all is well; else config->diag. */
bool config_evaluate(struct config *config);

void config_done(struct config *config);

/* Keep the first error. Returns: false, so that `return config_fail(...)` reads well. */
[[gnu::format(printf, 3, 4)]] bool config_fail(
    struct config *config, struct place at, const char *format, ...);

/* Print it: file, line, column, sentence; then the line and a caret. */
void config_complain(const struct config *config, FILE *out);

/* Check the graph as a whole: unikernel's name, cycles, owners, missing devices, keys. */
bool graph_check(struct config *config);

/* Make the key of an option or of the file itself and settle its value. Returns: NULL on error. */
struct key *key_add(struct config *config, const struct key *wanted);
struct key *key_find(const struct config *config, enum key_stage stage, const char *name);

/* Whether a text can stand in C, ninja and JSON: UTF-8 of at most TEXT_BYTES_MAX bytes without
 * control characters. */
bool text_is_plain(const char *text, size_t len);

/* Whether `text` is good for the type; the parsers are those of the image itself. */
bool key_accepts(const struct key *key, const char *text);
const char *key_expects(struct config *config, const struct key *key);

/* "fiber_stack" as "fiber-stack", and back. */
const char *dashed(struct arena *arena, const char *name);
const char *underscored(struct arena *arena, const char *name);
bool is_c_name(const char *name);

/* The one of `count` words that `given` may be a slip for; NULL: none. */
struct nearest {
    const char *word;
    unsigned distance;
};
void nearest_offer(struct nearest *nearest, const char *given, const char *word);

/* Value of an option as settled: its text, its default or its key's value. */
const struct option *class_option(const struct device_class *class, const char *name, size_t *idx);
const struct value *node_value(const struct node *node, const char *option);
/* Whether whoever starts the image attaches it, by a name: net.default and blk.default. */
bool node_is_attached(const struct node *node);

/* Whether the configured target is `name`. A tender starts the images of "spt". */
bool target_is(const struct config *config, const char *name);
struct key *node_key(const struct node *node, const char *option);
const char *node_text(const struct node *node, const char *option);

/* Words that make a device of a signature, as "net.tap, net.stream". */
const char *words_for(struct arena *arena, enum signature wants);

/* ---- token.c ------------------------------------------------------------------------------- */

enum token_kind {
    TOKEN_NAME,
    TOKEN_TEXT,
    TOKEN_SYMBOL,
};

struct token {
    enum token_kind kind;
    const char *at;
    size_t len;
    unsigned line;
    unsigned column;
};

/* Cut config->source into tokens. */
void tokens_read(struct config *config);

/* Where `word` stands on `line`; with `option`, where that is named in the table behind it; with
 * `item`, the item-th thing in that table that has no name. What is not found is left out. */
struct place tokens_locate(const struct config *config, unsigned line, const char *word,
    const char *option, unsigned item);

/* Where an option is named twice in the table behind `word`; line 0: nowhere. */
struct place tokens_repeated(
    struct config *config, unsigned line, const char *word, const char **ret_name);

/* The first token on `line` with that text. */
struct place tokens_find(const struct config *config, unsigned line, const char *text);

/* ---- package.c ----------------------------------------------------------------------------- */

struct package {
    const char *name;
    const char *version;
    const char *summary;
    const char *depends;
    const char *conflicts;
};

/* Order of two versions of dotted numbers: below, at or above 0. */
int version_compare(const char *a, const char *b);

/* Whether `version` fulfils a demand such as ">= 0.1, < 2". Returns: -1 if that is no demand. */
int version_fulfils(const char *version, const char *demand);

const struct package *package_find(const struct package *packages, size_t count, const char *name);

#define FATA_VERSION "0.1.0"

#endif
