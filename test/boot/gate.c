// SPDX-License-Identifier: ISC
//
// What an application behind the gate must not get away with: one claim a start, named by the
// command line. A line "not stopped" says that it did; test/boot/virtio.t knows what it shall say.

#include "plat/gate/gate.h"
#include "fa/fmt.h"
#include "fa/plat.h"

enum {
    FLOOD_LINES = 2000,
    SLEEP_COUNT = 100,
    SLEEP_NS = 10 * FA_NS_MS,
};

extern uint8_t fa__image_rodata[]; /* ring 0's page tables lie before it */
extern uint8_t fa__image_end[];    /* the heap begins */

static volatile uint32_t word;

/* The last page of ring 0. */
static uintptr_t page_tables(void)
{
    uintptr_t end = (uintptr_t)fa__image_rodata;
    __asm__("" : "+r"(end));
    return end - 4096;
}

static void say(const char *text)
{
    fa_console_write(fa_slice_of(text));
}

static void null_pointer(void)
{
    volatile uint32_t *nowhere = (volatile uint32_t *)8;
    __asm__("" : "+r"(nowhere));
    *nowhere = 1;
}

static void write_text(void)
{
    volatile uint8_t *text = (volatile uint8_t *)(uintptr_t)fa_main;
    *text = 0xc3;
}

static void write_constants(void)
{
    volatile char *text = (volatile char *)(uintptr_t) "a constant";
    text[0] = 'A';
}

static void run_data(void)
{
    void (*function)(void) = (void (*)(void))(uintptr_t)&word;
    function();
}

static void run_heap(void)
{
    void (*function)(void) = (void (*)(void))(uintptr_t)fa__image_end;
    function();
}

[[gnu::noinline]] static uint32_t recurse(uint32_t depth)
{
    volatile uint32_t room[200] = {depth};
    return word == 0 ? recurse(depth + 1) + room[0] : 0;
}

static void exhaust_stack(void)
{
    word = recurse(0);
}

static void overflow_fiber(void)
{
    uint8_t *at;
    if (fa_plat_stack_map(16384, &at) == FA_OK) {
        at[0] = 1;
        say("a stack\n");
        at[-1] = 1;
    }
}

static void read_low_memory(void)
{
    word = *(volatile uint32_t *)0x80000;
}

static void read_page_tables(void)
{
    word = *(volatile uint32_t *)(void *)page_tables();
}

static void touch_end_of_heap(void)
{
    uint8_t *end = (uint8_t *)fa__gate_boot.memory_end;
    end[-1] = 1;
    say(end[-1] == 1 ? "all of the heap is there\n" : "the heap forgets\n");
    end[0] = 1;
}

static void print_page_tables(void)
{
    (void)fa__gate_call(FA__GATE_CONSOLE, page_tables() + 4096 - 8, 16, 0);
}

static void print_beyond_all(void)
{
    (void)fa__gate_call(FA__GATE_CONSOLE, UINTPTR_MAX - 4, 16, 0);
}

static void call_unknown(void)
{
    (void)fa__gate_call(1000, 0, 0, 0);
}

/* Memory, the local APIC, an I/O APIC, the firmware's megabyte, all there is. */
static void map_what_is_no_device(void)
{
    static const struct {
        uint64_t at, len;
    } places[] = {{0x100000, 4096}, {0xfee00000, 4096}, {0xfec00000, 4096}, {0xf0000, 4096},
        {0xfeb00000, UINT64_C(1) << 40}, {UINT64_MAX - 10, 4096}, {0xfeb00000, 0}};
    uintptr_t mapped = 0;
    for (size_t i = 0; i < FA_COUNT_OF(places); i++) {
        mapped |= fa__gate_call(FA__GATE_DEVICE_MAP, places[i].at, places[i].len, 0);
    }
    mapped |= fa__gate_call(FA__GATE_INTERRUPT, FA__GATE_LINE_MMIO, 5, (uintptr_t)&word);
    mapped |= fa__gate_call(FA__GATE_INTERRUPT, 17, 5, 0);
    say(mapped == 0 ? "refused\n" : "mapped\n");
}

/* Every page of registers that there may be, and one more. */
static void exhaust_device_pages(void)
{
    size_t count = 0;
    while (fa__gate_call(FA__GATE_DEVICE_MAP, 0xfd000000, 4096, 0) != 0) {
        count++;
    }
    say(count > 400 && count <= FA__GATE_DEVICE_PAGES ? "a limit\n" : "no limit\n");
}

static void call_system(void)
{
    __asm__ __volatile__("syscall" : : : "rcx", "r11", "memory");
}

static void interrupt_by_hand(void)
{
    __asm__ __volatile__("int $0x21");
}

static void use_port(void)
{
    __asm__ __volatile__("outb %%al, $0xf4" : : "a"(3));
}

static void read_page_table_root(void)
{
    uintptr_t at;
    __asm__ __volatile__("mov %%cr3, %0" : "=r"(at));
}

static void start_interrupts(void)
{
    __asm__ __volatile__("sti");
}

static void assert_wrong(void)
{
    FA_ASSERT(word == 1);
}

static void flood(void)
{
    for (int i = 0; i < FLOOD_LINES; i++) {
        char line[80];
        (void)fa_fmt(line, sizeof line, "line %d of a flood of lines that nobody reads\n", i);
        say(line);
    }
    fa_plat_exit(0);
}

static void tell_time(void)
{
    char line[80];
    fa_ns before = fa_clock_mono_ns();
    bool late = true;
    for (unsigned i = 0; i < SLEEP_COUNT; i++) {
        fa_ns until = fa_clock_mono_ns() + SLEEP_NS;
        while (fa_clock_mono_ns() < until) {
            fa_plat_wait(until);
        }
        late = late && fa_clock_mono_ns() >= until;
    }
    fa_ns passed = fa_clock_mono_ns() - before;
    bool right = late && passed >= (fa_ns)SLEEP_COUNT * SLEEP_NS && passed < 60 * FA_NS_S;
    (void)fa_fmt(line, sizeof line, "slept %llu ms\nwall %llu\n",
        (unsigned long long)(passed / FA_NS_MS),
        (unsigned long long)(fa_clock_wall_ns() / FA_NS_S));
    say(line);
    say(right ? "time passes\n" : "time is wrong\n");
    fa_plat_exit(0);
}

/* Registers of vectors outlive a call into ring 0. */
static void keep_vectors(void)
{
    uint64_t before[2] = {0x0123456789abcdef, 0xfedcba9876543210}, after[2] = {};
    __asm__ __volatile__("movdqu %1, %%xmm9\n\tint $0x80\n\tmovdqu %%xmm9, %0"
                         : "=m"(after)
                         : "m"(before), "a"((uintptr_t)FA__GATE_PCI_READ), "D"((uintptr_t)0)
                         : "xmm9", "memory", "cc");
    say(fa_equal(before, after, sizeof before) ? "kept\n" : "lost\n");
}

int fa_main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } claims[] = {
#define CLAIM(name) {#name, name}
        CLAIM(null_pointer),
        CLAIM(write_text),
        CLAIM(write_constants),
        CLAIM(run_data),
        CLAIM(run_heap),
        CLAIM(exhaust_stack),
        CLAIM(overflow_fiber),
        CLAIM(read_low_memory),
        CLAIM(read_page_tables),
        CLAIM(touch_end_of_heap),
        CLAIM(print_page_tables),
        CLAIM(print_beyond_all),
        CLAIM(call_unknown),
        CLAIM(map_what_is_no_device),
        CLAIM(exhaust_device_pages),
        CLAIM(call_system),
        CLAIM(interrupt_by_hand),
        CLAIM(use_port),
        CLAIM(read_page_table_root),
        CLAIM(start_interrupts),
        CLAIM(assert_wrong),
        CLAIM(flood),
        CLAIM(tell_time),
        CLAIM(keep_vectors),
    };
    struct fa_slice word_given = fa_slice_of(fa__gate_boot.cmdline);
    for (size_t i = 0; i < word_given.len; i++) {
        word_given.len = word_given.at[i] == ' ' ? i : word_given.len;
    }
    for (size_t i = 0; i < FA_COUNT_OF(claims); i++) {
        if (fa_slice_equal(fa_slice_of(claims[i].name), word_given)) {
            claims[i].run();
            say("not stopped\n");
            return 1;
        }
    }
    say("no such claim\n");
    return 2;
}
