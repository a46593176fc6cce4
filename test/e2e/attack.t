#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Scanners, floods and broken packets against app/www over tap: it stays up, answers every real
# client meanwhile, gives all buffers and connections back, and says what it dropped.

. "$(dirname "$0")/lib.sh"
tap_up
build_image www app/www
us=10.9.0.2
url=http://$us
start www "$image" --net=tap:tap0 --ipv4=$us/24 --ipv4-gateway=10.9.0.1
until_true 10 curl -sf -m 5 "$url/"

answers() { curl -sf -m 5 "$url/" | grep -q '<html'; }
memory_kib() { awk '/^VmRSS/ {print $2}' "/proc/${pids[www]}/status"; }

# ---- nmap: what each kind of scan must conclude ----
# scan FLAG... -- PATTERN...: every pattern is in the report.
scan() {
    local flags=() pattern
    while [ "$1" != -- ]; do flags+=("$1"); shift; done
    shift
    timeout 120 nmap -n -Pn --max-retries 2 "${flags[@]}" "$us" >"$work/nmap" 2>&1
    cat "$work/nmap"
    for pattern; do
        grep -Eq "$pattern" "$work/nmap" || { echo "missing: $pattern"; return 1; }
    done
}
if has nmap; then
    ok "SYN scan: one port open, the others closed" scan -sS -p 70-90 -- \
        '80/tcp +open' '79/tcp +closed' '90/tcp +closed'
    ok "connect scan" scan -sT -p 79-81 -- '80/tcp +open' '79/tcp +closed'
    ok "ACK scan: nothing filters" scan -sA -p 79-81 -- 'unfiltered|3 tcp ports'
    ok "FIN scan: an open port is silent (RFC 9293 3.10.7)" scan -sF -p 79-81 -- \
        '80/tcp +open\|filtered' '79/tcp +closed'
    ok "NULL scan" scan -sN -p 79-81 -- '80/tcp +open\|filtered' '79/tcp +closed'
    ok "Xmas scan" scan -sX -p 79-81 -- '80/tcp +open\|filtered' '79/tcp +closed'
    ok "Maimon scan: FIN and ACK are answered alike" scan -sM -p 79-81 -- \
        '[Aa]ll 3 scanned|3 closed|closed'
    ok "window scan: the window of a reset tells nothing" scan -sW -p 79-81 -- \
        '[Aa]ll 3 scanned|3 closed|closed'
    ok "UDP scan: a closed port says so" scan -sU -p 9,53 -- '9/udp +closed' '53/udp +closed'
    ok "protocol scan: ICMP, TCP and UDP are there" scan -sO -p 1,6,17,99 -- \
        '1 +open' '6 +open' '17 +open' '99 +closed'
    ok "SCTP is no protocol of ours" scan -sY -p 80 -- '80/sctp +(filtered|closed)'
    ok "operating system detection ends" scan -O -p 79-81 -- 'scanned in'
    ok "fragments of 8 bytes do no harm" scan -sS -f -p 80 -- 'scanned in'
    ok "wrong checksums are not answered" scan -sS --badsum -p 79-81 -- 'filtered'
    ok "it answers after the scans" answers
else
    skip "scans" "no nmap"
fi

# ---- hping3: floods, while a client fetches pages ----
before=$(memory_kib)
hping_ended() { ! kill -0 "${pids[hping]}"; }
flood() {
    local i
    hping3 -q -i u20 "$@" "$us" >"$work/hping" 2>&1 &
    pids[hping]=$!
    for i in $(seq 25); do answers || { echo "fetch $i failed"; return 1; }; done
    while [ -n "${SYNS:-}" ] && ! hping_ended; do
        i=$((i + 1))
        answers || { echo "fetch $i failed"; return 1; }
    done
    until_true 60 hping_ended || kill "${pids[hping]}"
    echo "$i pages fetched meanwhile; $(memory_kib) KiB in memory, $before before" >"$work/told"
    unset 'pids[hping]'
    cat "$work/hping"
}
if has hping3; then
    ok "SYNs from everywhere" flood -c "${SYNS:-50000}" -S -p 80 --rand-source # SYNS=1000000
    echo "# $(cat "$work/told")"
    ok "SYNs to closed ports" flood -c 20000 -S -p ++1000
    ok "ACKs of no connection" flood -c 20000 -A -p 80
    ok "RSTs at random" flood -c 20000 -R -p 80 --rand-source
    ok "all flags at once" flood -c 20000 -FSRPAUXY -p 80
    ok "UDP to a closed port" flood -c 20000 --udp -p 9
    ok "echo requests" flood -c 20000 --icmp
    ok "fragments that never become whole" flood -c 20000 --udp -p 9 -x -d 600 --rand-source
    ok "from our own address and port" flood -c 5000 -S -p 80 -s 80 -a $us
    grown() {
        echo "$before KiB before, $(memory_kib) KiB after"
        [ "$(memory_kib)" -le $((before + 4096)) ]
    }
    ok "memory is as it was, but for buffers used once" grown
else
    skip "floods" "no hping3"
fi

# ---- scapy: broken packets out of a seed ----
if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; else python=python3; fi
has_scapy() { "$python" -c 'import scapy.all' 2>/dev/null; }
scapy_fuzz() {
    timeout 120 "$python" - "$1" "$2" <<'END'
import random, sys
from scapy.all import (Ether, IP, TCP, UDP, ICMP, ARP, Raw, fuzz, sendp, get_if_hwaddr, srp1,
                       conf, fragment)
seed, count = int(sys.argv[1]), int(sys.argv[2])
random.seed(seed)
conf.verb = 0
us, me, iface = "10.9.0.2", "10.9.0.1", "tap0"
mac = srp1(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(pdst=us), iface=iface, timeout=5)[ARP].hwsrc
link = Ether(dst=mac, src=get_if_hwaddr(iface))

def some_bytes(most):
    return bytes(random.getrandbits(8) for _ in range(random.randrange(most)))

def options():
    return [(random.randrange(256), some_bytes(8)) for _ in range(random.randrange(4))]

def packet():
    kind = random.randrange(9)
    ip = IP(src=me, dst=us)
    if kind == 0:
        return fuzz(IP(src=me, dst=us)) / some_bytes(60)
    if kind == 1:
        return ip / fuzz(TCP(dport=80))
    if kind == 2:
        return ip / fuzz(UDP())
    if kind == 3:
        return ip / fuzz(ICMP()) / bytes(ip / TCP(dport=80, sport=random.randrange(65536)))
    if kind == 4:
        return ip / TCP(dport=80, sport=random.randrange(1, 65536), flags=random.randrange(256),
                        seq=random.getrandbits(32), ack=random.getrandbits(32), options=options())
    if kind == 5:
        datagram = ip / UDP(dport=9) / Raw(some_bytes(2000))
        parts = fragment(datagram, fragsize=8 * random.randrange(1, 60))
        return random.choice(parts)
    if kind == 6:
        return IP(src=me, dst=us, flags=random.randrange(8), frag=random.randrange(8192),
                  proto=random.randrange(256), ihl=random.randrange(16)) / some_bytes(100)
    if kind == 7:
        return ip / TCP(dport=80, flags="S", dataofs=random.randrange(16)) / some_bytes(40)
    return Raw(some_bytes(200))

packets = []
for _ in range(count):
    body = packet()
    packets.append(link / body if random.randrange(8) else fuzz(Ether(dst=mac)) / body)
sendp(packets, iface=iface)
arps = [Ether(dst="ff:ff:ff:ff:ff:ff") / fuzz(ARP(pdst=us)) for _ in range(200)]
sendp(arps, iface=iface)
END
}
if has_scapy; then
    for seed in 1 2 3; do
        ok "scapy's broken packets, seed $seed" scapy_fuzz $seed 1500
        ok "it answers after them" until_true 10 answers
    done
else
    skip "broken packets" "no scapy"
fi

ok "10 connections after all" "$O/linux/peer" seq $us 80 10
ok "Ctrl-C ends it with status 0" stop www
said() { cat "$work/www.log"; grep -q 'dropped or unusual:.*tcp_rx_bad_checksum' "$work/www.log"; }
ok "and it says what it dropped" said
finish
