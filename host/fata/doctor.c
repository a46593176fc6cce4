// SPDX-License-Identifier: ISC
//
// `fata doctor` and `fata --version`: what is on this machine, and how to get what is not.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <lua.h>
#include <slirp/libslirp.h>

#include "command.h"
#include "generate.h"
#include "json.h"

struct tool {
    const char *program;
    const char *purpose;
    const char *package;
};

static const struct tool tools[] = {
    {"musl-gcc", "compiles images for linux", "musl-tools"},
    {"gcc", "compiles images for sim", "gcc"},
    {"ninja", "runs the build", "ninja-build"},
};

static bool tell_missing(const struct tool *tool)
{
    fprintf(stderr, "fata: %s is not there, which %s; install it: sudo apt-get install %s\n",
        tool->program, tool->purpose, tool->package);
    return false;
}

/* The newest time of modification among the files of a folder that end so; 0: there are none. */
static time_t find_newest(struct home *home, const char *folder, const char *ending)
{
    time_t newest = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct stat info;
        size_t len = strlen(entry->d_name);
        bool wanted = len > strlen(ending) &&
                      strcmp(entry->d_name + len - strlen(ending), ending) == 0 &&
                      stat(arena_text(&home->arena, "%s/%s", folder, entry->d_name), &info) == 0;
        newest = wanted && info.st_mtime > newest ? info.st_mtime : newest;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return newest;
}

/* An image of old libraries and new headers would be broken in ways that no compiler sees. */
static bool check_fresh(struct home *home, const char *libraries)
{
    time_t built = find_newest(home, libraries, ".a");
    const char *core = arena_text(&home->arena, "%s/fa", home->include);
    const char *wire = arena_text(&home->arena, "%s/fa/wire", home->include);
    if (!home->in_tree ||
        (find_newest(home, core, ".h") <= built && find_newest(home, wire, ".h") <= built)) {
        return true;
    }
    fprintf(stderr, "fata: a header in %s is newer than the libraries in %s; build them: make\n",
        core, libraries);
    return false;
}

bool tools_check(const struct config *config, struct home *home)
{
    bool sim = target_is(config, "sim");
    for (size_t i = 0; i < FA_COUNT_OF(tools); i++) {
        bool wanted = i == 2 || (i == 1) == sim;
        if (wanted && !program_is_there(tools[i].program)) {
            return tell_missing(&tools[i]);
        }
    }
    const char *folder = home_libraries(home, config->target->value);
    if (!file_is_there(
            arena_text(&home->arena, "%s/libfa_plat_%s.a", folder, config->target->value))) {
        fprintf(stderr, "fata: the libraries for %s are not in %s; %s\n", config->target->value,
            folder, home->in_tree ? "build them: make" : "install Fata anew: make install");
        return false;
    }
    if (!check_fresh(home, folder)) {
        return false;
    }
    for (size_t i = 0; i < config->order_count; i++) {
        if (strcmp(config->order[i]->class->word, "kv.embed") == 0 &&
            !program_is_there(home->embed) && access(home->embed, X_OK) != 0) {
            fprintf(stderr, "fata: %s is not there, which compiles folders into images; %s\n",
                home->embed, home->in_tree ? "build it: make" : "install Fata anew: make install");
            return false;
        }
    }
    return true;
}

/* ---- doctor -------------------------------------------------------------------------------------
 */

/* One line of the report. `mend` is NULL where nothing needs mending. */
static bool report(json_t *lines, const char *what, bool good, bool needed, const char *mend)
{
    json_array_append_new(lines, json_pack("{s:s, s:b, s:b, s:s?}", "what", what, "good", good,
                                     "needed", needed, "mend", good ? NULL : mend));
    return good || !needed;
}

static bool can_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool port_is_free(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool is_free = bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_free;
}

static bool examine(json_t *lines, struct home *home)
{
    bool good = true;
    for (size_t i = 0; i < FA_COUNT_OF(tools); i++) {
        good &= report(lines,
            arena_text(&home->arena, "%s, which %s", tools[i].program, tools[i].purpose),
            program_is_there(tools[i].program), i != 1,
            arena_text(&home->arena, "sudo apt-get install %s", tools[i].package));
    }
    const char *make = home->in_tree ? "make" : "make install, in Fata's source tree";
    static const char *const targets[] = {"linux", "spt", "sim"};
    for (size_t i = 0; i < FA_COUNT_OF(targets); i++) {
        const char *folder = home_libraries(home, targets[i]);
        good &=
            report(lines, arena_text(&home->arena, "libraries for %s, in %s", targets[i], folder),
                file_is_there(arena_text(&home->arena, "%s/libfa_plat_%s.a", folder, targets[i])),
                i == 0, make);
    }
    good &= report(lines, "embed, which compiles folders into images",
        access(home->embed, X_OK) == 0, true, make);
    report(lines, "/dev/net/tun, for --net tap:NAME", can_open("/dev/net/tun"), false,
        errno == ENOENT ? "sudo modprobe tun"
                        : "run as root, or let the tap's owner run it: "
                          "sudo ip tuntap add tap0 mode tap user $USER");
    report(lines, "/dev/kvm, for micro-VMs", can_open("/dev/kvm"), false,
        errno == ENOENT ? "this machine offers no virtualisation, or its module is not loaded"
                        : "join the group: sudo adduser $USER kvm");
    report(lines, "port 8080, which fata run publishes", port_is_free(8080), false,
        "another program uses it: fata run -p 8081:80");
    return good;
}

int verb_doctor(struct arguments *arguments, struct home *home)
{
    if (!home_find(home)) {
        return STATUS_MISSING;
    }
    json_t *lines = json_array();
    bool good = examine(lines, home);
    size_t i;
    json_t *line;
    if (arguments->json) {
        json_write(lines, stdout);
        return good ? STATUS_OK : STATUS_MISSING;
    }
    json_array_foreach(lines, i, line)
    {
        const char *mend = json_string_value(json_object_get(line, "mend"));
        bool there = json_is_true(json_object_get(line, "good"));
        bool needed = json_is_true(json_object_get(line, "needed"));
        printf("%-8s %s%s%s\n",
            there    ? "ok"
            : needed ? "missing"
                     : "without",
            json_string_value(json_object_get(line, "what")), mend != NULL ? ": " : "",
            mend != NULL ? mend : "");
    }
    puts(good ? "all that is needed is there" : "something that is needed is missing");
    json_decref(lines);
    return good ? STATUS_OK : STATUS_MISSING;
}

/* ---- --version
 * -------------------------------------------------------------------------------------- */

/* The first line that a program prints with --version; NULL: it is not there. */
static const char *version_line(struct arena *arena, const char *program)
{
    char command[64];
    char line[256];
    if (!program_is_there(program)) {
        return NULL;
    }
    snprintf(command, sizeof command, "%s --version 2>/dev/null", program);
    FILE *out = popen(command, "re");
    bool got = out != NULL && fgets(line, sizeof line, out) != NULL;
    if (out != NULL) {
        pclose(out);
    }
    line[got ? strcspn(line, "\n") : 0] = '\0';
    return got ? arena_copy(arena, line) : NULL;
}

static json_t *all_versions(struct home *home)
{
    json_t *packages = json_array();
    for (size_t i = 0; i < home->package_count; i++) {
        const struct package *package = &home->packages[i];
        json_array_append_new(
            packages, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", package->name, "version",
                          package->version, "summary", package->summary, "depends",
                          package->depends, "conflicts", package->conflicts));
    }
    json_t *programs = json_object();
    static const char *const names[] = {"gcc", "clang", "musl-gcc", "ninja"};
    for (size_t i = 0; i < FA_COUNT_OF(names); i++) {
        const char *line = version_line(&home->arena, names[i]);
        json_object_set_new(programs, names[i], line != NULL ? json_string(line) : json_null());
    }
    return json_pack("{s:s, s:o, s:o, s:{s:s, s:s, s:s}}", "fata", FATA_VERSION, "libraries",
        packages, "programs", programs, "linked", "lua", LUA_RELEASE, "jansson", JANSSON_VERSION,
        "slirp", slirp_version_string());
}

int verb_version(struct arguments *arguments, struct home *home)
{
    if (!arguments->json) {
        puts("fata " FATA_VERSION);
        return STATUS_OK;
    }
    if (!home_find(home)) {
        return STATUS_MISSING;
    }
    json_write(all_versions(home), stdout);
    return STATUS_OK;
}
