// Made by `fata configure` from simulated.lua: change that file, not this one.
// Target: sim.

#include "fa/hostnet.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/vnet.h"
#include "simulated.fata.h"

/* What can be said when the image starts. */
static struct {
    struct fa_boot_address a_ipv4;
    struct fa_ip a_gateway;
    const char *a_hostname;
    struct fa_boot_address b_ipv4;
    struct fa_ip b_gateway;
    const char *b_hostname;
    const char *net;
    struct fa_boot_address ipv4;
    struct fa_ip gateway;
    const char *hostname;
} key;

static const struct fa_boot_key keys[] = {
    {"a-ipv4", &fa_boot_address, &key.a_ipv4, .fallback = "10.0.0.1/24", .env = "FATA_A_IPV4",
        .section = "network", .doc = "IPv4 address"},
    {"a-gateway", &fa_boot_ip, &key.a_gateway, .env = "FATA_A_GATEWAY", .section = "network",
        .doc = "router to other networks"},
    {"a-hostname", &fa_boot_text, &key.a_hostname, .env = "FATA_A_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"b-ipv4", &fa_boot_address, &key.b_ipv4, .fallback = "10.0.0.2/24", .env = "FATA_B_IPV4",
        .section = "network", .doc = "IPv4 address"},
    {"b-gateway", &fa_boot_ip, &key.b_gateway, .env = "FATA_B_GATEWAY", .section = "network",
        .doc = "router to other networks"},
    {"b-hostname", &fa_boot_text, &key.b_hostname, .env = "FATA_B_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"net", &fa_boot_text, &key.net, .fallback = "", .env = "FATA_NET", .section = "network",
        .doc = "network card: tap:NAME, connect:PATH, listen:PATH or fd:N"},
    {"ipv4", &fa_boot_address, &key.ipv4, .fallback = "dhcp", .env = "FATA_IPV4",
        .section = "network", .doc = "IPv4 address"},
    {"gateway", &fa_boot_ip, &key.gateway, .env = "FATA_GATEWAY", .section = "network",
        .doc = "router to other networks"},
    {"hostname", &fa_boot_text, &key.hostname, .env = "FATA_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"logs", &fa_boot_logs, NULL, .env = "FATA_LOGS", .section = "image",
        .doc = "what is logged; also -l LEVELS"},
};

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
static struct fa_stack a_stack;
static struct fa_vnet_port port_2;
static struct fa_pool b_stack_pool;
[[gnu::aligned(64)]] static uint8_t b_stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t b_stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t b_stack_buckets[4096];
static struct fa_stack b_stack;
static struct fa_pool port_3_pool;
[[gnu::aligned(64)]] static uint8_t port_3_pool_memory[1048576];
static struct fa_vnet_port port_3;
static struct fa_hostnet net;
static struct fa_pool stack_pool;
[[gnu::aligned(64)]] static uint8_t stack_pool_memory[16777216];
[[gnu::aligned(64)]] static uint8_t stack_conns[4096 * FA_TCP_CONN_BYTES];
static uint32_t stack_buckets[4096];
static struct fa_stack stack;

static void announce(void *ctx)
{
    if (fa_stack_up_wait(ctx, FA_NS_NEVER) == FA_OK) {
        fa_boot_up(&image, &a_stack.ifaces[0].ip);
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
    const struct fa_stack_config a_stack_config = {.pool = &a_stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = &port.dev, .dhcp = key.a_ipv4.dhcp, .ip = key.a_ipv4.ip,
            .prefix_bits = key.a_ipv4.prefix_bits, .gateway = key.a_gateway,
                    .hostname = key.a_hostname},
        .tcp = {.conn_memory = a_stack_conns, .conn_count_max = 4096,
            .bucket_memory = a_stack_buckets, .bucket_count = 4096}};
    fa_stack_init(&a_stack, &a_stack_config, fa_clock_mono_ns());
    fa_stack_start(&a_stack, &loop);
    fa_vnet_port_open(&wire, &port_2,
        &(struct fa_vnet_port_config){.name = "port_2", .pool = &b_stack_pool,
                .rx_count_max = 512});
    const struct fa_stack_config b_stack_config = {.pool = &b_stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = &port_2.dev, .dhcp = key.b_ipv4.dhcp, .ip = key.b_ipv4.ip,
            .prefix_bits = key.b_ipv4.prefix_bits, .gateway = key.b_gateway,
                    .hostname = key.b_hostname},
        .tcp = {.conn_memory = b_stack_conns, .conn_count_max = 4096,
            .bucket_memory = b_stack_buckets, .bucket_count = 4096}};
    fa_stack_init(&b_stack, &b_stack_config, fa_clock_mono_ns());
    fa_stack_start(&b_stack, &loop);
    fa_vnet_port_open(&wire, &port_3,
        &(struct fa_vnet_port_config){.name = "port_3", .pool = &port_3_pool, .rx_count_max = 512});
    if (fa_hostnet_open(&net, key.net, &stack_pool, &reason) != FA_OK) {
        fa_boot_fail(&image, "no network by --net=%s: %s", key.net, reason);
    }
    const struct fa_stack_config stack_config = {.pool = &stack_pool, .iface_count = 1,
        .ifaces[0] = {.dev = net.dev, .dhcp = key.ipv4.dhcp, .ip = key.ipv4.ip,
            .prefix_bits = key.ipv4.prefix_bits, .gateway = key.gateway, .hostname = key.hostname},
        .tcp = {.conn_memory = stack_conns, .conn_count_max = 4096,
            .bucket_memory = stack_buckets, .bucket_count = 4096}};
    fa_stack_init(&stack, &stack_config, fa_clock_mono_ns());
    fa_stack_start(&stack, &loop);
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, announce, &a_stack, NULL), "start");
    devices = (struct simulated_devices){.loop = &loop, .a = &a_stack, .b = &b_stack,
        .card = &port_3.dev, .outside = &stack};
    fa_boot_must(&image, fa_fiber_spawn(&loop.fibers, run_main, &devices, NULL), "start");
    int status = fa_loop_run(&loop);
    fa_stack_stop(&stack);
    fa_netdev_close(net.dev);
    fa_netdev_close(&port_3.dev);
    fa_stack_stop(&b_stack);
    fa_netdev_close(&port_2.dev);
    fa_stack_stop(&a_stack);
    fa_netdev_close(&port.dev);
    fa_boot_summary(&image);
    return status;
}
