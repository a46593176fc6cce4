// SPDX-License-Identifier: ISC
//
// How each device of classes.c is written into main.c: storage, opening, closing. One row a device,
// in the very C that comes out, so that it can be read and changed as such.

#include <stdlib.h>
#include <string.h>

#include "generate.h"

#define STREAM_STORAGE                                                                             \
    "static struct fa_stream @;\n"                                                                 \
    "static uint8_t @_area[65536];\n"
#define OPEN_STREAM(option)                                                                        \
    "    const struct fa_stream_config @_config = {.address = @{" option "}, .name = \"@\",\n"     \
    "        .pool = @{pool}, .area = @_area, .area_len = sizeof @_area};\n"                       \
    "    if (fa_stream_open(&@, &@_config, &reason) != FA_OK) {\n"                                 \
    "        fa_boot_fail(&image, \"no network by --@{" option ":key}=%s: %s\", @{" option "}, "   \
    "reason);\n"                                                                                   \
    "    }\n"
#define FAULTS                                                                                     \
    "{.loss_per_million = @{loss_per_million}, .duplicate_per_million = "                          \
    "@{duplicate_per_million},\n"                                                                  \
    "        .corrupt_per_million = @{corrupt_per_million}, .reorder_per_million = "               \
    "@{reorder_per_million},\n"                                                                    \
    "        .reorder_ns = FA_NS_MS, .delay_ns = @{delay}, .jitter_ns = @{jitter}}"

#define OPEN_HOSTNET(more)                                                                         \
    "    const struct fa_hostnet_config @_config = {.name = \"@{name}\", .where = @{at},\n"        \
    "        .pool = @{pool}" more "};\n"                                                          \
    "    if (fa_hostnet_open(&@_config, &@, &reason) != FA_OK) {\n"                                \
    "        fa_boot_fail(&image, \"no network by --@{at:key}=%s: %s\", @{at}, reason);\n"         \
    "    }\n"

static const struct device_code codes[] = {
    {"net.default", "target=spt", "hostnet.h", "@", .storage = "static struct fa_netdev *@;\n",
        .start = "    const struct fa_hostnet_config @_config = {.name = \"@{name}\", .pool = "
                 "@{pool}};\n"
                 "    if (fa_hostnet_open(&@_config, &@, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"no network @{name}: %s\", reason);\n"
                 "    }\n",
        .stop = "    fa_netdev_close(@);\n"},
    {"net.default", "drivers=tap", "tap.h", "&@.dev", .storage = "static struct fa_tap @;\n",
        .start = "    const char *@_name = fa_boot_scheme(@{at}, \"tap:\");\n"
                 "    const struct fa_tap_config @_config = {.name = @_name, .pool = @{pool}};\n"
                 "    reason = \"write tap:NAME\";\n"
                 "    if (@_name == NULL || fa_tap_open(&@, &@_config, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"no network by --@{at:key}=%s: %s\", @{at}, "
                 "reason);\n"
                 "    }\n",
        .stop = "    fa_netdev_close(&@.dev);\n"},
    {"net.default", "drivers=stream", "stream.h", "&@.dev", .storage = STREAM_STORAGE,
        .start = OPEN_STREAM("at"), .stop = "    fa_netdev_close(&@.dev);\n"},
    {"net.default", "bare=false", "hostnet.h", "@", .storage = "static struct fa_netdev *@;\n",
        .start = OPEN_HOSTNET(""), .stop = "    fa_netdev_close(@);\n"},
    {"net.default", "super_segments=0", "hostnet.h", "@",
        .storage = "static struct fa_netdev *@;\n", .start = OPEN_HOSTNET(", .offload = true"),
        .stop = "    fa_netdev_close(@);\n"},
    {"net.default", NULL, "hostnet.h", "@",
        .storage = "static struct fa_netdev *@;\n"
                   "[[gnu::aligned(64)]] static uint8_t\n"
                   "    @_large[@{super_segments} * FA_HOSTNET_LARGE_BYTES];\n",
        .start = OPEN_HOSTNET(", .offload = true, .large = @_large, .large_len = sizeof @_large"),
        .stop = "    fa_netdev_close(@);\n"},
    {"net.tap", NULL, "tap.h", "&@.dev", .storage = "static struct fa_tap @;\n",
        .start = "    const struct fa_tap_config @_config = {.name = @{name}, .pool = @{pool}};\n"
                 "    if (fa_tap_open(&@, &@_config, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"no network by --@{name:key}=%s: %s\", @{name}, "
                 "reason);\n"
                 "    }\n",
        .stop = "    fa_netdev_close(&@.dev);\n"},
    {"net.stream", NULL, "stream.h", "&@.dev", .storage = STREAM_STORAGE,
        .start = OPEN_STREAM("address"), .stop = "    fa_netdev_close(&@.dev);\n"},
    {"net.switch", NULL, "vnet.h", "&@",
        .storage = "static struct fa_vnet @;\n"
                   "static struct fa_vnet_mac @_macs[@{addresses}];\n",
        .start = "    fa_vnet_init(&@, &(struct fa_vnet_config){.macs = @_macs, .mac_count = "
                 "@{addresses}});\n"},
    {"net.port", NULL, "vnet.h", "&@.dev", .storage = "static struct fa_vnet_port @;\n",
        .start = "    fa_vnet_port_open(@{on}, &@,\n"
                 "        &(struct fa_vnet_port_config){.name = \"@\", .pool = @{pool}, "
                 ".rx_count_max = @{frames}});\n",
        .stop = "    fa_netdev_close(&@.dev);\n"},
    {"net.capture", NULL, "capture.h capture_file.h", "&@.dev",
        .storage = "static struct fa_capture_file @_file;\n"
                   "static struct fa_capture @_section;\n"
                   "static struct fa_capture_dev @;\n",
        .start = "    if (fa_capture_file_open(&@_file, @{file}, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"cannot write %s: %s\", @{file}, reason);\n"
                 "    }\n"
                 "    fa_capture_init(\n"
                 "        &@_section, &(struct fa_capture_config){.sink = "
                 "fa_capture_file_sink(&@_file)});\n"
                 "    fa_capture_wrap(&@, &@_section, @{of});\n",
        .stop = "    fa_netdev_close(&@.dev);\n"
                "    fa_boot_must(&image, fa_capture_file_close(&@_file), \"finish the "
                "capture\");\n"},
    {"net.trace", NULL, "tracedev.h", "&@.dev", .storage = "static struct fa_tracedev @;\n",
        .start = "    fa_tracedev_wrap(&@, @{of}, 1);\n", .stop = "    fa_netdev_close(&@.dev);\n"},
    {"net.fault", NULL, "fault.h", "&@.dev", .storage = "static struct fa_fault @;\n",
        .start = "    const struct fa_fault_config @_faults = " FAULTS ";\n"
                 "    fa_fault_wrap(&@, @{of}, &(struct fa_fault_wrap_config){.seed = @{seed}, .rx "
                 "= @_faults, .tx = @_faults});\n",
        .stop = "    fa_netdev_close(&@.dev);\n"},
    {"stack", NULL, "stack.h", "&@",
        .storage = "static struct fa_pool @_pool;\n"
                   "[[gnu::aligned(64)]] static uint8_t @_pool_memory[@{pool:size}];\n"
                   "[[gnu::aligned(64)]] static uint8_t @_conns[@{conns} * FA_TCP_CONN_BYTES];\n"
                   "static uint32_t @_buckets[@{conns:pow2}];\n"
                   "static struct fa_pool @_long_pool;\n"
                   "[[gnu::aligned(64)]] static uint8_t\n"
                   "    @_long_memory[(@{long_packets} + 1) * FA_REASS_LARGE_BUF_SIZE];\n"
                   "static struct fa_stack @;\n",
        .start =
            "    fa_pool_init(&@_long_pool, @_long_memory,\n"
            "        sizeof @_long_memory - FA_REASS_LARGE_BUF_SIZE, "
            "FA_REASS_LARGE_BUF_SIZE);\n"
            "    struct fa_stack_config @_config = {.pool = &@_pool, .iface_count = 1,\n"
            "        .ifaces[0] = {.dev = @{net}, .dhcp = @{ipv4}.dhcp, .ip = @{ipv4}.ip,\n"
            "            .prefix_bits = @{ipv4}.prefix_bits, .more4 = @{ipv4}.more,\n"
            "            .gateway = @{ipv4_gateway}, .more = @{ipv6}, .gateway6 = "
            "@{ipv6_gateway},\n"
            "            .routes = @{routes}, .hostname = @{hostname}, .probe = @{dhcp_probe},\n"
            "            .ipv4_off = @{ipv6_only}, .ipv6_off = @{ipv4_only},\n"
            "            .ra_off = !@{accept_router_advertisements}, .privacy = @{privacy},\n"
            "            .redirects = @{redirects} ? FA_REDIRECTS_IPV6 : FA_REDIRECTS_OFF,\n"
            "            .redirects4 = @{ipv4_redirects}, .mtu_bytes = (uint16_t)@{mtu}},\n"
            "        .dns = @{dns}, .ntp = @{ntp}, .domain = @{domain},\n"
            "        .reass.large_pool = &@_long_pool, .oversleep_ns = @{resume_after},\n"
            "        .tcp = {.conn_memory = @_conns, .conn_count_max = @{conns},\n"
            "            .bucket_memory = @_buckets, .bucket_count = @{conns:pow2},\n"
            "            .rx_window_bytes = (uint32_t)@{window}, "
            ".tx_buffer_bytes = (uint32_t)@{window},\n"
            "            .memory_high_bytes = @{tcp_memory}, .congestion = @{congestion},\n"
            "            .half_open_max = (uint16_t)@{syn_backlog},\n"
            "            .features_off = @{syn_cookies} ? 0 : FA_TCP_COOKIES,\n"
            "            .keepalive = @{keepalive} != 0, .keepalive_after_ns = @{keepalive}}};\n"
            "    fa_boot_must(&image,\n"
            "        fa_stack_secret(@{ipv6_secret}, @{state}, @_config.iid_secret), \"keep the "
            "secret\");\n"
            "    if (fa_stack_config_check(&@_config, &reason) != FA_OK) {\n"
            "        fa_boot_fail(&image, \"%s\", reason);\n"
            "    }\n"
            "    fa_stack_init(&@, &@_config, fa_clock_mono_ns());\n"
            "    fa_stack_start(&@, &loop);\n",
        .stop = "    fa_stack_stop(&@);\n"},
    {"tcp.listen", NULL, "stack.h", "&@.listener", .storage = "static struct fa_tcp_listener @;\n",
        .start = "    fa_boot_must(&image,\n"
                 "        fa_tcp_listen(&@{on:id}.tcp, &@, &(struct fa_tcp_listen_config){.port = "
                 "@{port}}),\n"
                 "        \"listen on the port of --@{port:key}\");\n"},
    {"resolver", NULL, "resolver.h", "&@",
        .storage = "static struct fa_dns_query @_queries[@{queries}];\n"
                   "static struct fa_dns_entry @_cache[@{cached}];\n"
                   "static struct fa_resolver_slot @_slots[@{queries}];\n"
                   "static struct fa_resolver @;\n",
        .start = "    struct fa_resolver_config @_config = {.stack = @{on}, .slots = @_slots,\n"
                 "        .dns = {.queries = @_queries, .query_count_max = @{queries},\n"
                 "            .entries = @_cache, .entry_count_max = @{cached}}};\n"
                 "    if (!fa_ip_is_zero(&@{server})) {\n"
                 "        @_config.servers[0] = (struct fa_endpoint){@{server}, FA_DNS_PORT};\n"
                 "    }\n"
                 "    fa_resolver_init(&@, &@_config, fa_clock_mono_ns());\n"
                 "    fa_resolver_start(&@, &loop);\n",
        .stop = "    fa_resolver_stop(&@);\n"},
    {"timesync", NULL, "timesync.h", "&@", .storage = "static struct fa_timesync @;\n",
        .start =
            "    fa_timesync_init(\n"
            "        &@, &(struct fa_timesync_config){.resolver = @{on}, .server = "
            "@{server}});\n"
            "    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, fa_timesync_run, &@, NULL),\n"
            "        \"start keeping the clock\");\n"},
    {"kv.embed", NULL, "embedkv.h", "&@.kv",
        .storage = "extern const struct fa_embedkv_file @_table[];\n"
                   "extern const size_t @_table_count;\n"
                   "static struct fa_embedkv @;\n",
        .start = "    fa_embedkv_init(&@, @_table, @_table_count);\n"},
    {"kv.dir", NULL, "dirkv.h", "&@.kv", .storage = "static struct fa_dirkv @;\n",
        .start = "    if (fa_dirkv_open(&@, @{path}, @{writable:not}, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"cannot use %s: %s\", @{path}, reason);\n"
                 "    }\n",
        .stop = "    fa_dirkv_close(&@);\n"},
    {"kv.memory", NULL, "memkv.h", "&@.kv",
        .storage = "static struct fa_memkv_entry @_entries[@{entries}];\n"
                   "[[gnu::aligned(16)]] static uint8_t @_memory[@{size}];\n"
                   "static struct fa_memkv @;\n",
        .start = "    fa_memkv_init(&@,\n"
                 "        &(struct fa_memkv_config){.entries = @_entries, .entry_count_max = "
                 "@{entries},\n"
                 "            .memory = @_memory, .memory_bytes = sizeof @_memory});\n"},
    {"blk.file", NULL, "fileblk.h", "&@.dev", .storage = "static struct fa_fileblk @;\n",
        .start = "    const struct fa_fileblk_config @_config = {.path = @{path}, .read_only = "
                 "@{writable:not}};\n"
                 "    if (fa_fileblk_open(&@, &@_config, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"cannot use %s: %s\", @{path}, reason);\n"
                 "    }\n",
        .stop = "    fa_blkdev_close(&@.dev);\n"},
    {"blk.default", "target=spt", "hostblk.h", "@", .storage = "static struct fa_blkdev *@;\n",
        .start = "    const struct fa_hostblk_config @_config = {.name = \"@{name}\", .read_only = "
                 "@{writable:not}};\n"
                 "    if (fa_hostblk_open(&@_config, &@, &reason) != FA_OK) {\n"
                 "        fa_boot_fail(&image, \"no disk @{name}: %s\", reason);\n"
                 "    }\n",
        .stop = "    fa_blkdev_close(@);\n"},
    {"blk.default", NULL, "hostblk.h", "@", .storage = "static struct fa_blkdev *@;\n",
        .start =
            "    const struct fa_hostblk_config @_config = {.name = \"@{name}\", .where = @{path}, "
            ".read_only = @{writable:not}};\n"
            "    if (fa_hostblk_open(&@_config, &@, &reason) != FA_OK) {\n"
            "        fa_boot_fail(&image, \"no disk by --@{path:key}=%s: %s\", @{path}, reason);\n"
            "    }\n",
        .stop = "    fa_blkdev_close(@);\n"},
    {"blk.memory", NULL, "memblk.h", "&@.dev",
        .storage = "[[gnu::aligned(64)]] static uint8_t @_memory[@{size} / 512 * 512];\n"
                   "static struct fa_memblk @;\n",
        .start = "    fa_memblk_init(&@,\n"
                 "        &(struct fa_memblk_config){.block_bytes = 512, .block_count = sizeof "
                 "@_memory / 512,\n"
                 "            .req_count_max = 32, .req_blocks_max = 2048, .memory = @_memory});\n",
        .stop = "    fa_blkdev_close(&@.dev);\n"},
    {"http", NULL, "http_kv.h stack.h", "&@",
        .storage = "static struct fa_tcp_listener @_port;\n"
                   "static struct fa_http_conn @_conns[@{clients}];\n"
                   "static struct fa_http_exchange @_exchanges[@{requests}];\n"
                   "static uint8_t @_heads[@{requests} * 8192];\n"
                   "static struct fa_http_server @;\n",
        .start = "    const struct fa_http_server_config @_config = {.loop = &loop,\n"
                 "        .routes = @_routes, .route_count = FA_COUNT_OF(@_routes),\n"
                 "        .conns = @_conns, .conn_count = @{clients}, "
                 ".exchanges = @_exchanges, .exchange_count = @{requests},\n"
                 "        .head_memory = @_heads, .head_memory_len = sizeof @_heads};\n"
                 "    fa_http_server_init(&@, &@_config, fa_clock_mono_ns());\n"
                 "    fa_boot_must(&image,\n"
                 "        fa_tcp_listen(&@{on:id}.tcp, &@_port, &(struct "
                 "fa_tcp_listen_config){.port = @{port}}),\n"
                 "        \"listen on the port of --@{port:key}\");\n"
                 "    fa_boot_must(&image, fa_http_server_serve(&@, &@_port.listener), \"serve "
                 "HTTP\");\n",
        .stop = "    fa_http_server_stop(&@);\n"},
};

/* Whether a card is a stack's own: no wrapper wants to see whole frames. */
static bool is_bare(const struct node *card)
{
    return card->owner != NULL && card->owner->class != NULL &&
           card->owner->class->provides == SIG_STACK;
}

static bool variant_holds(const struct config *config, const struct node *node, const char *variant)
{
    if (variant == NULL) {
        return true;
    }
    const char *equals = strchr(variant, '=');
    if (strncmp(variant, "target=", 7) == 0) {
        return target_is(config, equals + 1);
    }
    if (strncmp(variant, "bare=", 5) == 0) {
        return strcmp(is_bare(node) ? "true" : "false", equals + 1) == 0;
    }
    char option[32];
    snprintf(option, sizeof option, "%.*s", (int)(equals - variant), variant);
    return strcmp(node_text(node, option), equals + 1) == 0;
}

const struct device_code *device_code_of(const struct config *config, const struct node *node)
{
    for (size_t i = 0; i < FA_COUNT_OF(codes); i++) {
        if (strcmp(codes[i].word, node->class->word) == 0 &&
            variant_holds(config, node, codes[i].variant)) {
            return &codes[i];
        }
    }
    bool every_class_has_code = false;
    FA_ASSERT(every_class_has_code);
    return NULL;
}

const struct node *pool_owner(const struct node *card)
{
    const struct node *owner = card->owner;
    while (owner != NULL && owner->class != NULL && owner->class->provides == SIG_NET) {
        owner = owner->owner;
    }
    bool stack = owner != NULL && owner->class != NULL && owner->class->provides == SIG_STACK;
    return stack ? owner : NULL;
}

void write_literal(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\' || *text == '?') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static bool flag_is_set(const char *text)
{
    return *text == 't' || *text == 'y' || *text == '1';
}

/* A constant as C has it: units are worked out, texts are quoted. */
static void write_constant(const struct fa_boot_type *type, const char *text, FILE *out)
{
    if (type == &fa_boot_text || type == NULL) {
        write_literal(text, out);
        return;
    }
    if (type == &fa_boot_flag) {
        fputs(flag_is_set(text) ? "true" : "false", out);
        return;
    }
    uint64_t value = 0;
    struct fa_boot_key key = {.type = type, .value = &value};
    fa_err err = type->parse(&key, fa_slice_of(text));
    FA_ASSERT(err == FA_OK);
    fprintf(out, "%llu", (unsigned long long)value);
}

static void write_option(
    const struct config *config, const struct node *node, const char *name, FILE *out)
{
    char option_name[32];
    snprintf(option_name, sizeof option_name, "%.*s", (int)strcspn(name, ":"), name);
    const char *form = strchr(name, ':');
    bool is_card = node->class->provides == SIG_NET;
    if (is_card && strcmp(name, "pool") == 0) {
        const struct node *owner = pool_owner(node);
        fprintf(out, "&%s_pool", owner != NULL ? owner->id : node->id);
        return;
    }
    if (strcmp(name, "name") == 0 && node_is_attached(node)) {
        fputs(node->attached_as, out);
        return;
    }
    size_t idx = 0;
    const struct option *option = class_option(node->class, option_name, &idx);
    FA_ASSERT(option != NULL);
    if (form != NULL && strcmp(form, ":key") == 0) {
        fputs(node->keys[idx]->name, out);
    } else if (form != NULL && strcmp(form, ":not") == 0) {
        fputs(flag_is_set(node_text(node, option_name)) ? "false" : "true", out);
    } else if (form != NULL && strcmp(form, ":id") == 0) {
        fputs(node->values[idx].node->id, out);
    } else if (form != NULL && strcmp(form, ":pow2") == 0) {
        unsigned long long wanted = strtoull(node_text(node, option_name), NULL, 10);
        unsigned long long power = 1;
        while (power < wanted) {
            power *= 2;
        }
        fprintf(out, "%llu", power);
    } else if (option->kind == OPTION_DEVICE && node->values[idx].kind == VALUE_NONE) {
        fputs("NULL", out);
    } else if (option->kind == OPTION_DEVICE) {
        const struct node *used = node->values[idx].node;
        device_code_write(config, used, device_code_of(config, used)->handle, out);
    } else if (option->kind == OPTION_BOOT) {
        fprintf(out, "key.%s", node->keys[idx]->field);
    } else {
        write_constant(option->type, node_text(node, option_name), out);
    }
}

void device_code_write(
    const struct config *config, const struct node *node, const char *text, FILE *out)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text != '@') {
            fputc(*text, out);
        } else if (text[1] != '{') {
            fputs(node->id, out);
        } else {
            char name[48];
            size_t len = strcspn(text + 2, "}");
            FA_ASSERT(len < sizeof name);
            snprintf(name, sizeof name, "%.*s", (int)len, text + 2);
            write_option(config, node, name, out);
            text += len + 2;
        }
    }
}
