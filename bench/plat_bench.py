#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What an image costs: time from exec to its first HTTP byte, bytes on disk, bytes in memory.

The client waits before the image starts, over tap, with a static address; the image inherits the
open tap, as from whoever starts images on demand. The peer is an empty
static program: exec to its first byte. Runs in a network namespace of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

O = os.path.abspath(os.environ.get("O", "o"))
RUNS = 41
EMPTY = '#include <unistd.h>\nint main(void) { return write(1, "x", 1) != 1; }\n'


def inside():
    """Again, in namespaces where making a tap device is allowed."""
    if "FATA_BENCH_INSIDE" in os.environ:
        return
    os.environ["FATA_BENCH_INSIDE"] = "1"
    flags = ["--net"] if os.getuid() == 0 else ["--net", "--user", "--map-root-user"]
    os.execvp("unshare", ["unshare", *flags, sys.executable, os.path.abspath(__file__)])


def call(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def row(name, unit, ours, bar, **more):
    print(json.dumps({"area": "plat", "name": name, "unit": unit, "ours": ours, "peer_name": None,
                      "peer": None, "bar": bar, "better": "lower", **more}), flush=True)


def stripped(image, folder):
    call("strip", "-o", f"{folder}/stripped", image)
    return os.path.getsize(f"{folder}/stripped") / 1024


def main():
    inside()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/site")
        with open(f"{folder}/site/index.html", "w", encoding="utf-8") as page:
            page.write("<!DOCTYPE html><title>x</title>\n")
        with open(f"{folder}/empty.c", "w", encoding="utf-8") as source:
            source.write(EMPTY)
        call("musl-gcc", "-static", "-Os", "-s", "-o", f"{folder}/empty", f"{folder}/empty.c")
        call(f"{O}/linux/fata", "build", "app/www", "-o", f"{folder}/www",
             f"--site={folder}/site")
        image = f"{folder}/www/www"
        for command in ("ip tuntap add dev tap0 mode tap", "ip addr add 10.9.0.1/16 dev tap0",
                        "ip link set tap0 up"):
            call(*command.split())
        ours, floor, resident = [], [], []
        for i in range(RUNS):
            address = f"10.9.{1 + i // 200}.{2 + i % 200}"
            first, memory = call(f"{O}/linux/peer", "boot", address, "80", "tap0", image,
                                 "--net=tap:fd:3", f"--ipv4={address}/16", "-l", "quiet").split()
            ours.append(int(first) / 1e6)
            resident.append(int(memory))
            floor.append(int(call(f"{O}/linux/peer", "exec", f"{folder}/empty")) / 1e6)
        more = statistics.median(a - b for a, b in zip(ours, floor))
        row("www_first_byte", "ms", statistics.median(ours), None,
            peer_name="empty static program", peer=statistics.median(floor))
        row("www_first_byte_over_empty", "ms", more, 1)
        row("www_image_stripped", "KiB", stripped(image, folder), 300)
        row("www_resident_at_rest", "KiB", max(resident), 4096)


main()
