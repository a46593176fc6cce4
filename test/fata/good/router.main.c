// Made by `fata configure` from router.lua: change that file, not this one.
// Target: linux.

#include "fa/capture.h"
#include "fa/capture_file.h"
#include "fa/dirkv.h"
#include "fa/fault.h"
#include "fa/fileblk.h"
#include "fa/http_kv.h"
#include "fa/memblk.h"
#include "fa/memkv.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/stream.h"
#include "fa/tap.h"
#include "fa/tracedev.h"
#include "two-nets.fata.h"
#include "keys.h"

static const struct fa_boot_image image = {.name = "two-nets", .version = "0",
    .keys = keys, .key_count = FA_COUNT_OF(keys)};

static struct fa_loop loop;
static struct two_nets_devices devices;
static struct fa_stream stream;
static uint8_t stream_area[65536];
static struct fa_fault fault;
static struct fa_pool management_stack_pool;
[[gnu::aligned(64)]] static uint8_t management_stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t management_stack_conns[100 * FA_TCP_CONN_BYTES];
static uint32_t management_stack_buckets[128];
static struct fa_pool management_stack_long_pool;
[[gnu::aligned(64)]] static uint8_t
    management_stack_long_memory[(8 + 1) * FA_REASS_LARGE_BUF_SIZE];
static struct fa_stack management_stack;
static struct fa_tcp_listener management_http_port;
static struct fa_http_conn management_http_conns[1024];
static struct fa_http_exchange management_http_exchanges[32];
static uint8_t management_http_heads[32 * 8192];
static struct fa_http_server management_http;
static const struct fa_http_route management_http_routes[] = {{.path = "/", .fn = two_nets_page,
        .ctx = &devices}};
static struct fa_tcp_listener listener;
static struct fa_fileblk disk;
static struct fa_dirkv files;
static struct fa_memkv_entry memory_entries[32];
[[gnu::aligned(16)]] static uint8_t memory_memory[65536];
static struct fa_memkv memory;
static struct fa_tap tap;
static struct fa_tracedev trace;
static struct fa_capture_file capture_file;
static struct fa_capture capture_section;
static struct fa_capture_dev capture;
static struct fa_pool stack_pool;
[[gnu::aligned(64)]] static uint8_t stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t stack_buckets[4096];
static struct fa_pool stack_long_pool;
[[gnu::aligned(64)]] static uint8_t
    stack_long_memory[(8 + 1) * FA_REASS_LARGE_BUF_SIZE];
static struct fa_stack stack;
[[gnu::aligned(64)]] static uint8_t disk_2_memory[1048576 / 512 * 512];
static struct fa_memblk disk_2;

static void announce(void *ctx)
{
    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {
        struct fa_ip ip = fa_stack_address(&management_stack, 0);
        fa_boot_up(&image, &ip);
    }
}

static void run_main(void *ctx)
{
    int status = two_nets_main(ctx);
    if (status != 0) {
        fa_loop_stop(&loop, status);
    }
}

int fa_main(void)
{
    fa_boot(&image);
    const char *reason;
    fa_loop_init(&loop,
        &(struct fa_loop_config){.fibers = {.fiber_count_max = 8, .stack_bytes = 65536}});
    fa_pool_init(&management_stack_pool, management_stack_pool_memory,
            sizeof management_stack_pool_memory, FA_BUF_SIZE);
    fa_pool_init(&stack_pool, stack_pool_memory, sizeof stack_pool_memory, FA_BUF_SIZE);
    const struct fa_stream_config stream_config = {.address = key.stream, .name = "stream",
        .pool = &management_stack_pool, .area = stream_area, .area_len = sizeof stream_area};
    if (fa_stream_open(&stream, &stream_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "no network by --stream=%s: %s", key.stream, reason);
    }
    const struct fa_fault_config fault_faults = {.loss_per_million = 1000,
            .duplicate_per_million = 0,
        .corrupt_per_million = 0, .reorder_per_million = 0,
        .reorder_ns = FA_NS_MS, .delay_ns = 2000000, .jitter_ns = 0};
    fa_fault_wrap(&fault, &stream.dev, &(struct fa_fault_wrap_config){.seed = 7, .rx = fault_faults,
            .tx = fault_faults});
    fa_pool_init(&management_stack_long_pool, management_stack_long_memory,
        sizeof management_stack_long_memory - FA_REASS_LARGE_BUF_SIZE, FA_REASS_LARGE_BUF_SIZE);
    struct fa_stack_config management_stack_config = {.pool = &management_stack_pool,
            .iface_count = 1,
        .ifaces[0] = {.dev = &fault.dev, .dhcp = key.management_ipv4.dhcp,
                .ip = key.management_ipv4.ip,
            .prefix_bits = key.management_ipv4.prefix_bits, .more4 = key.management_ipv4.more,
            .gateway = key.management_ipv4_gateway, .more = key.management_ipv6,
                    .gateway6 = key.management_ipv6_gateway,
            .routes = key.management_routes, .hostname = key.management_hostname,
                    .probe = key.management_dhcp_probe,
            .ipv4_off = key.management_ipv6_only, .ipv6_off = key.management_ipv4_only,
            .ra_off = !key.management_accept_router_advertisements,
                    .privacy = key.management_privacy,
            .redirects = key.management_redirects ? FA_REDIRECTS_IPV6 : FA_REDIRECTS_OFF,
            .redirects4 = key.management_ipv4_redirects, .mtu_bytes = (uint16_t)key.management_mtu},
        .dns = key.management_dns, .ntp = key.management_ntp, .domain = key.management_domain,
        .reass.large_pool = &management_stack_long_pool,
                .oversleep_ns = key.management_resume_after,
        .tcp = {.conn_memory = management_stack_conns, .conn_count_max = 100,
            .bucket_memory = management_stack_buckets, .bucket_count = 128,
            .rx_window_bytes = (uint32_t)key.management_window,
                    .tx_buffer_bytes = (uint32_t)key.management_window,
            .memory_high_bytes = key.management_tcp_memory, .congestion = key.management_congestion,
            .half_open_max = (uint16_t)key.management_syn_backlog,
            .features_off = key.management_syn_cookies ? 0 : FA_TCP_COOKIES,
            .keepalive = key.management_keepalive != 0,
                    .keepalive_after_ns = key.management_keepalive}};
    fa_boot_must(&image,
        fa_stack_secret(key.management_ipv6_secret, NULL, management_stack_config.iid_secret),
                "keep the secret");
    if (fa_stack_config_check(&management_stack_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "%s", reason);
    }
    fa_stack_init(&management_stack, &management_stack_config, fa_clock_mono_ns());
    fa_stack_start(&management_stack, &loop);
    const struct fa_http_server_config management_http_config = {.loop = &loop,
        .routes = management_http_routes, .route_count = FA_COUNT_OF(management_http_routes),
        .conns = management_http_conns, .conn_count = 1024, .exchanges = management_http_exchanges,
                .exchange_count = 32,
        .head_memory = management_http_heads, .head_memory_len = sizeof management_http_heads};
    fa_http_server_init(&management_http, &management_http_config, fa_clock_mono_ns());
    fa_boot_must(&image,
        fa_tcp_listen(&management_stack.tcp, &management_http_port,
                &(struct fa_tcp_listen_config){.port = key.management_port}),
        "listen on the port of --management-port");
    fa_boot_must(&image, fa_http_server_serve(&management_http, &management_http_port.listener),
            "serve HTTP");
    fa_boot_must(&image,
        fa_tcp_listen(&management_stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = key.port}),
        "listen on the port of --port");
    const struct fa_fileblk_config disk_config = {.path = key.disk, .read_only = false};
    if (fa_fileblk_open(&disk, &disk_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "cannot use %s: %s", key.disk, reason);
    }
    if (fa_dirkv_open(&files, key.dir, false, &reason) != FA_OK) {
        fa_boot_fail(&image, "cannot use %s: %s", key.dir, reason);
    }
    fa_memkv_init(&memory,
        &(struct fa_memkv_config){.entries = memory_entries, .entry_count_max = 32,
            .memory = memory_memory, .memory_bytes = sizeof memory_memory});
    const struct fa_tap_config tap_config = {.name = key.tap, .pool = &stack_pool};
    if (fa_tap_open(&tap, &tap_config, &reason) != FA_OK) {
        fa_boot_fail(&image, "no network by --tap=%s: %s", key.tap, reason);
    }
    fa_tracedev_wrap(&trace, &tap.dev, 1);
    if (fa_capture_file_open(&capture_file, key.capture, &reason) != FA_OK) {
        fa_boot_fail(&image, "cannot write %s: %s", key.capture, reason);
    }
    fa_capture_init(
        &capture_section, &(struct fa_capture_config){.sink = fa_capture_file_sink(&capture_file)});
    fa_capture_wrap(&capture, &capture_section, &trace.dev);
    fa_pool_init(&stack_long_pool, stack_long_memory,
        sizeof stack_long_memory - FA_REASS_LARGE_BUF_SIZE, FA_REASS_LARGE_BUF_SIZE);
    struct fa_stack_config stack_config = {.pool = &stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = &capture.dev, .dhcp = key.ipv4.dhcp, .ip = key.ipv4.ip,
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
    fa_memblk_init(&disk_2,
        &(struct fa_memblk_config){.block_bytes = 512, .block_count = sizeof disk_2_memory / 512,
            .req_count_max = 32, .req_blocks_max = 2048, .memory = disk_2_memory});
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &management_stack, NULL), "start");
    devices = (struct two_nets_devices){.loop = &loop, .control = &listener.listener,
        .disk = &disk.dev, .files = &files.kv, .notes = &memory.kv, .outer = &stack,
        .pause = key.pause, .peer = key.peer, .quiet = key.quiet, .rounds = key.rounds,
        .scratch = &disk_2.dev};
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, run_main, &devices, NULL), "start");
    int status = fa_loop_run(&loop);
    fa_blkdev_close(&disk_2.dev);
    fa_stack_stop(&stack);
    fa_netdev_close(&capture.dev);
    fa_boot_must(&image, fa_capture_file_close(&capture_file), "finish the capture");
    fa_dirkv_close(&files);
    fa_blkdev_close(&disk.dev);
    fa_http_server_stop(&management_http);
    fa_stack_stop(&management_stack);
    fa_netdev_close(&fault.dev);
    fa_boot_summary(&image);
    return status;
}
