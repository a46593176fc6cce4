#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The kernel as a peer of an image that is told its addresses: both families, one alone, packets
# that need fragments both ways, and what makes no sense.

. "$(dirname "$0")/lib.sh"
tap_up
ip -6 addr add fd09::1/64 dev tap0 nodad
build_image hello app/hello

# serve NAME FLAG...: the image in the background, until it is reached or five seconds.
serve() {
    local name=$1
    shift
    start "$name" "$image" --net=tap:tap0 "$@"
    until_true 10 grep -q 'up at' "$work/$name.log"
}

ok "both families come up" serve both --ipv4=10.9.0.2/24 --ipv6=fd09::2/64 \
    --accept-router-advertisements=false
ok "the page is there over IPv4" curl -sf -m 5 http://10.9.0.2/
ok "and over IPv6" until_true 10 curl -sf -m 5 "http://[fd09::2]/"
ok "an echo of 8,000 bytes comes back over IPv4" ping -q -c 3 -i 0.2 -s 8000 10.9.0.2
ok "an echo of 60,000 bytes comes back over IPv4" ping -q -c 2 -i 0.2 -s 60000 10.9.0.2
ok "an echo of 8,000 bytes comes back over IPv6" ping -6 -q -c 3 -i 0.2 -s 8000 fd09::2
ok "Ctrl-C ends it with status 0" stop both

ok "IPv6 alone comes up, and says at which address" serve six --ipv6-only --ipv6=fd09::3/64 \
    --accept-router-advertisements=false
ok "that is the configured one" grep -q 'up at fd09::3' "$work/six.log"
ok "the page is there" curl -sf -m 5 "http://[fd09::3]/"
ok "Ctrl-C ends it with status 0" stop six

ok "a smaller MTU is kept to" serve small --ipv4=10.9.0.4/24 --ipv4-only --mtu=600
ok "echoes come back in small pieces" ping -q -c 2 -i 0.2 -s 3000 10.9.0.4
ok "nothing answers over IPv6" sh -c '! ip -6 neigh show dev tap0 | grep -v FAILED | grep fd09::4'
ok "Ctrl-C ends it with status 0" stop small

ip addr add 10.8.0.1/24 dev tap0
ok "two addresses of IPv4 come up" serve two --ipv4=10.9.0.2/24,10.8.0.2/24 --ipv4-only
ok "the page is there at the first" curl -sf -m 5 http://10.9.0.2/
ok "and at the second" curl -sf -m 5 http://10.8.0.2/
ok "an echo comes back from each" ping -q -c 1 10.8.0.2 -I 10.8.0.1
ok "Ctrl-C ends it with status 0" stop two

# link_local NAME: the address that the image formed, by its log.
link_local() {
    grep -o 'fe80::[0-9a-f:]*' "$work/$1.log" | head -n 1
}
for run in first second other; do
    serve "$run" --ipv4=10.9.0.2/24 --ipv6-secret="${run/second/first}" --logs=net:info
    until_true 10 grep -q link-local "$work/$run.log"
    stop "$run"
done
ok "an address formed from the same secret is the same" \
    test -n "$(link_local first)" -a "$(link_local first)" = "$(link_local second)"
ok "from another secret it is another" test "$(link_local first)" != "$(link_local other)"

ok "an image that may stand still for a second comes up" serve still --ipv4=10.9.0.2/24 \
    --ipv4-only --resume-after=1s --logs=net:info
# It can tell by a deadline that it missed: a handshake with nobody gives it one, in a second.
stand_still() {
    hping3 -c 1 -q -S -p 80 -a 10.9.0.77 10.9.0.2
    kill -STOP "${pids[still]}"
    sleep 3
    kill -CONT "${pids[still]}"
    until_true 2 grep -q 'resumed after' "$work/still.log"
}
ok "it notices that it stood still" until_true 40 stand_still
ok "and is there" curl -sf -m 5 http://10.9.0.2/
ok "Ctrl-C ends it with status 0" stop still

# refuses SENTENCE FLAG...: whether the image ends at once and says that.
refuses() {
    local sentence=$1
    shift
    ! timeout 5 "$image" --net=tap:tap0 "$@" >"$work/refused.log" 2>&1 &&
        grep -qF -- "$sentence" "$work/refused.log"
}
ok "no family at all is refused" refuses "exclude each other" --ipv4-only --ipv6-only
ok "a gateway that is ourselves is refused" refuses "--ipv4-gateway is the address" \
    --ipv4=10.9.0.2/24 --ipv4-gateway=10.9.0.2
ok "an MTU below IPv6's is refused" refuses "--mtu must be" --mtu=900
ok "a gateway of the other family is refused" refuses "an IPv4 address" --ipv4-gateway=fe80::1
ok "an unknown congestion control is refused" refuses "cubic or newreno" --congestion=vegas
ok "an address named twice is refused" refuses "names an address twice" \
    --ipv4=10.9.0.2/24,10.9.0.2/24
finish
