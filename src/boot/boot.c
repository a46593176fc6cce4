// SPDX-License-Identifier: ISC
//
// The part of fa/boot.h that speaks with the platform: everything here may end the image.

#include "fa/boot.h"

#include "fa/plat.h"

static fa_ns started_ns;

void fa_boot(const struct fa_boot_image *image)
{
    static const struct fa_boot_outside platform = {
        .arg = fa_plat_arg, .env = fa_plat_env, .write = fa_console_write};
    started_ns = fa_clock_mono_ns();
    fa_err err = fa_boot_parse(image, &platform);
    if (err == FA_ECLOSED) {
        fa_plat_exit(0);
    }
    if (err != FA_OK) {
        fa_plat_exit(FA_BOOT_STATUS_USAGE);
    }
}

void fa_boot_fail(const struct fa_boot_image *image, const char *format, ...)
{
    va_list args;
    char sentence[512];
    struct fa_text text;
    fa_text_init(&text, sentence, sizeof sentence);
    fa_text_add(&text, "%s: ", image->name);
    size_t head_len = text.len;
    va_start(args, format);
    size_t need = fa_fmt_va(sentence + head_len, sizeof sentence - head_len, format, args);
    va_end(args);
    text.len = fa_min(head_len + need, sizeof sentence - 1);
    fa_console_write(fa_text_slice(&text));
    fa_console_write(FA_LIT("\n"));
    fa_plat_exit(FA_BOOT_STATUS_DEVICE);
}

void fa_boot_must(const struct fa_boot_image *image, fa_err err, const char *what)
{
    if (err != FA_OK) {
        fa_boot_fail(image, "cannot %s (%s)", what, fa_err_name(err));
    }
}

void fa_boot_up(const struct fa_boot_image *image, const struct fa_ip *ip)
{
    char at[256];
    char where[FA_IP_TEXT_MAX];
    struct fa_text text;
    fa_ns us = (fa_clock_mono_ns() - started_ns) / FA_NS_US;
    (void)fa_ip_text(ip, where, sizeof where);
    fa_text_init(&text, at, sizeof at);
    fa_text_add(&text, "%s: up at %s after %llu.%03llu ms\n", image->name, where,
        (unsigned long long)(us / 1000), (unsigned long long)(us % 1000));
    fa_console_write(fa_text_slice(&text));
}

void fa_boot_summary(const struct fa_boot_image *image)
{
    char at[4096];
    struct fa_text text;
    fa_text_init(&text, at, sizeof at);
    fa_ns up_ns = fa_clock_mono_ns() - started_ns;
    fa_boot_summary_text(image->name, &fa_counters_main, up_ns, &text);
    fa_console_write(fa_text_slice(&text));
}
