#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Bulk TCP beside the Linux kernel: its own over veth with its offloads on, and ours over tap to it
and from it. Wall-clock time, for both kinds have work on two processors. Makes its own network
namespaces, and nothing outlives it.
"""

import json
import os
import subprocess
import sys
import time

O = os.path.abspath(os.environ.get("O", "o"))
SECONDS = 1
WAIT_S = 10


def inside():
    """Again, in a namespace where making devices is allowed."""
    if "FATA_BENCH_INSIDE" in os.environ:
        return
    os.environ["FATA_BENCH_INSIDE"] = "1"
    flags = ["--net"] if os.getuid() == 0 else ["--net", "--user", "--map-root-user"]
    os.execvp("unshare", ["unshare", *flags, sys.executable, os.path.abspath(__file__)])


def call(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def row(name, **figures):
    known = {"area": "net", "name": name, "unit": "Gbit/s", "ours": None, "peer_name": None,
             "peer": None, "bar": None, "better": "higher"}
    print(json.dumps({**known, **figures}), flush=True)


def veth():
    """Returns Gbit/s from kernel to kernel."""
    far = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo made; exec sleep 600"],
                           stdout=subprocess.PIPE, text=True)
    enter = ["nsenter", f"--net=/proc/{far.pid}/ns/net"]
    server = None
    try:
        far.stdout.readline()
        call("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        call("ip", "link", "set", "v1", "netns", str(far.pid))
        call("ip", "addr", "add", "10.8.0.1/24", "dev", "v0")
        call("ip", "link", "set", "v0", "up")
        call(*enter, "ip", "addr", "add", "10.8.0.2/24", "dev", "v1")
        call(*enter, "ip", "link", "set", "v1", "up")
        server = subprocess.Popen([*enter, "iperf3", "-s", "-1", "--forceflush"],
                                  stdout=subprocess.PIPE, text=True)
        while "listening" not in server.stdout.readline():
            pass
        said = json.loads(call("iperf3", "-c", "10.8.0.2", "-t", str(SECONDS), "-J"))
        return said["end"]["sum_received"]["bits_per_second"] / 1e9
    finally:
        for process in (server, far):
            if process is not None:
                process.kill()
                process.wait()


def tap(direction):
    """Returns Gbit/s between our stack and the kernel, or None where the program says why not."""
    return float(call(f"{O}/bench/bench/tap_bench", "tap0", direction, str(SECONDS),
                      timeout=SECONDS + WAIT_S))


def main():
    inside()
    call("ip", "link", "set", "lo", "up")
    call("ip", "tuntap", "add", "dev", "tap0", "mode", "tap", "vnet_hdr")
    call("ip", "addr", "add", "10.9.0.1/24", "dev", "tap0")
    call("ip", "link", "set", "tap0", "up")
    time.sleep(0.1)
    to_kernel = tap("to")
    kernel = veth()
    from_kernel = tap("from")
    name = "Linux, veth"
    row("tcp_super_switch", peer=kernel, peer_name=name)
    row("tcp_tap_to_kernel", ours=to_kernel, peer=kernel, peer_name=name, bar=0.9)
    row("tcp_tap_from_kernel", ours=from_kernel, peer=kernel, peer_name=name, bar=0.9)


main()
