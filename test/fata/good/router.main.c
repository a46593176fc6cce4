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

/* What can be said when the image starts. */
static struct {
    const char *stream;
    struct fa_boot_address management_ipv4;
    struct fa_ip management_gateway;
    const char *management_hostname;
    uint16_t management_port;
    uint16_t port;
    const char *disk;
    const char *dir;
    const char *tap;
    const char *capture;
    struct fa_boot_address ipv4;
    struct fa_ip gateway;
    const char *hostname;
    fa_ns pause;
    struct fa_ip peer;
    bool quiet;
    uint64_t rounds;
} key;

static const struct fa_boot_key keys[] = {
    {"stream", &fa_boot_text, &key.stream, .required = true, .env = "FATA_STREAM",
        .section = "network", .doc = "the wire's other end: connect:PATH, listen:PATH or fd:N"},
    {"management-ipv4", &fa_boot_address, &key.management_ipv4, .fallback = "10.0.0.1/24",
        .env = "FATA_MANAGEMENT_IPV4", .section = "network", .doc = "IPv4 address"},
    {"management-gateway", &fa_boot_ip, &key.management_gateway, .env = "FATA_MANAGEMENT_GATEWAY",
        .section = "network", .doc = "router to other networks"},
    {"management-hostname", &fa_boot_text, &key.management_hostname,
        .env = "FATA_MANAGEMENT_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"management-port", &fa_boot_port, &key.management_port, .fallback = "80",
        .env = "FATA_MANAGEMENT_PORT", .section = "HTTP", .doc = "TCP port to serve on"},
    {"port", &fa_boot_port, &key.port, .fallback = "22", .env = "FATA_PORT", .section = "network",
        .doc = "TCP port to listen on"},
    {"disk", &fa_boot_text, &key.disk, .fallback = "disk.img", .env = "FATA_DISK",
        .section = "storage", .doc = "file or block device"},
    {"dir", &fa_boot_text, &key.dir, .fallback = "/srv", .env = "FATA_DIR", .section = "storage",
        .doc = "the folder"},
    {"tap", &fa_boot_text, &key.tap, .fallback = "tap7", .env = "FATA_TAP", .section = "network",
        .doc = "name of the interface"},
    {"capture", &fa_boot_text, &key.capture, .required = true, .env = "FATA_CAPTURE",
        .section = "network", .doc = "file to write"},
    {"ipv4", &fa_boot_address, &key.ipv4, .fallback = "dhcp", .env = "FATA_IPV4",
        .section = "network", .doc = "IPv4 address"},
    {"gateway", &fa_boot_ip, &key.gateway, .env = "FATA_GATEWAY", .section = "network",
        .doc = "router to other networks"},
    {"hostname", &fa_boot_text, &key.hostname, .env = "FATA_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"pause", &fa_boot_duration, &key.pause, .fallback = "5s", .env = "FATA_PAUSE",
        .section = "application", .doc = "between two rounds"},
    {"peer", &fa_boot_ip, &key.peer, .fallback = "192.0.2.1", .env = "PEER",
        .section = "application", .doc = ""},
    {"quiet", &fa_boot_flag, &key.quiet, .fallback = "false", .env = "FATA_QUIET",
        .section = "application", .doc = ""},
    {"rounds", &fa_boot_number, &key.rounds, .required = true, .min = 1, .max = 10,
        .env = "FATA_ROUNDS", .section = "application", .doc = "how many"},
    {"logs", &fa_boot_logs, NULL, .env = "FATA_LOGS", .section = "image",
        .doc = "what is logged; also -l LEVELS"},
};

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
static struct fa_stack stack;
[[gnu::aligned(64)]] static uint8_t disk_2_memory[1048576 / 512 * 512];
static struct fa_memblk disk_2;

static void announce(void *ctx)
{
    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {
        fa_boot_up(&image, &management_stack.ifaces[0].ip);
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
    const struct fa_stack_config management_stack_config = {.pool = &management_stack_pool,
            .iface_count = 1,
        .ifaces[0] = {.dev = &fault.dev, .dhcp = key.management_ipv4.dhcp,
                .ip = key.management_ipv4.ip,
            .prefix_bits = key.management_ipv4.prefix_bits, .gateway = key.management_gateway,
                    .hostname = key.management_hostname},
        .tcp = {.conn_memory = management_stack_conns, .conn_count_max = 100,
            .bucket_memory = management_stack_buckets, .bucket_count = 128}};
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
    const struct fa_stack_config stack_config = {.pool = &stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = &capture.dev, .dhcp = key.ipv4.dhcp, .ip = key.ipv4.ip,
            .prefix_bits = key.ipv4.prefix_bits, .gateway = key.gateway, .hostname = key.hostname},
        .tcp = {.conn_memory = stack_conns, .conn_count_max = 4096,
            .bucket_memory = stack_buckets, .bucket_count = 4096}};
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
