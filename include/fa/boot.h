// SPDX-License-Identifier: ISC
//
// fa/boot.h: what an image is told when it starts, and what it says when it ends.
//
// A boot-time key has a name, a type, a default, a meaning and perhaps an environment variable.
// `--name=value` and `--name value` set it, `--name` alone sets a flag; what stands there wins over
// the environment, that over the default, and a later argument over an earlier one. `--help` and
// `--version` are answered here. The `fata` command writes the table of keys into an image's main.c
// and, by FA_BOOT_NOTE(), into the image, where it is read without running it
// (docs/spec/image-note.md). Tested by test/unit/boot_test.c, fuzz/boot_fuzz.c.
//
//     static uint16_t port;
//     static const struct fa_boot_key keys[] = {
//         {"port", &fa_boot_port, &port, .fallback = "80", .env = "FATA_PORT", .doc = "where"},
//     };
//     fa_boot(&(struct fa_boot_image){.name = "www", .keys = keys, .key_count = 1});

#ifndef FA_BOOT_H
#define FA_BOOT_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/fmt.h"
#include "fa/ip.h"

enum {
    FA_BOOT_STATUS_USAGE = 64,  /* a bad argument; EX_USAGE of sysexits.h */
    FA_BOOT_STATUS_DEVICE = 69, /* a device cannot be had; EX_UNAVAILABLE */
    FA_BOOT_KEY_COUNT_MAX = 128,
    FA_BOOT_NAME_MAX = 48, /* bytes of a key's name */
};

struct fa_boot_key;

/* How the text of a value is read. Constant; one per kind of value. */
struct fa_boot_type {
    const char *name;   /* "port", as fata.lua calls it */
    const char *shown;  /* "PORT", as --help shows it */
    const char *expect; /* what is good, for errors: "a port from 1 to 65535, such as 8080" */
    /* Read `text` into key->value. Returns: FA_OK; FA_EINVAL, and nothing is written. */
    fa_err (*parse)(const struct fa_boot_key *key, struct fa_slice text);
};

/* IPv4 addresses, each with the length of its network's prefix, or none: ask DHCP. */
struct fa_boot_address {
    bool dhcp;
    struct fa_ip ip;
    uint8_t prefix_bits;
    struct fa_net_list more; /* beside the first one */
};

/* The types, and the C type that a key's value has. */
extern const struct fa_boot_type fa_boot_flag;     /* bool */
extern const struct fa_boot_type fa_boot_number;   /* uint64_t, from key->min to key->max */
extern const struct fa_boot_type fa_boot_text;     /* const char *, for ever */
extern const struct fa_boot_type fa_boot_port;     /* uint16_t */
extern const struct fa_boot_type fa_boot_duration; /* fa_ns: 250ms, 10s, 5m, 1h */
extern const struct fa_boot_type fa_boot_size;     /* uint64_t, bytes: 512, 64KiB, 16MiB, 1GiB */
extern const struct fa_boot_type fa_boot_ip;       /* struct fa_ip */
extern const struct fa_boot_type
    fa_boot_address; /* struct fa_boot_address: dhcp, or 192.0.2.1/24,... */
extern const struct fa_boot_type fa_boot_ip4;   /* struct fa_ip: of a host */
extern const struct fa_boot_type fa_boot_ip6;   /* the same */
extern const struct fa_boot_type fa_boot_ips;   /* struct fa_ip_list: with commas between */
extern const struct fa_boot_type fa_boot_nets6; /* struct fa_net_list: 2001:db8::2/64,... */
extern const struct fa_boot_type
    fa_boot_routes; /* struct fa_route_list: 10.0.0.0/8=192.0.2.1,... */
extern const struct fa_boot_type fa_boot_congestion; /* uint8_t: enum fa_tcp_congestion */
extern const struct fa_boot_type fa_boot_logs;       /* none: goes to fa_log_levels_set() */

struct fa_boot_key {
    const char *name; /* "management-ipv4" */
    const struct fa_boot_type *type;
    void *value;          /* a variable of the type's C type */
    const char *fallback; /* default, as text; NULL: the variable is left as it is */
    bool required;        /* must be given: there is no default */
    uint64_t min;         /* of a number */
    uint64_t max;         /* of a number; 0: UINT64_MAX */
    const char *env;      /* environment variable; NULL: none */
    const char *section;  /* heading in --help; keys of one section stand together */
    const char *doc;
};

struct fa_boot_image {
    const char *name;
    const char *version;
    const char *doc;
    const struct fa_boot_key *keys;
    size_t key_count;
};

/* Where arguments come from and text goes to. */
struct fa_boot_outside {
    struct fa_slice (*arg)(size_t idx); /* as fa_plat_arg() */
    struct fa_slice (*env)(struct fa_slice name);
    void (*write)(struct fa_slice text);
};

/*
 * Read every key. Called first of all in fa_main().
 *
 * Returns only if the image is to go on. `--help` and `--version` print and exit with 0; anything
 * not understood prints one sentence and exits with FA_BOOT_STATUS_USAGE.
 */
void fa_boot(const struct fa_boot_image *image);

/* The same without the platform and without an exit. Returns: FA_OK: go on; FA_ECLOSED: help or
 * version was printed; FA_EINVAL: an error was. Values of keys may be written in each case. */
fa_err fa_boot_parse(const struct fa_boot_image *image, const struct fa_boot_outside *outside);

/* Print `NAME: sentence` and exit with FA_BOOT_STATUS_DEVICE: something outside is not there. */
[[gnu::noreturn, gnu::format(printf, 2, 3)]] void fa_boot_fail(
    const struct fa_boot_image *image, const char *format, ...);

/* The same if `err` is not FA_OK, with its name; `what` is such as "listen on port 80". */
void fa_boot_must(const struct fa_boot_image *image, fa_err err, const char *what);

/* Print that the image can be reached now, at `ip`, and how long after fa_boot() that was. `fata
 * run` waits for this line. */
void fa_boot_up(const struct fa_boot_image *image, const struct fa_ip *ip);

/* Print what was done since the start: frames, connections, requests, drops by name. */
void fa_boot_summary(const struct fa_boot_image *image);

/* The text of it. `counters` is what happened within `up_ns`. */
void fa_boot_summary_text(
    const char *name, const struct fa_counters *counters, fa_ns up_ns, struct fa_text *text);

/* What follows `scheme` in `text`, such as "tap0" for "tap:tap0" and "tap:"; NULL: not that. */
const char *fa_boot_scheme(const char *text, const char *scheme);

/* How many letters must be added, left out, replaced or exchanged with their neighbour to turn
 * one word into the other; words count up to FA_BOOT_NAME_MAX letters. For "did you mean". */
unsigned fa_boot_distance(struct fa_slice a, struct fa_slice b);

/* Whether two words are so near that one may be a slip for the other. */
bool fa_boot_is_slip(struct fa_slice given, struct fa_slice meant);

/* Put `text`, a literal, into the image as a note (section .note.fata, owner "Fata", type 1). */
#define FA_BOOT_NOTE(text)                                                                         \
    [[gnu::section(".note.fata"), gnu::used, gnu::aligned(4)]] static const struct {               \
        uint32_t name_len;                                                                         \
        uint32_t text_len;                                                                         \
        uint32_t type;                                                                             \
        char name[8];                                                                              \
        char content[(sizeof(text) + 2) / 4 * 4];                                                  \
    } fa_boot_note_ = {5, sizeof(text) - 1, 1, "Fata", text}

#endif
