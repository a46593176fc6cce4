// SPDX-License-Identifier: ISC
//
// deadline_bench: the timing wheel against a binary heap, at 100, 10,000 and 1,000,000 timers.
//
// The work is that of TCP's timers: mostly moved before they are due (each acknowledgement), now
// and then cleared and set anew, some popped; the queue is asked for what is due once in 16
// operations. Both do exactly the same, in turn. Rows in the form that tools/bench reads.

#include "fa/deadline.h"
#include "fa/fmt.h"
#include "fa/plat.h"

enum {
    TIMER_COUNT_MAX = 1000 * 1000,
    OPERATION_COUNT = 1000 * 1000,
    ROUNDS = 3, /* of each in turn; the quicker one counts */
};

/* ---- the peer: a binary heap that knows where each timer is ---- */

struct heap_timer {
    size_t place; /* in the heap, from 1; 0: not set */
};

struct heap_cell {
    fa_ns at_ns;
    struct heap_timer *timer;
};

static struct heap_cell heap[TIMER_COUNT_MAX + 1];
static size_t heap_count;

static void put_cell(size_t place, struct heap_cell cell)
{
    heap[place] = cell;
    cell.timer->place = place;
}

static void sift_up(size_t place, struct heap_cell cell)
{
    for (; place > 1 && heap[place / 2].at_ns > cell.at_ns; place /= 2) {
        put_cell(place, heap[place / 2]);
    }
    put_cell(place, cell);
}

static void sift_down(size_t place, struct heap_cell cell)
{
    for (size_t child; (child = place * 2) <= heap_count; place = child) {
        child += child < heap_count && heap[child + 1].at_ns < heap[child].at_ns ? 1 : 0;
        if (heap[child].at_ns >= cell.at_ns) {
            break;
        }
        put_cell(place, heap[child]);
    }
    put_cell(place, cell);
}

static void heap_set(struct heap_timer *timer, fa_ns at)
{
    struct heap_cell cell = {at, timer};
    if (timer->place == 0) {
        sift_up(++heap_count, cell);
    } else if (at < heap[timer->place].at_ns) {
        sift_up(timer->place, cell);
    } else {
        sift_down(timer->place, cell);
    }
}

static void heap_clear(struct heap_timer *timer)
{
    size_t place = timer->place;
    if (place == 0) {
        return;
    }
    timer->place = 0;
    struct heap_cell last = heap[heap_count--];
    if (last.timer == timer) {
        return;
    }
    if (place > 1 && heap[place / 2].at_ns > last.at_ns) {
        sift_up(place, last);
    } else {
        sift_down(place, last);
    }
}

static struct heap_timer *heap_pop(fa_ns now)
{
    if (heap_count == 0 || heap[1].at_ns > now) {
        return NULL;
    }
    struct heap_timer *timer = heap[1].timer;
    heap_clear(timer);
    return timer;
}

/* ---- the work ---- */

static struct fa_deadline wheel_timers[TIMER_COUNT_MAX];
static struct heap_timer heap_timers[TIMER_COUNT_MAX];
static struct fa_deadline_queue wheel;
static uint64_t random_state;

/* Xorshift (Marsaglia 2003): quick enough not to be what is measured. */
static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* 1 to 269 ms. */
static fa_ns draw_delay(void)
{
    return FA_NS_MS + (draw() & 0xfffffff);
}

static size_t draw_timer(size_t timer_count)
{
    return (size_t)((draw() >> 32) * timer_count >> 32);
}

static uint64_t run_wheel(size_t timer_count)
{
    uint64_t popped_count = 0;
    fa_ns now = 0;
    for (uint64_t step = 0; step < OPERATION_COUNT; step++) {
        now += 64 * FA_NS_MS / timer_count;
        struct fa_deadline *timer = &wheel_timers[draw_timer(timer_count)];
        if (step % 8 == 7) {
            fa_deadline_clear(&wheel, timer);
        }
        fa_deadline_set(&wheel, timer, now + draw_delay());
        if (step % 16 == 15) {
            struct fa_deadline *due;
            while ((due = fa_deadline_pop(&wheel, now)) != NULL) {
                fa_deadline_set(&wheel, due, now + draw_delay());
                popped_count++;
            }
        }
    }
    return popped_count;
}

static uint64_t run_heap(size_t timer_count)
{
    uint64_t popped_count = 0;
    fa_ns now = 0;
    for (uint64_t step = 0; step < OPERATION_COUNT; step++) {
        now += 64 * FA_NS_MS / timer_count;
        struct heap_timer *timer = &heap_timers[draw_timer(timer_count)];
        if (step % 8 == 7) {
            heap_clear(timer);
        }
        heap_set(timer, now + draw_delay());
        if (step % 16 == 15) {
            struct heap_timer *due;
            while ((due = heap_pop(now)) != NULL) {
                heap_set(due, now + draw_delay());
                popped_count++;
            }
        }
    }
    return popped_count;
}

/* All timers set, none due, the same random numbers ahead. */
static void begin_work(size_t timer_count)
{
    random_state = 88172645463325252;
    fa_deadline_queue_init(&wheel, 0);
    heap_count = 0;
    for (size_t idx = 0; idx < timer_count; idx++) {
        fa_ns at = draw_delay();
        wheel_timers[idx] = (struct fa_deadline){0};
        heap_timers[idx] = (struct heap_timer){0};
        fa_deadline_set(&wheel, &wheel_timers[idx], at);
        heap_set(&heap_timers[idx], at);
    }
    random_state = 88172645463325252;
}

static uint64_t measure(uint64_t (*run)(size_t), size_t timer_count, fa_ns *ns)
{
    begin_work(timer_count);
    fa_ns start = fa_clock_mono_ns();
    uint64_t popped_count = run(timer_count);
    *ns = fa_ns_min(*ns, fa_clock_mono_ns() - start);
    return popped_count;
}

static void print_row(const char *name, size_t timer_count)
{
    fa_ns wheel_ns = FA_NS_NEVER;
    fa_ns heap_ns = FA_NS_NEVER;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t by_wheel = measure(run_wheel, timer_count, &wheel_ns);
        uint64_t by_heap = measure(run_heap, timer_count, &heap_ns);
        // The heap knows nanoseconds and the wheel ticks, so some fire on either side of a pop.
        uint64_t apart = by_wheel > by_heap ? by_wheel - by_heap : by_heap - by_wheel;
        FA_ASSERT(apart <= by_heap / 20 + 10);
    }
    char line[256];
    size_t len = fa_fmt(line, sizeof line,
        "{\"area\":\"core\",\"name\":\"deadline set, move, pop: %s timers\",\"unit\":\"ns\","
        "\"ours\":%llu.%02llu,\"peer_name\":\"binary heap\",\"peer\":%llu.%02llu,\"bar\":null,"
        "\"better\":\"lower\"}\n",
        name, (unsigned long long)(wheel_ns / OPERATION_COUNT),
        (unsigned long long)(wheel_ns % OPERATION_COUNT * 100 / OPERATION_COUNT),
        (unsigned long long)(heap_ns / OPERATION_COUNT),
        (unsigned long long)(heap_ns % OPERATION_COUNT * 100 / OPERATION_COUNT));
    fa_console_write((struct fa_slice){(const uint8_t *)line, len});
}

int fa_main(void)
{
    print_row("100", 100);
    print_row("10k", 10 * 1000);
    print_row("1M", TIMER_COUNT_MAX);
    return 0;
}
