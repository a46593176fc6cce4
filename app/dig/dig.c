// SPDX-License-Identifier: ISC
//
// dig: one question to the network's DNS servers. What they say goes to the console, a line a
// record; the status is 0 if there was one.

#include "dig.fata.h"

#include "fa/fmt.h"
#include "fa/plat.h"

static void print(const struct fa_text *text)
{
    fa_console_write(fa_text_slice(text));
}

static void add_name(struct fa_text *text, const struct fa_dns_name *name)
{
    char name_text[FA_DNS_NAME_TEXT_MAX];
    (void)fa_dns_name_text(name, name_text, sizeof name_text);
    fa_text_add(text, "%s%s", name_text, name->len > 1 ? "." : "");
}

/* Strings of a TXT record, each in quotes. */
static void add_strings(struct fa_text *text, struct fa_slice strings)
{
    struct fa_slice string;
    for (const char *gap = ""; fa_dns_string_next(&strings, &string); gap = " ") {
        fa_text_add(text, "%s\"", gap);
        for (size_t i = 0; i < string.len; i++) {
            uint8_t byte = string.at[i];
            bool plain = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
            fa_text_add(text, plain ? "%c" : "\\%03u", byte);
        }
        fa_text_add(text, "\"");
    }
}

static void add_data(struct fa_text *text, uint16_t type, const struct fa_dns_data *data)
{
    char ip[FA_IP_TEXT_MAX];
    switch ((enum fa_dns_type)type) {
    case FA_DNS_A:
    case FA_DNS_AAAA:
        (void)fa_ip_text(&data->ip, ip, sizeof ip);
        fa_text_add(text, "%s", ip);
        break;
    case FA_DNS_NS:
    case FA_DNS_CNAME:
    case FA_DNS_PTR:
        add_name(text, &data->name);
        break;
    case FA_DNS_MX:
        fa_text_add(text, "%u ", data->priority);
        add_name(text, &data->name);
        break;
    case FA_DNS_SRV:
        fa_text_add(text, "%u %u %u ", data->priority, data->weight, data->port);
        add_name(text, &data->name);
        break;
    case FA_DNS_SOA:
        add_name(text, &data->name);
        fa_text_add(text, " ");
        add_name(text, &data->mailbox);
        for (size_t i = 0; i < FA_COUNT_OF(data->soa); i++) {
            fa_text_add(text, " %u", data->soa[i]);
        }
        break;
    case FA_DNS_TXT:
        add_strings(text, data->bytes);
        break;
    case FA_DNS_OPT:
    default: // RFC 3597 5
        fa_text_add(text, "\\# %zu ", data->bytes.len);
        for (size_t i = 0; i < data->bytes.len; i++) {
            fa_text_add(text, "%02x", data->bytes.at[i]);
        }
    }
}

static void print_answer(const struct fa_dns_answer *answer)
{
    char line[4096];
    char scratch[12];
    struct fa_dns_data data;
    for (size_t off = 0; fa_dns_answer_next(answer, &off, &data);) {
        struct fa_text text;
        fa_text_init(&text, line, sizeof line);
        add_name(&text, &answer->canonical);
        fa_text_add(&text, " %u IN %s ", answer->ttl_s, fa_dns_type_name(answer->type, scratch));
        add_data(&text, answer->type, &data);
        fa_text_add(&text, "\n");
        print(&text);
    }
}

static int complain(const struct dig_devices *devices, const char *what)
{
    char line[1200];
    struct fa_text text;
    fa_text_init(&text, line, sizeof line);
    fa_text_add(&text, "dig: %s %s: %s\n", devices->name, devices->type, what);
    print(&text);
    return 1;
}

static const char *reason(fa_err err)
{
    switch (err) {
    case FA_ENOENT:
        return "there is no such record";
    case FA_ETIMEOUT:
        return "no server answers";
    case FA_EREFUSED:
        return "no server has an answer";
    case FA_EIO:
        return "there is no server to ask";
    case FA_EINVAL:
        return "this is no name";
    default:
        return fa_err_name(err);
    }
}

int dig_main(struct dig_devices *devices)
{
    static struct fa_dns_answer answer;
    struct fa_slice name = fa_slice_of(devices->name);
    fa_ns deadline = fa_ns_after(fa_clock_mono_ns(), devices->timeout);
    uint16_t type;
    struct fa_ip ip;
    if (fa_dns_type_parse(fa_slice_of(devices->type), &type) != FA_OK) {
        return complain(devices, "this is no type of record");
    }
    if (fa_stack_up_wait(devices->stack, deadline) != FA_OK) {
        return complain(devices, "the network is not up");
    }
    bool reverse = type == FA_DNS_PTR && fa_ip_parse(name, &ip) == FA_OK;
    fa_err err = reverse ? fa_resolver_name_wait(devices->resolver, &ip, deadline, &answer)
                         : fa_resolver_ask_wait(devices->resolver, name, type, deadline, &answer);
    if (err != FA_OK) {
        return complain(devices, reason(err));
    }
    print_answer(&answer);
    return 0;
}
