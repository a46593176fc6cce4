// SPDX-License-Identifier: ISC
//
// The nouns of fata.lua: every device there is, what it is given and what may be settled when.
//
// One row a device. How it is written into main.c stands in generate_device.c, by the same word.

#include <string.h>

#include "model.h"

const struct signature_info signatures[SIG_COUNT] = {
    [SIG_NET] = {"network card", "a network card", "struct fa_netdev *", "fa/netdev.h", true},
    [SIG_SWITCH] = {"switch", "a switch", "struct fa_vnet *", "fa/vnet.h", false},
    [SIG_STACK] = {"stack", "a stack", "struct fa_stack *", "fa/stack.h", false},
    [SIG_LISTENER] = {"listener", "a listener", "struct fa_listener *", "fa/flow.h", true},
    [SIG_KV] = {"key-value store", "a key-value store", "struct fa_kv *", "fa/kv.h", false},
    [SIG_BLK] = {"disk", "a disk", "struct fa_blkdev *", "fa/blkdev.h", true},
    [SIG_HTTP] = {"HTTP server", "an HTTP server", "struct fa_http_server *", "fa/http_server.h",
        false},
    [SIG_RESOLVER] = {"resolver", "a resolver", "struct fa_resolver *", "fa/resolver.h", false},
    [SIG_TIMESYNC] = {"keeper of the clock", "a keeper of the clock", "struct fa_timesync *",
        "fa/timesync.h", false},
};

#define DEVICE(sig) .kind = OPTION_DEVICE, .wants = (sig)
#define BOOT(of)    .kind = OPTION_BOOT, .type = &fa_boot_##of
#define BUILD(of)   .kind = OPTION_BUILD, .type = &fa_boot_##of
#define PLAIN(of)   .kind = OPTION_PLAIN, .type = &fa_boot_##of
#define PER_MILLION PLAIN(number), .max = 1000000, .fallback = "0"

const struct device_class device_classes[] = {
    {"net.default", "net", SIG_NET, "at", "network", "fa-dev", NULL,
        "the network card that fits the place it runs in",
        {
            {"at", BOOT(text), .key = "net", .fallback = "", .hosted = true,
                .doc = "network card: tap:NAME, connect:PATH, listen:PATH or fd:N"},
            {"drivers", .kind = OPTION_BUILD, .choices = "any|tap|stream", .key = "net",
                .fallback = "any", .hosted = true,
                .doc = "kinds of network card the image can use"},
            {"super_segments", BUILD(number), .fallback = "64", .max = 4096, .hosted = true,
                .doc = "segments of up to 64 KiB that the card may hold; 0: it cuts none itself"},
            {"name", PLAIN(text), .doc = "of the card; none: service, or its group"},
        }},
    {"net.tap", "tap", SIG_NET, "name", "network", "", "linux", "a tap interface of the Linux host",
        {
            {"name", BOOT(text), .key = "tap", .fallback = "tap0", .doc = "name of the interface"},
        }},
    {"net.stream", "stream", SIG_NET, "address", "network", "", "linux",
        "a wire over a unix socket, as QEMU's -netdev stream",
        {
            {"address", BOOT(text), .key = "stream", .required = true,
                .doc = "the wire's other end: connect:PATH, listen:PATH or fd:N"},
        }},
    {"net.switch", "wire", SIG_SWITCH, NULL, NULL, "fa-dev", NULL,
        "an Ethernet switch in memory, which joins stacks of one image",
        {
            {"addresses", PLAIN(number), .min = 1, .max = 65536, .fallback = "64",
                .doc = "addresses it remembers, a multiple of 4"},
        }},
    {"net.port", "port", SIG_NET, "on", NULL, "fa-dev", NULL, "a port of a switch",
        {
            {"on", DEVICE(SIG_SWITCH), .required = true, .doc = "the switch"},
            {"frames", PLAIN(number), .min = 1, .max = 65536, .fallback = "512",
                .doc = "frames that may wait to be taken"},
        }},
    {"net.capture", "capture", SIG_NET, "of", "network", "fa-dev", "linux",
        "a card whose frames are written to a pcapng file",
        {
            {"of", DEVICE(SIG_NET), .required = true, .doc = "the card"},
            {"file", BOOT(text), .key = "capture", .required = true, .doc = "file to write"},
        }},
    {"net.trace", "trace", SIG_NET, "of", NULL, "fa-dev", NULL,
        "a card that emits a trace event for each frame",
        {
            {"of", DEVICE(SIG_NET), .required = true, .doc = "the card"},
        }},
    {"net.fault", "fault", SIG_NET, "of", NULL, "fa-dev", NULL,
        "a card on a bad wire, in both directions",
        {
            {"of", DEVICE(SIG_NET), .required = true, .doc = "the card"},
            {"seed", PLAIN(number), .fallback = "1", .doc = "the same faults every time"},
            {"loss_per_million", PER_MILLION, .doc = "frames lost"},
            {"duplicate_per_million", PER_MILLION, .doc = "frames that come twice"},
            {"corrupt_per_million", PER_MILLION, .doc = "frames with a bit flipped"},
            {"reorder_per_million", PER_MILLION, .doc = "frames overtaken by later ones"},
            {"delay", PLAIN(duration), .fallback = "0ns", .doc = "on every frame"},
            {"jitter", PLAIN(duration), .fallback = "0ns", .doc = "and up to this much more"},
        }},
    {"stack", "stack", SIG_STACK, NULL, "network", "fa-net fa-dev", NULL,
        "a network stack: IPv4 and IPv6, ICMP, UDP, TCP, DHCP",
        {
            {"net", DEVICE(SIG_NET), .doc = "its network card, or net.default()"},
            {"ipv4", BOOT(address), .fallback = "dhcp", .doc = "IPv4 addresses"},
            {"ipv4_gateway", BOOT(ip4), .doc = "router to other IPv4 networks"},
            {"ipv4_only", BOOT(flag), .fallback = "false", .doc = "no IPv6"},
            {"ipv6", BOOT(nets6), .doc = "IPv6 addresses beside those formed by themselves"},
            {"ipv6_gateway", BOOT(ip6), .doc = "router to other IPv6 networks"},
            {"ipv6_only", BOOT(flag), .fallback = "false", .doc = "no IPv4"},
            {"accept_router_advertisements", BOOT(flag), .fallback = "true",
                .doc = "take IPv6 addresses, routers and DNS servers from routers"},
            {"privacy", BOOT(flag), .fallback = "false",
                .doc = "temporary IPv6 addresses for connections it opens"},
            {"redirects", BOOT(flag), .fallback = "true",
                .doc = "let IPv6 routers name better first hops"},
            {"ipv4_redirects", BOOT(flag), .fallback = "false",
                .doc = "let IPv4 routers do so; anyone on the link can say it is one"},
            {"ipv6_secret", BOOT(text),
                .doc = "what IPv6 addresses are formed from, so that they stay the same"},
            {"state", DEVICE(SIG_KV),
                .doc = "keeps what outlives the image: that secret, if none is given"},
            {"routes", BOOT(routes), .doc = "further networks and their routers"},
            {"dns", BOOT(ips), .doc = "DNS servers, before those that the network names"},
            {"ntp", BOOT(ips), .doc = "time servers, before those that the network names"},
            {"domain", BOOT(text), .doc = "domain in which short names are looked up"},
            {"mtu", BOOT(number), .min = 0, .fallback = "0", .max = 65535,
                .doc = "bytes of a packet at most; 0: as the card has it"},
            {"hostname", BOOT(text), .doc = "name told to the DHCP server"},
            {"dhcp_probe", BOOT(flag), .fallback = "false",
                .doc = "use a leased address when nobody answers for it"},
            {"keepalive", BOOT(duration), .fallback = "0s",
                .doc = "ask silent TCP peers after this time; 0s: never"},
            {"window", BOOT(size), .min = 65536, .fallback = "4MiB", .max = 1 << 30,
                .doc = "largest TCP window and send buffer of a connection"},
            {"congestion", BOOT(congestion), .fallback = "cubic",
                .doc = "congestion control of TCP"},
            {"syn_backlog", BOOT(number), .min = 1, .fallback = "256", .max = 65535,
                .doc = "half-open connections of a port; what is more is answered by SYN cookies"},
            {"syn_cookies", BOOT(flag), .fallback = "true", .doc = "answer it; else drop it"},
            {"tcp_memory", BOOT(size), .min = 0, .fallback = "0", .max = 1 << 30,
                .doc = "most that TCP's buffers take; 0: three quarters of the pool"},
            {"resume_after", BOOT(duration), .fallback = "10s",
                .doc = "a standstill that long counts as a suspension; 0s: none does"},
            {"conns", BUILD(number), .min = 1, .fallback = "4096", .max = 1 << 20,
                .doc = "TCP connections at once"},
            {"pool", BUILD(size), .min = 1, .fallback = "16MiB", .max = 1 << 30,
                .doc = "memory for packets; only what is used is touched"},
            {"long_packets", BUILD(number), .min = 0, .fallback = "8", .max = 1024,
                .doc = "packets beyond 1,800 bytes put together of fragments at once"},
        }},
    {"tcp.listen", "listener", SIG_LISTENER, NULL, "network", "fa-net", NULL, "a TCP port",
        {
            {"on", DEVICE(SIG_STACK), .required = true, .doc = "the stack"},
            {"port", BOOT(port), .required = true, .doc = "TCP port to listen on"},
        }},
    {"resolver", "resolver", SIG_RESOLVER, NULL, "network", "fa-net", NULL,
        "a DNS client with a cache",
        {
            {"on", DEVICE(SIG_STACK), .required = true, .doc = "the stack it asks over"},
            {"server", BOOT(ip), .key = "dns-server",
                .doc = "server to ask; none: those the network names"},
            {"queries", BUILD(number), .min = 1, .fallback = "16", .max = 1024,
                .doc = "DNS questions on their way at once"},
            {"cached", BUILD(number), .min = 1, .fallback = "128", .max = 1 << 20,
                .doc = "DNS answers kept"},
        }},
    {"timesync", "timesync", SIG_TIMESYNC, NULL, "network", "fa-net", NULL,
        "an SNTP client that sets the wall clock",
        {
            {"on", DEVICE(SIG_RESOLVER), .required = true, .doc = "the resolver it asks through"},
            {"server", BOOT(text), .key = "ntp-server", .fallback = "",
                .doc = "time server, a name or an address; none: those the network names"},
        }},
    {"http", "http", SIG_HTTP, NULL, "HTTP", "fa-http fa-net", NULL, "an HTTP/1.1 server",
        {
            {"on", DEVICE(SIG_STACK), .required = true, .doc = "the stack it is reached by"},
            {"port", BOOT(port), .fallback = "80", .doc = "TCP port to serve on"},
            {"content", DEVICE(SIG_KV), .doc = "files to serve below /"},
            {"routes", .kind = OPTION_ROUTES, .doc = "paths, each with a C function or content"},
            {"clients", BUILD(number), .min = 1, .fallback = "1024", .max = 1 << 20,
                .doc = "HTTP connections at once"},
            {"requests", BUILD(number), .min = 1, .fallback = "32", .max = 4096,
                .doc = "HTTP requests being answered at once"},
        }},
    {"kv.embed", "files", SIG_KV, "dir", NULL, "fa-dev", NULL, "a folder compiled into the image",
        {
            {"dir", PLAIN(text), .required = true, .doc = "the folder, seen from fata.lua"},
        }},
    {"kv.dir", "files", SIG_KV, "path", "storage", "fa-dev", "linux",
        "a folder of the host, read while it runs",
        {
            {"path", BOOT(text), .key = "dir", .required = true, .doc = "the folder"},
            {"writable", PLAIN(flag), .fallback = "false", .doc = "whether it may be written to"},
        }},
    {"kv.memory", "memory", SIG_KV, NULL, NULL, "fa-dev", NULL,
        "values in memory, gone when the image ends",
        {
            {"size", PLAIN(size), .min = 1, .fallback = "1MiB", .max = 1 << 30,
                .doc = "of all values"},
            {"entries", PLAIN(number), .min = 1, .fallback = "256", .max = 1 << 20,
                .doc = "at most"},
        }},
    {"blk.file", "disk", SIG_BLK, "path", "storage", "", "linux", "a disk in a file of the host",
        {
            {"path", BOOT(text), .key = "disk", .required = true, .doc = "file or block device"},
            {"writable", PLAIN(flag), .fallback = "true", .doc = "whether it may be written to"},
        }},
    {"blk.default", "disk", SIG_BLK, NULL, "storage", "fa-dev", NULL,
        "the disk that fits the place it runs in",
        {
            {"path", BOOT(text), .key = "disk", .fallback = "", .hosted = true,
                .doc = "file or block device that is the disk"},
            {"writable", PLAIN(flag), .fallback = "true", .doc = "whether it may be written to"},
            {"name", PLAIN(text), .doc = "of the disk; none: storage, or its group"},
        }},
    {"blk.memory", "disk", SIG_BLK, "size", NULL, "fa-dev", NULL,
        "a disk in memory, gone when the image ends",
        {
            {"size", PLAIN(size), .min = 1, .fallback = "16MiB", .max = 1 << 30,
                .doc = "of the disk"},
        }},
};

const size_t device_class_count = sizeof device_classes / sizeof device_classes[0];

const struct option *class_option(const struct device_class *class, const char *name, size_t *idx)
{
    for (size_t i = 0; i < OPTION_COUNT_MAX && class->options[i].name != NULL; i++) {
        if (strcmp(class->options[i].name, name) == 0) {
            *idx = i;
            return &class->options[i];
        }
    }
    return NULL;
}

bool target_is(const struct config *config, const char *name)
{
    return strcmp(config->target->value, name) == 0;
}

bool node_is_attached(const struct node *node)
{
    return strcmp(node->class->word, "net.default") == 0 ||
           strcmp(node->class->word, "blk.default") == 0;
}

const struct value *node_value(const struct node *node, const char *option)
{
    size_t idx = 0;
    FA_ASSERT(class_option(node->class, option, &idx) != NULL);
    return &node->values[idx];
}

struct key *node_key(const struct node *node, const char *option)
{
    size_t idx = 0;
    FA_ASSERT(class_option(node->class, option, &idx) != NULL);
    return node->keys[idx];
}

const char *node_text(const struct node *node, const char *option)
{
    size_t idx = 0;
    const struct option *known = class_option(node->class, option, &idx);
    FA_ASSERT(known != NULL);
    if (node->keys[idx] != NULL && node->keys[idx]->stage == KEY_BUILD) {
        return node->keys[idx]->value;
    }
    return node->values[idx].text != NULL ? node->values[idx].text : known->fallback;
}

const char *words_for(struct arena *arena, enum signature wants)
{
    const char *words = "";
    for (size_t i = 0; i < device_class_count; i++) {
        if (device_classes[i].provides == wants) {
            words = arena_text(
                arena, "%s%s%s", words, words[0] != '\0' ? ", " : "", device_classes[i].word);
        }
    }
    return words;
}
