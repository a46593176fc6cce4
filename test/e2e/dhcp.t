#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# An image gets its address from dnsmasq, is reached at it, renews it, survives the server's
# restart, declines what another station has, and gives it back.

. "$(dirname "$0")/lib.sh"
has dnsmasq || { echo "1..0 # SKIP dnsmasq is not installed"; exit 0; }
tap_up
build_image hello app/hello

# dnsmasq_up FLAG...: a server whose clients renew after two seconds.
dnsmasq_up() {
    start dnsmasq dnsmasq --no-daemon --conf-file=/dev/null --port=0 \
        --interface=tap0 --bind-interfaces --dhcp-authoritative \
        --dhcp-option=option:router,10.9.0.1 --dhcp-option-force=option:T1,2 \
        --dhcp-option-force=option:T2,4 --dhcp-leasefile="$work/leases" --log-dhcp --user=root \
        --no-ping "$@"
}
heard() { grep -c "$1" "$work/dnsmasq.log"; }
heard_more() { [ "$(heard "$1")" -gt "$2" ]; }

range=--dhcp-range=10.9.0.50,10.9.0.60,255.255.255.0,2m
dnsmasq_up "$range" --dhcp-option=option:mtu,1400 --dhcp-option=option:dns-server,10.9.0.53 \
    --dhcp-option=option:ntp-server,10.9.0.123 --dhcp-option=option:domain-search,a.test,b.test \
    --dhcp-option=121,0.0.0.0/0,10.9.0.1,172.16.0.0/12,10.9.0.7
start hello "$image" --net=tap:tap0 --hostname=mirage

ok "a lease is taken" until_true 10 grep -q 'up at 10\.9\.0\.[56]' "$work/hello.log"
address=$(sed -n 's/.*up at \([0-9.]*\).*/\1/p' "$work/hello.log")
ok "the image answers at the leased address" curl -sf -m 5 "http://$address/"
ok "the server knows its name" grep -q "$address mirage" "$work/leases"
for option in 'classless-static-route' 'ntp-server' 'domain-search' 'mtu' 'dns-server'; do
    ok "it asks for $option" grep -q "requested options:.*$option" "$work/dnsmasq.log"
done
ok "the lease is renewed" until_true 10 heard_more "DHCPACK(tap0) $address" 2
kill -KILL "${pids[dnsmasq]}" && wait "${pids[dnsmasq]}" 2>/dev/null
ok "the image stays up without its server" curl -sf -m 5 "http://$address/"
dnsmasq_up "$range"
ok "the server that comes back extends the lease" \
    until_true 80 heard_more "DHCPACK(tap0) $address" 0
ok "the image answers still" curl -sf -m 5 "http://$address/"
ok "Ctrl-C ends it with status 0" stop hello
ok "the lease was given back" until_true 5 grep -q "DHCPRELEASE(tap0) $address" "$work/dnsmasq.log"

# The only address there is belongs to the kernel.
kill -KILL "${pids[dnsmasq]}" && wait "${pids[dnsmasq]}" 2>/dev/null
ip addr add 10.9.0.70/32 dev lo
dnsmasq_up --dhcp-range=10.9.0.70,10.9.0.70,255.255.255.0,2m
start second "$image" --net=tap:tap0 --hostname=mirage --dhcp-probe
ok "an address that another station has is declined" \
    until_true 30 grep -q "DHCPDECLINE(tap0) 10.9.0.70" "$work/dnsmasq.log"
ok "and was never used" sh -c "! grep -q 'up at' '$work/second.log'"
ok "Ctrl-C ends it with status 0" stop second
finish
