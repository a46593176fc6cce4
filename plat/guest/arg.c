// SPDX-License-Identifier: ISC
//
// One line becomes arguments (docs/spec/command-line.md).

#include "fa/log.h"
#include "fa/plat.h"
#include "plat/guest/guest.h"

/* Arguments one behind the other, each with its NUL. The first is the image's own name. */
static char words[FA_SOLO5_CMDLINE_BYTES + sizeof "image"];
static size_t words_len;

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

/* What Solo5's conventions say about the console: `--solo5:LEVEL`, which no image gets to see. */
static bool take_level(struct fa_slice word)
{
    static const struct {
        const char *text;
        enum fa_log_level level;
    } words_[] = {
        {"--solo5:quiet", FA_LOG_QUIET},
        {"--solo5:error", FA_LOG_ERROR},
        {"--solo5:warn", FA_LOG_WARNING},
        {"--solo5:info", FA_LOG_INFO},
        {"--solo5:debug", FA_LOG_DEBUG},
    };
    for (size_t i = 0; i < FA_COUNT_OF(words_); i++) {
        if (fa_slice_equal(word, fa_slice_of(words_[i].text))) {
            for (size_t source = 0; source < FA_LOG_SOURCE_COUNT; source++) {
                fa_log_levels[source] = words_[i].level;
            }
            return true;
        }
    }
    return false;
}

/* Copy one word without its quotes. Returns: what follows it. */
static const char *copy_word(const char *at)
{
    bool quoted = false;
    for (; *at != '\0' && (quoted || !is_blank(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
            continue;
        }
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\')) {
            at++;
        }
        words[words_len++] = *at;
    }
    words[words_len++] = '\0';
    return at;
}

fa_err fa__guest_args_init(const char *command_line)
{
    const char *at = command_line != NULL ? command_line : "";
    if (__builtin_strlen(at) >= FA_SOLO5_CMDLINE_BYTES) {
        return FA_ENOSPC;
    }
    fa_copy(words, "image", sizeof "image");
    words_len = sizeof "image";
    bool first = true;
    for (;;) {
        while (is_blank(*at)) {
            at++;
        }
        if (*at == '\0') {
            return FA_OK;
        }
        const size_t begin = words_len;
        at = copy_word(at);
        if (first && take_level(fa_slice_of(words + begin))) {
            words_len = begin; /* there may be more of them */
        } else {
            first = false;
        }
    }
}

/* From the beginning each time: arguments are read a few times, in order, once. */
struct fa_slice fa_plat_arg(size_t idx)
{
    size_t off = 0;
    while (off < words_len) {
        struct fa_slice word = fa_slice_of(words + off);
        if (idx-- == 0) {
            return word;
        }
        off += word.len + 1;
    }
    return (struct fa_slice){NULL, 0};
}

/* There is no environment but arguments. */
struct fa_slice fa_plat_env(struct fa_slice name)
{
    (void)name;
    return (struct fa_slice){NULL, 0};
}
