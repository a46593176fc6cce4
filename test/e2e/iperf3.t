#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# iperf 3's client and server, both on the kernel's TCP, through a relay on ours: each byte crosses
# our stack twice, once in each role. Then what tshark and tcptrace say of our segments.

. "$(dirname "$0")/lib.sh"
has iperf3 || { echo '1..0 # SKIP no iperf3 here'; exit 0; }
tap_up
build_image relay test/e2e/relay
start relay "$image" --net=tap:tap0 --ipv4=10.9.0.2/24 --server=10.9.0.1
until_true 10 ping -q -c 1 -W 1 10.9.0.2
start server iperf3 -s -B 10.9.0.1
until_true 10 listening tcp 5201

# Every byte that was sent was received, and no stream failed.
whole() {
    timeout 60 iperf3 -c 10.9.0.2 -J "$@" >"$work/iperf3.json" || {
        cat "$work/iperf3.json"
        return 1
    }
    python3 - "$work/iperf3.json" <<'END'
import json, sys
end = json.load(open(sys.argv[1]))["end"]
pairs = [(end["sum_sent"], end["sum_received"])]
if "sum_sent_bidir_reverse" in end:
    pairs.append((end["sum_sent_bidir_reverse"], end["sum_received_bidir_reverse"]))
for sent, received in pairs:
    print("sent", sent["bytes"], "received", received["bytes"])
    assert received["bytes"] > 1 << 20, "hardly anything was received"
END
}
ok "iperf3 through us" whole -n 200M
ok "iperf3 through us, the server sending" whole -n 200M -R
ok "eight streams" whole -n 200M -P 8
ok "both directions" whole -t 2 --bidir
ok "small messages" whole -n 20M -l 100
ok "without delay, a small segment size" whole -n 20M -N -M 536

# A clean transfer recorded whole.
if has tshark && has tcptrace; then
    start dump tcpdump -q -U -i tap0 -s 96 -w "$work/clean.pcap" -Z root tcp port 5201
    until_true 10 test -s "$work/clean.pcap"
    ok "a transfer to be looked at" whole -n 5M
    # The kernel hands its last packets to tcpdump a second later.
    ends_seen() {
        local fins='tcp[tcpflags] & tcp-fin != 0'
        [ "$(tcpdump -nr "$work/clean.pcap" "$fins" 2>/dev/null | wc -l)" -ge 4 ]
    }
    ok "it is recorded to its end" until_true 10 ends_seen
    stop dump # it writes what it has
    flagged() {
        tshark -r "$work/clean.pcap" -o tcp.check_checksum:FALSE -Y \
            "ip.src == 10.9.0.2 && ($1)" 2>/dev/null
    }
    none_flagged() {
        local bad
        bad=$(flagged "$1")
        echo "$bad"
        [ -z "$bad" ]
    }
    ok "tshark: nothing of ours is malformed" none_flagged '_ws.malformed'
    ok "tshark: nothing of ours was sent twice or out of order" none_flagged \
        'tcp.analysis.retransmission || tcp.analysis.out_of_order || tcp.analysis.lost_segment'
    ok "tshark: we promised no window and took it back, and filled none that was closed" \
        none_flagged 'tcp.analysis.window_full && tcp.analysis.zero_window_probe'
    # tcptrace's column of a connection that we are the server or the client of.
    no_anomaly() {
        tcptrace -n -l "$work/clean.pcap" >"$work/tcptrace.txt" 2>/dev/null
        python3 - "$work/tcptrace.txt" <<'END'
import re, sys
text = open(sys.argv[1]).read()
conns = re.split(r"^=+$", text, flags=re.M)
seen = 0
for conn in conns:
    hosts = re.findall(r"^\s*host (\w+):\s+([\d.]+):(\d+)", conn, re.M)
    if len(hosts) != 2:
        continue
    ours = [i for i, host in enumerate(hosts) if host[1] == "10.9.0.2"]
    assert len(ours) == 1, hosts
    seen += 1
    rows = dict((m[0], m[1:]) for m in re.findall(
        r"^\s*([a-z][a-z /]+):\s+(\S+)\s+[a-z][a-z /]+:\s+(\S+)\s*$", conn, re.M))
    for row in ("rexmt data pkts", "outoforder pkts", "zwnd probe pkts", "hardware dups"):
        # tcptrace leaves the line of duplicates out where there are none.
        if row in rows or row != "hardware dups":
            assert rows[row][ours[0]] == "0", (row, rows[row], hosts)
assert seen >= 2, f"tcptrace saw {seen} connections"
print(f"{seen} connections without an anomaly of ours")
END
    }
    ok "tcptrace: no segment of ours again, none out of order" no_anomaly
else
    skip "what tshark and tcptrace say" "not installed"
fi
stop server
ok "the relay ends with status 0" stop relay
finish
