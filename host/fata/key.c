// SPDX-License-Identifier: ISC
//
// Keys: their names, their values and where those come from.

#include <ctype.h>
#include <string.h>

#include "model.h"

const char *dashed(struct arena *arena, const char *name)
{
    char *text = arena_take(arena, strlen(name) + 1);
    for (size_t i = 0; name[i] != '\0'; i++) {
        text[i] = name[i] == '_' ? '-' : name[i];
    }
    return text;
}

const char *underscored(struct arena *arena, const char *name)
{
    char *text = arena_take(arena, strlen(name) + 1);
    for (size_t i = 0; name[i] != '\0'; i++) {
        text[i] = name[i] == '-' || name[i] == '.' ? '_' : name[i];
    }
    return text;
}

bool is_c_name(const char *name)
{
    static const char *const reserved[] = {"auto", "bool", "break", "case", "char", "const",
        "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
        "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
        "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned", "void",
        "volatile", "while"};
    for (size_t i = 0; i < FA_COUNT_OF(reserved); i++) {
        if (strcmp(name, reserved[i]) == 0) {
            return false;
        }
    }
    size_t len = 0;
    while (isalnum((unsigned char)name[len]) || name[len] == '_') {
        len++;
    }
    return len > 0 && name[len] == '\0' && !isdigit((unsigned char)name[0]) &&
           len <= FA_BOOT_NAME_MAX;
}

void nearest_offer(struct nearest *nearest, const char *given, const char *word)
{
    struct fa_slice a = fa_slice_of(given);
    struct fa_slice b = fa_slice_of(word);
    unsigned distance = fa_boot_distance(a, b);
    if (fa_boot_is_slip(a, b) && (nearest->word == NULL || distance < nearest->distance)) {
        *nearest = (struct nearest){word, distance};
    }
}

static bool among(const char *choices, const char *text)
{
    size_t len = strlen(text);
    while (*choices != '\0') {
        size_t word = strcspn(choices, "|");
        if (word == len && memcmp(choices, text, len) == 0) {
            return true;
        }
        choices += word + (choices[word] == '|');
    }
    return false;
}

/* Length of the UTF-8 sequence at `at` (RFC 3629); 0: it is none. */
static size_t sequence_len(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char mask;
        unsigned char lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t len = 1; len <= FA_COUNT_OF(forms); len++) {
        if ((at[0] & forms[len - 1].mask) != forms[len - 1].lead) {
            continue;
        }
        uint32_t code = at[0] & (unsigned char)~forms[len - 1].mask;
        for (size_t i = 1; i < len; i++) {
            if (i >= left || (at[i] & 0xc0) != 0x80) {
                return 0;
            }
            code = code << 6 | (at[i] & 0x3f);
        }
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        return code >= forms[len - 1].least && code <= 0x10ffff && !surrogate ? len : 0;
    }
    return 0;
}

bool text_is_plain(const char *text, size_t len)
{
    if (len > TEXT_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < len;) {
        size_t step = sequence_len((const unsigned char *)text + i, len - i);
        if (step == 0 || (unsigned char)text[i] < ' ' || text[i] == 127) {
            return false;
        }
        i += step;
    }
    return true;
}

bool key_accepts(const struct key *key, const char *text)
{
    if (!text_is_plain(text, strlen(text))) {
        return false;
    }
    if (key->type == NULL) {
        return among(key->choices, text);
    }
    union {
        uint64_t number;
        struct fa_ip ip;
        struct fa_boot_address address;
        struct fa_ip_list ips;
        struct fa_net_list nets;
        struct fa_route_list routes;
        uint8_t congestion;
        const char *text;
    } value = {0};
    struct fa_boot_key boot = {
        .name = key->name, .type = key->type, .value = &value, .min = key->min, .max = key->max};
    bool scaled = key->type == &fa_boot_size || key->type == &fa_boot_duration;
    if (key->type->parse(&boot, fa_slice_of(text)) != FA_OK) {
        return false;
    }
    return !scaled || key->max == 0 || (value.number >= key->min && value.number <= key->max);
}

const char *key_expects(struct config *config, const struct key *key)
{
    if (key->type == NULL) {
        const char *list = "";
        for (const char *at = key->choices; *at != '\0';) {
            size_t len = strcspn(at, "|");
            const char *comma = list[0] == '\0' ? "" : at[len] == '\0' ? " or " : ", ";
            list = arena_text(&config->arena, "%s%s%.*s", list, comma, (int)len, at);
            at += len + (at[len] == '|');
        }
        return list;
    }
    if (key->type == &fa_boot_number && (key->min != 0 || key->max != 0)) {
        return arena_text(&config->arena, "a number from %llu to %llu",
            (unsigned long long)key->min,
            (unsigned long long)(key->max != 0 ? key->max : UINT64_MAX));
    }
    if (key->type == &fa_boot_size && key->max != 0) {
        return arena_text(&config->arena, "a size from %llu to %llu bytes, such as 64KiB or 16MiB",
            (unsigned long long)key->min, (unsigned long long)key->max);
    }
    return key->type->expect;
}

struct key *key_find(const struct config *config, enum key_stage stage, const char *name)
{
    for (size_t i = 0; i < config->key_count; i++) {
        struct key *key = config->keys[i];
        if (key->stage == stage && strcmp(key->name, name) == 0) {
            return key;
        }
    }
    return NULL;
}

/* "management-ipv4" as "FATA_MANAGEMENT_IPV4". */
static const char *env_name(struct arena *arena, const char *name)
{
    char *text = arena_take(arena, strlen(name) + sizeof "FATA_");
    memcpy(text, "FATA_", sizeof "FATA_");
    for (size_t i = 0; name[i] != '\0'; i++) {
        text[5 + i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
    }
    return text;
}

/* An error in fata.lua comes first: it may be why the value is not good. */
static void refuse_later(struct config *config, const struct key *key)
{
    if (config->late.set) {
        return;
    }
    bool from_env = strcmp(key->source, "environment") == 0;
    config->late.set = true;
    config->late.outside = true;
    snprintf(config->late.sentence, sizeof config->late.sentence,
        "%s%s=%s is not good: it must be %s", from_env ? "" : "--", from_env ? key->env : key->name,
        key->value, key_expects(config, key));
}

/* A build key takes what the command line, the environment or the last time say, in this order. */
static void settle(struct config *config, struct key *key)
{
    key->value = key->fallback;
    key->source = "default";
    const char *env = config->env != NULL ? config->env(key->env) : NULL;
    struct setting *remembered = NULL;
    struct setting *given = NULL;
    for (size_t i = 0; i < config->setting_count; i++) {
        struct setting *setting = &config->settings[i];
        if (strcmp(setting->name, key->name) == 0) {
            setting->used = true;
            bool old = strcmp(setting->source, "remembered") == 0;
            *(old ? &remembered : &given) = setting;
        }
    }
    if (remembered != NULL && given == NULL && env == NULL && key_accepts(key, remembered->value)) {
        /* What is remembered but no longer good, because the file changed, is forgotten. */
        key->value = remembered->value;
        key->source = remembered->source;
    }
    if (env != NULL) {
        key->value = arena_copy(&config->arena, env);
        key->source = "environment";
    }
    if (given != NULL) {
        bool flag = key->type == &fa_boot_flag;
        key->value = given->value != NULL ? given->value : flag ? "true" : "";
        key->source = given->source;
    }
    if (key->value != NULL && !key_accepts(key, key->value)) {
        refuse_later(config, key);
        key->value = key->fallback;
    }
}

struct key *key_add(struct config *config, const struct key *wanted)
{
    if (config->key_count == KEY_COUNT_MAX) {
        (void)config_fail(config, wanted->at, "there are more than %d keys", KEY_COUNT_MAX);
        return NULL;
    }
    if (strlen(wanted->name) > FA_BOOT_NAME_MAX) {
        (void)config_fail(config, wanted->at, "the key's name %s is too long: it may have %d bytes",
            wanted->name, FA_BOOT_NAME_MAX);
        return NULL;
    }
    struct key *key = arena_take(&config->arena, sizeof *key);
    *key = *wanted;
    if (key->env == NULL) {
        key->env = env_name(&config->arena, key->name);
    }
    key->field = underscored(&config->arena, key->name);
    if (key->stage == KEY_BUILD) {
        settle(config, key);
    }
    config->keys[config->key_count++] = key;
    return key;
}
