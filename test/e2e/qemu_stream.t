#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# QEMU itself is the other end of the stream framing: without a guest it is a hub between its own
# user-mode network, which gives out addresses and forwards a port, and the wires of two images.

. "$(dirname "$0")/lib.sh"
qemu="qemu-system-x86_64"
has "$qemu" || { echo "1..0 # SKIP $qemu is not installed"; exit 0; }
ip link set lo up
build_image echo app/echo
wire() { echo "stream,id=$1,server=on,addr.type=unix,addr.path=$work/$1.sock"; }
start qemu "$qemu" -machine none -display none -monitor none -serial none \
    -netdev "user,id=outside,hostfwd=tcp:127.0.0.1:7007-10.0.2.15:7" -netdev "$(wire a)" \
    -netdev "$(wire b)" -netdev hubport,id=p0,hubid=0,netdev=outside \
    -netdev hubport,id=p1,hubid=0,netdev=a -netdev hubport,id=p2,hubid=0,netdev=b
until_true 10 test -S "$work/b.sock"
start echo "$image" --net=connect:"$work/a.sock"

ok "an image gets its address from QEMU's DHCP server" \
    until_true 10 grep -q 'up at 10.0.2.15' "$work/echo.log"
ok "16 MiB each way through QEMU's frames" "$O/linux/peer" echo 127.0.0.1 7007 $((16 * 1024 * 1024))
start second "$image" --net=connect:"$work/b.sock"
ok "a second image on the same wire gets another address" \
    until_true 10 grep -q 'up at 10.0.2.16' "$work/second.log"
ok "the first still answers" "$O/linux/peer" echo 127.0.0.1 7007 1000
ok "Ctrl-C ends the first with status 0" stop echo
ok "Ctrl-C ends the second with status 0" stop second
finish
