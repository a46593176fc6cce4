#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Stock clients against app/www over tap: the kernel's own TCP is the other end.

. "$(dirname "$0")/lib.sh"
tap_up
build_image www app/www
# Somebody had the interface before and took frames without checksums from the kernel.
python3 - <<'END'
import fcntl, os, struct
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x5002))  # TUNSETIFF: VNET_HDR
fcntl.ioctl(tun, 0x400454D0, 1)  # TUNSETOFFLOAD: TUN_F_CSUM
os.close(tun)
END
start www "$image" --net=tap:tap0 --ipv4=10.9.0.2/24 --ipv4-gateway=10.9.0.1
url=http://10.9.0.2

ok "a client that is already waiting is answered" until_true 10 curl -sf -m 5 "$url/"

body_has() { curl -sf -m 10 "$url$1" | grep -q "$2"; }
ok "curl gets the index page" body_has / "<html"
ok "the page is the project's own README" body_has / "Fata"
status_is() { [ "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "${@:2}")" = "$1" ]; }
ok "an unknown page is 404" status_is 404 "$url/no/such/page"
ok "HEAD has no body" status_is 200 -I "$url/"
ok "a range is 206" status_is 206 -r 0-99 "$url/"
etag=$(curl -sI -m 10 "$url/" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
ok "the same ETag again is 304" status_is 304 -H "If-None-Match: $etag" "$url/"
ok "dots do not climb out" status_is 400 --path-as-is "$url/../../etc/passwd"

ok "ping is answered, 100 of 100" ping -q -f -c 100 -W 2 10.9.0.2
ok "ping with 1,400 bytes" ping -q -c 3 -s 1400 -W 2 10.9.0.2

ok "10,000 connections one after the other" "$O/linux/peer" seq 10.9.0.2 80 10000
ok "1,000 connections at once" "$O/linux/peer" conc 10.9.0.2 80 1000

no_errors_wrk() {
    wrk -t 1 -c 50 -d 3 "$url/"
    grep -q 'Requests/sec' "$work/out" && ! grep -qE 'Socket errors|Non-2xx' "$work/out"
}
if has wrk; then ok "wrk: 50 connections, none fails" no_errors_wrk; else skip wrk "not there"; fi
no_errors_ab() {
    ab -q -k -n 5000 -c 20 "$url/" && ab -q -n 2000 -c 20 "$url/"
    [ "$(grep -c '^Failed requests: *0$' "$work/out")" = 2 ]
}
if has ab; then ok "ab: keep-alive and not, none fails" no_errors_ab; else skip ab "not there"; fi

nmap_scan() {
    nmap -n -sT -sV --version-light -p 79-81 10.9.0.2
    grep -q '^80/tcp *open *http' "$work/out" || return 1
    [ "$(grep -c '^[0-9]*/tcp *open' "$work/out")" = 1 ]
}
nmap_isn() {
    nmap -n -O -v -p 80,81 10.9.0.2
    grep -qE 'Difficulty=2[0-9][0-9]|Good luck' "$work/out"
}
if has nmap; then
    ok "nmap -sT -sV sees one open port and knows HTTP" nmap_scan
    ok "nmap finds the initial sequence numbers hard to guess" nmap_isn
else
    skip nmap "not installed"
fi

ok "it still answers" body_has / "<html"
ok "Ctrl-C ends it with status 0" stop www
ok "and prints what it did" grep -q 'requests' "$work/www.log"
finish
