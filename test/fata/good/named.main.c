// Made by `fata configure` from named.lua: change that file, not this one.
// Target: linux.

#include "fa/hostblk.h"
#include "fa/hostnet.h"
#include "fa/memkv.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "named.fata.h"
#include "keys.h"

static const struct fa_boot_image image = {.name = "named", .version = "0",
    .keys = keys, .key_count = FA_COUNT_OF(keys)};

static struct fa_loop loop;
static struct named_devices devices;
static struct fa_blkdev *disk;
static struct fa_netdev *net;
[[gnu::aligned(64)]] static uint8_t
    net_large[64 * FA_HOSTNET_LARGE_BYTES];
static struct fa_memkv_entry memory_entries[256];
[[gnu::aligned(16)]] static uint8_t memory_memory[1048576];
static struct fa_memkv memory;
static struct fa_pool stack_pool;
[[gnu::aligned(64)]] static uint8_t stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t stack_buckets[4096];
static struct fa_pool stack_long_pool;
[[gnu::aligned(64)]] static uint8_t
    stack_long_memory[(8 + 1) * FA_REASS_LARGE_BUF_SIZE];
static struct fa_stack stack;
static struct fa_dns_query resolver_queries[16];
static struct fa_dns_entry resolver_cache[1000];
static struct fa_resolver_slot resolver_slots[16];
static struct fa_resolver resolver;
static struct fa_timesync timesync;

static void announce(void *ctx)
{
    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {
        struct fa_ip ip = fa_stack_address(&stack, 0);
        fa_boot_up(&image, &ip);
    }
}

static void run_main(void *ctx)
{
    int status = named_main(ctx);
    fa_loop_stop(&loop, status);
}

int fa_main(void)
{
    fa_boot(&image);
    const char *reason;
    fa_loop_init(&loop,
        &(struct fa_loop_config){.fibers = {.fiber_count_max = 64, .stack_bytes = 32768}});
    fa_pool_init(&stack_pool, stack_pool_memory, sizeof stack_pool_memory, FA_BUF_SIZE);
    const struct fa_hostblk_config disk_config = {.name = "storage", .where = key.disk,
            .read_only = true};
    if (fa_hostblk_open(&disk_config, &disk, &reason) != FA_OK) {
        fa_boot_fail(&image, "no disk by --disk=%s: %s", key.disk, reason);
    }
    const struct fa_hostnet_config net_config = {.name = "service", .where = key.net,
        .pool = &stack_pool, .offload = true, .large = net_large, .large_len = sizeof net_large};
    if (fa_hostnet_open(&net_config, &net, &reason) != FA_OK) {
        fa_boot_fail(&image, "no network by --net=%s: %s", key.net, reason);
    }
    fa_memkv_init(&memory,
        &(struct fa_memkv_config){.entries = memory_entries, .entry_count_max = 256,
            .memory = memory_memory, .memory_bytes = sizeof memory_memory});
    fa_pool_init(&stack_long_pool, stack_long_memory,
        sizeof stack_long_memory - FA_REASS_LARGE_BUF_SIZE, FA_REASS_LARGE_BUF_SIZE);
    struct fa_stack_config stack_config = {.pool = &stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = net, .dhcp = key.ipv4.dhcp, .ip = key.ipv4.ip,
            .prefix_bits = key.ipv4.prefix_bits, .more4 = key.ipv4.more,
            .gateway = key.ipv4_gateway, .more = key.ipv6, .gateway6 = key.ipv6_gateway,
            .routes = key.routes, .hostname = key.hostname, .probe = key.dhcp_probe,
            .ipv4_off = key.ipv6_only, .ipv6_off = key.ipv4_only,
            .ra_off = !key.accept_router_advertisements, .privacy = key.privacy,
            .redirects = key.redirects ? FA_REDIRECTS_IPV6 : FA_REDIRECTS_OFF,
            .redirects4 = key.ipv4_redirects, .mtu_bytes = (uint16_t)key.mtu},
        .dns = key.dns, .ntp = key.ntp, .domain = key.domain,
        .reass.large_pool = &stack_long_pool, .oversleep_ns = key.resume_after,
        .tcp = {.conn_memory = stack_conns, .conn_count_max = 4096,
            .bucket_memory = stack_buckets, .bucket_count = 4096,
            .rx_window_bytes = (uint32_t)key.window, .tx_buffer_bytes = (uint32_t)key.window,
            .memory_high_bytes = key.tcp_memory, .congestion = key.congestion,
            .half_open_max = (uint16_t)key.syn_backlog,
            .features_off = key.syn_cookies ? 0 : FA_TCP_COOKIES,
            .keepalive = key.keepalive != 0, .keepalive_after_ns = key.keepalive}};
    fa_boot_must(&image,
        fa_stack_secret(key.ipv6_secret, &memory.kv, stack_config.iid_secret), "keep the secret");
    if (fa_stack_config_check(&stack_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "%s", reason);
    }
    fa_stack_init(&stack, &stack_config, fa_clock_mono_ns());
    fa_stack_start(&stack, &loop);
    struct fa_resolver_config resolver_config = {.stack = &stack, .slots = resolver_slots,
        .dns = {.queries = resolver_queries, .query_count_max = 16,
            .entries = resolver_cache, .entry_count_max = 1000}};
    if (!fa_ip_is_zero(&key.dns_server)) {
        resolver_config.servers[0] = (struct fa_endpoint){key.dns_server, FA_DNS_PORT};
    }
    fa_resolver_init(&resolver, &resolver_config, fa_clock_mono_ns());
    fa_resolver_start(&resolver, &loop);
    fa_timesync_init(
        &timesync, &(struct fa_timesync_config){.resolver = &resolver, .server = key.ntp_server});
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, fa_timesync_run, &timesync, NULL),
        "start keeping the clock");
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &stack, NULL), "start");
    devices = (struct named_devices){.loop = &loop, .disk = disk, .names = &resolver,
        .time = &timesync};
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, run_main, &devices, NULL), "start");
    int status = fa_loop_run(&loop);
    fa_resolver_stop(&resolver);
    fa_stack_stop(&stack);
    fa_netdev_close(net);
    fa_blkdev_close(disk);
    fa_boot_summary(&image);
    return status;
}
