// SPDX-License-Identifier: ISC
//
// The command line. An option is --WORD, --WORD=VALUE or --WORD:DEVICE=VALUE.

#include "options.h"

#include <string.h>

/* One option, taken apart. */
struct word {
    struct fa_slice name;   /* what comes behind "--", up to ':' or '=' */
    struct fa_slice device; /* at is NULL if there is no ':' */
    const char *value;      /* NULL if there is no '=' */
    const char *whole;
};

static struct word split(const char *text)
{
    struct word word = {.whole = text};
    const char *at = text + 2;
    size_t len = strcspn(at, ":=");
    word.name = (struct fa_slice){(const uint8_t *)at, len};
    at += len;
    if (*at == ':') {
        len = strcspn(++at, "=");
        word.device = (struct fa_slice){(const uint8_t *)at, len};
        at += len;
    }
    word.value = *at == '=' ? at + 1 : NULL;
    return word;
}

bool options_number(const char *text, uint32_t max, uint32_t *ret)
{
    uint32_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > max / 10) {
            return false;
        }
        value = value * 10 + (uint32_t)(*text - '0');
    }
    *ret = value;
    return value <= max;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool read_mac(const char *text, uint8_t mac[6])
{
    if (strlen(text) != 17) {
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        int high = digit_of(text[3 * i]), low = digit_of(text[3 * i + 1]);
        if (high < 0 || low < 0 || text[3 * i + 2] != (i == 5 ? '\0' : ':')) {
            return false;
        }
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The device that `word` speaks of, made when it is the first to. */
static struct options_device *device_of(struct options *options, const struct word *word,
    enum fa_solo5_device type, struct sentence *why)
{
    if (word->device.len == 0 || word->value == NULL || *word->value == '\0') {
        sentence_say(why, "%s: write it as --%.*s:DEVICE=VALUE", word->whole, (int)word->name.len,
            (const char *)word->name.at);
        return NULL;
    }
    for (size_t i = 0; i < options->device_count; i++) {
        struct options_device *device = &options->device[i];
        if (fa_slice_equal(device->name, word->device)) {
            if (device->type != type) {
                sentence_say(why, "%s: other options say that this device is a %s", word->whole,
                    device->type == FA_SOLO5_NET ? "network" : "disk");
                return NULL;
            }
            return device;
        }
    }
    if (options->device_count == OPTIONS_DEVICE_COUNT_MAX) {
        sentence_say(
            why, "%s: an image has %d devices at most", word->whole, OPTIONS_DEVICE_COUNT_MAX);
        return NULL;
    }
    struct options_device *device = &options->device[options->device_count++];
    *device = (struct options_device){.name = word->device, .type = type};
    return device;
}

static bool take_place(struct options *options, const struct word *word, struct sentence *why)
{
    bool net = fa_slice_equal(word->name, FA_LIT("net"));
    struct options_device *device =
        device_of(options, word, net ? FA_SOLO5_NET : FA_SOLO5_BLOCK, why);
    if (device != NULL && device->place != NULL) {
        return sentence_say(why, "%s: this device is attached already", word->whole);
    }
    if (device != NULL) {
        device->place = word->value;
    }
    return device != NULL;
}

static bool take_mac(struct options *options, const struct word *word, struct sentence *why)
{
    struct options_device *device = device_of(options, word, FA_SOLO5_NET, why);
    if (device == NULL) {
        return false;
    }
    if (!read_mac(word->value, device->mac)) {
        return sentence_say(why, "%s: an address is written as 02:00:00:12:34:56", word->whole);
    }
    if ((device->mac[0] & 1) != 0) {
        return sentence_say(why, "%s: this is the address of a group, not of a card", word->whole);
    }
    device->mac_given = true;
    return true;
}

static bool take_mtu(struct options *options, const struct word *word, struct sentence *why)
{
    struct options_device *device = device_of(options, word, FA_SOLO5_NET, why);
    if (device == NULL) {
        return false;
    }
    if (!options_number(word->value, OPTIONS_MTU_MAX, &device->mtu) ||
        device->mtu < OPTIONS_MTU_MIN) {
        return sentence_say(
            why, "%s: an MTU has %d to %d bytes", word->whole, OPTIONS_MTU_MIN, OPTIONS_MTU_MAX);
    }
    return true;
}

static bool take_sector(struct options *options, const struct word *word, struct sentence *why)
{
    struct options_device *device = device_of(options, word, FA_SOLO5_BLOCK, why);
    if (device == NULL) {
        return false;
    }
    uint32_t bytes;
    if (!options_number(word->value, OPTIONS_SECTOR_BYTES_MAX, &bytes) ||
        bytes < OPTIONS_SECTOR_BYTES_DEFAULT || (bytes & (bytes - 1)) != 0) {
        return sentence_say(why, "%s: a sector has a power of two of bytes, %d to %d", word->whole,
            OPTIONS_SECTOR_BYTES_DEFAULT, OPTIONS_SECTOR_BYTES_MAX);
    }
    device->sector_bytes = bytes;
    return true;
}

static bool take_access(struct options *options, const struct word *word, struct sentence *why)
{
    static const char *const names[] = {"write", "read", "copy"};
    struct options_device *device = device_of(options, word, FA_SOLO5_BLOCK, why);
    if (device == NULL) {
        return false;
    }
    for (size_t i = 0; i < FA_COUNT_OF(names); i++) {
        if (strcmp(word->value, names[i]) == 0) {
            device->access = (enum options_access)i;
            return true;
        }
    }
    return sentence_say(why, "%s: there are write, read and copy", word->whole);
}

static bool take_memory(struct options *options, const struct word *word, struct sentence *why)
{
    if (word->value == NULL || !options_number(word->value, OPTIONS_MIB_MAX, &options->mib) ||
        options->mib < 2) {
        return sentence_say(
            why, "%s: memory is a number of MiB, 2 to %d", word->whole, OPTIONS_MIB_MAX);
    }
    return true;
}

static bool take_strict(struct options *options, const struct word *word, struct sentence *why)
{
    if (word->value == NULL || strcmp(word->value, "solo5") != 0) {
        return sentence_say(
            why, "%s: the only one to be as strict as is --strict=solo5", word->whole);
    }
    options->strict = true;
    return true;
}

/* Options that are a word alone. Returns: whether it was one. */
static bool take_flag(struct options *options, struct fa_slice name)
{
    if (fa_slice_equal(name, FA_LIT("help"))) {
        options->verb = OPTIONS_HELP;
    } else if (fa_slice_equal(name, FA_LIT("version"))) {
        options->verb = OPTIONS_VERSION;
    } else if (fa_slice_equal(name, FA_LIT("isolate"))) {
        options->isolate = true;
    } else if (fa_slice_equal(name, FA_LIT("phases"))) {
        options->phases = true;
    } else {
        return false;
    }
    return true;
}

static bool take_option(struct options *options, const char *text, struct sentence *why)
{
    static const struct {
        const char *name;
        bool (*take)(struct options *options, const struct word *word, struct sentence *why);
        bool of_device;
    } table[] = {
        {"mem", take_memory, false},
        {"net", take_place, true},
        {"net-mac", take_mac, true},
        {"net-mtu", take_mtu, true},
        {"block", take_place, true},
        {"block-sector-size", take_sector, true},
        {"block-access", take_access, true},
        {"strict", take_strict, false},
    };
    struct word word = split(text);
    for (size_t i = 0; i < FA_COUNT_OF(table); i++) {
        if (fa_slice_equal(word.name, fa_slice_of(table[i].name)) &&
            (table[i].of_device || word.device.at == NULL)) {
            return table[i].take(options, &word, why);
        }
    }
    if (word.device.at == NULL && word.value == NULL && take_flag(options, word.name)) {
        return true;
    }
    return sentence_say(why,
        "%s: there is no such option; --help lists them, and what is meant "
        "for the image comes behind its name",
        text);
}

static bool join_arguments(char *const *argv, struct options *options, struct sentence *why)
{
    size_t len = 0;
    for (size_t i = 0; argv[i] != NULL; i++) {
        size_t bytes = strlen(argv[i]);
        if (bytes + (i != 0) >= sizeof options->cmdline - len) {
            return sentence_say(why, "the arguments of the image have more than %zu bytes",
                sizeof options->cmdline - 1);
        }
        if (i != 0) {
            options->cmdline[len++] = ' ';
        }
        memcpy(options->cmdline + len, argv[i], bytes);
        len += bytes;
    }
    options->cmdline[len] = '\0';
    return true;
}

bool options_read(char *const *argv, struct options *ret, struct sentence *why)
{
    memset(ret, 0, offsetof(struct options, cmdline));
    ret->mib = OPTIONS_MIB_DEFAULT;
    for (; *argv != NULL && strncmp(*argv, "--", 2) == 0; argv++) {
        if ((*argv)[2] == '\0') {
            argv++;
            break;
        }
        if (!take_option(ret, *argv, why)) {
            return false;
        }
        if (ret->verb != OPTIONS_RUN) {
            return true;
        }
    }
    if (*argv == NULL) {
        return sentence_say(why, "which image? Name one behind the options; --help lists them");
    }
    if (ret->strict && ret->phases) {
        return sentence_say(
            why, "--phases: what Solo5's filter costs cannot be told under it; leave out --strict");
    }
    ret->image = *argv;
    return join_arguments(argv + 1, ret, why);
}
