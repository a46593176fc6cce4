#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The SNTP client against chronyd, which serves the time of this machine and leaves its clock alone.

. "$(dirname "$0")/lib.sh"
has chronyd || { echo "1..0 # SKIP chronyd is not installed"; exit 0; }
tap_up
build_image clock app/clock
cat >"$work/chrony.conf" <<CONF
local stratum 5
allow 10.9.0.0/24
bindaddress 10.9.0.1
cmdport 0
bindcmdaddress /
pidfile $work/chronyd.pid
CONF
start chronyd chronyd -x -d -U -u root -f "$work/chrony.conf"
listens() { ss -Hlun "sport = :123" | grep -q "10.9.0.1"; }
ok "chronyd starts" until_true 10 listens

at_chronyd() {
    "$image" --net=tap:tap0 -l warning --ipv4=10.9.0.2/24 "$@" >"$work/said" 2>&1
    local status=$?
    cat "$work/said"
    return "$status"
}
before=$(date +%s)
ok "the time is got" at_chronyd --ntp-server=10.9.0.1
after=$(date +%s)
ok "from the server, with its stratum" grep -q 'by 10\.9\.0\.1:123, stratum 5,' "$work/said"
says_now() {
    local said
    said=$(date -d "$(grep -o '^20[^ ]*Z' "$work/said")" +%s)
    [ "$said" -ge $((before - 1)) ] && [ "$said" -le $((after + 1)) ]
}
ok "and it lies between before and after" says_now
stop chronyd
silent() {
    ! at_chronyd --ntp-server=10.9.0.1 --timeout=3s && grep -q 'no time server' "$work/said"
}
ok "a server that is gone is reported" silent
finish
