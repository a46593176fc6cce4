#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Applications as sandboxed processes: `fata build -t spt`, the tender, and curl over tap.

. "$(dirname "$0")/lib.sh"
tap_up
tender=$O/static/tender
url=http://10.9.0.2
net=(--ipv4=10.9.0.2/24 --ipv4-gateway=10.9.0.1)

build_image hello app/hello -t spt
hello=$image
serves() { [ "$(curl -sf -m 10 "$url/" 2>/dev/null)" = "$1" ]; }
status_of_stop() { stop "$1"; [ $? = "$2" ]; }

says() { "${@:2}" 2>&1 | grep -qF -- "$1"; }
ok "without its card it is refused, with the remedy" \
    says "name what it is by --net:service=" "$tender" "$hello"
ok "a bad boot argument ends it with 64" \
    bash -c "$tender --net:service=tap0 '$hello' --no-such-key; [ \$? = 64 ]"

start hello "$tender" --net:service=tap0 "$hello" "${net[@]}" --greeting=Sandboxed
ok "hello under our filter answers curl" until_true 10 serves Sandboxed
ok "ping is answered, 100 of 100" ping -q -f -c 100 -W 2 10.9.0.2
ok "2,000 connections one after the other" "$O/linux/peer" seq 10.9.0.2 80 2000
ok "it stops in order when asked" status_of_stop hello 0

start strict "$tender" --strict=solo5 --net:service=tap0 "$hello" "${net[@]}"
ok "hello under Solo5's own filter answers curl" until_true 10 serves 'Hello from Fata!'
ok "1,000 connections at once" "$O/linux/peer" conc 10.9.0.2 80 1000
kill "${pids[strict]}" # nothing asks it to end in order there
wait "${pids[strict]}"
unset "pids[strict]"

build_image www app/www -t spt
start www "$tender" --net:service=tap0 "$image" "${net[@]}"
has_page() { curl -sf -m 10 "$url/" | grep -q '<html'; }
ok "www serves its pages" until_true 10 has_page
stop www

# A disk is found by its name, and what is asked of it by the file of the image.
mkdir "$work/reader"
cat >"$work/reader/fata.lua" <<'END'
return unikernel "reader" {
    main = "reader_main",
    sources = { "reader.c" },
    devices = { disk = blk.default { name = "books", writable = false } },
}
END
cat >"$work/reader/reader.c" <<'END'
#include "reader.fata.h"
#include "fa/blkdev.h"
#include "fa/plat.h"

static _Alignas(512) uint8_t block[512];

int reader_main(struct reader_devices *devices)
{
    struct fa_blk_req read = {.op = FA_BLK_READ, .block = 1, .count = 1, .at = block};
    struct fa_blk_req write = {.op = FA_BLK_WRITE, .block = 1, .count = 1, .at = block};
    bool good = fa_blkdev_submit(devices->disk, 0, &read) == FA_OK &&
                fa_blkdev_complete(devices->disk, 0) == &read && read.result == FA_OK &&
                fa_blkdev_submit(devices->disk, 0, &write) == FA_EINVAL;
    fa_console_write((struct fa_slice){block, good ? 5 : 0});
    return good ? 0 : 1;
}
END
build_image reader "$work/reader" -t spt
printf '%512swords%507s' '' '' >"$work/books"
ok "a disk is read by its name, and its writes are refused" \
    says words "$tender" --strict=solo5 --block:books="$work/books" "$image"
says_not() { ! "${@:2}" 2>&1 | grep -qE -- "$1"; }
ok "an image that is given devices has no keys for them" \
    says_not '--(net|disk)' "$O/linux/fata" describe "$image"
ok "fata run says that it attaches no disks" says 'attaches cards alone' \
    "$O/linux/fata" run "$work/reader" -t spt -o "$work/build-reader"

mkdir "$work/plain"
cat >"$work/plain/fata.lua" <<'END'
return unikernel "plain" { main = "plain_main", sources = { "plain.c" } }
END
cat >"$work/plain/plain.c" <<'END'
#include "plain.fata.h"

int plain_main(struct plain_devices *devices)
{
    (void)devices;
    return 7;
}
END
plain() { "$O/linux/fata" run "$work/plain" -t spt -o "$work/build-plain" "$@"; }
ends_with() { "${@:2}"; [ $? = "$1" ]; }
ok "without devices it runs, and fata's status is its own" ends_with 7 plain
ok "and a card that it has not cannot be attached" says 'no network card' plain --net tap:tap0

start run "$O/linux/fata" run app/hello -t spt --net tap:tap0 -o "$work/build-run" -- "${net[@]}"
ok "fata run -t spt builds it and starts the tender" until_true 20 serves 'Hello from Fata!'
ok "and ends with it" status_of_stop run 0
ok "fata run -t spt says what it cannot do" \
    says 'give it --net tap:NAME' "$O/linux/fata" run app/hello -t spt -o "$work/build-run"
finish
