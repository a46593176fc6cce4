#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Servers by stateless DHCPv6: radvd names none but says that others do, dnsmasq is the one.

. "$(dirname "$0")/lib.sh"
for program in radvd dnsmasq; do
    has $program || { echo "1..0 # SKIP $program is not installed"; exit 0; }
done
tap_up
sysctl -qw net.ipv6.conf.tap0.forwarding=1 || { echo "1..0 # SKIP the kernel has no IPv6"; exit 0; }
ip -6 addr add 2001:db8:9::1/64 dev tap0 nodad
build_image dig app/dig

# radvd_up FLAGS: a router.
radvd_up() {
    cat >"$work/radvd.conf" <<CONF
interface tap0 {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    $1
    prefix 2001:db8:9::/64 { AdvOnLink on; AdvAutonomous on; };
};
CONF
    start radvd radvd -n -C "$work/radvd.conf" -p "$work/radvd.pid" -m stderr
}
start dnsmasq dnsmasq --no-daemon --conf-file=/dev/null --user=root --no-resolv --no-hosts \
    --interface=tap0 --bind-interfaces --address=/host.lan.test/2001:db8::5 --log-queries \
    --dhcp-range=2001:db8:9::50,2001:db8:9::60,64,10m --dhcp-leasefile="$work/leases" --log-dhcp \
    --dhcp-option=option6:dns-server,"[2001:db8:9::1]" \
    --dhcp-option=option6:domain-search,lan.test \
    --dhcp-option=option6:ntp-server,"[2001:db8:9::1]" \
    --dhcp-option=option6:information-refresh-time,1200
listens() { ss -Hlun "sport = :$1" | grep -q .; }
ok "dnsmasq starts" until_true 10 listens 547

# Whether the image has an answer to NAME.
asks() { "$image" --net=tap:tap0 --ipv6-only --name="$1" --type=AAAA >"$work/said" 2>&1; }
told() { asks "$1" && grep -q 'IN AAAA 2001:db8::5$' "$work/said"; }
silent() { asks "$1"; local status=$?; cat "$work/said"; [ "$status" = 1 ]; }

radvd_up ''
ok "without the router's flag nobody is asked" silent host.lan.test
ok "and there is no server" grep -q 'there is no server to ask' "$work/said"
ok "as dnsmasq says too" sh -c "! grep -q DHCPINFORMATION-REQUEST '$work/dnsmasq.log'"
stop radvd
radvd_up 'AdvOtherConfigFlag on;'
ok "the image asks the DNS server that DHCPv6 named" until_true 60 told host.lan.test
ok "it says who told" grep -q 'servers from fe80:.* by DHCPv6' "$work/said"
ok "a short name is looked for in the domain that DHCPv6 named" until_true 60 told host
ok "dnsmasq knows an information-request" \
    grep -q 'DHCPINFORMATION-REQUEST(tap0) 00:03:00:01:' "$work/dnsmasq.log"
for option in dns-server domain-search ntp-server information-refresh-time; do
    ok "it answers about $option" grep -q "option:.*$option" "$work/dnsmasq.log"
done
finish
