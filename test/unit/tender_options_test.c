// SPDX-License-Identifier: ISC
//
// The tender's command line.

#include <string.h>

#include "host/tender/options.h"
#include "test/t.h"

static struct options options;
static struct sentence why;

/* Words are split at spaces. */
static bool read_line(const char *line)
{
    static char text[256];
    char *argv[32] = {NULL}, *rest = text;
    strncpy(text, line, sizeof text - 1);
    for (size_t i = 0; i + 1 < FA_COUNT_OF(argv) && rest != NULL && *rest != '\0'; i++) {
        argv[i] = strsep(&rest, " ");
    }
    why.text[0] = '\0';
    return options_read(argv, &options, &why);
}

T(the_command_line_of_solo5_is_understood)
{
    CHECK(
        read_line("--mem=16 --net:service=tap0 --net-mac:service=02:00:5e:10:Ab:ff "
                  "--block:storage=/x/y.img --block-sector-size:storage=4096 -- a.spt --ipv4=1 b"));
    CHECK_EQ(options.mib, 16);
    CHECK(strcmp(options.image, "a.spt") == 0);
    CHECK(strcmp(options.cmdline, "--ipv4=1 b") == 0);
    REQUIRE(options.device_count == 2);
    CHECK_TEXT(options.device[0].name, "service");
    CHECK(strcmp(options.device[0].place, "tap0") == 0);
    CHECK(memcmp(options.device[0].mac, "\x02\x00\x5e\x10\xab\xff", 6) == 0);
    CHECK_EQ(options.device[1].sector_bytes, 4096);
    CHECK(read_line("a.spt"));
    CHECK_EQ(options.mib, OPTIONS_MIB_DEFAULT);
    CHECK(options.cmdline[0] == '\0' && !options.strict);
    CHECK(read_line("--strict=solo5 --isolate a.spt --help"));
    CHECK(options.strict && options.isolate && options.verb == OPTIONS_RUN);
    CHECK(read_line("--help") && options.verb == OPTIONS_HELP);
    CHECK(read_line("--version x") && options.verb == OPTIONS_VERSION);
}

T(a_wrong_option_is_told_with_its_place)
{
    static const struct {
        const char *line, *word;
    } table[] = {
        {"", "which image"},
        {"--", "which image"},
        {"--mem=1 x", "--mem=1:"},
        {"--mem=1048577 x", "1048576"},
        {"--mem=99999999999 x", "1048576"},
        {"--mem= x", "--mem="},
        {"--mem x", "--mem:"},
        {"--mem:a=3 x", "no such option"},
        {"--nett:a=b x", "no such option"},
        {"--net=a x", "--net:DEVICE"},
        {"--net:=a x", "--net:DEVICE"},
        {"--net:a x", "--net:DEVICE"},
        {"--net:a= x", "--net:DEVICE"},
        {"--net:a=t --net:a=u x", "already"},
        {"--net:a=t --block:a=u x", "is a network"},
        {"--block:a=t --net-mtu:a=70 x", "is a disk"},
        {"--net-mac:a=02:00:00:00:00:0 x", "02:00"},
        {"--net-mac:a=02:00:00:00:00:0g x", "02:00"},
        {"--net-mac:a=02-00-00-00-00-00 x", "02:00"},
        {"--net-mac:a=03:00:00:00:00:00 x", "group"},
        {"--net-mtu:a=67 x", "68"},
        {"--net-mtu:a=65522 x", "65521"},
        {"--block-sector-size:a=256 x", "512"},
        {"--block-sector-size:a=65536 x", "32768"},
        {"--block-sector-size:a=1000 x", "power"},
        {"--block-access:a=rw x", "write, read"},
        {"--strict x", "--strict=solo5"},
        {"--strict=hvt x", "--strict=solo5"},
        {"--phases=1 x", "no such option"},
        {"--phases --strict=solo5 x", "leave out"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(table); i++) {
        bool taken = read_line(table[i].line);
        CHECK(!taken);
        CHECK(strstr(why.text, table[i].word) != NULL);
        if (t_failed()) {
            t_note("%s: %s", table[i].line, why.text);
            return;
        }
    }
}

T(numbers_reach_their_limits)
{
    CHECK(
        read_line("--mem=1048576 --net-mtu:a=65521 --net-mtu:b=68 --block-sector-size:c=32768 x"));
    CHECK(read_line("--mem=2 --block-access:c=copy x"));
    CHECK_EQ(options.device[0].access, OPTIONS_COPY);
}

T(arguments_of_the_image_fill_their_page_and_no_more)
{
    static char text[FA_SOLO5_CMDLINE_BYTES];
    char image[] = "x", a[] = "a";
    char *argv[] = {image, a, text, NULL};
    memset(text, 'b', sizeof text - 1);
    text[FA_SOLO5_CMDLINE_BYTES - 3] = '\0';
    CHECK(options_read(argv, &options, &why));
    CHECK_EQ(strlen(options.cmdline), FA_SOLO5_CMDLINE_BYTES - 1);
    text[FA_SOLO5_CMDLINE_BYTES - 3] = 'b';
    CHECK(!options_read(argv, &options, &why));
    CHECK(strstr(why.text, "8191") != NULL);
}

T(devices_are_as_many_as_a_manifest_has)
{
    static char text[OPTIONS_DEVICE_COUNT_MAX + 1][16];
    char image[] = "x";
    char *argv[OPTIONS_DEVICE_COUNT_MAX + 3];
    for (size_t i = 0; i <= OPTIONS_DEVICE_COUNT_MAX; i++) {
        memcpy(text[i], "--net:d00=t", 12);
        text[i][7] = (char)('0' + i / 10);
        text[i][8] = (char)('0' + i % 10);
        argv[i] = text[i];
    }
    argv[OPTIONS_DEVICE_COUNT_MAX] = image;
    argv[OPTIONS_DEVICE_COUNT_MAX + 1] = NULL;
    CHECK(options_read(argv, &options, &why));
    argv[OPTIONS_DEVICE_COUNT_MAX] = text[OPTIONS_DEVICE_COUNT_MAX];
    argv[OPTIONS_DEVICE_COUNT_MAX + 1] = image;
    argv[OPTIONS_DEVICE_COUNT_MAX + 2] = NULL;
    CHECK(!options_read(argv, &options, &why));
    CHECK(strstr(why.text, "63") != NULL);
}
