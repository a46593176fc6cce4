// Made by `fata configure` from sandboxed.lua: change that file, not this one.

#ifndef FATA_KEYS_H
#define FATA_KEYS_H

#include "fa/boot.h"

/* What can be said when the image starts. */
static struct {
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
} key;

static const struct fa_boot_key keys[] = {
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
    {"logs", &fa_boot_logs, NULL, .env = "FATA_LOGS", .section = "image",
        .doc = "what is logged; also -l LEVELS"},
};

#endif
