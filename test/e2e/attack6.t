#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# IPv6's own scanners and attacks against app/www over tap: nmap's IPv6 scripts, thc-ipv6's floods,
# forgeries, fragments and fuzzers. It stays up, answers its real client, and its memory stays.

. "$(dirname "$0")/lib.sh"
has radvd || { echo '1..0 # SKIP no radvd here'; exit 0; }
tap_up
sysctl -qw net.ipv6.conf.tap0.disable_ipv6=0 net.ipv6.conf.all.forwarding=1 2>/dev/null
ip -6 addr add fd00:9::1/64 dev tap0 nodad
cat >"$work/radvd.conf" <<END
interface tap0 {
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    prefix fd00:9::/64 { };
};
END
build_image www app/www
start radvd radvd -n -C "$work/radvd.conf" -p "$work/radvd.pid" -m stderr
start www "$image" --net=tap:tap0 --ipv4=10.9.0.2/24

# The address that it made of the router's prefix.
find_address() {
    us=$(sed -n 's/.*tap0: \(fd00:9:[^/ ]*\).*/\1/p' "$work/www.log" | head -n 1)
    [ -n "$us" ]
}
ok "it takes an address from a router's advertisement" until_true 20 find_address
link=$(sed -n 's/.*tap0: \(fe80:[^/ ]*\).*/\1/p' "$work/www.log" | head -n 1)
mac=$(ip -br link show tap0 | awk '{print $3}')
answers() { curl -gsf -m 5 "http://[$us]/" | grep -q '<html'; }
answers4() { curl -sf -m 5 http://10.9.0.2/ | grep -q '<html'; }
memory_kib() { awk '/^VmRSS/ {print $2}' "/proc/${pids[www]}/status"; }
ok "a client gets the page by IPv6" until_true 10 answers
ok "and by its link-local address" curl -gsf -m 5 "http://[$link%tap0]/" -o "$work/page"
ok "ping of 1,400 bytes, 20 of 20" ping -6 -q -i 0.05 -c 20 -s 1400 -W 2 "$us"

# ---- nmap ----
scan() {
    local flags=() pattern
    while [ "$1" != -- ]; do flags+=("$1"); shift; done
    shift
    timeout 120 nmap -6 -n -Pn --max-retries 2 "${flags[@]}" "$us" >"$work/nmap" 2>&1
    cat "$work/nmap"
    for pattern; do
        grep -Eq "$pattern" "$work/nmap" || { echo "missing: $pattern"; return 1; }
    done
}
if has nmap; then
    ok "SYN scan" scan -sS -p 79-81 -- '80/tcp +open' '79/tcp +closed' '81/tcp +closed'
    ok "connect scan" scan -sT -p 79-81 -- '80/tcp +open' '79/tcp +closed'
    ok "FIN scan" scan -sF -p 79-81 -- '80/tcp +open\|filtered' '79/tcp +closed'
    ok "UDP scan: a closed port says so" scan -sU -p 9,53 -- '9/udp +closed' '53/udp +closed'
    ok "operating system detection ends" scan -O -p 79-81 -- 'scanned in'
    ok "nmap's IPv6 scripts find it on the link and end" \
        scan -e tap0 -p 80 --script 'targets-ipv6-multicast-*,ipv6-ra-flood,ipv6-node-info' \
        --script-args 'newtargets,interface=tap0,ipv6-ra-flood.timeout=2s' -- 'scanned in'
    ok "it answers after the scans" until_true 10 answers
else
    skip "scans" "no nmap"
fi

# ---- thc-ipv6: each program for a while, then a real client ----
before=$(memory_kib)
sent_count() { awk '/tap0:/ {print $11}' /proc/net/dev; }
withstood() {
    cat "$work/thc"
    echo "$(sent_count) frames sent, $1 at least"
    [ "$(sent_count)" -ge "$1" ] && until_true 15 answers && answers4
}
# attack CLAIM SECONDS COUNT PROGRAM WORD...: it is ended after a while, and must have sent so many
# frames; the client must not notice for long.
attack() {
    local claim=$1 seconds=$2 least=$3 program=atk6-$4
    shift 4
    has "$program" || { skip "$claim" "no $program"; return; }
    local count
    count=$(sent_count)
    timeout -k 1 "$seconds" "$program" "$@" >"$work/thc" 2>&1
    ok "$claim" withstood $((count + least))
}
attack "a flood of advertised routers" 2 1000 flood_router26 tap0
attack "a flood of neighbour advertisements" 2 1000 flood_advertise6 tap0 "$us"
attack "a flood of neighbour solicitations" 2 1000 flood_solicitate6 tap0 "$us"
attack "a flood of router solicitations" 2 1000 flood_rs6 tap0
attack "a flood of listener reports" 2 1000 flood_mld6 tap0
attack "a flood of MLDv2 reports" 2 1000 flood_mld26 tap0
attack "a flood of MLD queries" 2 1000 flood_mldrouter6 tap0
attack "a flood of redirects" 2 1000 flood_redir6 tap0 "$us"
attack "a flood of unreachables" 2 1000 flood_unreach6 tap0 "$us"
attack "a flood of SYNs" 2 1000 thcsyn6 -r tap0 "$us" 80
attack "fragments: overlaps, tiny ones, none, too many" 6 5 fragmentation6 tap0 "$us"
attack "known weaknesses of other stacks" 3 4 exploit6 tap0 "$us"
for number in 1 3 7; do
    attack "denial of service $number" 6 500 denial6 tap0 "$us" $number
done
attack "header chains that few implement" 3 4 implementation6 tap0 "$us"
attack "fuzzed extension headers" 3 100 fuzz_ip6 -a -x -D -F -H -R tap0 "$us"
attack "fuzzed router advertisements" 3 20 fuzz_ip6 -a -x -4 tap0 "$us"
attack "fuzzed neighbour advertisements" 3 20 fuzz_ip6 -a -x -3 tap0 "$us"
attack "a forged packet too big" 2 2 toobig6 tap0 "$us" fd00:9::1 1280
attack "random ICMPv6 types" 2 10 randicmp6 tap0 "$us"
attack "a router that says it is gone" 2 2 kill_router6 tap0 "*" "$mac"
grown() {
    echo "$before KiB before, $(memory_kib) KiB after"
    [ "$(memory_kib)" -le $((before + 4096)) ]
}
ok "memory is as it was, but for buffers used once" grown

ok "Ctrl-C ends it with status 0" stop www
said() {
    cat "$work/www.log"
    grep -q 'dropped or unusual:.*ndp_' "$work/www.log"
}
ok "and it says what it dropped" said
finish
