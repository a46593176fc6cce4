#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Images on a microvm of QEMU, emulated, with virtio network cards: legacy and modern ones, behind
# QEMU's user-mode network.

. "$(dirname "$0")/lib.sh"
qemu="qemu-system-x86_64"
has "$qemu" || { echo "1..0 # SKIP $qemu is not installed"; exit 0; }
ip link set lo up

# Until `fata build -t virtio` links by itself: the objects of the image for Linux, linked again.
build_virtio() {
    build_image "$1" "$2"
    local libs=("$O"/image/libfa_{boot,core,dev,http,net,wire,virtio,plat_virtio,gate_pc,arch}.a)
    gcc -static -nostdlib -no-pie -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096 \
        -T plat/virtio/virtio.ld -Lplat/guest "$work/build-$1"/*.o \
        -Wl,--start-group "${libs[@]}" -l:libmd.a -lgcc -Wl,--end-group -o "$work/$1.virtio"
}

# machine NAME IMAGE FORWARD ARGUMENTS [OPTION...]: start it with one card.
machine() {
    local name=$1 kernel=$2 forward=$3 arguments=$4
    shift 4
    start "$name" "$qemu" -M microvm,acpi=off -cpu max -m 64 -nodefaults -no-reboot -display none \
        -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=1 "$@" \
        -netdev "user,id=n,hostfwd=tcp:127.0.0.1:$forward" -device virtio-net-device,netdev=n \
        -kernel "$work/$kernel.virtio" -append "$arguments"
}

# Whether the page at PORT is the one it shall be. QEMU takes the connection before the image is up.
greets() { [ "$(curl -s -m 5 "http://127.0.0.1:$1/")" = "$2" ]; }

ok "hello links as a virtio image" build_virtio hello app/hello
ok "echo links as a virtio image" build_virtio echo app/echo

machine hello hello 8001-10.0.2.15:80 "--net=net0 --ipv4=10.0.2.15/24 --greeting=microvm"
ok "curl gets the greeting over a legacy card" until_true 20 greets 8001 microvm
ok "the console says that it is up" grep -q 'up at 10.0.2.15' "$work/hello.log"
ok "200 connections, one after the other" ab -q -n 200 -c 1 http://127.0.0.1:8001/
ok "2,000 requests over 8 connections" ab -q -k -n 2000 -c 8 http://127.0.0.1:8001/
ok "and it still answers" greets 8001 microvm

machine modern hello 8002-10.0.2.15:80 "--net=net0 --greeting=modern" \
    -global virtio-mmio.force-legacy=false
ok "a modern card, with an address by DHCP" until_true 20 greets 8002 modern

machine second hello 8003-10.0.2.15:80 "--net=net1 --ipv4=10.0.2.15/24 --greeting=second" \
    -netdev user,id=first,restrict=on -device virtio-net-device,netdev=first
ok "the second of two cards is net1" until_true 20 greets 8003 second

machine echo echo 8007-10.0.2.15:7 "--net=net0 --ipv4=10.0.2.15/24"
ok "16 MiB there and back" until_true 60 "$O/linux/peer" echo 127.0.0.1 8007 $((16 * 1024 * 1024))

machine none hello 8004-10.0.2.15:80 "--net=net7"
wait "${pids[none]}"
unset "pids[none]"
ok "a card that is not there is a sentence" grep -q 'the machine has no such card' "$work/none.log"
machine bad hello 8005-10.0.2.15:80 "--net=tap:tap0"
wait "${pids[bad]}"
unset "pids[bad]"
ok "so is a card of another kind" grep -q 'write net0' "$work/bad.log"
finish
