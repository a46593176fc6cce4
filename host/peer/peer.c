// SPDX-License-Identifier: ISC
//
// host/peer/peer.c: a client on the kernel's own TCP, for end-to-end tests and benches.
//
// It checks what comes back bit by bit and leaves judging to its exit status: 0 all right, 1 not.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_LEN = 256 * 1024,
    RESPONSE_MAX = 64 * 1024,
    CONC_MAX = 4096,
    PATIENCE_MS = 60 * 1000, /* without any progress */
};

static const char usage[] =
    "usage: peer COMMAND ADDRESS PORT [NUMBER] [PATH]\n"
    "  echo ADDRESS PORT BYTES          send BYTES to an echo server, check each that comes back\n"
    "  seq ADDRESS PORT COUNT [PATH]    COUNT connections one after the other, a GET on each\n"
    "  conc ADDRESS PORT COUNT [PATH]   COUNT connections at once, a GET on each, all held open\n"
    "  boot ADDRESS PORT PROGRAM...     wait as a client, start PROGRAM; print the nanoseconds "
    "from\n"
    "                                   exec to the first byte of its answer, and its KiB of "
    "memory\n"
    "  exec PROGRAM...                  print the nanoseconds from exec to its first byte of "
    "output\n";

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in target_of(const char *address, const char *port)
{
    struct sockaddr_in target = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    if (inet_pton(AF_INET, address, &target.sin_addr) != 1) {
        fprintf(stderr, "peer: '%s' is not an IPv4 address\n", address);
        exit(2);
    }
    return target;
}

static int open_to(const struct sockaddr_in *target, bool block)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (block ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0) {
        perror("peer: socket");
        exit(2);
    }
    if (connect(fd, (const struct sockaddr *)target, sizeof *target) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Byte `off` of the test stream: no period that fits a segment or a buffer. */
static uint8_t stream_byte(uint64_t off)
{
    uint64_t z = (off / 8 + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 29)) * 0xbf58476d1ce4e5b9;
    return (uint8_t)((z ^ (z >> 32)) >> (8 * (off & 7)));
}

static void fill_stream(uint8_t *at, uint64_t off, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = stream_byte(off + i);
    }
}

static bool check_stream(const uint8_t *at, uint64_t off, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] != stream_byte(off + i)) {
            fprintf(stderr, "peer: byte %llu came back wrong\n", (unsigned long long)off + i);
            return false;
        }
    }
    return true;
}

static int run_echo(const struct sockaddr_in *target, uint64_t total)
{
    static uint8_t out[CHUNK_LEN];
    static uint8_t in[CHUNK_LEN];
    double start = now_s();
    int fd = open_to(target, true);
    if (fd < 0) {
        perror("peer: connect");
        return 1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    uint64_t sent = 0;
    uint64_t got = 0;
    size_t out_len = 0;
    size_t out_off = 0;
    while (got < total) {
        struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (sent < total ? POLLOUT : 0))};
        if (poll(&p, 1, PATIENCE_MS) <= 0) {
            fprintf(stderr, "peer: nothing moved for %d s: sent %llu, got %llu of %llu\n",
                PATIENCE_MS / 1000, (unsigned long long)sent, (unsigned long long)got,
                (unsigned long long)total);
            return 1;
        }
        if (sent < total && (p.revents & POLLOUT)) {
            if (out_off == out_len) {
                out_off = 0;
                out_len = total - sent < CHUNK_LEN ? (size_t)(total - sent) : CHUNK_LEN;
                fill_stream(out, sent, out_len);
            }
            ssize_t n = send(fd, out + out_off, out_len - out_off, MSG_NOSIGNAL);
            if (n > 0) {
                out_off += (size_t)n;
                sent += (uint64_t)n;
            }
            if (sent == total) {
                shutdown(fd, SHUT_WR);
            }
        }
        if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t n = recv(fd, in, sizeof in, 0);
            if (n == 0 || (n < 0 && errno != EAGAIN)) {
                fprintf(stderr, "peer: %s after %llu of %llu bytes\n",
                    n == 0 ? "end of stream" : strerror(errno), (unsigned long long)got,
                    (unsigned long long)total);
                return 1;
            }
            if (n > 0 && !check_stream(in, got, (size_t)n)) {
                return 1;
            }
            got += n > 0 ? (uint64_t)n : 0;
        }
    }
    fcntl(fd, F_SETFL, 0);
    if (recv(fd, in, 1, 0) != 0) {
        fprintf(stderr, "peer: no orderly end after the last byte\n");
        return 1;
    }
    double took = now_s() - start;
    printf("%llu bytes each way in %.3f s, %.3f Gbit/s each way\n", (unsigned long long)total, took,
        (double)total * 8 / took / 1e9);
    close(fd);
    return 0;
}

struct fetch {
    size_t len;
    int fd;
    bool whole;
    char bytes[RESPONSE_MAX];
};

/* Whether `fetch` holds a whole HTTP response with status 200; needs a Content-Length. */
static bool is_whole(struct fetch *fetch)
{
    fetch->bytes[fetch->len] = '\0';
    char *body = strstr(fetch->bytes, "\r\n\r\n");
    char *length = strcasestr(fetch->bytes, "\r\ncontent-length:");
    if (body == NULL || length == NULL || strncmp(fetch->bytes, "HTTP/1.1 200", 12) != 0) {
        return false;
    }
    size_t want = strtoul(length + 17, NULL, 10);
    return fetch->len >= (size_t)(body + 4 - fetch->bytes) + want;
}

static bool send_get(int fd, const char *path, bool keep)
{
    char request[512];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", path,
        keep ? "" : "Connection: close\r\n");
    return send(fd, request, (size_t)len, MSG_NOSIGNAL) == len;
}

/* One request on a blocking connection. Returns: whether a whole 200 response came. */
static bool fetch_once(const struct sockaddr_in *target, const char *path, struct fetch *fetch)
{
    fetch->len = 0;
    fetch->fd = open_to(target, true);
    if (fetch->fd < 0) {
        return false;
    }
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    setsockopt(fetch->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bool good = send_get(fetch->fd, path, false);
    while (good && fetch->len < RESPONSE_MAX - 1) {
        ssize_t n = recv(fetch->fd, fetch->bytes + fetch->len, RESPONSE_MAX - 1 - fetch->len, 0);
        if (n <= 0) {
            good = n == 0 && is_whole(fetch);
            break;
        }
        fetch->len += (size_t)n;
    }
    close(fetch->fd);
    return good;
}

static int run_seq(const struct sockaddr_in *target, long count, const char *path)
{
    static struct fetch fetch;
    double start = now_s();
    for (long i = 0; i < count; i++) {
        if (!fetch_once(target, path, &fetch)) {
            fprintf(stderr, "peer: request %ld of %ld: no whole 200 response (%zu bytes): %s\n",
                i + 1, count, fetch.len, strerror(errno));
            return 1;
        }
    }
    printf("%ld connections in %.3f s\n", count, now_s() - start);
    return 0;
}

/* One connection of many has something: ask, or take in. Returns: false if it failed. */
static bool step_conc(struct fetch *fetch, struct pollfd *p, const char *path)
{
    if (p->events == POLLOUT) {
        p->events = POLLIN;
        return send_get(fetch->fd, path, true);
    }
    ssize_t n = recv(fetch->fd, fetch->bytes + fetch->len, RESPONSE_MAX - 1 - fetch->len, 0);
    if (n <= 0) {
        return false;
    }
    fetch->len += (size_t)n;
    if (is_whole(fetch)) {
        fetch->whole = true;
        p->fd = -1; /* held open, not polled */
    }
    return true;
}

static int run_conc(const struct sockaddr_in *target, long count, const char *path)
{
    static struct fetch all[CONC_MAX];
    static struct pollfd polls[CONC_MAX];
    if (count < 1 || count > CONC_MAX) {
        fprintf(stderr, "peer: 1 to %d connections at once\n", CONC_MAX);
        return 2;
    }
    for (long i = 0; i < count; i++) {
        all[i].fd = open_to(target, false);
        polls[i] = (struct pollfd){.fd = all[i].fd, .events = POLLOUT};
        if (all[i].fd < 0) {
            fprintf(stderr, "peer: connection %ld: %s\n", i, strerror(errno));
            return 1;
        }
    }
    long whole = 0;
    while (whole < count) {
        if (poll(polls, (nfds_t)count, PATIENCE_MS) <= 0) {
            fprintf(stderr, "peer: nothing moved; %ld of %ld answered\n", whole, count);
            return 1;
        }
        for (long i = 0; i < count; i++) {
            if (polls[i].revents != 0 && !step_conc(&all[i], &polls[i], path)) {
                fprintf(stderr, "peer: connection %ld ended early: %s\n", i, strerror(errno));
                return 1;
            }
            whole += polls[i].revents != 0 && all[i].whole;
        }
    }
    printf("%ld connections held at once, each answered\n", whole);
    for (long i = 0; i < count; i++) {
        close(all[i].fd);
    }
    return 0;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Start a program with its output in `out`, and `tap`, if it is not -1, as descriptor 3. */
static pid_t start_program(char **words, int out, int tap)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (tap >= 0) {
        posix_spawn_file_actions_adddup2(&actions, tap, STDERR_FILENO + 1);
    }
    int error = posix_spawn(&pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        fprintf(stderr, "peer: cannot start %s: %s\n", words[0], strerror(error));
        exit(2);
    }
    return pid;
}

static int run_exec(char **words)
{
    int pipe_fds[2];
    char byte;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        perror("peer: pipe");
        return 2;
    }
    int64_t start = now_ns();
    pid_t pid = start_program(words, pipe_fds[1], -1);
    close(pipe_fds[1]);
    bool good = read(pipe_fds[0], &byte, 1) == 1;
    int64_t took = now_ns() - start;
    waitpid(pid, NULL, 0);
    printf("%lld\n", good ? (long long)took : -1LL);
    return good ? 0 : 1;
}

/* Resident memory of a process in KiB, as the kernel tells it; -1: not known. */
static long resident_kib(pid_t pid)
{
    char path[64];
    char line[128];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *in = fopen(path, "r");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return kib;
}

static bool wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, PATIENCE_MS) == 1 && (p.revents & (POLLERR | POLLHUP)) == 0;
}

/* As whoever summons an image does it: the link is up before the image is there. */
static int open_tap(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
        fprintf(stderr, "peer: cannot open the interface %s: %s\n", name, strerror(errno));
        exit(2);
    }
    return fcntl(fd, F_DUPFD_CLOEXEC, 10); /* out of the way of descriptor 3 */
}

static int run_boot(const struct sockaddr_in *target, const char *tap_name, char **words)
{
    char byte;
    int tap = open_tap(tap_name);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int fd = open_to(target, false);
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL); /* the SYN waits by now */
    int64_t start = now_ns();
    pid_t pid = start_program(words, null, tap);
    bool good = wait_for(fd, POLLOUT) && send_get(fd, "/", true) && wait_for(fd, POLLIN) &&
                recv(fd, &byte, 1, 0) == 1;
    int64_t took = now_ns() - start;
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL); /* at rest */
    printf("%lld %ld\n", good ? (long long)took : -1LL, resident_kib(pid));
    kill(pid, SIGINT);
    int status;
    waitpid(pid, &status, 0);
    return good && status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "exec") == 0) {
        return run_exec(argv + 2);
    }
    if (argc < 4) {
        fputs(usage, stderr);
        return 2;
    }
    struct sockaddr_in target = target_of(argv[2], argv[3]);
    const char *path = argc > 5 ? argv[5] : "/";
    if (strcmp(argv[1], "echo") == 0 && argc > 4) {
        return run_echo(&target, strtoull(argv[4], NULL, 10));
    }
    if (strcmp(argv[1], "seq") == 0 && argc > 4) {
        return run_seq(&target, strtol(argv[4], NULL, 10), path);
    }
    if (strcmp(argv[1], "conc") == 0 && argc > 4) {
        return run_conc(&target, strtol(argv[4], NULL, 10), path);
    }
    if (strcmp(argv[1], "boot") == 0 && argc > 5) {
        return run_boot(&target, argv[4], argv + 5);
    }
    fputs(usage, stderr);
    return 2;
}
