// SPDX-License-Identifier: ISC
//
// The kinds of values that boot-time keys have, each with the one parser of its text.

#include "fa/boot.h"
#include "fa/log.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", FA_NS_US},
    {"ms", FA_NS_MS},
    {"s", FA_NS_S},
    {"m", 60 * FA_NS_S},
    {"h", 3600 * FA_NS_S},
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
};

static bool is_word(struct fa_slice text, const char *word)
{
    return fa_slice_equal(text, fa_slice_of(word));
}

/* Digits, then the name of a unit. */
static fa_err parse_scaled(
    struct fa_slice text, const struct unit *units, size_t unit_count, uint64_t *ret_value)
{
    size_t digits = 0;
    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    uint64_t number;
    FA_TRY(fa_parse_u64((struct fa_slice){text.at, digits}, UINT64_MAX, &number));
    struct fa_slice name = fa_slice_from(text, digits);
    for (size_t i = 0; i < unit_count; i++) {
        uint64_t value;
        if (is_word(name, units[i].name)) {
            if (__builtin_mul_overflow(number, units[i].factor, &value)) {
                return FA_EINVAL;
            }
            *ret_value = value;
            return FA_OK;
        }
    }
    return FA_EINVAL;
}

static fa_err parse_flag(const struct fa_boot_key *key, struct fa_slice text)
{
    bool yes = is_word(text, "true") || is_word(text, "yes") || is_word(text, "1");
    if (!yes && !is_word(text, "false") && !is_word(text, "no") && !is_word(text, "0")) {
        return FA_EINVAL;
    }
    *(bool *)key->value = yes;
    return FA_OK;
}

static fa_err parse_number(const struct fa_boot_key *key, struct fa_slice text)
{
    uint64_t value;
    FA_TRY(fa_parse_u64(text, key->max != 0 ? key->max : UINT64_MAX, &value));
    if (value < key->min) {
        return FA_EINVAL;
    }
    *(uint64_t *)key->value = value;
    return FA_OK;
}

static fa_err parse_text(const struct fa_boot_key *key, struct fa_slice text)
{
    *(const char **)key->value = (const char *)text.at; /* arguments end in a NUL: fa/plat.h */
    return FA_OK;
}

static fa_err parse_port(const struct fa_boot_key *key, struct fa_slice text)
{
    uint64_t value;
    FA_TRY(fa_parse_u64(text, UINT16_MAX, &value));
    if (value == 0) {
        return FA_EINVAL;
    }
    *(uint16_t *)key->value = (uint16_t)value;
    return FA_OK;
}

static fa_err parse_duration(const struct fa_boot_key *key, struct fa_slice text)
{
    return parse_scaled(text, duration_units, FA_COUNT_OF(duration_units), key->value);
}

static fa_err parse_size(const struct fa_boot_key *key, struct fa_slice text)
{
    return parse_scaled(text, size_units, FA_COUNT_OF(size_units), key->value);
}

static fa_err parse_ip(const struct fa_boot_key *key, struct fa_slice text)
{
    return fa_ip_parse(text, key->value);
}

static fa_err parse_address(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_boot_address address = {.dhcp = is_word(text, "dhcp")};
    if (!address.dhcp) {
        FA_TRY(fa_ip_parse_prefix(text, &address.ip, &address.prefix_bits));
    }
    *(struct fa_boot_address *)key->value = address;
    return FA_OK;
}

static fa_err parse_logs(const struct fa_boot_key *key, struct fa_slice text)
{
    (void)key;
    return fa_log_levels_set(text, NULL);
}

const struct fa_boot_type fa_boot_flag = {"flag", "BOOL", "true or false", parse_flag};
const struct fa_boot_type fa_boot_number = {"number", "N", "a number, such as 10", parse_number};
const struct fa_boot_type fa_boot_text = {"text", "TEXT", "text", parse_text};
const struct fa_boot_type fa_boot_port = {
    "port", "PORT", "a port from 1 to 65535, such as 8080", parse_port};
const struct fa_boot_type fa_boot_duration = {
    "duration", "TIME", "a duration, such as 250ms, 10s, 5m or 1h", parse_duration};
const struct fa_boot_type fa_boot_size = {
    "size", "SIZE", "a size, such as 512, 64KiB, 16MiB or 1GiB", parse_size};
const struct fa_boot_type fa_boot_ip = {"ip", "ADDRESS", "an address, such as 192.0.2.1", parse_ip};
const struct fa_boot_type fa_boot_address = {"address", "dhcp|ADDRESS/BITS",
    "dhcp, or an address with its prefix length, such as 192.0.2.1/24", parse_address};
const struct fa_boot_type fa_boot_logs = {
    "logs", "LEVELS", "levels, such as debug, or *:info,tcp:debug,http:quiet", parse_logs};
