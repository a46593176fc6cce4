// SPDX-License-Identifier: ISC
//
// probe: the image that the tender's tests run: does what its command line says, word by word.
//
//     exit N          leave with N              say TEXT    write it to the console
//     call N A B ...  a system call with numbers, or `buf` for an address and `end` behind the
//     last;
//                     prints what it returned   show N      print N bytes of buf as hex
//     fill N C        N bytes of buf are C      boot        print boot info and manifest
//     caps            print the capabilities    peek A      read a byte   poke A   write one
//     run A           jump there                overflow    call itself without end
//
// It has no libc and no stack protector, so each instruction that runs is one of this file.

#include "fa/caps.h"
#include "fa/solo5.h"

enum {
    BUF_BYTES = 65536,
};

#ifdef PROBE_BYTES
static uint8_t bytes[PROBE_BYTES] __attribute__((used));
#endif
static uint8_t buf[BUF_BYTES];
static uint8_t guarded[3 * 4096] __attribute__((aligned(4096))) = {1};
static struct fa_caps caps __attribute__((aligned(8), section(".data")));

struct head {
    uint32_t namesz, descsz, type;
    char name[8];
};

static const struct {
    struct head head;
    struct fa_solo5_abi abi;
} abi_note __attribute__((section(".note.abi"), used, aligned(4))) = {
    {6, sizeof(struct fa_solo5_abi), FA_SOLO5_NOTE_ABI, "Solo5"},
    {PROBE_TARGET, PROBE_VERSION, {0, 0}}};

#define NET(n)                                                                                     \
    {                                                                                              \
        .name = n, .type = FA_SOLO5_NET                                                            \
    }
#define DISK(n)                                                                                    \
    {                                                                                              \
        .name = n, .type = FA_SOLO5_BLOCK                                                          \
    }

static const struct {
    struct head head;
    uint32_t pad;
    uint32_t version, count;
    struct fa_solo5_entry entry[PROBE_COUNT];
} manifest_note __attribute__((section(".note.manifest"), used)) = {
    {6, 4 + 8 + PROBE_COUNT * sizeof(struct fa_solo5_entry), FA_SOLO5_NOTE_MANIFEST, "Solo5"}, 0,
    FA_SOLO5_MANIFEST_VERSION, PROBE_COUNT, {{.type = FA_SOLO5_RESERVED_FIRST}, PROBE_DEVICES}};

#ifdef PROBE_CAPS
static const struct [[gnu::packed]] {
    struct head head;
    struct fa_caps_note note;
} caps_note __attribute__((section(".note.caps"), used)) = {
    {5, sizeof(struct fa_caps_note), FA_CAPS_NOTE_TYPE, "Fata"},
    {.version = FA_CAPS_VERSION,
        .caps_size = sizeof caps,
        .caps_addr = (uint64_t)&caps,
        .memory_min = PROBE_MEMORY,
        .guard_addr = (uint64_t)&guarded[0],
        .guard_stride = 8192,
        .guard_count = 2,
        .device_flags = PROBE_FLAGS}};
#endif

void *memset(void *at, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);

/* What the compiler may call. */
void *memset(void *at, int value, size_t len)
{
    void *end = at;
    __asm__ volatile("rep stosb" : "+D"(end), "+c"(len) : "a"(value) : "memory");
    return at;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *left = a, *right = b;
    for (size_t i = 0; i < len; i++) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;
    while (*(volatile const char *)(text + len) != '\0') {
        len++;
    }
    return len;
}

static long call(long number, const long arg[6])
{
    register long r10 __asm__("r10") = arg[3];
    register long r8 __asm__("r8") = arg[4];
    register long r9 __asm__("r9") = arg[5];
    long ret;
    __asm__ volatile(
        "syscall"
        : "=a"(ret)
        : "a"(number), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
        : "rcx", "r11", "memory");
    return ret;
}

static void print_bytes(const char *at, size_t len)
{
    (void)call(1, (long[6]){1, (long)at, (long)len});
}

static void print(const char *text)
{
    print_bytes(text, strlen(text));
}

static void print_hex(uint64_t value, unsigned digits, const char *end)
{
    char text[16];
    for (unsigned i = 0; i < digits; i++) {
        text[digits - 1 - i] = "0123456789abcdef"[value >> 4 * i & 15];
    }
    print_bytes(text, digits);
    print(end);
}

static const char *rest;

/* The next word of the command line. Returns: false at its end. */
static bool next(const char **ret_at, size_t *ret_len)
{
    while (*rest == ' ') {
        rest++;
    }
    *ret_at = rest;
    while (*rest != ' ' && *rest != '\0') {
        rest++;
    }
    *ret_len = (size_t)(rest - *ret_at);
    return *ret_len != 0;
}

static bool is(const char *at, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(at, word, len) == 0;
}

/* A number, decimal, -decimal or 0xhex, or the address of buf. Returns: false for "end". */
static bool number(long *ret)
{
    const char *at;
    size_t len;
    unsigned long value = 0;
    if (!next(&at, &len) || is(at, len, "end")) {
        return false;
    }
    if (is(at, len, "buf")) {
        *ret = (long)buf;
        return true;
    }
    bool negative = *at == '-';
    bool hex = len > 2 && at[1] == 'x';
    for (size_t i = negative ? 1 : hex ? 2 : 0; i < len; i++) {
        unsigned char c = (unsigned char)at[i];
        value = value * (hex ? 16 : 10) + (c - (c >= 'a' ? 'a' - 10u : '0'));
    }
    *ret = (long)(negative ? -value : value);
    return true;
}

static long wanted(void)
{
    long value = 0;
    (void)number(&value);
    return value;
}

static void do_call(void)
{
    long nr = wanted(), arg[6] = {0};
    for (size_t i = 0; i < 6 && number(&arg[i]); i++) {
    }
    long ret = call(nr, arg);
    print(ret < 0 ? "-" : "");
    print_hex((uint64_t)(ret < 0 ? -ret : ret), 8, "\n");
}

static void print_boot(const struct fa_spt_boot_info *boot)
{
    const struct fa_solo5_manifest *manifest = (const void *)boot->manifest;
    print("mem ");
    print_hex(boot->mem_size, 16, " end ");
    print_hex(boot->kernel_end, 16, " fds ");
    print_hex((uint32_t)boot->epoll_fd, 2, " ");
    print_hex((uint32_t)boot->timer_fd, 2, "\n");
    for (size_t i = 1; i < manifest->count; i++) {
        const struct fa_solo5_entry *entry = &manifest->entry[i];
        print(entry->name);
        print(" fd ");
        print_hex((uint32_t)entry->fd, 2, entry->attached == 1 ? " attached " : " not ");
        if (entry->type == FA_SOLO5_NET) {
            for (size_t j = 0; j < 6; j++) {
                print_hex(entry->net.mac[j], 2, j == 5 ? " mtu " : ":");
            }
            print_hex(entry->net.mtu, 4, "\n");
        } else {
            print_hex(entry->block.capacity, 16, " block ");
            print_hex(entry->block.block_size, 4, "\n");
        }
    }
}

static void print_caps(void)
{
    print("caps ");
    print_hex(caps.version, 2, " flags ");
    print_hex(caps.flags, 8, " control ");
    print_hex((uint32_t)caps.control_fd, 2, " entropy ");
    print_hex((uint32_t)caps.entropy_fd, 2, " clock ");
    print(caps.clock_fn != 0 ? "yes seed " : "no seed ");
    bool seeded = false;
    for (size_t i = 0; i < sizeof caps.seed; i++) {
        seeded = seeded || caps.seed[i] != 0;
    }
    print(seeded ? "yes\n" : "no\n");
    for (size_t i = 0; i < FA_CAPS_DEVICE_COUNT; i++) {
        if (caps.device[i].flags != 0 || caps.device[i].bytes_max != 0) {
            print("device ");
            print_hex(i, 2, " flags ");
            print_hex(caps.device[i].flags, 4, " bytes ");
            print_hex(caps.device[i].bytes_max, 8, "\n");
        }
    }
    const struct fa_caps_control *control = (const void *)caps.control_addr;
    if (control != NULL) {
        print("stop ");
        print_hex(control->stop, 2, " generation ");
        print_hex(control->generation, 2, "\n");
    }
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
[[gnu::noinline]] static long overflow(volatile long *above)
{
    volatile long here[64];
    here[0] = *above + 1;
    return overflow(here) + here[0];
}

static void ask_clock(long id)
{
    int (*clock)(int id, long *ret) = (int (*)(int, long *))caps.clock_fn;
    long now[2] = {0, 0};
    print(clock((int)id, now) == 0 && now[0] > 0 ? "clock works\n" : "clock fails\n");
}

static void do_word(const char *at, size_t len, const struct fa_spt_boot_info *boot)
{
    if (is(at, len, "exit")) {
        (void)call(231, (long[6]){wanted()});
    } else if (is(at, len, "say")) {
        next(&at, &len);
        print_bytes(at, len);
        print("\n");
    } else if (is(at, len, "call")) {
        do_call();
    } else if (is(at, len, "fill")) {
        long count = wanted();
        memset(buf, (int)wanted(), (size_t)count);
    } else if (is(at, len, "show")) {
        for (long i = 0, count = wanted(); i < count; i++) {
            print_hex(buf[i], 2, i + 1 == count ? "\n" : "");
        }
    } else if (is(at, len, "boot")) {
        print_boot(boot);
    } else if (is(at, len, "caps")) {
        print_caps();
    } else if (is(at, len, "clock")) {
        ask_clock(wanted());
    } else if (is(at, len, "peek")) {
        print_hex(*(volatile uint8_t *)wanted(), 2, "\n");
    } else if (is(at, len, "poke")) {
        *(volatile uint8_t *)wanted() = 1;
        print("written\n");
    } else if (is(at, len, "guard")) {
        guarded[wanted()] = 1;
        print("written\n");
    } else if (is(at, len, "run")) {
        ((void (*)(void))wanted())();
    } else if (is(at, len, "overflow")) {
        volatile long zero = 0;
        (void)overflow(&zero);
    } else {
        print("probe: no such word\n");
        (void)call(231, (long[6]){64});
    }
}

[[gnu::used]] static void probe_main(const struct fa_spt_boot_info *boot)
{
    const char *at;
    size_t len;
    rest = (const char *)boot->cmdline;
    while (next(&at, &len)) {
        do_word(at, len, boot);
    }
    (void)call(231, (long[6]){0});
}

__asm__(".globl _start\n_start:\n\tand $-16, %rsp\n\tcall probe_main\n\tud2\n");
