// SPDX-License-Identifier: ISC
//
// Boot-time keys: what arguments and environment do to them, and every sentence that refuses.

#include "fa/boot.h"

#include "fa/log.h"
#include "fa/tcp.h"
#include "test/t.h"

static bool flag;
static uint64_t number;
static const char *text;
static uint16_t port;
static fa_ns pause_ns;
static uint64_t size_bytes;
static struct fa_ip ip;
static struct fa_boot_address address;

static const struct fa_boot_key keys[] = {
    {"quick", &fa_boot_flag, &flag, .fallback = "false", .section = "ways", .doc = "hurry"},
    {"count", &fa_boot_number, &number, .fallback = "5", .min = 2, .max = 9, .section = "ways"},
    {"greeting", &fa_boot_text, &text, .fallback = "hello", .env = "T_GREETING", .section = "words",
        .doc = "what to say"},
    {"port", &fa_boot_port, &port, .fallback = "80", .env = "T_PORT", .section = "network"},
    {"pause", &fa_boot_duration, &pause_ns, .fallback = "10s", .section = "ways"},
    {"room", &fa_boot_size, &size_bytes, .fallback = "16MiB", .section = "ways"},
    {"gateway", &fa_boot_ip, &ip, .section = "network"},
    {"ipv4", &fa_boot_address, &address, .fallback = "dhcp", .section = "network"},
    {"logs", &fa_boot_logs, NULL, .section = "words", .doc = "what is logged"},
};

static const struct fa_boot_image image = {
    .name = "img", .version = "1.2.3", .doc = "a test", .keys = keys, .key_count = 9};

/* The outside of one parse: at most eight words, one variable, and what was printed. */
static const char *words[8];
static const char *variable_name;
static const char *variable_value;
static char printed[4096];
static size_t printed_len;

static struct fa_slice word_at(size_t idx)
{
    if (idx == 0) {
        return FA_LIT("img");
    }
    bool there = idx <= FA_COUNT_OF(words) && words[idx - 1] != NULL;
    return there ? fa_slice_of(words[idx - 1]) : (struct fa_slice){NULL, 0};
}

static struct fa_slice variable(struct fa_slice name)
{
    bool there = variable_name != NULL && fa_slice_equal(name, fa_slice_of(variable_name));
    return there ? fa_slice_of(variable_value) : (struct fa_slice){NULL, 0};
}

static void keep_printed(struct fa_slice bytes)
{
    REQUIRE(bytes.len <= sizeof printed - printed_len);
    fa_copy(printed + printed_len, bytes.at, bytes.len);
    printed_len += bytes.len;
}

static const struct fa_boot_outside outside = {word_at, variable, keep_printed};

/* `line` is words separated by spaces; "NAME:VALUE" in `env` is the one variable. */
static fa_err parse_with(const struct fa_boot_image *of, const char *line, const char *env)
{
    static char memory[512];
    static char env_memory[128];
    size_t len = __builtin_strlen(line);
    FA_ASSERT(len < sizeof memory);
    fa_copy(memory, line, len + 1);
    size_t count = 0;
    for (size_t i = 0; i < FA_COUNT_OF(words); i++) {
        words[i] = NULL;
    }
    for (size_t i = 0; i < len; i++) {
        if (memory[i] != ' ' && (i == 0 || memory[i - 1] == '\0')) {
            words[count++] = memory + i;
        }
        if (memory[i] == ' ') {
            memory[i] = '\0';
        }
    }
    variable_name = NULL;
    if (env != NULL) {
        fa_copy(env_memory, env, __builtin_strlen(env) + 1);
        char *colon = env_memory;
        while (*colon != ':') {
            colon++;
        }
        *colon = '\0';
        variable_name = env_memory;
        variable_value = colon + 1;
    }
    printed_len = 0;
    return fa_boot_parse(of, &outside);
}

static fa_err parse(const char *line)
{
    return parse_with(&image, line, NULL);
}

static bool printed_is(const char *expected)
{
    struct fa_slice was = {(const uint8_t *)printed, printed_len};
    bool same = fa_slice_equal(was, fa_slice_of(expected));
    if (!same) {
        t_note("printed: %.*s", (int)printed_len, printed);
    }
    return same;
}

static bool printed_has(const char *piece)
{
    size_t len = __builtin_strlen(piece);
    for (size_t i = 0; i + len <= printed_len; i++) {
        if (fa_equal(printed + i, piece, len)) {
            return true;
        }
    }
    return false;
}

T(without_arguments_every_key_has_its_default)
{
    CHECK_EQ(parse(""), FA_OK);
    CHECK(!flag);
    CHECK_EQ(number, 5);
    CHECK_TEXT(fa_slice_of(text), "hello");
    CHECK_EQ(port, 80);
    CHECK_EQ(pause_ns, 10 * FA_NS_S);
    CHECK_EQ(size_bytes, 16 << 20);
    CHECK(address.dhcp);
    CHECK_EQ(printed_len, 0);
}

T(both_ways_of_writing_a_value_are_read)
{
    CHECK_EQ(parse("--port=8080 --greeting ciao --quick --ipv4 192.0.2.7/24"), FA_OK);
    CHECK_EQ(port, 8080);
    CHECK_TEXT(fa_slice_of(text), "ciao");
    CHECK(flag);
    CHECK(!address.dhcp);
    CHECK_EQ(address.prefix_bits, 24);
    struct fa_ip expected = fa_ip4(192, 0, 2, 7);
    CHECK(fa_ip_equal(&address.ip, &expected));
    CHECK_EQ(parse("--quick=no --ipv4=dhcp --gateway=192.0.2.1"), FA_OK);
    CHECK(!flag);
    CHECK(address.dhcp);
    expected = fa_ip4(192, 0, 2, 1);
    CHECK(fa_ip_equal(&ip, &expected));
}

T(an_argument_wins_over_the_environment_and_that_over_the_default)
{
    CHECK_EQ(parse_with(&image, "", "T_PORT:81"), FA_OK);
    CHECK_EQ(port, 81);
    CHECK_EQ(parse_with(&image, "--port=82", "T_PORT:81"), FA_OK);
    CHECK_EQ(port, 82);
    CHECK_EQ(parse("--port=83 --port=84"), FA_OK);
    CHECK_EQ(port, 84);
    CHECK_EQ(parse_with(&image, "", "T_GREETING:"), FA_OK);
    CHECK_TEXT(fa_slice_of(text), "");
}

T(units_of_time_and_size_are_read)
{
    static const struct {
        const char *line;
        fa_ns pause_ns;
        uint64_t size_bytes;
    } rows[] = {
        {"--pause=7ns --room=512", 7, 512},
        {"--pause=7us --room=3B", 7 * FA_NS_US, 3},
        {"--pause=250ms --room=64KiB", 250 * FA_NS_MS, 64 << 10},
        {"--pause=5m --room=2GiB", 300 * FA_NS_S, UINT64_C(2) << 30},
        {"--pause=1h --room=0", 3600 * FA_NS_S, 0},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(parse(rows[i].line), FA_OK);
        CHECK_EQ(pause_ns, rows[i].pause_ns);
        CHECK_EQ(size_bytes, rows[i].size_bytes);
    }
}

T(what_is_not_understood_is_refused_in_one_sentence)
{
    static const struct {
        const char *line;
        const char *sentence;
    } rows[] = {
        {"--prot=1", "img: there is no argument --prot; did you mean --port?\n"},
        {"--gatway=1.2.3.4", "img: there is no argument --gatway; did you mean --gateway?\n"},
        {"--hlep", "img: there is no argument --hlep; did you mean --help?\n"},
        {"--zebra", "img: there is no argument --zebra; --help lists those there are\n"},
        {"--", "img: -- is not understood: arguments are --name=value, and --help lists them\n"},
        {"port=80",
            "img: port=80 is not understood: arguments are --name=value, and --help lists them\n"},
        {"--port", "img: --port needs a value: a port from 1 to 65535, such as 8080\n"},
        {"--port=0",
            "img: --port=0 is not good: it must be a port from 1 to 65535, such as 8080\n"},
        {"--port=65536",
            "img: --port=65536 is not good: it must be a port from 1 to 65535, such as 8080\n"},
        {"--count=1", "img: --count=1 is not good: it must be a number from 2 to 9\n"},
        {"--count=10", "img: --count=10 is not good: it must be a number from 2 to 9\n"},
        {"--count=", "img: --count= is not good: it must be a number from 2 to 9\n"},
        {"--quick=maybe", "img: --quick=maybe is not good: it must be true or false\n"},
        {"--pause=10",
            "img: --pause=10 is not good: it must be a duration, such as 250ms, 10s, 5m or 1h\n"},
        {"--pause=99999999999h", "img: --pause=99999999999h is not good: it must be a duration, "
                                 "such as 250ms, 10s, 5m or 1h\n"},
        {"--room=1KB",
            "img: --room=1KB is not good: it must be a size, such as 512, 64KiB, 16MiB or 1GiB\n"},
        {"--gateway=1.2.3",
            "img: --gateway=1.2.3 is not good: it must be an address, such as 192.0.2.1\n"},
        {"--ipv4=192.0.2.1",
            "img: --ipv4=192.0.2.1 is not good: it must be dhcp, or up to five IPv4 "
            "addresses with their prefix lengths, such as 192.0.2.1/24\n"},
        {"-l loud", "img: --logs=loud is not good: it must be levels, such as debug, or "
                    "*:info,tcp:debug,http:quiet\n"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(parse(rows[i].line), FA_EINVAL);
        CHECK(printed_is(rows[i].sentence));
    }
    CHECK_EQ(parse_with(&image, "", "T_PORT:x"), FA_EINVAL);
    CHECK(
        printed_is("img: T_PORT=x is not good: it must be a port from 1 to 65535, such as 8080\n"));
}

T(a_refused_value_leaves_the_variable_as_it_was)
{
    CHECK_EQ(parse("--port=8080"), FA_OK);
    static const struct fa_boot_key one[] = {{"port", &fa_boot_port, &port, .env = NULL}};
    static const struct fa_boot_image small = {
        .name = "img", .version = "1", .keys = one, .key_count = 1};
    CHECK_EQ(parse_with(&small, "--port=99999", NULL), FA_EINVAL);
    CHECK_EQ(port, 8080);
}

T(a_required_key_must_be_given)
{
    static const struct fa_boot_key one[] = {
        {"port", &fa_boot_port, &port, .required = true, .env = "T_PORT"}};
    static const struct fa_boot_image small = {
        .name = "img", .version = "1", .keys = one, .key_count = 1};
    CHECK_EQ(parse_with(&small, "", NULL), FA_EINVAL);
    CHECK(printed_is("img: --port must be given: a port from 1 to 65535, such as 8080\n"));
    CHECK_EQ(parse_with(&small, "--port=1", NULL), FA_OK);
    CHECK_EQ(parse_with(&small, "", "T_PORT:2"), FA_OK);
    CHECK_EQ(port, 2);
}

T(log_levels_are_set_by_the_short_and_the_long_argument)
{
    CHECK_EQ(parse("-l tcp:debug"), FA_OK);
    CHECK_EQ(fa_log_levels[FA_LOG_SOURCE_tcp], FA_LOG_DEBUG);
    CHECK_EQ(parse("--logs=tcp:quiet"), FA_OK);
    CHECK_EQ(fa_log_levels[FA_LOG_SOURCE_tcp], FA_LOG_QUIET);
    CHECK_EQ(parse("-l info"), FA_OK);
}

T(help_shows_sections_defaults_and_environment_and_wins_over_errors)
{
    CHECK_EQ(parse("--zebra --help"), FA_ECLOSED);
    CHECK(printed_has("img 1.2.3: a test\n"));
    CHECK(printed_has("\nnetwork\n  --port=PORT"));
    CHECK(printed_has("(default 80, environment T_PORT)\n"));
    CHECK(printed_has("  --quick                     hurry (default false)\n"));
    CHECK(printed_has("\nwords\n  --greeting=TEXT             what to say (default hello, "));
    CHECK(printed_has("(no default)\n"));
    CHECK_EQ(parse("-h"), FA_ECLOSED);
    CHECK_EQ(parse("--version"), FA_ECLOSED);
    CHECK(printed_is("img 1.2.3\n"));
}

T(key_count_and_name_limits_can_be_reached)
{
    static struct fa_boot_key many[FA_BOOT_KEY_COUNT_MAX];
    static const char name[] = "a23456789012345678901234567890123456789012345678";
    CHECK_EQ(sizeof name - 1, FA_BOOT_NAME_MAX);
    for (size_t i = 0; i < FA_COUNT_OF(many); i++) {
        many[i] = (struct fa_boot_key){name, &fa_boot_port, &port, .required = i == 0};
    }
    many[FA_BOOT_KEY_COUNT_MAX - 1].name = "last";
    many[FA_BOOT_KEY_COUNT_MAX - 1].required = true;
    const struct fa_boot_image large = {
        .name = "img", .version = "1", .keys = many, .key_count = FA_BOOT_KEY_COUNT_MAX};
    char line[128];
    fa_fmt(line, sizeof line, "--%s=5 --last=6", name);
    CHECK_EQ(parse_with(&large, line, NULL), FA_OK);
    CHECK_EQ(port, 6);
}

T(distance_counts_slips)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned distance;
        bool slip;
    } rows[] = {
        {"port", "port", 0, true}, {"prot", "port", 1, true}, {"por", "port", 1, true},
        {"contnt", "content", 1, true}, {"stakc", "stack", 1, true}, {"kv", "kvs", 1, true},
        {"ab", "cd", 2, false}, {"", "port", 4, false}, {"zebra", "port", 4, false},
        {"ca", "abc", 3, false}, /* optimal alignment: a swapped pair is not edited again */
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_slice a = fa_slice_of(rows[i].a);
        struct fa_slice b = fa_slice_of(rows[i].b);
        CHECK_EQ(fa_boot_distance(a, b), rows[i].distance);
        CHECK_EQ(fa_boot_distance(b, a), rows[i].distance);
        CHECK_EQ(fa_boot_is_slip(a, b), rows[i].slip);
    }
}

FA_BOOT_NOTE("fata\t0.1.0\nname\tx\n");

/* docs/spec/image-note.md, where the ELF file is little-endian. */
T(the_note_is_laid_out_as_its_specification_says)
{
    static const uint8_t expected[] = {0x05, 0, 0, 0, 0x12, 0, 0, 0, 0x01, 0, 0, 0, 0x46, 0x61,
        0x74, 0x61, 0, 0, 0, 0, 0x66, 0x61, 0x74, 0x61, 0x09, 0x30, 0x2e, 0x31, 0x2e, 0x30, 0x0a,
        0x6e, 0x61, 0x6d, 0x65, 0x09, 0x78, 0x0a, 0, 0};
    CHECK_EQ(sizeof fa_boot_note_, sizeof expected);
    CHECK(fa_equal(&fa_boot_note_, expected, sizeof expected));
}

T(schemes_are_told_apart)
{
    CHECK_TEXT(fa_slice_of(fa_boot_scheme("tap:tap0", "tap:")), "tap0");
    CHECK_TEXT(fa_slice_of(fa_boot_scheme("fd:", "fd:")), "");
    CHECK(fa_boot_scheme("ta", "tap:") == NULL);
    CHECK(fa_boot_scheme("stream:/x", "tap:") == NULL);
}

T(the_summary_names_what_was_done_and_what_was_dropped)
{
    static struct fa_counters counters;
    char at[512];
    struct fa_text text_out;
    fa_text_init(&text_out, at, sizeof at);
    FA_COUNT_ADD(&counters, net_rx_frames, 12);
    FA_COUNT_ADD(&counters, net_tx_frames, 9);
    FA_COUNT_ADD(&counters, tcp_conn_opened, 2);
    FA_COUNT_ADD(&counters, http_requests, 3);
    fa_boot_summary_text("www", &counters, 61 * FA_NS_S + 5 * FA_NS_MS, &text_out);
    CHECK_TEXT(fa_text_slice(&text_out),
        "www: up for 61.005 s; 12 frames in, 9 out; 2 connections; 3 requests\n"
        "www: nothing was dropped\n");
    fa_text_init(&text_out, at, sizeof at);
    FA_COUNT_ADD(&counters, tcp_rx_bad_checksum, 7);
    FA_COUNT(&counters, http_bad_host);
    fa_boot_summary_text("www", &counters, 0, &text_out);
    CHECK_TEXT(fa_text_slice(&text_out),
        "www: up for 0.000 s; 12 frames in, 9 out; 2 connections; 3 requests\n"
        "www: dropped or unusual: http_bad_host 1, tcp_rx_bad_checksum 7\n");
}

static struct fa_ip_list listed_ips;
static struct fa_net_list listed_nets;
static struct fa_route_list listed_routes;
static struct fa_ip ip4;
static struct fa_ip ip6;

static bool takes(const struct fa_boot_type *type, void *value, const char *given)
{
    const struct fa_boot_key key = {.name = "x", .type = type, .value = value};
    return type->parse(&key, fa_slice_of(given)) == FA_OK;
}

T(lists_of_addresses_networks_and_routes_are_read)
{
    CHECK(takes(&fa_boot_ips, &listed_ips, "192.0.2.53,2001:db8::53"));
    CHECK(fa_ip_is4(&listed_ips.at[0]) && listed_ips.at[1].b[0] == 0x20);
    CHECK(fa_ip_is_zero(&listed_ips.at[2]));
    CHECK(takes(&fa_boot_ips, &listed_ips, ""));
    CHECK(fa_ip_is_zero(&listed_ips.at[0]));
    CHECK(takes(&fa_boot_ips, &listed_ips, "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4"));
    CHECK(takes(&fa_boot_nets6, &listed_nets, "2001:db8::2/64,fd00::2/48"));
    CHECK_EQ(listed_nets.at[0].prefix_bits, 64);
    CHECK_EQ(listed_nets.at[1].prefix_bits, 48);
    CHECK(takes(&fa_boot_routes, &listed_routes, "10.0.0.0/8=192.0.2.1,2001:db8:1::/48=fe80::1"));
    CHECK_EQ(listed_routes.at[0].net.prefix_bits, 8);
    CHECK_EQ(listed_routes.at[1].gateway.b[0], 0xfe);
    CHECK(takes(&fa_boot_routes, &listed_routes, "0.0.0.0/0=192.0.2.1"));
    CHECK(takes(&fa_boot_ip4, &ip4, "192.0.2.1"));
    CHECK(takes(&fa_boot_ip6, &ip6, "fe80::1"));
    CHECK(takes(&fa_boot_address, &address, "192.0.2.1/24,10.0.0.1/8,10.0.0.2/32"));
    CHECK(!address.dhcp && address.prefix_bits == 24);
    CHECK_EQ(address.more.at[0].prefix_bits, 8);
    CHECK_EQ(address.more.at[1].prefix_bits, 32);
    CHECK(fa_ip_is_zero(&address.more.at[2].ip));
    CHECK(takes(&fa_boot_address, &address, "dhcp"));
    CHECK(address.dhcp && fa_ip_is_zero(&address.more.at[0].ip));
}

T(congestion_control_is_named_in_the_order_of_its_numbers)
{
    uint8_t which = 9;
    for (uint8_t i = 0; i < FA_TCP_CONGESTION_COUNT; i++) {
        CHECK(
            takes(&fa_boot_congestion, &which, fa_tcp_congestion_name((enum fa_tcp_congestion)i)));
        CHECK_EQ(which, i);
    }
    CHECK(!takes(&fa_boot_congestion, &which, "vegas"));
    CHECK(!takes(&fa_boot_congestion, &which, ""));
    CHECK(!takes(&fa_boot_congestion, &which, "cubic|newreno"));
    CHECK_EQ(which, FA_TCP_CONGESTION_COUNT - 1);
}

T(what_no_host_can_have_is_refused_before_the_stack_sees_it)
{
    static const struct {
        const struct fa_boot_type *type;
        const char *text;
    } rows[] = {
        {&fa_boot_ips, "10.0.0.1,"},
        {&fa_boot_ips, ",10.0.0.1"},
        {&fa_boot_ips, "10.0.0.1,,10.0.0.2"},
        {&fa_boot_ips, "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5"},
        {&fa_boot_ips, "224.0.0.1"},
        {&fa_boot_ips, "ff02::1"},
        {&fa_boot_ips, "10.0.0.1/8"},
        {&fa_boot_nets6, "10.0.0.1/8"},
        {&fa_boot_nets6, "2001:db8::1"},
        {&fa_boot_nets6, "::1/128"},
        {&fa_boot_routes, "10.0.0.0/8"},
        {&fa_boot_routes, "10.0.0.0/8=fe80::1"},
        {&fa_boot_routes, "10.0.0.0/33=10.0.0.1"},
        {&fa_boot_routes, "10.0.0.0/8=0.0.0.0"},
        {&fa_boot_ip4, "fe80::1"},
        {&fa_boot_ip4, "255.255.255.255"},
        {&fa_boot_ip6, "10.0.0.1"},
        {&fa_boot_address, "2001:db8::1/64"},
        {&fa_boot_address, "127.0.0.1/8"},
        {&fa_boot_address, ""},
        {&fa_boot_address, "dhcp,10.0.0.1/8"},
        {&fa_boot_address, "10.0.0.1/8,"},
        {&fa_boot_address, "10.0.0.1/8,dhcp"},
        {&fa_boot_address, "10.0.0.1/8,fe80::1/64"},
        {&fa_boot_address, "10.0.0.1/8,10.0.0.2"},
        {&fa_boot_address, "10.0.0.1/8,10.0.0.2/8,10.0.0.3/8,10.0.0.4/8,10.0.0.5/8,10.0.0.6/8"},
    };
    static union {
        struct fa_route_list routes;
        struct fa_boot_address address;
    } any;
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        if (takes(rows[i].type, &any, rows[i].text)) {
            t_fail(__FILE__, __LINE__, "%s is taken", rows[i].text);
        }
    }
}
