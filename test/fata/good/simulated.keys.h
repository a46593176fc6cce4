// Made by `fata configure` from simulated.lua: change that file, not this one.

#ifndef FATA_KEYS_H
#define FATA_KEYS_H

#include "fa/boot.h"

/* What can be said when the image starts. */
static struct {
    struct fa_boot_address a_ipv4;
    struct fa_ip a_ipv4_gateway;
    bool a_ipv4_only;
    struct fa_boot_nets a_ipv6;
    struct fa_ip a_ipv6_gateway;
    bool a_ipv6_only;
    bool a_accept_router_advertisements;
    bool a_privacy;
    bool a_redirects;
    struct fa_boot_routes a_routes;
    struct fa_boot_ips a_dns;
    struct fa_boot_ips a_ntp;
    const char *a_domain;
    uint64_t a_mtu;
    const char *a_hostname;
    bool a_dhcp_probe;
    fa_ns a_keepalive;
    uint64_t a_window;
    struct fa_boot_address b_ipv4;
    struct fa_ip b_ipv4_gateway;
    bool b_ipv4_only;
    struct fa_boot_nets b_ipv6;
    struct fa_ip b_ipv6_gateway;
    bool b_ipv6_only;
    bool b_accept_router_advertisements;
    bool b_privacy;
    bool b_redirects;
    struct fa_boot_routes b_routes;
    struct fa_boot_ips b_dns;
    struct fa_boot_ips b_ntp;
    const char *b_domain;
    uint64_t b_mtu;
    const char *b_hostname;
    bool b_dhcp_probe;
    fa_ns b_keepalive;
    uint64_t b_window;
    const char *net;
    struct fa_boot_address ipv4;
    struct fa_ip ipv4_gateway;
    bool ipv4_only;
    struct fa_boot_nets ipv6;
    struct fa_ip ipv6_gateway;
    bool ipv6_only;
    bool accept_router_advertisements;
    bool privacy;
    bool redirects;
    struct fa_boot_routes routes;
    struct fa_boot_ips dns;
    struct fa_boot_ips ntp;
    const char *domain;
    uint64_t mtu;
    const char *hostname;
    bool dhcp_probe;
    fa_ns keepalive;
    uint64_t window;
} key;

static const struct fa_boot_key keys[] = {
    {"a-ipv4", &fa_boot_address, &key.a_ipv4, .fallback = "10.0.0.1/24", .env = "FATA_A_IPV4",
        .section = "network", .doc = "IPv4 address"},
    {"a-ipv4-gateway", &fa_boot_ip4, &key.a_ipv4_gateway, .env = "FATA_A_IPV4_GATEWAY",
        .section = "network", .doc = "router to other IPv4 networks"},
    {"a-ipv4-only", &fa_boot_flag, &key.a_ipv4_only, .fallback = "false",
        .env = "FATA_A_IPV4_ONLY", .section = "network", .doc = "no IPv6"},
    {"a-ipv6", &fa_boot_nets6, &key.a_ipv6, .env = "FATA_A_IPV6", .section = "network",
        .doc = "IPv6 addresses beside those formed by themselves"},
    {"a-ipv6-gateway", &fa_boot_ip6, &key.a_ipv6_gateway, .env = "FATA_A_IPV6_GATEWAY",
        .section = "network", .doc = "router to other IPv6 networks"},
    {"a-ipv6-only", &fa_boot_flag, &key.a_ipv6_only, .fallback = "false",
        .env = "FATA_A_IPV6_ONLY", .section = "network", .doc = "no IPv4"},
    {"a-accept-router-advertisements", &fa_boot_flag, &key.a_accept_router_advertisements,
        .fallback = "true", .env = "FATA_A_ACCEPT_ROUTER_ADVERTISEMENTS", .section = "network",
        .doc = "take IPv6 addresses, routers and DNS servers from routers"},
    {"a-privacy", &fa_boot_flag, &key.a_privacy, .fallback = "false", .env = "FATA_A_PRIVACY",
        .section = "network", .doc = "temporary IPv6 addresses for connections it opens"},
    {"a-redirects", &fa_boot_flag, &key.a_redirects, .fallback = "true", .env = "FATA_A_REDIRECTS",
        .section = "network", .doc = "let IPv6 routers name better first hops"},
    {"a-routes", &fa_boot_routes, &key.a_routes, .env = "FATA_A_ROUTES", .section = "network",
        .doc = "further networks and their routers"},
    {"a-dns", &fa_boot_ips, &key.a_dns, .env = "FATA_A_DNS", .section = "network",
        .doc = "DNS servers, before those that the network names"},
    {"a-ntp", &fa_boot_ips, &key.a_ntp, .env = "FATA_A_NTP", .section = "network",
        .doc = "time servers, before those that the network names"},
    {"a-domain", &fa_boot_text, &key.a_domain, .env = "FATA_A_DOMAIN", .section = "network",
        .doc = "domain in which short names are looked up"},
    {"a-mtu", &fa_boot_number, &key.a_mtu, .fallback = "0", .min = 0, .max = 65535,
        .env = "FATA_A_MTU", .section = "network",
        .doc = "bytes of a packet at most; 0: as the card has it"},
    {"a-hostname", &fa_boot_text, &key.a_hostname, .env = "FATA_A_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"a-dhcp-probe", &fa_boot_flag, &key.a_dhcp_probe, .fallback = "false",
        .env = "FATA_A_DHCP_PROBE", .section = "network",
        .doc = "use a leased address when nobody answers for it"},
    {"a-keepalive", &fa_boot_duration, &key.a_keepalive, .fallback = "0s",
        .env = "FATA_A_KEEPALIVE", .section = "network",
        .doc = "ask silent TCP peers after this time; 0s: never"},
    {"a-window", &fa_boot_size, &key.a_window, .fallback = "4MiB", .env = "FATA_A_WINDOW",
        .section = "network", .doc = "largest TCP window and send buffer of a connection"},
    {"b-ipv4", &fa_boot_address, &key.b_ipv4, .fallback = "10.0.0.2/24", .env = "FATA_B_IPV4",
        .section = "network", .doc = "IPv4 address"},
    {"b-ipv4-gateway", &fa_boot_ip4, &key.b_ipv4_gateway, .env = "FATA_B_IPV4_GATEWAY",
        .section = "network", .doc = "router to other IPv4 networks"},
    {"b-ipv4-only", &fa_boot_flag, &key.b_ipv4_only, .fallback = "false",
        .env = "FATA_B_IPV4_ONLY", .section = "network", .doc = "no IPv6"},
    {"b-ipv6", &fa_boot_nets6, &key.b_ipv6, .env = "FATA_B_IPV6", .section = "network",
        .doc = "IPv6 addresses beside those formed by themselves"},
    {"b-ipv6-gateway", &fa_boot_ip6, &key.b_ipv6_gateway, .env = "FATA_B_IPV6_GATEWAY",
        .section = "network", .doc = "router to other IPv6 networks"},
    {"b-ipv6-only", &fa_boot_flag, &key.b_ipv6_only, .fallback = "false",
        .env = "FATA_B_IPV6_ONLY", .section = "network", .doc = "no IPv4"},
    {"b-accept-router-advertisements", &fa_boot_flag, &key.b_accept_router_advertisements,
        .fallback = "true", .env = "FATA_B_ACCEPT_ROUTER_ADVERTISEMENTS", .section = "network",
        .doc = "take IPv6 addresses, routers and DNS servers from routers"},
    {"b-privacy", &fa_boot_flag, &key.b_privacy, .fallback = "false", .env = "FATA_B_PRIVACY",
        .section = "network", .doc = "temporary IPv6 addresses for connections it opens"},
    {"b-redirects", &fa_boot_flag, &key.b_redirects, .fallback = "true", .env = "FATA_B_REDIRECTS",
        .section = "network", .doc = "let IPv6 routers name better first hops"},
    {"b-routes", &fa_boot_routes, &key.b_routes, .env = "FATA_B_ROUTES", .section = "network",
        .doc = "further networks and their routers"},
    {"b-dns", &fa_boot_ips, &key.b_dns, .env = "FATA_B_DNS", .section = "network",
        .doc = "DNS servers, before those that the network names"},
    {"b-ntp", &fa_boot_ips, &key.b_ntp, .env = "FATA_B_NTP", .section = "network",
        .doc = "time servers, before those that the network names"},
    {"b-domain", &fa_boot_text, &key.b_domain, .env = "FATA_B_DOMAIN", .section = "network",
        .doc = "domain in which short names are looked up"},
    {"b-mtu", &fa_boot_number, &key.b_mtu, .fallback = "0", .min = 0, .max = 65535,
        .env = "FATA_B_MTU", .section = "network",
        .doc = "bytes of a packet at most; 0: as the card has it"},
    {"b-hostname", &fa_boot_text, &key.b_hostname, .env = "FATA_B_HOSTNAME", .section = "network",
        .doc = "name told to the DHCP server"},
    {"b-dhcp-probe", &fa_boot_flag, &key.b_dhcp_probe, .fallback = "false",
        .env = "FATA_B_DHCP_PROBE", .section = "network",
        .doc = "use a leased address when nobody answers for it"},
    {"b-keepalive", &fa_boot_duration, &key.b_keepalive, .fallback = "0s",
        .env = "FATA_B_KEEPALIVE", .section = "network",
        .doc = "ask silent TCP peers after this time; 0s: never"},
    {"b-window", &fa_boot_size, &key.b_window, .fallback = "4MiB", .env = "FATA_B_WINDOW",
        .section = "network", .doc = "largest TCP window and send buffer of a connection"},
    {"net", &fa_boot_text, &key.net, .fallback = "", .env = "FATA_NET", .section = "network",
        .doc = "network card: tap:NAME, connect:PATH, listen:PATH or fd:N"},
    {"ipv4", &fa_boot_address, &key.ipv4, .fallback = "dhcp", .env = "FATA_IPV4",
        .section = "network", .doc = "IPv4 address"},
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
    {"logs", &fa_boot_logs, NULL, .env = "FATA_LOGS", .section = "image",
        .doc = "what is logged; also -l LEVELS"},
};

#endif
