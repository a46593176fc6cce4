#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# An image gets its address from dnsmasq, is reached at it, and gives it back.

. "$(dirname "$0")/lib.sh"
has dnsmasq || { echo "1..0 # SKIP dnsmasq is not installed"; exit 0; }
tap_up
build_image hello app/hello
start dnsmasq dnsmasq --no-daemon --conf-file=/dev/null --port=0 \
    --interface=tap0 --bind-interfaces \
    --dhcp-range=10.9.0.50,10.9.0.60,255.255.255.0,2m --dhcp-option=option:router,10.9.0.1 \
    --dhcp-leasefile="$work/leases" --log-dhcp --user=root --no-ping
start hello "$image" --net=tap:tap0 --hostname=mirage

ok "a lease is taken" until_true 10 grep -q 'up at 10\.9\.0\.[56]' "$work/hello.log"
address=$(sed -n 's/.*up at \([0-9.]*\).*/\1/p' "$work/hello.log")
ok "the image answers at the leased address" curl -sf -m 5 "http://$address/"
ok "the server knows its name" grep -q "$address mirage" "$work/leases"
ok "Ctrl-C ends it with status 0" stop hello
ok "the lease was given back" until_true 5 grep -q "DHCPRELEASE(tap0) $address" "$work/dnsmasq.log"
finish
