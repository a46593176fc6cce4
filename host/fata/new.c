// SPDX-License-Identifier: ISC
//
// `fata new`: a project that builds and runs at once.

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"

/* In the texts, @ is the project's name and # the same as a C identifier. */
struct template
{
    const char *name;
    const char *lua;
    const char *c;
    const char *readme;
};

static const struct template templates[] = {
    {"hello",
        .lua =
            "-- What @ is made of. `fata describe` shows it, docs/guide/fata-lua.md explains it.\n"
            "fata = \">= 0.1\"\n"
            "\n"
            "return unikernel \"@\" {\n"
            "    doc = \"answers every request with a greeting\",\n"
            "    sources = { \"@.c\" },\n"
            "    devices = {\n"
            "        greeting = boot.text \"greeting\" { default = \"Hello from @!\", doc = \"what "
            "to say\" },\n"
            "    },\n"
            "    http { on = stack(), routes = { [\"/\"] = \"#_greet\" } },\n"
            "}\n",
        .c = "// @: one C function behind HTTP.\n"
             "\n"
             "#include \"@.fata.h\"\n"
             "\n"
             "void #_greet(struct fa_http_exchange *x, void *ctx)\n"
             "{\n"
             "    const struct #_devices *devices = ctx;\n"
             "    char line[256];\n"
             "    size_t len = fa_fmt(line, sizeof line, \"%s\\n\", devices->greeting);\n"
             "    fa_http_header(x, \"Content-Type\", \"text/plain; charset=utf-8\");\n"
             "    /* A client that went away is no matter. */\n"
             "    (void)fa_http_send(\n"
             "        x, (struct fa_slice){(const uint8_t *)line, fa_min(len, sizeof line - 1)});\n"
             "}\n",
        .readme = "# @\n"
                  "\n"
                  "    fata run\n"
                  "\n"
                  "and open http://localhost:8080/. More of it:\n"
                  "\n"
                  "    fata run -- --greeting='Good evening'\n"
                  "    fata describe\n"},
    {"echo",
        .lua =
            "-- What @ is made of. `fata describe` shows it, docs/guide/fata-lua.md explains it.\n"
            "fata = \">= 0.1\"\n"
            "\n"
            "local wire = stack()\n"
            "\n"
            "return unikernel \"@\" {\n"
            "    doc = \"sends back what it is sent\",\n"
            "    sources = { \"@.c\" },\n"
            "    main = \"#_main\",\n"
            "    devices = { port = tcp.listen { on = wire, port = 7 } },\n"
            "}\n",
        .c = "// @: a fiber for every connection, straight-line C in each.\n"
             "\n"
             "#include \"@.fata.h\"\n"
             "\n"
             "#include \"fa/fiber.h\"\n"
             "\n"
             "static void echo(void *ctx)\n"
             "{\n"
             "    struct fa_flow *flow = ctx;\n"
             "    struct fa_slice seen;\n"
             "    while (fa_flow_peek_wait(flow, FA_NS_NEVER, &seen) == FA_OK &&\n"
             "        fa_flow_write_all(flow, seen, FA_NS_NEVER) == FA_OK) {\n"
             "        fa_flow_done(flow, seen.len);\n"
             "    }\n"
             "    fa_flow_close(flow);\n"
             "}\n"
             "\n"
             "int #_main(struct #_devices *devices)\n"
             "{\n"
             "    struct fa_flow *flow;\n"
             "    while (fa_listener_accept_wait(devices->port, FA_NS_NEVER, &flow) == FA_OK) {\n"
             "        if (fa_fiber_spawn(&devices->loop->fibers, echo, flow, NULL) != FA_OK) {\n"
             "            fa_flow_abort(flow); /* every fiber is busy */\n"
             "        }\n"
             "    }\n"
             "    return 0;\n"
             "}\n",
        .readme = "# @\n"
                  "\n"
                  "    fata run -p 7007:7\n"
                  "    nc localhost 7007\n"
                  "    fata describe\n"},
};

static char *fill(struct arena *arena, const char *text, const char *name)
{
    const char *id = underscored(arena, name);
    size_t name_len = strlen(name);
    size_t len = 0;
    for (const char *at = text; *at != '\0'; at++) {
        len += *at == '@' || *at == '#' ? name_len : 1;
    }
    char *filled = arena_take(arena, len + 1);
    char *out = filled;
    bool line_start = true;
    for (const char *at = text; *at != '\0'; at++) {
        /* '#' at a line's start is the preprocessor's or a heading's. */
        if (*at == '@' || (*at == '#' && !line_start)) {
            memcpy(out, *at == '@' ? name : id, name_len);
            out += name_len;
        } else {
            *out++ = *at;
        }
        line_start = *at == '\n';
    }
    return filled;
}

static bool name_is_good(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && name[len] == '\0' && name[0] >= 'a' && name[0] <= 'z' &&
           name[len - 1] != '-' && len <= FA_BOOT_NAME_MAX;
}

static const struct template *find_template(const char *name)
{
    for (size_t i = 0; i < FA_COUNT_OF(templates); i++) {
        if (strcmp(templates[i].name, name) == 0) {
            return &templates[i];
        }
    }
    fprintf(stderr, "fata: there is no template %s; there are hello and echo\n", name);
    return NULL;
}

/* DIR may have folders in front; the last part is the name. */
int verb_new(struct arguments *arguments, struct home *home)
{
    (void)home;
    struct arena *arena = &arguments->arena;
    const char *dir = arguments->word_count == 1 ? arguments->words[0] : NULL;
    const char *name = dir != NULL && strrchr(dir, '/') != NULL ? strrchr(dir, '/') + 1 : dir;
    if (name == NULL || !name_is_good(name)) {
        fprintf(stderr,
            "fata: a project needs one name in small letters, digits and dashes, such as "
            "`fata new hello`\n");
        return STATUS_USAGE;
    }
    const struct template *template =
        find_template(arguments->template != NULL ? arguments->template : "hello");
    if (template == NULL) {
        return STATUS_USAGE;
    }
    if (mkdir(dir, 0777) != 0) {
        fprintf(stderr, "fata: cannot make %s: %s\n", dir,
            errno == EEXIST ? "it is there already, and nothing is overwritten" : strerror(errno));
        return STATUS_FAILED;
    }
    const char *const files[][2] = {{"fata.lua", template->lua},
        {arena_text(arena, "%s.c", name), template->c}, {"README.md", template->readme},
        {".gitignore", "/o/\n"}};
    for (size_t i = 0; i < FA_COUNT_OF(files); i++) {
        const char *text = fill(arena, files[i][1], name);
        if (file_write(arena_text(arena, "%s/%s", dir, files[i][0]), text, strlen(text)) < 0) {
            return STATUS_FAILED;
        }
    }
    printf("made %s; now: fata run %s\n", dir, dir);
    return STATUS_OK;
}
