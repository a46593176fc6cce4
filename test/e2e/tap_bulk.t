#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Bulk data each way against the kernel's TCP over tap, every byte checked: clean, and with losses.
# FATA_BULK_MIB sets how much goes over the clean wire (1024).

. "$(dirname "$0")/lib.sh"
tap_up
build_image echo app/echo
start echo "$image" --net=tap:tap0 --ipv4=10.9.0.2/24
until_true 10 ping -q -c 1 -W 1 10.9.0.2

mib=${FATA_BULK_MIB:-1024}
ok "$mib MiB each way over a clean wire, bit by bit" \
    "$O/linux/peer" echo 10.9.0.2 7 $((mib * 1024 * 1024))

# A datagram comes back as it went. It is read whole: `read` would take a byte and lose the rest.
datagram() {
    local back
    exec 3<>/dev/udp/10.9.0.2/7
    echo "three words $1" >&3
    back=$(timeout 5 dd bs=64 count=1 <&3 2>/dev/null)
    exec 3>&-
    echo "$back"
    [ "$back" = "three words $1" ]
}
ok "a datagram comes back" datagram first
ok "and another, from another port" datagram second
stop echo

build_image echo test/e2e/lossy_echo
start echo "$image" --net=tap:tap0 --ipv4=10.9.0.2/24
until_true 10 ping -q -c 1 -W 1 10.9.0.2
ok "16 MiB each way, 1 % lost and 5 % reordered in both directions" \
    "$O/linux/peer" echo 10.9.0.2 7 $((16 * 1024 * 1024))
ok "Ctrl-C ends it with status 0" stop echo
finish
