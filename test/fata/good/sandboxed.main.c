// Made by `fata configure` from sandboxed.lua: change that file, not this one.
// Target: spt.

#include "fa/hostblk.h"
#include "fa/hostnet.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "sandboxed.fata.h"
#include "keys.h"

static const struct fa_boot_image image = {.name = "sandboxed", .version = "0",
    .keys = keys, .key_count = FA_COUNT_OF(keys)};

static struct fa_loop loop;
static struct sandboxed_devices devices;
static struct fa_blkdev *disk;
static struct fa_netdev *net;
static struct fa_pool stack_pool;
[[gnu::aligned(64)]] static uint8_t stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t stack_buckets[4096];
static struct fa_pool stack_long_pool;
[[gnu::aligned(64)]] static uint8_t
    stack_long_memory[(8 + 1) * FA_REASS_LARGE_BUF_SIZE];
static struct fa_stack stack;

static void announce(void *ctx)
{
    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {
        struct fa_ip ip = fa_stack_address(&stack, 0);
        fa_boot_up(&image, &ip);
    }
}

static void run_main(void *ctx)
{
    int status = sandboxed_main(ctx);
    fa_loop_stop(&loop, status);
}

int fa_main(void)
{
    fa_boot(&image);
    const char *reason;
    fa_loop_init(&loop,
        &(struct fa_loop_config){.fibers = {.fiber_count_max = 64, .stack_bytes = 32768}});
    fa_pool_init(&stack_pool, stack_pool_memory, sizeof stack_pool_memory, FA_BUF_SIZE);
    const struct fa_hostblk_config disk_config = {.name = "books", .read_only = true};
    if (fa_hostblk_open(&disk_config, &disk, &reason) != FA_OK) {
        fa_boot_fail(&image, "no disk books: %s", reason);
    }
    const struct fa_hostnet_config net_config = {.name = "service", .pool = &stack_pool};
    if (fa_hostnet_open(&net_config, &net, &reason) != FA_OK) {
        fa_boot_fail(&image, "no network service: %s", reason);
    }
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
        fa_stack_secret(key.ipv6_secret, NULL, stack_config.iid_secret), "keep the secret");
    if (fa_stack_config_check(&stack_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "%s", reason);
    }
    fa_stack_init(&stack, &stack_config, fa_clock_mono_ns());
    fa_stack_start(&stack, &loop);
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &stack, NULL), "start");
    devices = (struct sandboxed_devices){.loop = &loop, .disk = disk, .net = &stack};
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, run_main, &devices, NULL), "start");
    int status = fa_loop_run(&loop);
    fa_stack_stop(&stack);
    fa_netdev_close(net);
    fa_blkdev_close(disk);
    fa_boot_summary(&image);
    return status;
}
