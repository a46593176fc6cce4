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

start run "$O/linux/fata" run app/hello -t spt --net tap:tap0 -o "$work/build-run" -- "${net[@]}"
ok "fata run -t spt builds it and starts the tender" until_true 20 serves 'Hello from Fata!'
ok "and ends with it" status_of_stop run 0
ok "fata run -t spt says what it cannot do" \
    says 'give it --net tap:NAME' "$O/linux/fata" run app/hello -t spt -o "$work/build-run"
finish
