// Made by `fata configure` from router.lua: change that file, not this one.

#ifndef FATA_KEYS_H
#define FATA_KEYS_H

#include "fa/boot.h"

/* What can be said when the image starts. */
static struct {
    const char *stream;
    struct fa_boot_address management_ipv4;
    struct fa_ip management_ipv4_gateway;
    bool management_ipv4_only;
    struct fa_net_list management_ipv6;
    struct fa_ip management_ipv6_gateway;
    bool management_ipv6_only;
    bool management_accept_router_advertisements;
    bool management_privacy;
    bool management_redirects;
    bool management_ipv4_redirects;
    const char *management_ipv6_secret;
    struct fa_route_list management_routes;
    struct fa_ip_list management_dns;
    struct fa_ip_list management_ntp;
    const char *management_domain;
    uint64_t management_mtu;
    const char *management_hostname;
    bool management_dhcp_probe;
    fa_ns management_keepalive;
    uint64_t management_window;
    uint8_t management_congestion;
    uint64_t management_syn_backlog;
    bool management_syn_cookies;
    uint64_t management_tcp_memory;
    fa_ns management_resume_after;
    uint16_t management_port;
    uint16_t port;
    const char *disk;
    const char *dir;
    const char *tap;
    const char *capture;
    struct fa_boot_address ipv4;
    struct fa_ip ipv4_gateway;
    bool ipv4_only;
    struct fa_net_list ipv6;
    struct fa_ip ipv6_gateway;
    bool ipv6_only;
    bool accept_router_advertisements;
    bool privacy;
    bool redirects;
    bool ipv4_redirects;
    const char *ipv6_secret;
    struct fa_route_list routes;
    struct fa_ip_list dns;
    struct fa_ip_list ntp;
    const char *domain;
    uint64_t mtu;
    const char *hostname;
    bool dhcp_probe;
    fa_ns keepalive;
    uint64_t window;
    uint8_t congestion;
    uint64_t syn_backlog;
    bool syn_cookies;
    uint64_t tcp_memory;
    fa_ns resume_after;
    fa_ns pause;
    struct fa_ip peer;
    bool quiet;
    uint64_t rounds;
} key;

static const struct fa_boot_key keys[] = {
    {"stream", &fa_boot_text, &key.stream, .required = true, .env = "FATA_STREAM",
        .section = "network", .doc = "the wire's other end: connect:PATH, listen:PATH or fd:N"},
    {"management-ipv4", &fa_boot_address, &key.management_ipv4, .fallback = "10.0.0.1/24",
        .env = "FATA_MANAGEMENT_IPV4", .section = "network", .doc = "IPv4 addresses"},
    {"management-ipv4-gateway", &fa_boot_ip4, &key.management_ipv4_gateway,
        .env = "FATA_MANAGEMENT_IPV4_GATEWAY", .section = "network",
        .doc = "router to other IPv4 networks"},
    {"management-ipv4-only", &fa_boot_flag, &key.management_ipv4_only, .fallback = "false",
        .env = "FATA_MANAGEMENT_IPV4_ONLY", .section = "network", .doc = "no IPv6"},
    {"management-ipv6", &fa_boot_nets6, &key.management_ipv6, .env = "FATA_MANAGEMENT_IPV6",
        .section = "network", .doc = "IPv6 addresses beside those formed by themselves"},
    {"management-ipv6-gateway", &fa_boot_ip6, &key.management_ipv6_gateway,
        .env = "FATA_MANAGEMENT_IPV6_GATEWAY", .section = "network",
        .doc = "router to other IPv6 networks"},
    {"management-ipv6-only", &fa_boot_flag, &key.management_ipv6_only, .fallback = "false",
        .env = "FATA_MANAGEMENT_IPV6_ONLY", .section = "network", .doc = "no IPv4"},
    {"management-accept-router-advertisements",
        &fa_boot_flag, &key.management_accept_router_advertisements, .fallback = "true",
        .env = "FATA_MANAGEMENT_ACCEPT_ROUTER_ADVERTISEMENTS", .section = "network",
        .doc = "take IPv6 addresses, routers and DNS servers from routers"},
    {"management-privacy", &fa_boot_flag, &key.management_privacy, .fallback = "false",
        .env = "FATA_MANAGEMENT_PRIVACY", .section = "network",
        .doc = "temporary IPv6 addresses for connections it opens"},
    {"management-redirects", &fa_boot_flag, &key.management_redirects, .fallback = "true",
        .env = "FATA_MANAGEMENT_REDIRECTS", .section = "network",
        .doc = "let IPv6 routers name better first hops"},
    {"management-ipv4-redirects", &fa_boot_flag, &key.management_ipv4_redirects,
        .fallback = "false", .env = "FATA_MANAGEMENT_IPV4_REDIRECTS", .section = "network",
        .doc = "let IPv4 routers do so; anyone on the link can say it is one"},
    {"management-ipv6-secret", &fa_boot_text, &key.management_ipv6_secret,
        .env = "FATA_MANAGEMENT_IPV6_SECRET", .section = "network",
        .doc = "what IPv6 addresses are formed from, so that they stay the same"},
    {"management-routes", &fa_boot_routes, &key.management_routes, .env = "FATA_MANAGEMENT_ROUTES",
        .section = "network", .doc = "further networks and their routers"},
    {"management-dns", &fa_boot_ips, &key.management_dns, .env = "FATA_MANAGEMENT_DNS",
        .section = "network", .doc = "DNS servers, before those that the network names"},
    {"management-ntp", &fa_boot_ips, &key.management_ntp, .env = "FATA_MANAGEMENT_NTP",
        .section = "network", .doc = "time servers, before those that the network names"},
    {"management-domain", &fa_boot_text, &key.management_domain, .env = "FATA_MANAGEMENT_DOMAIN",
        .section = "network", .doc = "domain in which short names are looked up"},
    {"management-mtu", &fa_boot_number, &key.management_mtu, .fallback = "0",
        .min = 0, .max = 65535, .env = "FATA_MANAGEMENT_MTU", .section = "network",
        .doc = "bytes of a packet at most; 0: as the card has it"},
    {"management-hostname", &fa_boot_text, &key.management_hostname,
        .env = "FATA_MANAGEMENT_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"management-dhcp-probe", &fa_boot_flag, &key.management_dhcp_probe, .fallback = "false",
        .env = "FATA_MANAGEMENT_DHCP_PROBE", .section = "network",
        .doc = "use a leased address when nobody answers for it"},
    {"management-keepalive", &fa_boot_duration, &key.management_keepalive, .fallback = "0s",
        .env = "FATA_MANAGEMENT_KEEPALIVE", .section = "network",
        .doc = "ask silent TCP peers after this time; 0s: never"},
    {"management-window", &fa_boot_size, &key.management_window, .fallback = "4MiB",
        .env = "FATA_MANAGEMENT_WINDOW", .section = "network",
        .doc = "largest TCP window and send buffer of a connection"},
    {"management-congestion", &fa_boot_congestion, &key.management_congestion, .fallback = "cubic",
        .env = "FATA_MANAGEMENT_CONGESTION", .section = "network",
        .doc = "congestion control of TCP"},
    {"management-syn-backlog", &fa_boot_number, &key.management_syn_backlog, .fallback = "256",
        .min = 1, .max = 65535, .env = "FATA_MANAGEMENT_SYN_BACKLOG", .section = "network",
        .doc = "half-open connections of a port; what is more is answered by SYN cookies"},
    {"management-syn-cookies", &fa_boot_flag, &key.management_syn_cookies, .fallback = "true",
        .env = "FATA_MANAGEMENT_SYN_COOKIES", .section = "network",
        .doc = "answer it; else drop it"},
    {"management-tcp-memory", &fa_boot_size, &key.management_tcp_memory, .fallback = "0",
        .env = "FATA_MANAGEMENT_TCP_MEMORY", .section = "network",
        .doc = "most that TCP's buffers take; 0: three quarters of the pool"},
    {"management-resume-after", &fa_boot_duration, &key.management_resume_after, .fallback = "10s",
        .env = "FATA_MANAGEMENT_RESUME_AFTER", .section = "network",
        .doc = "a standstill that long counts as a suspension; 0s: none does"},
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
        .section = "network", .doc = "IPv4 addresses"},
    {"ipv4-gateway", &fa_boot_ip4, &key.ipv4_gateway, .env = "FATA_IPV4_GATEWAY",
        .section = "network", .doc = "router to other IPv4 networks"},
    {"ipv4-only", &fa_boot_flag, &key.ipv4_only, .fallback = "false", .env = "FATA_IPV4_ONLY",
        .section = "network", .doc = "no IPv6"},
    {"ipv6", &fa_boot_nets6, &key.ipv6, .env = "FATA_IPV6", .section = "network",
        .doc = "IPv6 addresses beside those formed by themselves"},
    {"ipv6-gateway", &fa_boot_ip6, &key.ipv6_gateway, .env = "FATA_IPV6_GATEWAY",
        .section = "network", .doc = "router to other IPv6 networks"},
    {"ipv6-only", &fa_boot_flag, &key.ipv6_only, .fallback = "false", .env = "FATA_IPV6_ONLY",
        .section = "network", .doc = "no IPv4"},
    {"accept-router-advertisements", &fa_boot_flag, &key.accept_router_advertisements,
        .fallback = "true", .env = "FATA_ACCEPT_ROUTER_ADVERTISEMENTS", .section = "network",
        .doc = "take IPv6 addresses, routers and DNS servers from routers"},
    {"privacy", &fa_boot_flag, &key.privacy, .fallback = "false", .env = "FATA_PRIVACY",
        .section = "network", .doc = "temporary IPv6 addresses for connections it opens"},
    {"redirects", &fa_boot_flag, &key.redirects, .fallback = "true", .env = "FATA_REDIRECTS",
        .section = "network", .doc = "let IPv6 routers name better first hops"},
    {"ipv4-redirects", &fa_boot_flag, &key.ipv4_redirects, .fallback = "false",
        .env = "FATA_IPV4_REDIRECTS", .section = "network",
        .doc = "let IPv4 routers do so; anyone on the link can say it is one"},
    {"ipv6-secret", &fa_boot_text, &key.ipv6_secret, .env = "FATA_IPV6_SECRET",
        .section = "network",
        .doc = "what IPv6 addresses are formed from, so that they stay the same"},
    {"routes", &fa_boot_routes, &key.routes, .env = "FATA_ROUTES", .section = "network",
        .doc = "further networks and their routers"},
    {"dns", &fa_boot_ips, &key.dns, .env = "FATA_DNS", .section = "network",
        .doc = "DNS servers, before those that the network names"},
    {"ntp", &fa_boot_ips, &key.ntp, .env = "FATA_NTP", .section = "network",
        .doc = "time servers, before those that the network names"},
    {"domain", &fa_boot_text, &key.domain, .env = "FATA_DOMAIN", .section = "network",
        .doc = "domain in which short names are looked up"},
    {"mtu", &fa_boot_number, &key.mtu, .fallback = "0", .min = 0, .max = 65535, .env = "FATA_MTU",
        .section = "network", .doc = "bytes of a packet at most; 0: as the card has it"},
    {"hostname", &fa_boot_text, &key.hostname, .env = "FATA_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"dhcp-probe", &fa_boot_flag, &key.dhcp_probe, .fallback = "false", .env = "FATA_DHCP_PROBE",
        .section = "network", .doc = "use a leased address when nobody answers for it"},
    {"keepalive", &fa_boot_duration, &key.keepalive, .fallback = "0s", .env = "FATA_KEEPALIVE",
        .section = "network", .doc = "ask silent TCP peers after this time; 0s: never"},
    {"window", &fa_boot_size, &key.window, .fallback = "4MiB", .env = "FATA_WINDOW",
        .section = "network", .doc = "largest TCP window and send buffer of a connection"},
    {"congestion", &fa_boot_congestion, &key.congestion, .fallback = "cubic",
        .env = "FATA_CONGESTION", .section = "network", .doc = "congestion control of TCP"},
    {"syn-backlog", &fa_boot_number, &key.syn_backlog, .fallback = "256", .min = 1, .max = 65535,
        .env = "FATA_SYN_BACKLOG", .section = "network",
        .doc = "half-open connections of a port; what is more is answered by SYN cookies"},
    {"syn-cookies", &fa_boot_flag, &key.syn_cookies, .fallback = "true", .env = "FATA_SYN_COOKIES",
        .section = "network", .doc = "answer it; else drop it"},
    {"tcp-memory", &fa_boot_size, &key.tcp_memory, .fallback = "0", .env = "FATA_TCP_MEMORY",
        .section = "network", .doc = "most that TCP's buffers take; 0: three quarters of the pool"},
    {"resume-after", &fa_boot_duration, &key.resume_after, .fallback = "10s",
        .env = "FATA_RESUME_AFTER", .section = "network",
        .doc = "a standstill that long counts as a suspension; 0s: none does"},
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

#endif
