#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# How an image with a libc ends when it must: by which sentence, with which status.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
O=${O:-o}
x86=(timeout 60 "$O/linux/test/boot/loader" "$O/image/test/boot/lib_calls.spt")
arm=(timeout 60 qemu-aarch64-static -cpu cortex-a57 "$O/arm64/test/boot/loader"
    "$O/image_arm64/test/boot/lib_calls.spt")
number=0 failed=0

# claim, status, what it must say, command
ends() {
    local claim=$1 wanted=$2 sentence=$3 said status
    shift 3
    number=$((number + 1))
    said=$("$@" 2>&1)
    status=$?
    if [ "$status" = "$wanted" ] && grep -qF -- "$sentence" <<<"$said"; then
        echo "ok $number - $claim"
    else
        failed=1
        echo "not ok $number - $claim"
        printf '# status %s, not %s, or without: %s\n' "$status" "$wanted" "$sentence"
        printf '# %s\n' "${said//$'\n'/$'\n# '}"
    fi
}

signal='libc: the image sent a signal to itself, by abort() or raise()'
ends 'abort() ends it with 255' 255 "$signal" "${x86[@]}" told --end=abort
ends 'a signal ends it with 255' 255 "$signal" "${x86[@]}" told --end=raise
ends 'exit() ends it with that status' 7 '' "${x86[@]}" told --end=exit
ends 'a lock that is taken ends it with 255' 255 'libc: a lock is taken already' \
    "${x86[@]}" told --end=lock
ends 'memory given back twice ends it with 255' 255 'assertion failed: is_used(piece)' \
    "${x86[@]}" told --end=free

few='No keys can be made: too little randomness, 0 of 256 bits: seed 0 bytes'
ends 'a processor without RDRAND and nothing else: no keys' 255 \
    "$few, rdseed nothing, rdrand nothing, tender nothing" \
    timeout 60 qemu-x86_64-static -cpu qemu64 "${x86[@]:2}" randomness
ends 'a processor without RNDR and nothing else: no keys' 255 \
    "$few, rndrrs nothing, rndr nothing, tender nothing" \
    "${arm[@]}" randomness
ends 'without a need for keys it runs there all the same' 0 'ok 1 - there_are_no_files' \
    "${arm[@]}" there_are_no_files
ends 'an image that calls elsewhere is found' 1 '# in call_system: ' \
    tools/calls.py "virtio=$O/image/test/boot/gate.virtio"
echo "1..$number"
exit $failed
