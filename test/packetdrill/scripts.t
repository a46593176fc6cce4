#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Every script says what it is about, and holds where there is a packetdrill to run it. Prints TAP.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
O=${O:-o}
packetdrill=${PACKETDRILL:-$(command -v packetdrill)}
object=$(realpath "$O/linux/libfata_packetdrill.so")

scripts=(test/packetdrill/*.pkt)
echo "1..${#scripts[@]}"
number=0 failed=0
for script in "${scripts[@]}"; do
    number=$((number + 1))
    name=$(basename "$script" .pkt)
    if ! head -1 "$script" | grep -q '^// [A-Z].*[.]$'; then
        failed=1
        echo "not ok $number - $name says what it is about"
    elif [ -z "$packetdrill" ]; then
        echo "ok $number - $name # SKIP no packetdrill in the path"
    elif complaint=$(timeout 60 "$packetdrill" --so_filename="$object" \
        --ip_version=ipv4 --local_ip=192.168.0.1 --gateway_ip=192.168.0.2 \
        --netmask_ip=255.255.0.0 "$script" 2>&1); then
        echo "ok $number - $name holds"
    else
        failed=1
        echo "not ok $number - $name holds"
        printf '# %s\n' "${complaint//$'\n'/$'\n# '}"
    fi
done
exit $failed
