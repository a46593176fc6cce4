// Made by `fata configure` from program.lua: change that file, not this one.
// Target: linux.

#include "fa/hostnet.h"
#include "fa/http_kv.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "program.fata.h"
#include "keys.h"

static const struct fa_boot_image image = {.name = "program", .version = "1.2.3",
        .doc = "one C file",
    .keys = keys, .key_count = FA_COUNT_OF(keys)};

static struct fa_loop loop;
static struct program_devices devices;
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
static struct fa_tcp_listener http_port;
static struct fa_http_conn http_conns[1024];
static struct fa_http_exchange http_exchanges[32];
static uint8_t http_heads[32 * 8192];
static struct fa_http_server http;
static const struct fa_http_route http_routes[] = {
    {.path = "/users/me", .fn = program_greet, .ctx = &devices},
    {.path = "/users/:id", .fn = program_greet, .ctx = &devices},
    {.path = "/form", .methods = FA_HTTP_ALLOW(POST), .fn = program_form, .ctx = &devices},
    {.path = "/", .fn = program_greet, .ctx = &devices},
};

static void announce(void *ctx)
{
    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {
        struct fa_ip ip = fa_stack_address(&stack, 0);
        fa_boot_up(&image, &ip);
    }
}

int fa_main(void)
{
    fa_boot(&image);
    const char *reason;
    fa_loop_init(&loop,
        &(struct fa_loop_config){.fibers = {.fiber_count_max = 64, .stack_bytes = 32768}});
    fa_pool_init(&stack_pool, stack_pool_memory, sizeof stack_pool_memory, FA_BUF_SIZE);
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
    const struct fa_http_server_config http_config = {.loop = &loop,
        .routes = http_routes, .route_count = FA_COUNT_OF(http_routes),
        .conns = http_conns, .conn_count = 1024, .exchanges = http_exchanges, .exchange_count = 32,
        .head_memory = http_heads, .head_memory_len = sizeof http_heads};
    fa_http_server_init(&http, &http_config, fa_clock_mono_ns());
    fa_boot_must(&image,
        fa_tcp_listen(&stack.tcp, &http_port, &(struct fa_tcp_listen_config){.port = key.port}),
        "listen on the port of --port");
    fa_boot_must(&image, fa_http_server_serve(&http, &http_port.listener), "serve HTTP");
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &stack, NULL), "start");
    devices = (struct program_devices){.loop = &loop, .greeting = key.greeting};
    int status = fa_loop_run(&loop);
    fa_http_server_stop(&http);
    fa_stack_stop(&stack);
    fa_netdev_close(net);
    fa_boot_summary(&image);
    return status;
}
