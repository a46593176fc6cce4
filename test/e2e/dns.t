#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The DNS client against unbound and dnsmasq: types, TCP, failover, servers named by DHCP.

. "$(dirname "$0")/lib.sh"
for program in unbound dnsmasq; do
    has $program || { echo "1..0 # SKIP $program is not installed"; exit 0; }
done
tap_up
ip addr add 10.9.0.3/24 dev tap0
build_image dig app/dig

# A server with local data alone; long.example.test does not fit into a datagram of 1,232 bytes.
{
    cat <<CONF
server:
    directory: "$work"
    chroot: ""
    username: ""
    pidfile: "$work/unbound.pid"
    use-syslog: no
    do-daemonize: no
    interface: 10.9.0.1
    access-control: 10.9.0.0/24 allow
    do-not-query-localhost: no
    module-config: "iterator"
    edns-buffer-size: 1232
    max-udp-size: 1232
    local-zone: "example.test." static
    local-data: "example.test. 3600 IN SOA ns.example.test. admin.example.test. 1 2 3 4 60"
    local-data: "www.example.test. 300 IN A 192.0.2.1"
    local-data: "www.example.test. 300 IN A 192.0.2.2"
    local-data: "www.example.test. 300 IN AAAA 2001:db8::1"
    local-data: 'text.example.test. 300 IN TXT "a text" "and another"'
    local-data: "_http._tcp.example.test. 300 IN SRV 10 20 8080 www.example.test."
    local-data: "example.test. 300 IN MX 5 www.example.test."
    local-data: "alias.example.test. 300 IN CNAME www.example.test."
    local-data-ptr: "192.0.2.1 300 www.example.test."
CONF
    for i in $(seq 1 100); do
        echo "    local-data: \"long.example.test. 300 IN A 198.51.100.$i\""
    done
} >"$work/unbound.conf"
start unbound unbound -c "$work/unbound.conf" -d
listens() { ss -Hlun "sport = :53" | grep -q "$1"; }
ok "unbound starts" until_true 10 listens 10.9.0.1

# ask NAME TYPE [FLAG...]: what the image prints.
ask() {
    local name=$1 type=$2
    shift 2
    "$image" --net=tap:tap0 -l warning --name="$name" --type="$type" "$@"
}
at_unbound() { ask "$@" --ipv4=10.9.0.2/24 --dns-server=10.9.0.1; }
# says PATTERN COMMAND...: its output has such a line, and its status is 0.
says() {
    local pattern=$1
    shift
    "$@" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
    cat "$work/said"
    grep -qE -- "$pattern" "$work/said"
}
fails_saying() {
    local pattern=$1
    shift
    ! "$@" >"$work/said" 2>&1 && cat "$work/said" && grep -qE -- "$pattern" "$work/said"
}

ok "A" says '^www\.example\.test\. 300 IN A 192\.0\.2\.2$' at_unbound www.example.test A
ok "AAAA" says 'IN AAAA 2001:db8::1$' at_unbound www.example.test AAAA
ok "TXT" says 'IN TXT "a text" "and another"$' at_unbound text.example.test TXT
ok "SRV" says 'IN SRV 10 20 8080 www\.example\.test\.$' at_unbound _http._tcp.example.test SRV
ok "MX" says 'IN MX 5 www\.example\.test\.$' at_unbound example.test MX
ok "SOA" says 'IN SOA ns\.example\.test\. admin\.example\.test\. 1 2 3 4 60$' \
    at_unbound example.test SOA
ok "PTR of an address" says 'IN PTR www\.example\.test\.$' at_unbound 192.0.2.1 PTR
ok "an alias can be asked for" says 'IN CNAME www\.example\.test\.$' \
    at_unbound alias.example.test CNAME
ok "what does not exist is said not to" fails_saying 'there is no such record' \
    at_unbound gone.example.test A
ok "nor are other types of what does" fails_saying 'there is no such record' \
    at_unbound text.example.test A

# A hundred addresses are 1,600 bytes and more.
ok "a long answer comes by TCP" says 'IN A 198\.51\.100\.' at_unbound long.example.test A
ok "and is whole" test "$(grep -c 'IN A' "$work/said")" = 100
ok "as the image says" grep -q 'dns_rx_truncated 1' "$work/said"

# The network names servers, by DHCP: the first is nobody, the second listens nowhere, the third is
# dnsmasq itself, which knows one name and sends the rest to unbound.
start dnsmasq dnsmasq --no-daemon --conf-file=/dev/null --user=root --no-ping --no-resolv \
    --no-hosts --listen-address=10.9.0.3 --bind-interfaces --server=10.9.0.1 \
    --address=/lan.test/203.0.113.5 --domain=lan.test --log-queries \
    --dhcp-range=10.9.0.50,10.9.0.60,255.255.255.0,2m --dhcp-option=option:router,10.9.0.1 \
    --dhcp-option=option:dns-server,10.9.0.99,10.9.0.77,10.9.0.3 \
    --dhcp-leasefile="$work/leases" --log-dhcp
ip addr add 10.9.0.77/24 dev tap0
ok "dnsmasq starts" until_true 10 listens 10.9.0.3
ok "two dead servers are passed by" says 'IN A 203\.0\.113\.5$' ask host.lan.test A
ok "an answer through two servers" says 'IN A 192\.0\.2\.1$' ask www.example.test A
stop dnsmasq
ok "a server that is gone is reported" fails_saying 'no server answers' \
    ask www.example.test A --ipv4=10.9.0.2/24 --dns-server=10.9.0.3
finish
