// SPDX-License-Identifier: ISC
//
// The clock and who moves it.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/log.h"
#include "host/packetdrill/world.h"

enum {
    SETTLE_COUNT_MAX = 100000, // polls without time passing: more is a loop without an end
};

#define START_NS  (1000 * FA_NS_S)
#define GLANCE_NS FA_NS_US         /* what a look at the clock costs */
#define EPOCH_US  1700000000000000 /* the time of day at 0 */

/* When the call that this thread last slept in was over. It reads the clock next, to learn how long
 * the call took; by then the driver may have moved on. */
static _Thread_local struct {
    const struct world *world;
    fa_ns at_ns;
} call_end;

/* ---- moving on ---- */

static bool is_driver(const struct world *world)
{
    return pthread_equal(pthread_self(), world->driver) != 0;
}

static bool is_due(const struct world *world, const struct sleeper *sleeper)
{
    return sleeper->seen != world->event_count || sleeper->deadline <= world->now;
}

static bool has_due_sleeper(const struct world *world)
{
    FA_LIST_EACH(node, &world->sleepers) {
        if (is_due(world, FA_CONTAINER(node, struct sleeper, node))) {
            return true;
        }
    }
    return false;
}

void world_settle(struct world *world)
{
    for (int i = 0; i < SETTLE_COUNT_MAX; i++) {
        bool did = fa_stack_poll(&world->stack, world->now);
        if (!did && !has_due_sleeper(world)) {
            return;
        }
        // A sleeper holds the lock from its wake-up to the end of its call or its next sleep.
        while (has_due_sleeper(world)) {
            pthread_cond_broadcast(&world->woken);
            pthread_cond_wait(&world->looked, &world->lock);
        }
    }
}

static fa_ns next_deadline(const struct world *world)
{
    fa_ns next = fa_stack_deadline(&world->stack);
    FA_LIST_EACH(node, &world->sleepers) {
        next = fa_ns_min(next, FA_CONTAINER(node, struct sleeper, node)->deadline);
    }
    return next;
}

/* Go to where something is due, but not beyond `limit`, and let it happen. */
static void advance(struct world *world, fa_ns limit)
{
    world_settle(world);
    fa_ns next = next_deadline(world);
    if (next <= world->now) {
        next = world->now + GLANCE_NS; // a stack that waits for its own device
    }
    world->now = fa_ns_min(next, limit);
    world_settle(world);
}

/* How a blocking call of the layer waits. */
static fa_err wait_event(void *ctx, struct fa_waitq *waitq, fa_ns deadline)
{
    struct world *world = ctx;
    (void)waitq;
    if (is_driver(world)) {
        fa_ns end = fa_ns_min(deadline, fa_ns_after(world->now, world->settings.cap_ns));
        uint64_t seen = world->event_count;
        while (world->event_count == seen && world->now < end) {
            if (next_deadline(world) == FA_NS_NEVER && deadline == FA_NS_NEVER) {
                break;
            }
            advance(world, end);
        }
        return world->event_count != seen ? FA_OK : world->now >= deadline ? FA_ETIMEOUT : FA_EIO;
    }
    struct sleeper sleeper = {.seen = world->event_count, .deadline = deadline};
    fa_list_push_back(&world->sleepers, &sleeper.node);
    pthread_cond_signal(&world->looked);
    while (!is_due(world, &sleeper)) {
        pthread_cond_wait(&world->woken, &world->lock);
    }
    fa_list_unlink(&sleeper.node);
    world->slept = true;
    return sleeper.seen == world->event_count ? FA_ETIMEOUT : FA_OK;
}

static void note_event(void *ctx)
{
    struct world *world = ctx;
    world->event_count++;
}

/* ---- calls ---- */

struct world *world_enter(void *userdata)
{
    struct world *world = userdata;
    pthread_mutex_lock(&world->lock);
    world->slept = false;
    world_settle(world);
    return world;
}

ssize_t world_leave(struct world *world, ptrdiff_t outcome)
{
    if (world->slept) {
        call_end.world = world;
        call_end.at_ns = world->now;
        world->slept = false;
    }
    if (is_driver(world)) {
        world_settle(world);
    } else {
        // The driver is in the middle of settling if this call was woken, and goes on with it.
        (void)fa_stack_poll(&world->stack, world->now);
        pthread_cond_signal(&world->looked);
    }
    pthread_mutex_unlock(&world->lock);
    if (outcome < 0) {
        errno = (int)-outcome;
        return -1;
    }
    return outcome;
}

static int call_usleep(void *userdata, useconds_t us)
{
    struct world *world = world_enter(userdata);
    fa_ns end = world->now + (fa_ns)us * FA_NS_US;
    while (world->now < end) {
        advance(world, end);
    }
    return (int)world_leave(world, 0);
}

static int call_gettimeofday(void *userdata, struct timeval *ret_time, struct timezone *zone)
{
    struct world *world = userdata;
    (void)zone;
    pthread_mutex_lock(&world->lock);
    world->now += GLANCE_NS;
    fa_ns at = world->now;
    if (call_end.world == world) {
        at = call_end.at_ns + GLANCE_NS;
        call_end.world = NULL;
    }
    pthread_mutex_unlock(&world->lock);
    uint64_t us = EPOCH_US + at / FA_NS_US;
    *ret_time = (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
    return 0;
}

static int call_netdev_send(void *userdata, const void *at, size_t len)
{
    struct world *world = world_enter(userdata);
    bool sent = wire_send(&world->wire, (struct fa_slice){at, len});
    return (int)world_leave(world, sent ? 0 : -ENOBUFS);
}

static int call_netdev_receive(void *userdata, void *at, size_t *len, long long *ret_time_us)
{
    struct world *world = world_enter(userdata);
    fa_ns end = fa_ns_after(world->now, world->settings.cap_ns);
    struct fa_buf *packet;
    while ((packet = wire_receive(&world->wire)) == NULL && world->now < end &&
           next_deadline(world) != FA_NS_NEVER) {
        advance(world, end);
    }
    fa_ns time = packet != NULL ? packet->at_ns : world->now;
    size_t copied = packet != NULL ? fa_min(packet->len, *len) : 0;
    if (copied != 0) {
        memcpy(at, fa_buf_at(packet), copied);
    }
    fa_buf_drop(packet);
    *len = copied;
    *ret_time_us = (long long)(EPOCH_US + time / FA_NS_US);
    return (int)world_leave(world, 0); // not an error even if nothing came: it would ask for ever
}

/* ---- life ---- */

static void call_free(void *userdata)
{
    struct world *world = userdata;
    pthread_mutex_lock(&world->lock);
    fa_posix_done(&world->posix);
    handle_done(world);
    fa_stack_stop(&world->stack);
    fa_netdev_close(&world->wire.dev);
    FA_ASSERT(world->pool.used_count == 0);
    pthread_mutex_unlock(&world->lock);
    pthread_cond_destroy(&world->woken);
    pthread_cond_destroy(&world->looked);
    pthread_mutex_destroy(&world->lock);
    free(world->pool_memory);
    free(world->conn_memory);
    free(world);
}

/* Memory for the pool and the connections, or the end: there is nobody to tell. */
static uint8_t *map_memory(size_t len)
{
    void *memory = NULL;
    if (posix_memalign(&memory, 64, len) != 0) {
        fprintf(stderr, "libfata_packetdrill.so: no memory\n");
        exit(2);
    }
    return memory;
}

static void open_stack(struct world *world)
{
    struct settings *settings = &world->settings;
    size_t buf_size =
        sizeof(struct fa_buf) + FA_BUF_HEADROOM + FA_ETH_HDR_LEN + (size_t)settings->mtu_bytes;
    buf_size = fa_max((buf_size + 63) / 64 * 64, FA_BUF_SIZE);
    world->pool_memory = map_memory(BUF_COUNT * buf_size);
    world->conn_memory = map_memory((size_t)CONN_COUNT * FA_TCP_CONN_BYTES);
    fa_pool_init(&world->pool, world->pool_memory, BUF_COUNT * buf_size, buf_size);
    wire_init(&world->wire, &world->pool, settings);
    struct fa_stack_config config = {
        .iface_count = 1,
        .ifaces[0] = {.dev = &world->wire.dev,
            .ip = settings->local,
            .prefix_bits = settings->prefix_bits,
            .gateway = settings->gateway,
            .more.at[0] = {settings->local6, settings->prefix6_bits},
            .gateway6 = settings->gateway6,
            .ra_off = true,
            .dad_off = true,
            .mld_off = true,
            .igmp_off = true},
        .pool = &world->pool,
        .counters = &world->counters,
        .seed = settings->seed,
        .tcp = settings->tcp,
    };
    config.tcp.conn_memory = world->conn_memory;
    config.tcp.conn_count_max = CONN_COUNT;
    config.tcp.bucket_memory = world->buckets;
    config.tcp.bucket_count = CONN_COUNT;
    fa_stack_init(&world->stack, &config, world->now);
    fa_posix_init(&world->posix, &(struct fa_posix_config){
                                     .stack = &world->stack,
                                     .files = world->files,
                                     .file_count_max = FILE_COUNT,
                                     .wait = wait_event,
                                     .event = note_event,
                                     .ctx = world,
                                 });
    world_settle(world);
}

void packetdrill_interface_init(const char *flags, struct packetdrill_interface *ifc)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        fprintf(stderr, "libfata_packetdrill.so: no memory\n");
        exit(2);
    }
    settings_read(flags, &world->settings);
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET;
    pthread_mutex_init(&world->lock, NULL);
    pthread_cond_init(&world->woken, NULL);
    pthread_cond_init(&world->looked, NULL);
    world->driver = pthread_self();
    world->now = START_NS;
    fa_list_init(&world->sleepers);
    handle_init(world);
    open_stack(world);
    *ifc = (struct packetdrill_interface){
        .userdata = world,
        .free = call_free,
        .usleep = call_usleep,
        .gettimeofday = call_gettimeofday,
        .netdev_send = call_netdev_send,
        .netdev_receive = call_netdev_receive,
    };
    handle_calls(ifc);
    socket_calls(ifc);
    option_calls(ifc);
    ready_calls(ifc);
}
