#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# IPv6 against the Linux kernel: an address from radvd, ping and pages over it, neighbour discovery.

. "$(dirname "$0")/lib.sh"
has radvd || { echo "1..0 # SKIP radvd is not installed"; exit 0; }
tap_up
sysctl -qw net.ipv6.conf.tap0.forwarding=1 || { echo "1..0 # SKIP the kernel has no IPv6"; exit 0; }
ip -6 addr add 2001:db8:9::1/64 dev tap0 nodad
cat >"$work/radvd.conf" <<CONF
interface tap0 {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    AdvLinkMTU 1400;
    prefix 2001:db8:9::/64 { AdvOnLink on; AdvAutonomous on; };
    RDNSS 2001:db8:9::53 { };
};
CONF
build_image www app/www
start radvd radvd -n -C "$work/radvd.conf" -p "$work/radvd.pid" -m stderr
start www "$image" --net=tap:tap0 --ipv4=10.9.0.2/24 --ipv4-gateway=10.9.0.1

# The address that the image says it has: addr_of KIND.
addr_of() { sed -n "s/.* \([0-9a-f:]*\)\/64 $1\$/\1/p" "$work/www.log" | head -n 1; }
ok "a link-local address is formed and tested" \
    until_true 10 grep -q '/64 link-local$' "$work/www.log"
near=$(addr_of link-local)
ok "an address is formed of the advertised prefix" \
    until_true 15 grep -q '2001:db8:9:.*/64 from a router$' "$work/www.log"
far=$(addr_of 'from a router')
no_mac_in() { ! grep -q 'ff:fe' <<<"$near $far"; }
ok "neither tells the card's address" no_mac_in

ok "ping is answered at the link-local address" ping -6 -q -c 3 -W 2 "$near%tap0"
ok "ping is answered at the global one, 100 of 100" ping -6 -q -f -c 100 -W 2 "$far"
ok "ping with 1,300 bytes" ping -6 -q -c 3 -s 1300 -W 2 "$far"
all_nodes() { ping -6 -c 2 -W 2 ff02::1%tap0; grep -q "from $near" "$work/out"; }
ok "the image answers a ping to all nodes" all_nodes
body_has() { curl -6 -sf -m 10 "http://[$1]/" | grep -q "Fata"; }
ok "curl gets the index over the global address" body_has "$far"
ok "and over the link-local one" curl -6 -sf -m 10 -o /dev/null "http://[$near%25tap0]/"
ok "and still over IPv4" curl -sf -m 10 -o /dev/null http://10.9.0.2/
no_errors_ab() {
    ab -q -n 1000 -c 10 "http://[$far]/" && [ "$(grep -c '^Failed requests: *0$' "$work/out")" = 1 ]
}
if has ab; then ok "ab: 1,000 connections, none fails" no_errors_ab; else skip ab "not there"; fi
refused() { ! curl -6 -s -m 5 "http://[$far]:81/"; [ "$SECONDS" -lt $((began + 4)) ]; }
began=$SECONDS
ok "a closed port is refused at once" refused

if has ndisc6; then
    ok "ndisc6 finds the image" ndisc6 -1 -q "$far" tap0
    ok "rdisc6 finds the router, not the image" rdisc6 -1 -q tap0
else
    skip ndisc6 "not installed"
fi
mss_is() { # the advertised MTU less both headers
    ss -6tin dst "[$far]" | grep -q "mss:1328\|mss:1340"
}
exec 5<>"/dev/tcp/$far/80"
ok "TCP keeps to the advertised MTU" mss_is
exec 5>&-
if has nmap; then
    nmap_scan() { nmap -6 -n -sT -p 79-81 "$far"; grep -q '^80/tcp *open' "$work/out"; }
    ok "nmap -6 sees the open port" nmap_scan
fi
# Longer than any one packet: it waits for reassembly, which is not there, and nothing breaks.
ping -6 -q -c 1 -s 3000 -W 1 "$far" >/dev/null 2>&1
ok "it still answers" body_has "$far"

# The kernel tests whether the image's address is free, as a station does that wants it.
dad_failed() { ip -6 addr show dev tap0 dadfailed | grep -q "$far"; }
kernel_finds_a_duplicate() {
    ip -6 addr add "$far/64" dev tap0 || return 1
    until_true 5 dad_failed
}
ok "a station that wants the image's address is told that it is taken" kernel_finds_a_duplicate
ip -6 addr del "$far/64" dev tap0
ok "and the image keeps it" body_has "$far"
ok "Ctrl-C ends it with status 0" stop www

finish
