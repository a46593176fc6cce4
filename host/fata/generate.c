// SPDX-License-Identifier: ISC
//
// main.c, keys.h, NAME.fata.h and the note: the C of an image, meant to be read.

#include <stdlib.h>
#include <string.h>

#include "generate.h"

struct c_type {
    const struct fa_boot_type *type;
    const char *declared; /* up to the field's name */
};

static const char *c_type_of(const struct key *key)
{
    static const struct c_type types[] = {
        {&fa_boot_flag, "bool "},
        {&fa_boot_number, "uint64_t "},
        {&fa_boot_text, "const char *"},
        {&fa_boot_port, "uint16_t "},
        {&fa_boot_duration, "fa_ns "},
        {&fa_boot_size, "uint64_t "},
        {&fa_boot_ip, "struct fa_ip "},
        {&fa_boot_address, "struct fa_boot_address "},
        {&fa_boot_ip4, "struct fa_ip "},
        {&fa_boot_ip6, "struct fa_ip "},
        {&fa_boot_ips, "struct fa_ip_list "},
        {&fa_boot_nets6, "struct fa_net_list "},
        {&fa_boot_routes, "struct fa_route_list "},
        {&fa_boot_congestion, "uint8_t "},
    };
    for (size_t i = 0; i < FA_COUNT_OF(types); i++) {
        if (types[i].type == key->type) {
            return types[i].declared;
        }
    }
    return NULL; /* logs: they have no variable */
}

/* ---- NAME.fata.h ------------------------------------------------------------------------------
 */

static bool has_handler(const struct config *config)
{
    for (size_t i = 0; i < config->order_count; i++) {
        for (size_t o = 0; o < OPTION_COUNT_MAX; o++) {
            const struct value *value = &config->order[i]->values[o];
            for (size_t r = 0; r < value->route_count; r++) {
                if (value->routes[r].handler != NULL) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool declared_before(
    const struct config *config, const char *handler, const struct route *at)
{
    for (size_t i = 0; i < config->order_count; i++) {
        for (size_t o = 0; o < OPTION_COUNT_MAX; o++) {
            const struct value *value = &config->order[i]->values[o];
            for (size_t r = 0; r < value->route_count; r++) {
                if (&value->routes[r] == at) {
                    return false;
                }
                if (value->routes[r].handler != NULL &&
                    strcmp(value->routes[r].handler, handler) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void write_handlers(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < config->order_count; i++) {
        for (size_t o = 0; o < OPTION_COUNT_MAX; o++) {
            const struct value *value = &config->order[i]->values[o];
            for (size_t r = 0; r < value->route_count; r++) {
                const struct route *route = &value->routes[r];
                if (route->handler != NULL && !declared_before(config, route->handler, route)) {
                    fprintf(out, "\n/* Answers %s; `ctx` is the struct %s_devices. */\n",
                        route->path, config->id);
                    fprintf(
                        out, "void %s(struct fa_http_exchange *x, void *ctx);\n", route->handler);
                }
            }
        }
    }
}

static void include_once(FILE *out, const char *header, const char **seen, size_t *seen_count)
{
    for (size_t i = 0; i < *seen_count; i++) {
        if (strcmp(seen[i], header) == 0) {
            return;
        }
    }
    seen[(*seen_count)++] = header;
    fprintf(out, "#include \"%s\"\n", header);
}

void write_header(const struct config *config, FILE *out)
{
    const char *seen[SIG_COUNT + 8] = {};
    size_t seen_count = 0;
    fprintf(out, "// Made by `fata configure` from %s: change that file, not this one.\n//\n",
        config->path);
    fprintf(out, "// %s.fata.h: what the C code of %s is given, and what it must define.\n\n",
        config->name, config->name);
    fprintf(out, "#ifndef FATA_%s_H\n#define FATA_%s_H\n\n", config->id, config->id);
    include_once(out, "fa/boot.h", seen, &seen_count);
    include_once(out, "fa/loop.h", seen, &seen_count);
    for (size_t i = 0; i < config->field_count; i++) {
        const struct node *node = config->fields[i].value.node;
        if (node != NULL) {
            include_once(out, signatures[node->class->provides].header, seen, &seen_count);
        }
    }
    if (has_handler(config)) {
        include_once(out, "fa/http_server.h", seen, &seen_count);
    }
    fprintf(out, "\nstruct %s_devices {\n    struct fa_loop *loop;\n", config->id);
    for (size_t i = 0; i < config->field_count; i++) {
        const struct field *field = &config->fields[i];
        const char *type = field->value.kind == VALUE_KEY
                               ? c_type_of(field->value.key)
                               : signatures[field->value.node->class->provides].c_type;
        fprintf(out, "    %s%s;", type, field->name);
        if (field->value.kind == VALUE_KEY && field->value.key->doc != NULL) {
            fprintf(out, " /* %s */", field->value.key->doc);
        }
        fputc('\n', out);
    }
    fprintf(out, "};\n");
    if (config->main != NULL) {
        fprintf(out, "\n/* Runs on a fiber. Returns: the status to end the image with%s. */\n",
            config->job_count != 0 ? "; 0: go on serving" : "");
        fprintf(out, "int %s(struct %s_devices *devices);\n", config->main, config->id);
    }
    write_handlers(config, out);
    fprintf(out, "\n#endif\n");
}

/* ---- main.c ------------------------------------------------------------------------------------
 */

static void write_headers(const struct config *config, FILE *out)
{
    /* fa/boot.h and fa/loop.h come with the image's own header. */
    static const char *const known[] = {"capture.h", "capture_file.h", "dirkv.h", "embedkv.h",
        "fault.h", "fileblk.h", "hostblk.h", "hostnet.h", "http_kv.h", "memblk.h", "memkv.h",
        "plat.h", "stack.h", "stream.h", "tap.h", "tracedev.h", "vnet.h"};
    for (size_t i = 0; i < FA_COUNT_OF(known); i++) {
        bool wanted = strcmp(known[i], "plat.h") == 0;
        for (size_t n = 0; n < config->order_count && !wanted; n++) {
            char list[128];
            snprintf(list, sizeof list, " %s ", device_code_of(config, config->order[n])->headers);
            char word[32];
            snprintf(word, sizeof word, " %s ", known[i]);
            wanted = strstr(list, word) != NULL;
        }
        if (wanted) {
            fprintf(out, "#include \"fa/%s\"\n", known[i]);
        }
    }
    fprintf(out, "#include \"%s.fata.h\"\n#include \"keys.h\"\n", config->name);
}

/* Initialisers that are broken into lines of 100 columns. */
struct row {
    FILE *out;
    size_t column;
};

/* Add one, such as `.env = "FATA_PORT"`; `text` is a literal's content, or NULL. */
static void add_to_row(struct row *row, const char *piece, const char *text)
{
    char *whole = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&whole, &len);
    FA_ASSERT(out != NULL);
    fputs(piece, out);
    if (text != NULL) {
        write_literal(text, out);
    }
    fclose(out);
    if (row->column + len + 4 > 100) {
        fprintf(row->out, ",\n        %s", whole);
        row->column = 8 + len;
    } else {
        fprintf(row->out, "%s%s", row->column == 0 ? "    {" : ", ", whole);
        row->column += len + (row->column == 0 ? 5 : 2);
    }
    free(whole);
}

static void write_key(const struct key *key, FILE *out)
{
    char piece[128];
    struct row row = {.out = out};
    bool variable = c_type_of(key) != NULL;
    add_to_row(&row, "", key->name);
    snprintf(piece, sizeof piece, "&fa_boot_%s, %s%s", key->type->name, variable ? "&key." : "NULL",
        variable ? key->field : "");
    add_to_row(&row, piece, NULL);
    if (key->fallback != NULL) {
        add_to_row(&row, ".fallback = ", key->fallback);
    }
    if (key->required) {
        add_to_row(&row, ".required = true", NULL);
    }
    if (key->type == &fa_boot_number && (key->min != 0 || key->max != 0)) {
        snprintf(piece, sizeof piece, ".min = %llu, .max = %llu", (unsigned long long)key->min,
            (unsigned long long)key->max);
        add_to_row(&row, piece, NULL);
    }
    add_to_row(&row, ".env = ", key->env);
    add_to_row(&row, ".section = ", key->section);
    add_to_row(&row, ".doc = ", key->doc != NULL ? key->doc : "");
    fputs("},\n", out);
}

/* ---- keys.h: the table of boot-time keys, which main.c alone includes -------------------------
 */

static void write_key_table(const struct config *config, FILE *out)
{
    bool any = false;
    fprintf(out,
        "// Made by `fata configure` from %s: change that file, not this one.\n\n"
        "#ifndef FATA_KEYS_H\n#define FATA_KEYS_H\n\n#include \"fa/boot.h\"\n",
        config->path);
    for (size_t i = 0; i < config->key_count; i++) {
        const struct key *key = config->keys[i];
        const char *type = key->stage == KEY_BOOT ? c_type_of(key) : NULL;
        if (type != NULL) {
            fprintf(out, "%s    %s%s;\n",
                any ? "" : "\n/* What can be said when the image starts. */\nstatic struct {\n",
                type, key->field);
            any = true;
        }
    }
    fputs(any ? "} key;\n\n" : "\n", out);
    fputs("static const struct fa_boot_key keys[] = {\n", out);
    for (size_t i = 0; i < config->key_count; i++) {
        const struct key *key = config->keys[i];
        if (key->stage != KEY_BOOT) {
            continue;
        }
        write_key(key, out);
    }
    fputs("};\n\n#endif\n", out);
}

static void write_image(const struct config *config, FILE *out)
{
    fputs("\nstatic const struct fa_boot_image image = {.name = ", out);
    write_literal(config->name, out);
    fputs(", .version = ", out);
    write_literal(config->version, out);
    if (config->doc != NULL) {
        fputs(", .doc = ", out);
        write_literal(config->doc, out);
    }
    fputs(",\n    .keys = keys, .key_count = FA_COUNT_OF(keys)};\n", out);
}

/* `content` is the route "/" behind all others. */
static void write_routes(const struct config *config, const struct node *http, FILE *out)
{
    const struct value *routes = node_value(http, "routes");
    const struct value *content = node_value(http, "content");
    for (size_t i = 0; i <= routes->route_count; i++) {
        const struct node *kv = i < routes->route_count ? routes->routes[i].content : content->node;
        if (kv != NULL) {
            fprintf(out, "static struct fa_http_kv %s_site_%zu = {.kv = ", http->id, i);
            device_code_write(config, kv, device_code_of(config, kv)->handle, out);
            fputs("};\n", out);
        }
    }
    fprintf(out, "static const struct fa_http_route %s_routes[] = {%s", http->id,
        routes->route_count + (content->node != NULL) > 1 ? "\n" : "");
    const char *row_begin = routes->route_count + (content->node != NULL) > 1 ? "    {" : "{";
    const char *row_end = row_begin[0] == ' ' ? "},\n" : "}";
    for (size_t i = 0; i <= routes->route_count; i++) {
        const struct route *route = i < routes->route_count ? &routes->routes[i] : NULL;
        if (route == NULL && content->node == NULL) {
            break;
        }
        fprintf(out, "%s.path = \"%s\", ", row_begin, route != NULL ? route->path : "/");
        for (const char *at = route != NULL ? route->methods : NULL; at != NULL && *at != '\0';) {
            size_t len = strcspn(at, "|");
            fprintf(out, "%sFA_HTTP_ALLOW(%.*s)%s", at == route->methods ? ".methods = " : " | ",
                (int)len, at, at[len] == '\0' ? ", " : "");
            at += len + (at[len] == '|');
        }
        if (route != NULL && route->handler != NULL) {
            fprintf(out, ".fn = %s, .ctx = &devices%s", route->handler, row_end);
        } else {
            fprintf(out, ".fn = fa_http_kv_handler, .ctx = &%s_site_%zu%s", http->id, i, row_end);
        }
    }
    fputs("};\n", out);
}

static void write_storage(const struct config *config, FILE *out)
{
    fprintf(out, "\nstatic struct fa_loop loop;\n");
    if (config->main != NULL || has_handler(config)) {
        fprintf(out, "static struct %s_devices devices;\n", config->id);
    }
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        if (node->class->provides == SIG_NET && pool_owner(node) == NULL &&
            strstr(device_code_of(config, node)->start, "@{pool}") != NULL) {
            fprintf(out, "static struct fa_pool %s_pool;\n", node->id);
            fprintf(
                out, "[[gnu::aligned(64)]] static uint8_t %s_pool_memory[1048576];\n", node->id);
        }
        device_code_write(config, node, device_code_of(config, node)->storage, out);
        if (node->class->provides == SIG_HTTP) {
            write_routes(config, node, out);
        }
    }
}

static bool needs_reason(const struct config *config)
{
    for (size_t i = 0; i < config->order_count; i++) {
        const char *start = device_code_of(config, config->order[i])->start;
        if (start != NULL && strstr(start, "reason") != NULL) {
            return true;
        }
    }
    return false;
}

static void write_pools(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        bool own = node->class->provides == SIG_NET && pool_owner(node) == NULL &&
                   strstr(device_code_of(config, node)->start, "@{pool}") != NULL;
        if (own || node->class->provides == SIG_STACK) {
            fprintf(out,
                "    fa_pool_init(&%s_pool, %s_pool_memory, sizeof %s_pool_memory, FA_BUF_SIZE);\n",
                node->id, node->id, node->id);
        }
    }
}

/* What tells that the image can be reached: its first stack. */
static const struct node *first_stack(const struct config *config)
{
    for (size_t i = 0; i < config->order_count; i++) {
        if (config->order[i]->class->provides == SIG_STACK) {
            return config->order[i];
        }
    }
    return NULL;
}

static void write_fibers(const struct config *config, FILE *out)
{
    if (first_stack(config) != NULL) {
        const char *stack = first_stack(config)->id;
        fprintf(out,
            "\nstatic void announce(void *ctx)\n{\n"
            "    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {\n"
            "        struct fa_ip ip = fa_stack_address(&%s, 0);\n"
            "        fa_boot_up(&image, &ip);\n    }\n}\n",
            stack);
    }
    if (config->main != NULL) {
        fprintf(
            out, "\nstatic void run_main(void *ctx)\n{\n    int status = %s(ctx);\n", config->main);
        fputs(config->job_count != 0
                  ? "    if (status != 0) {\n        fa_loop_stop(&loop, status);\n"
                    "    }\n}\n"
                  : "    fa_loop_stop(&loop, status);\n}\n",
            out);
    }
}

static void write_field(const struct config *config, const struct field *field, FILE *out)
{
    fprintf(out, ".%s = ", field->name);
    if (field->value.kind == VALUE_KEY) {
        fprintf(out, "key.%s", field->value.key->field);
    } else {
        device_code_write(
            config, field->value.node, device_code_of(config, field->value.node)->handle, out);
    }
}

static void write_devices(const struct config *config, FILE *out)
{
    if (config->main == NULL && !has_handler(config)) {
        return;
    }
    fprintf(out, "    devices = (struct %s_devices){.loop = &loop", config->id);
    size_t column = 48 + strlen(config->id);
    for (size_t i = 0; i < config->field_count; i++) {
        char *piece = NULL;
        size_t len = 0;
        FILE *memory = open_memstream(&piece, &len);
        FA_ASSERT(memory != NULL);
        write_field(config, &config->fields[i], memory);
        fclose(memory);
        bool fits = column + len + 4 <= 100;
        fprintf(out, fits ? ", %s" : ",\n        %s", piece);
        column = fits ? column + len + 2 : 8 + len;
        free(piece);
    }
    fputs("};\n", out);
    if (config->main != NULL) {
        fputs("    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, run_main, &devices, NULL), "
              "\"start\");\n",
            out);
    }
}

uint64_t number_of(const struct key *key)
{
    uint64_t value = 0;
    struct fa_boot_key boot = {.type = key->type, .value = &value};
    fa_err err = key->type->parse(&boot, fa_slice_of(key->value));
    FA_ASSERT(err == FA_OK);
    return value;
}

/* Break lines at 100 columns, behind a comma that is in no literal. A comment stays whole: its
 * second line would be none. */
static void write_wrapped(const char *text, FILE *out)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        size_t indent = strspn(text, " ");
        size_t margin = 0;
        bool comment = strncmp(text + indent, "//", 2) == 0;
        while (!comment && len + margin > 100) {
            size_t at = 0;
            bool quoted = false;
            for (size_t i = 0; i + margin < 100 && i < len; i++) {
                quoted = quoted != (text[i] == '"' && (i == 0 || text[i - 1] != '\\'));
                at = !quoted && text[i] == ',' && text[i + 1] == ' ' ? i + 1 : at;
            }
            if (at == 0) {
                break;
            }
            fprintf(out, "%*s%.*s\n", (int)margin, "", (int)at, text);
            text += at + 1;
            len -= at + 1;
            margin = indent + 8;
        }
        fprintf(out, "%*s%.*s\n", (int)margin, "", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/* What `write` writes, in lines of 100 columns. */
static void write_in_lines(
    const struct config *config, void (*write)(const struct config *, FILE *), FILE *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    FA_ASSERT(memory != NULL);
    write(config, memory);
    fclose(memory);
    write_wrapped(text, out);
    free(text);
}

static void write_body(const struct config *config, FILE *out);

void write_main(const struct config *config, FILE *out)
{
    write_in_lines(config, write_body, out);
}

void write_keys_header(const struct config *config, FILE *out)
{
    write_in_lines(config, write_key_table, out);
}

static void write_body(const struct config *config, FILE *out)
{
    fprintf(out,
        "// Made by `fata configure` from %s: change that file, not this one.\n// Target: %s.\n",
        config->path, config->target->value);
    fputc('\n', out);
    write_headers(config, out);
    write_image(config, out);
    write_storage(config, out);
    write_fibers(config, out);
    fputs("\nint fa_main(void)\n{\n    fa_boot(&image);\n", out);
    fputs(needs_reason(config) ? "    const char *reason;\n" : "", out);
    fprintf(out,
        "    fa_loop_init(&loop,\n        &(struct fa_loop_config){.fibers = {.fiber_count_max = "
        "%llu, .stack_bytes = %llu}});\n",
        (unsigned long long)number_of(config->fibers),
        (unsigned long long)number_of(config->fiber_stack));
    write_pools(config, out);
    for (size_t i = 0; i < config->order_count; i++) {
        device_code_write(
            config, config->order[i], device_code_of(config, config->order[i])->start, out);
    }
    if (first_stack(config) != NULL) {
        fprintf(out,
            "    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &%s, NULL), "
            "\"start\");\n",
            first_stack(config)->id);
    }
    write_devices(config, out);
    fputs("    int status = fa_loop_run(&loop);\n", out);
    for (size_t i = config->order_count; i > 0; i--) {
        const struct node *node = config->order[i - 1];
        /* A wrapper closes the card in it. */
        if (node->class->provides != SIG_NET || node->owner == NULL || node->owner->class == NULL ||
            node->owner->class->provides != SIG_NET) {
            device_code_write(config, node, device_code_of(config, node)->stop, out);
        }
    }
    fputs("    fa_boot_summary(&image);\n    return status;\n}\n", out);
}

/* ---- the note: docs/spec/image-note.md ----------------------------------------------------------
 */

static void write_note_text(const char *text, FILE *out)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\' || *text == '?') {
            fputc('\\', out);
        }
        fputc(*text == '\t' ? ' ' : *text, out);
    }
}

/* What a tender shall attach, as Solo5's tenders read it. */
static void write_manifest(const struct config *config, FILE *out)
{
    size_t count = 0;
    for (size_t i = 0; i < config->order_count; i++) {
        count += config->order[i]->attached_as != NULL;
    }
    fprintf(out, "\n// What a tender attaches.\n#include \"fa/solo5.h\"\n\nFA_SOLO5_MANIFEST(%zu",
        count);
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        if (node->attached_as != NULL) {
            fprintf(out, ",\n    {.name = \"%s\", .type = %s}", node->attached_as,
                node->class->provides == SIG_NET ? "FA_SOLO5_NET" : "FA_SOLO5_BLOCK");
        }
    }
    fputs(");\n", out);
}

void write_note(const struct config *config, FILE *out)
{
    fprintf(out, "// Made by `fata configure` from %s: change that file, not this one.\n//\n",
        config->path);
    fputs("// What can be read of the image without running it: docs/spec/image-note.md.\n\n"
          "#include \"fa/boot.h\"\n\nFA_BOOT_NOTE(\"fata\\t" FATA_VERSION "\\n\"\n",
        out);
    fprintf(out, "    \"name\\t%s\\nversion\\t", config->name);
    write_note_text(config->version, out);
    fprintf(out, "\\ntarget\\t%s\\ndoc\\t", config->target->value);
    write_note_text(config->doc, out);
    fputs("\\n\"\n", out);
    for (size_t i = 0; i < config->key_count; i++) {
        const struct key *key = config->keys[i];
        if (key->stage != KEY_BOOT) {
            continue;
        }
        fprintf(out, "    \"key\\t%s\\t%s\\t%s\\t%s\\t%s\\t", key->name, key->type->name,
            key->required           ? "required"
            : key->fallback != NULL ? "default"
                                    : "none",
            key->env, key->section);
        write_note_text(key->fallback, out);
        fputs("\\t", out);
        write_note_text(key->doc, out);
        fputs("\\n\"\n", out);
    }
    fputs(");\n", out);
    if (target_is(config, "spt")) {
        write_manifest(config, out);
    }
}
