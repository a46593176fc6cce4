// SPDX-License-Identifier: ISC
//
// `fata run`: build what is needed, give the image its network, start it, stop it in order.
//
// The image has a process group of its own, so that Ctrl-C reaches it once, from here. What it
// prints is passed on; its line "up at" is the moment to tell where the user can reach it.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

enum {
    PORT_PUBLISHED = 8080, /* for the first HTTP server, if nothing else is asked for */
};

/* ---- ports -------------------------------------------------------------------------------------
 */

static bool parse_port(const char *text, size_t len, uint16_t *ret_port)
{
    uint64_t port;
    struct fa_slice digits = {(const uint8_t *)text, len};
    if (fa_parse_u64(digits, UINT16_MAX, &port) != FA_OK || port == 0) {
        return false;
    }
    *ret_port = (uint16_t)port;
    return true;
}

bool forward_parse(struct arena *arena, const char *text, struct forward *ret_forward)
{
    size_t len = strcspn(text, "/");
    bool udp = strcmp(text + len, "/udp") == 0;
    if (text[len] != '\0' && !udp && strcmp(text + len, "/tcp") != 0) {
        return false;
    }
    const char *guest = memrchr(text, ':', len);
    if (guest == NULL) {
        return false;
    }
    const char *host = memrchr(text, ':', (size_t)(guest - text));
    size_t address_len = host != NULL ? (size_t)(host - text) : 0;
    host = host != NULL ? host + 1 : text;
    *ret_forward = (struct forward){.udp = udp,
        .address = host != text ? arena_text(arena, "%.*s", (int)address_len, text) : "127.0.0.1"};
    return parse_port(host, (size_t)(guest - host), &ret_forward->host_port) &&
           parse_port(guest + 1, len - (size_t)(guest + 1 - text), &ret_forward->guest_port);
}

/* What a key will be at boot: behind --, in the environment, or its default. */
static const char *boot_value(const struct arguments *arguments, const struct key *key)
{
    const char *value = getenv(key->env);
    value = value != NULL ? value : key->fallback;
    size_t len = strlen(key->name);
    for (size_t i = 0; i < arguments->boot_count; i++) {
        const char *word = arguments->boot[i];
        if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, key->name, len) != 0) {
            continue;
        }
        if (word[2 + len] == '=') {
            value = word + 3 + len;
        } else if (word[2 + len] == '\0' && i + 1 < arguments->boot_count) {
            value = arguments->boot[i + 1];
        }
    }
    return value;
}

static bool serves_http(const struct run *run, uint16_t port)
{
    const struct config *config = &run->project->config;
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        if (node->class->provides == SIG_HTTP) {
            const char *value = boot_value(run->arguments, node_key(node, "port"));
            uint16_t served;
            if (value != NULL && parse_port(value, strlen(value), &served) && served == port) {
                return true;
            }
        }
    }
    return false;
}

static bool collect_forwards(struct run *run)
{
    struct arguments *arguments = run->arguments;
    const struct config *config = &run->project->config;
    for (size_t i = 0; i < arguments->forward_count; i++) {
        if (!forward_parse(&arguments->arena, arguments->forwards[i], &run->forwards[i])) {
            fprintf(stderr,
                "fata: -p %s is not good: it must be HOST:GUEST, such as 8080:80, perhaps with an "
                "address in front or /udp behind\n",
                arguments->forwards[i]);
            return false;
        }
        run->forward_count++;
    }
    for (size_t i = 0; i < config->order_count && run->forward_count == 0; i++) {
        const struct node *node = config->order[i];
        if (node->class->provides == SIG_HTTP) {
            const char *value = boot_value(arguments, node_key(node, "port"));
            struct forward *forward = &run->forwards[0];
            *forward = (struct forward){.address = "127.0.0.1", .host_port = PORT_PUBLISHED};
            if (value != NULL && parse_port(value, strlen(value), &forward->guest_port)) {
                run->forward_count = 1;
            }
        }
    }
    return true;
}

/* ---- what the image prints ----------------------------------------------------------------------
 */

static void tell_where(struct run *run)
{
    for (size_t i = 0; i < run->forward_count; i++) {
        const struct forward *forward = &run->forwards[i];
        const char *host =
            strcmp(forward->address, "127.0.0.1") == 0 ? "localhost" : forward->address;
        if (!forward->udp && serves_http(run, forward->guest_port)) {
            printf("http://%s:%u/\n", host, forward->host_port);
        } else {
            printf("%s:%u/%s leads to port %u of %s\n", host, forward->host_port,
                forward->udp ? "udp" : "tcp", forward->guest_port, run->project->config.name);
        }
    }
    fflush(stdout);
    run->told = true;
}

/* Pass on line by line, so that nothing of ours comes into the middle of one. */
static void *relay_console(void *ctx)
{
    struct run *run = ctx;
    char *line = NULL;
    size_t cap = 0;
    FILE *in = fdopen(run->console, "re");
    const char *name = run->project->config.name;
    size_t name_len = strlen(name);
    for (ssize_t len; in != NULL && (len = getline(&line, &cap, in)) > 0;) {
        fwrite(line, 1, (size_t)len, stdout);
        fflush(stdout);
        bool up =
            strncmp(line, name, name_len) == 0 && strncmp(line + name_len, ": up at ", 8) == 0;
        if (up && !run->told) {
            tell_where(run);
        }
    }
    free(line);
    if (in != NULL) {
        fclose(in);
    }
    return NULL;
}

/* ---- the process
 * ----------------------------------------------------------------------------------- */

static volatile pid_t child_to_stop;

static void pass_signal(int number)
{
    if (child_to_stop > 0) {
        kill(child_to_stop, number);
    }
}

static void watch_signals(pid_t child)
{
    struct sigaction action = {.sa_handler = pass_signal, .sa_flags = SA_RESTART};
    child_to_stop = child;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool run_add_word(struct run *run, const char *word)
{
    if (run->word_count + 1 >= FA_COUNT_OF(run->words)) {
        fputs("fata: too many boot arguments\n", stderr);
        return false;
    }
    run->words[run->word_count++] = word;
    return true;
}

[[gnu::noreturn]] static void become_image(struct run *run, int net_fd, int console)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0);
    dup2(console, STDOUT_FILENO);
    dup2(console, STDERR_FILENO);
    if (net_fd == RUN_NET_FD) {
        fcntl(net_fd, F_SETFD, 0); /* dup2 onto itself would leave it to be closed by exec */
    } else if (net_fd >= 0) {
        dup2(net_fd, RUN_NET_FD);
    }
    execv(run->image, (char *const *)(uintptr_t)run->words);
    dprintf(STDERR_FILENO, "fata: cannot start %s: %s\n", run->image, strerror(errno));
    _exit(STATUS_FAILED);
}

bool run_start(struct run *run, int net_fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fprintf(stderr, "fata: cannot make a pipe: %s\n", strerror(errno));
        return false;
    }
    fflush(NULL);
    run->child = fork();
    if (run->child < 0) {
        fprintf(stderr, "fata: cannot make a process: %s\n", strerror(errno));
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (run->child == 0) {
        become_image(run, net_fd, ends[1]);
    }
    close(ends[1]);
    run->console = ends[0];
    watch_signals(run->child);
    if (pthread_create(&run->relay, NULL, relay_console, run) != 0) {
        fputs("fata: cannot make a thread\n", stderr);
        kill(run->child, SIGKILL);
        return false;
    }
    return true;
}

int run_finish(struct run *run)
{
    int status = 0;
    while (waitpid(run->child, &status, 0) < 0 && errno == EINTR) {
    }
    child_to_stop = 0;
    pthread_join(run->relay, NULL);
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "fata: %s was ended by signal %d, %s\n", run->project->config.name,
            WTERMSIG(status), strsignal(WTERMSIG(status)));
        return 128 + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}

/* ---- networks
 * ---------------------------------------------------------------------------------------- */

static const char *find_net_key(const struct config *config)
{
    for (size_t i = 0; i < config->order_count; i++) {
        if (strcmp(config->order[i]->class->word, "net.default") == 0) {
            return node_key(config->order[i], "at")->name;
        }
    }
    return NULL;
}

static bool is_question(const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->boot_count; i++) {
        const char *word = arguments->boot[i];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
            strcmp(word, "--version") == 0) {
            return true;
        }
    }
    return false;
}

static bool names_key(const struct arguments *arguments, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < arguments->boot_count; i++) {
        const char *word = arguments->boot[i];
        if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, key, len) == 0 &&
            (word[2 + len] == '=' || word[2 + len] == '\0')) {
            return true;
        }
    }
    return false;
}

static int run_plain(struct run *run)
{
    return run_start(run, -1) ? run_finish(run) : STATUS_FAILED;
}

/* "stream:PATH" is what the image calls "connect:PATH". */
static const char *net_word(struct arena *arena, const char *key, const char *net)
{
    const char *path = fa_boot_scheme(net, "stream:");
    const char *where = path != NULL ? arena_text(arena, "connect:%s", path) : net;
    return arena_text(arena, "--%s=%s", key, where);
}

static bool net_is_good(const char *net)
{
    static const char *const schemes[] = {"tap:", "stream:", "connect:", "listen:", "fd:"};
    for (size_t i = 0; i < FA_COUNT_OF(schemes); i++) {
        const char *rest = fa_boot_scheme(net, schemes[i]);
        if (rest != NULL && rest[0] != '\0') {
            return true;
        }
    }
    return strcmp(net, "user") == 0;
}

static int fail_no_card(const struct config *config)
{
    fprintf(stderr,
        "fata: %s has no network card that fata run could connect: leave out -p and --net\n",
        config->name);
    return STATUS_USAGE;
}

/* A tender starts the image, with each device that it declares. */
static int prepare_tender(struct run *run, const struct home *home)
{
    struct arguments *arguments = run->arguments;
    const struct config *config = &run->project->config;
    const char *tap = arguments->net != NULL ? fa_boot_scheme(arguments->net, "tap:") : NULL;
    bool asked = arguments->net != NULL || arguments->forward_count != 0;
    bool card = false;
    run->tender = arena_text(&arguments->arena, "%s/%s", home->in_tree ? home->output : home->root,
        home->in_tree ? "static/tender" : "bin/fata-tender");
    bool good = run_add_word(run, "fata-tender");
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        if (node->attached_as == NULL) {
            continue;
        }
        if (node->class->provides != SIG_NET || tap == NULL || arguments->forward_count != 0) {
            fprintf(stderr,
                "fata: for the target spt fata run attaches cards alone, to a tap interface: give "
                "it --net tap:NAME, without -p; or build it, and start it by fata-tender\n");
            return STATUS_USAGE;
        }
        card = true;
        good = good && run_add_word(run,
                           arena_text(&arguments->arena, "--net:%s=%s", node->attached_as, tap));
    }
    if (asked && !card) {
        return fail_no_card(config);
    }
    good = good && run_add_word(run, "--") && run_add_word(run, project_image(run->project));
    for (size_t i = 0; i < arguments->boot_count; i++) {
        good = good && run_add_word(run, arguments->boot[i]);
    }
    return good ? STATUS_OK : STATUS_USAGE;
}

/* Everything that can be wrong is found before anything is built. */
static int prepare(struct run *run)
{
    struct arguments *arguments = run->arguments;
    const char *net = arguments->net != NULL ? arguments->net : "user";
    bool sim = target_is(&run->project->config, "sim");
    run->net_key = find_net_key(&run->project->config);
    if (!net_is_good(net)) {
        fprintf(stderr,
            "fata: --net %s is not good: it must be user, tap:NAME, stream:PATH, listen:PATH or "
            "fd:N\n",
            net);
        return STATUS_USAGE;
    }
    bool asked = arguments->net != NULL || arguments->forward_count != 0;
    bool none = sim || run->net_key == NULL;
    if (none && asked) {
        return fail_no_card(&run->project->config);
    }
    if (!run_add_word(run, run->project->config.name)) {
        return STATUS_USAGE;
    }
    bool own = !none && !is_question(arguments) && !names_key(arguments, run->net_key);
    run->user_net = own && strcmp(net, "user") == 0;
    if (own && !run->user_net &&
        !run_add_word(run, net_word(&arguments->arena, run->net_key, net))) {
        return STATUS_USAGE;
    }
    if (run->user_net &&
        (!collect_forwards(run) || !run_add_word(run, arena_text(&arguments->arena, "--%s=fd:%d",
                                                          run->net_key, RUN_NET_FD)))) {
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < arguments->boot_count; i++) {
        if (!run_add_word(run, arguments->boot[i])) {
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

int verb_run(struct arguments *arguments, struct home *home)
{
    struct project project = {0};
    struct run run = {.project = &project, .arguments = arguments};
    int status = project_load(&project, arguments, home);
    if (status == STATUS_OK) {
        status = target_is(&project.config, "spt") ? prepare_tender(&run, home) : prepare(&run);
    }
    if (status == STATUS_OK) {
        status = project_build(&project, arguments, home);
    }
    if (status == STATUS_OK) {
        run.image = run.tender != NULL ? run.tender : project_image(&project);
        status = run.user_net ? run_user(&run) : run_plain(&run);
    }
    project_done(&project);
    return status;
}
