# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# test/e2e/lib.sh: what end-to-end tests share. A test sources it first. It then runs in network and
# mount namespaces of its own, which end with it; without root also in a user namespace, so no
# privilege is needed where the kernel allows that. Everything it starts it ends, by pid.
#
#   . test/e2e/lib.sh
#   tap_up; start_image www app/www --net=tap:tap0 --ipv4=10.9.0.2/24
#   ok "curl gets the index" curl -sf http://10.9.0.2/
#   finish

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
O=${O:-o}
PATH=$PATH:/usr/sbin:/sbin

if [ -z "${FATA_E2E_INSIDE:-}" ]; then
    flags=(--net --mount --pid --fork --kill-child --mount-proc)
    [ "$(id -u)" = 0 ] || flags+=(--user --map-root-user)
    if ! unshare "${flags[@]}" true 2>/dev/null; then
        echo "1..0 # SKIP no namespaces here: unshare ${flags[*]} is refused"
        exit 0
    fi
    FATA_E2E_INSIDE=1 exec unshare "${flags[@]}" "$(readlink -f "$0")" "$@"
fi

work=$(mktemp -d)
tests=0
failures=0
declare -A pids=()

# Print a line of diagnosis.
note() { sed 's/^/# /' <<<"$*"; }

clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap clean_up EXIT

# ok CLAIM COMMAND...: one TAP test: the command's exit status. Its output is shown if it fails.
ok() {
    local claim=$1
    shift
    tests=$((tests + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $tests - $claim"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $claim"
        echo "# command: $*"
        tail -n 40 "$work/out" | sed 's/^/# /'
        save_capture
    fi
}

# skip CLAIM REASON: one TAP test left out.
skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

finish() {
    echo "1..$tests"
    [ "$failures" = 0 ]
    exit
}

# has PROGRAM: whether it is installed.
has() { command -v "$1" >/dev/null; }

# A tap device tap0 with the kernel at 10.9.0.1/24, recorded as long as the test runs.
tap_up() {
    ip link set lo up
    if ! ip tuntap add dev tap0 mode tap 2>"$work/err"; then
        echo "1..0 # SKIP no tap device: $(head -n 1 "$work/err")"
        exit 0
    fi
    ip addr add 10.9.0.1/24 dev tap0
    ip link set tap0 up
    sysctl -qw net.ipv4.ip_local_port_range="10000 65000" net.ipv4.tcp_tw_reuse=1 2>/dev/null
    if has tcpdump; then
        tcpdump -q -i tap0 -s 128 -C 20 -W 1 -w "$work/tap0.pcap" -Z root >/dev/null 2>&1 &
        pids[tcpdump]=$!
    fi
}

# Keep the capture of a failing test.
save_capture() {
    [ -s "$work/tap0.pcap" ] || return 0
    mkdir -p "$O/capture"
    cp "$work/tap0.pcap" "$O/capture/e2e-$(basename "$0" .t)-$tests.pcap"
    note "capture: $O/capture/e2e-$(basename "$0" .t)-$tests.pcap"
}

# build_image NAME DIR [FLAG...]: configure and build an app for this machine; sets $image.
build_image() {
    local name=$1 dir=$2
    shift 2
    "$O/linux/fata" build "$dir" -o "$work/build-$name" "$@" >"$work/build.log" 2>&1 || {
        echo "Bail out! building $dir failed"
        sed 's/^/# /' "$work/build.log"
        exit 1
    }
    image=$work/build-$name/$name
}

# start NAME COMMAND...: run in the background; its output goes to $work/NAME.log.
start() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 &
    pids[$name]=$!
}

# stop NAME: ask it to end and wait. Returns: its exit status.
stop() {
    kill -INT "${pids[$1]}" 2>/dev/null
    wait "${pids[$1]}"
    local status=$?
    unset "pids[$1]"
    return $status
}

# until_true SECONDS COMMAND...: repeat until it succeeds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# listening tcp|udp PORT: whether the kernel has a socket there.
listening() { ss -Hln "--$1" "sport = :$2" | grep -q .; }
