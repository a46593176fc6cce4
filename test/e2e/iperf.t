#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# app/iperf against iperf 2 of the distribution, as its server and its client: TCP, UDP, both
# directions at once and in turn; and against itself on a switch in memory.

. "$(dirname "$0")/lib.sh"
has iperf || { echo '1..0 # SKIP no iperf here'; exit 0; }
tap_up
build_image iperf app/iperf
us=10.9.0.2
mib=20
amount=$((mib * 1024 * 1024))

# both WHAT...: its output has a line for each direction with the whole amount.
moved() { grep -cE "0\.00.* $mib\.0 MBytes" <<<"$1"; }
stock() { timeout 60 iperf -c "$us" "$@" 2>&1; }
ours() { timeout 60 "$image" --net=tap:tap1 --ipv4=10.8.0.2/24 --client=10.8.0.1 "$@" 2>&1; }

as_server() {
    local want=$1 out
    shift
    out=$(stock "$@") || { echo "$out"; return 1; }
    echo "$out"
    [ "$(moved "$out")" -eq "$want" ]
}
# As the client: its exit status, and what the stock server printed.
as_client() {
    local want=$1 out
    shift
    : >"$work/server.log"
    out=$(ours "$@") || { echo "$out"; return 1; }
    echo "$out"
    until_true 5 server_counted "$want"
}
server_counted() { [ "$(moved "$(cat "$work/server.log")")" -ge "$1" ]; }
udp_whole() {
    local out
    out=$("$@") || { echo "$out"; return 1; }
    echo "$out"
    grep -Eq '[1-9][0-9]* *(datagrams|\(0%\)|/)|/ *[1-9][0-9]* \(0(\.0+)?%\)' <<<"$out" &&
        ! grep -q WARNING <<<"$out"
}

start iperf "$image" --net=tap:tap0 --ipv4=$us/24
until_true 10 ping -q -c 1 -W 1 $us
ok "iperf sends $mib MiB to our server" as_server 1 -n $amount
ok "four connections at once" as_server 4 -n $amount -P 4
ok "both directions at once" as_server 2 -n $amount -d -L 5002
ok "both directions in turn" as_server 2 -n $amount -r -L 5003
ok "a test by time" stock -t 1
ok "datagrams, and our report of them" udp_whole stock -u -b 20M -t 1
ok "datagrams both ways" udp_whole stock -u -b 5M -t 1 -d -L 5004
stop iperf

ip tuntap add dev tap1 mode tap && ip addr add 10.8.0.1/24 dev tap1 && ip link set tap1 up
start server stdbuf -oL iperf -s
until_true 10 listening tcp 5001
ok "we send $mib MiB to iperf's server" as_client 1 --bytes=${mib}MiB
ok "four connections of ours" as_client 4 --bytes=${mib}MiB --parallel=4
ok "both directions at once, asked by us" ours --bytes=${mib}MiB --dual
ok "both directions in turn, asked by us" ours --bytes=${mib}MiB --tradeoff
ok "a test of ours by time" ours --time=1s --interval=500ms
stop server
start server stdbuf -oL iperf -s -u
until_true 10 listening udp 5001
ok "datagrams of ours, and iperf's report of them" \
    udp_whole ours --udp --bandwidth=20000000 --time=1s
stop server
refused() {
    local out
    ! out=$(ours --bytes=1MiB) && grep -q 'cannot connect to 10.8.0.1:5001' <<<"$out"
}
ok "a server that is not there is a failed test, with its reason" refused

build_image iperf app/iperf/vnet.lua
alone() { timeout 60 "$image" "$@"; }
ok "against itself, without a network" alone --bytes=200MiB
ok "against itself in both directions" alone --bytes=100MiB --dual
ok "against itself with datagrams" udp_whole alone --udp --bandwidth=100000000 --time=1s
finish
