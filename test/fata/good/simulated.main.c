// Made by `fata configure` from simulated.lua: change that file, not this one.
// Target: sim.

#include "fa/hostnet.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/vnet.h"
#include "simulated.fata.h"
#include "keys.h"

static const struct fa_boot_image image = {.name = "simulated", .version = "0",
    .keys = keys, .key_count = FA_COUNT_OF(keys)};

static struct fa_loop loop;
static struct simulated_devices devices;
static struct fa_vnet wire;
static struct fa_vnet_mac wire_macs[64];
static struct fa_vnet_port port;
static struct fa_pool a_stack_pool;
[[gnu::aligned(64)]] static uint8_t a_stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t a_stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t a_stack_buckets[4096];
static struct fa_pool a_stack_long_pool;
[[gnu::aligned(64)]] static uint8_t
    a_stack_long_memory[(8 + 1) * FA_REASS_LARGE_BUF_SIZE];
static struct fa_stack a_stack;
static struct fa_vnet_port port_2;
static struct fa_pool b_stack_pool;
[[gnu::aligned(64)]] static uint8_t b_stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t b_stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t b_stack_buckets[4096];
static struct fa_pool b_stack_long_pool;
[[gnu::aligned(64)]] static uint8_t
    b_stack_long_memory[(8 + 1) * FA_REASS_LARGE_BUF_SIZE];
static struct fa_stack b_stack;
static struct fa_pool port_3_pool;
[[gnu::aligned(64)]] static uint8_t port_3_pool_memory[1048576];
static struct fa_vnet_port port_3;
static struct fa_netdev *net;
[[gnu::aligned(64)]] static uint8_t
    net_large[64 * FA_HOSTNET_LARGE_BYTES];
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
        struct fa_ip ip = fa_stack_address(&a_stack, 0);
        fa_boot_up(&image, &ip);
    }
}

static void run_main(void *ctx)
{
    int status = simulated_main(ctx);
    fa_loop_stop(&loop, status);
}

int fa_main(void)
{
    fa_boot(&image);
    const char *reason;
    fa_loop_init(&loop,
        &(struct fa_loop_config){.fibers = {.fiber_count_max = 64, .stack_bytes = 32768}});
    fa_pool_init(&a_stack_pool, a_stack_pool_memory, sizeof a_stack_pool_memory, FA_BUF_SIZE);
    fa_pool_init(&b_stack_pool, b_stack_pool_memory, sizeof b_stack_pool_memory, FA_BUF_SIZE);
    fa_pool_init(&port_3_pool, port_3_pool_memory, sizeof port_3_pool_memory, FA_BUF_SIZE);
    fa_pool_init(&stack_pool, stack_pool_memory, sizeof stack_pool_memory, FA_BUF_SIZE);
    fa_vnet_init(&wire, &(struct fa_vnet_config){.macs = wire_macs, .mac_count = 64});
    fa_vnet_port_open(&wire, &port,
        &(struct fa_vnet_port_config){.name = "port", .pool = &a_stack_pool, .rx_count_max = 512});
    fa_pool_init(&a_stack_long_pool, a_stack_long_memory,
        sizeof a_stack_long_memory - FA_REASS_LARGE_BUF_SIZE, FA_REASS_LARGE_BUF_SIZE);
    struct fa_stack_config a_stack_config = {.pool = &a_stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = &port.dev, .dhcp = key.a_ipv4.dhcp, .ip = key.a_ipv4.ip,
            .prefix_bits = key.a_ipv4.prefix_bits, .more4 = key.a_ipv4.more,
            .gateway = key.a_ipv4_gateway, .more = key.a_ipv6, .gateway6 = key.a_ipv6_gateway,
            .routes = key.a_routes, .hostname = key.a_hostname, .probe = key.a_dhcp_probe,
            .ipv4_off = key.a_ipv6_only, .ipv6_off = key.a_ipv4_only,
            .ra_off = !key.a_accept_router_advertisements, .privacy = key.a_privacy,
            .redirects = key.a_redirects ? FA_REDIRECTS_IPV6 : FA_REDIRECTS_OFF,
            .redirects4 = key.a_ipv4_redirects, .mtu_bytes = (uint16_t)key.a_mtu},
        .dns = key.a_dns, .ntp = key.a_ntp, .domain = key.a_domain,
        .reass.large_pool = &a_stack_long_pool, .oversleep_ns = key.a_resume_after,
        .tcp = {.conn_memory = a_stack_conns, .conn_count_max = 4096,
            .bucket_memory = a_stack_buckets, .bucket_count = 4096,
            .rx_window_bytes = (uint32_t)key.a_window, .tx_buffer_bytes = (uint32_t)key.a_window,
            .memory_high_bytes = key.a_tcp_memory, .congestion = key.a_congestion,
            .half_open_max = (uint16_t)key.a_syn_backlog,
            .features_off = key.a_syn_cookies ? 0 : FA_TCP_COOKIES,
            .keepalive = key.a_keepalive != 0, .keepalive_after_ns = key.a_keepalive}};
    fa_boot_must(&image,
        fa_stack_secret(key.a_ipv6_secret, NULL, a_stack_config.iid_secret), "keep the secret");
    if (fa_stack_config_check(&a_stack_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "%s", reason);
    }
    fa_stack_init(&a_stack, &a_stack_config, fa_clock_mono_ns());
    fa_stack_start(&a_stack, &loop);
    fa_vnet_port_open(&wire, &port_2,
        &(struct fa_vnet_port_config){.name = "port_2", .pool = &b_stack_pool,
                .rx_count_max = 512});
    fa_pool_init(&b_stack_long_pool, b_stack_long_memory,
        sizeof b_stack_long_memory - FA_REASS_LARGE_BUF_SIZE, FA_REASS_LARGE_BUF_SIZE);
    struct fa_stack_config b_stack_config = {.pool = &b_stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = &port_2.dev, .dhcp = key.b_ipv4.dhcp, .ip = key.b_ipv4.ip,
            .prefix_bits = key.b_ipv4.prefix_bits, .more4 = key.b_ipv4.more,
            .gateway = key.b_ipv4_gateway, .more = key.b_ipv6, .gateway6 = key.b_ipv6_gateway,
            .routes = key.b_routes, .hostname = key.b_hostname, .probe = key.b_dhcp_probe,
            .ipv4_off = key.b_ipv6_only, .ipv6_off = key.b_ipv4_only,
            .ra_off = !key.b_accept_router_advertisements, .privacy = key.b_privacy,
            .redirects = key.b_redirects ? FA_REDIRECTS_IPV6 : FA_REDIRECTS_OFF,
            .redirects4 = key.b_ipv4_redirects, .mtu_bytes = (uint16_t)key.b_mtu},
        .dns = key.b_dns, .ntp = key.b_ntp, .domain = key.b_domain,
        .reass.large_pool = &b_stack_long_pool, .oversleep_ns = key.b_resume_after,
        .tcp = {.conn_memory = b_stack_conns, .conn_count_max = 4096,
            .bucket_memory = b_stack_buckets, .bucket_count = 4096,
            .rx_window_bytes = (uint32_t)key.b_window, .tx_buffer_bytes = (uint32_t)key.b_window,
            .memory_high_bytes = key.b_tcp_memory, .congestion = key.b_congestion,
            .half_open_max = (uint16_t)key.b_syn_backlog,
            .features_off = key.b_syn_cookies ? 0 : FA_TCP_COOKIES,
            .keepalive = key.b_keepalive != 0, .keepalive_after_ns = key.b_keepalive}};
    fa_boot_must(&image,
        fa_stack_secret(key.b_ipv6_secret, NULL, b_stack_config.iid_secret), "keep the secret");
    if (fa_stack_config_check(&b_stack_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "%s", reason);
    }
    fa_stack_init(&b_stack, &b_stack_config, fa_clock_mono_ns());
    fa_stack_start(&b_stack, &loop);
    fa_vnet_port_open(&wire, &port_3,
        &(struct fa_vnet_port_config){.name = "port_3", .pool = &port_3_pool, .rx_count_max = 512});
    const struct fa_hostnet_config net_config = {.name = "service", .where = key.net,
        .pool = &stack_pool, .offload = true, .large = net_large, .large_len = sizeof net_large};
    if (fa_hostnet_open(&net_config, &net, &reason) != FA_OK) {
        fa_boot_fail(&image, "no network by --net=%s: %s", key.net, reason);
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
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &a_stack, NULL), "start");
    devices = (struct simulated_devices){.loop = &loop, .a = &a_stack, .b = &b_stack,
        .card = &port_3.dev, .outside = &stack};
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, run_main, &devices, NULL), "start");
    int status = fa_loop_run(&loop);
    fa_stack_stop(&stack);
    fa_netdev_close(net);
    fa_netdev_close(&port_3.dev);
    fa_stack_stop(&b_stack);
    fa_netdev_close(&port_2.dev);
    fa_stack_stop(&a_stack);
    fa_netdev_close(&port.dev);
    fa_boot_summary(&image);
    return status;
}
