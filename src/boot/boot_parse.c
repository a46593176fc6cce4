// SPDX-License-Identifier: ISC
//
// Reading arguments and environment into keys, with one sentence for whatever does not fit.

#include "fa/boot.h"

#include "boot_priv.h"

/* One argument, taken apart. */
struct argument {
    struct fa_slice name;  /* without dashes */
    struct fa_slice value; /* at == NULL: none was attached */
};

/* A sentence on its way out. */
struct sentence {
    char at[512];
    struct fa_text text;
};

static void begin_sentence(struct sentence *sentence, const struct fa_boot_image *image)
{
    fa_text_init(&sentence->text, sentence->at, sizeof sentence->at);
    fa_text_add(&sentence->text, "%s: ", image->name);
}

static fa_err refuse(struct sentence *sentence, const struct fa_boot_outside *outside)
{
    outside->write(fa_text_slice(&sentence->text));
    outside->write(FA_LIT("\n"));
    return FA_EINVAL;
}

/* What the user wrote, cut to a length that leaves room for the sentence around it. */
static int shown_len(struct fa_slice text)
{
    return (int)fa_min(text.len, 80);
}

static const struct fa_boot_key *find_key(
    const struct fa_boot_image *image, struct fa_slice name, size_t *ret_idx)
{
    for (size_t i = 0; i < image->key_count; i++) {
        if (fa_slice_equal(name, fa_slice_of(image->keys[i].name))) {
            *ret_idx = i;
            return &image->keys[i];
        }
    }
    return NULL;
}

static const char *nearest_key(const struct fa_boot_image *image, struct fa_slice name)
{
    static const char *const questions[] = {"help", "version"};
    const char *best = NULL;
    unsigned best_distance = FA_BOOT_NAME_MAX;
    for (size_t i = 0; i < image->key_count + FA_COUNT_OF(questions); i++) {
        const char *known =
            i < image->key_count ? image->keys[i].name : questions[i - image->key_count];
        unsigned distance = fa_boot_distance(name, fa_slice_of(known));
        if (fa_boot_is_slip(name, fa_slice_of(known)) && distance < best_distance) {
            best = known;
            best_distance = distance;
        }
    }
    return best;
}

static fa_err refuse_name(
    const struct fa_boot_image *image, const struct fa_boot_outside *outside, struct fa_slice name)
{
    struct sentence sentence;
    begin_sentence(&sentence, image);
    fa_text_add(
        &sentence.text, "there is no argument --%.*s; ", shown_len(name), (const char *)name.at);
    const char *near = nearest_key(image, name);
    if (near != NULL) {
        fa_text_add(&sentence.text, "did you mean --%s?", near);
    } else {
        fa_text_add(&sentence.text, "--help lists those there are");
    }
    return refuse(&sentence, outside);
}

static fa_err set_key(const struct fa_boot_image *image, const struct fa_boot_outside *outside,
    const struct fa_boot_key *key, struct fa_slice value, bool from_env)
{
    if (key->type->parse(key, value) == FA_OK) {
        return FA_OK;
    }
    struct sentence sentence;
    begin_sentence(&sentence, image);
    fa_text_add(&sentence.text, "%s%s=%.*s is not good: it must be ", from_env ? "" : "--",
        from_env ? key->env : key->name, shown_len(value), (const char *)value.at);
    fa__boot_expect_add(&sentence.text, key);
    return refuse(&sentence, outside);
}

/* `--name`, `--name=value`, `-l`, `-h`; anything else is no argument of ours. */
static bool split_argument(struct fa_slice text, struct argument *ret_argument)
{
    *ret_argument = (struct argument){0};
    if (text.len == 2 && text.at[0] == '-' && (text.at[1] == 'l' || text.at[1] == 'h')) {
        ret_argument->name = text.at[1] == 'l' ? FA_LIT("logs") : FA_LIT("help");
        return true;
    }
    if (text.len < 3 || text.at[0] != '-' || text.at[1] != '-') {
        return false;
    }
    struct fa_slice name = fa_slice_from(text, 2);
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '=') {
            ret_argument->value = fa_slice_from(name, i + 1);
            name.len = i;
            break;
        }
    }
    ret_argument->name = name;
    return true;
}

static fa_err parse_arguments(
    const struct fa_boot_image *image, const struct fa_boot_outside *outside, bool *given)
{
    struct fa_slice text;
    for (size_t i = 1; (text = outside->arg(i)).at != NULL; i++) {
        struct argument argument;
        if (!split_argument(text, &argument)) {
            struct sentence sentence;
            begin_sentence(&sentence, image);
            fa_text_add(&sentence.text,
                "%.*s is not understood: arguments are --name=value, and --help lists them",
                shown_len(text), (const char *)text.at);
            return refuse(&sentence, outside);
        }
        size_t idx;
        const struct fa_boot_key *key = find_key(image, argument.name, &idx);
        if (key == NULL) {
            return refuse_name(image, outside, argument.name);
        }
        if (argument.value.at == NULL && key->type == &fa_boot_flag) {
            argument.value = FA_LIT("true");
        } else if (argument.value.at == NULL) {
            argument.value = outside->arg(++i);
        }
        if (argument.value.at == NULL) {
            struct sentence sentence;
            begin_sentence(&sentence, image);
            fa_text_add(&sentence.text, "--%s needs a value: ", key->name);
            fa__boot_expect_add(&sentence.text, key);
            return refuse(&sentence, outside);
        }
        FA_TRY(set_key(image, outside, key, argument.value, false));
        given[idx] = true;
    }
    return FA_OK;
}

/* Questions are answered even when other arguments are wrong. */
static bool answer_question(
    const struct fa_boot_image *image, const struct fa_boot_outside *outside)
{
    struct fa_slice text;
    for (size_t i = 1; (text = outside->arg(i)).at != NULL; i++) {
        if (fa_slice_equal(text, FA_LIT("--help")) || fa_slice_equal(text, FA_LIT("-h"))) {
            fa__boot_help(image, outside);
            return true;
        }
        if (fa_slice_equal(text, FA_LIT("--version"))) {
            char at[256];
            struct fa_text line;
            fa_text_init(&line, at, sizeof at);
            fa_text_add(&line, "%s %s\n", image->name, image->version);
            outside->write(fa_text_slice(&line));
            return true;
        }
    }
    return false;
}

fa_err fa_boot_parse(const struct fa_boot_image *image, const struct fa_boot_outside *outside)
{
    FA_ASSERT(image->key_count <= FA_BOOT_KEY_COUNT_MAX);
    if (answer_question(image, outside)) {
        return FA_ECLOSED;
    }
    bool given[FA_BOOT_KEY_COUNT_MAX] = {0};
    for (size_t i = 0; i < image->key_count; i++) {
        const struct fa_boot_key *key = &image->keys[i];
        FA_ASSERT(__builtin_strlen(key->name) <= FA_BOOT_NAME_MAX);
        if (key->fallback != NULL) {
            fa_err fallback_err = key->type->parse(key, fa_slice_of(key->fallback));
            FA_ASSERT(fallback_err == FA_OK);
        }
        struct fa_slice value = {NULL, 0};
        if (key->env != NULL) {
            value = outside->env(fa_slice_of(key->env));
        }
        if (value.at != NULL) {
            FA_TRY(set_key(image, outside, key, value, true));
            given[i] = true;
        }
    }
    FA_TRY(parse_arguments(image, outside, given));
    for (size_t i = 0; i < image->key_count; i++) {
        const struct fa_boot_key *key = &image->keys[i];
        if (key->required && !given[i]) {
            struct sentence sentence;
            begin_sentence(&sentence, image);
            fa_text_add(&sentence.text, "--%s must be given: ", key->name);
            fa__boot_expect_add(&sentence.text, key);
            return refuse(&sentence, outside);
        }
    }
    return FA_OK;
}
