#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the kernel's CUBIC reaches over a path with losses: the peer of bench/loss_bench.c.

    bench/linux_loss.py [--seconds 60] [--runs 5] [--loss PER_MILLION]... [--out FILE]

Two network namespaces, joined by test/e2e/cable: 25 ms each way, random loss on the
data's way. Segmentation and receive offloads off. Each figure is the median of the runs, each with
another seed; written with the date, since a minute of real time each is too long for every bench.
Needs root, iproute2, ethtool and iperf; makes its own namespaces and ends what it starts.
"""

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CABLE = os.path.join(ROOT, "test/e2e/cable")
DELAY_MS = 25


def run(*words, **more):
    done = subprocess.run(words, check=False, capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"linux_loss: {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def inside():
    """In a namespace of our own, which ends with us."""
    if os.environ.get("FATA_LOSS_INSIDE"):
        return
    os.environ["FATA_LOSS_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                          "--mount-proc", sys.executable, os.path.abspath(__file__)] + sys.argv[1:])


def build(folder):
    run(os.path.join(ROOT, "o/linux/fata"), "build", CABLE, "-o",
        os.path.join(folder, "build"))
    return os.path.join(folder, "build", "cable")


def open_tap(name):
    """An open descriptor of a tap interface, which stays valid when the interface moves."""
    import fcntl
    import struct
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1002))  # TUNSETIFF, tap
    os.set_inheritable(fd, True)
    return fd


def configure(prefix, name, address):
    run(*prefix, "ip", "link", "set", "lo", "up")
    run(*prefix, "ip", "addr", "add", address, "dev", name)
    run(*prefix, "ip", "link", "set", name, "up")
    for feature in ("tso", "gso", "gro"):
        run(*prefix, "ethtool", "-K", name, feature, "off")


def one_run(cable, loss, seed, seconds):
    """Returns bits a second, by the receiver's count."""
    fds = [open_tap("left"), open_tap("right")]
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    image = server = None
    try:
        time_limit = time.monotonic() + 5
        while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            if time.monotonic() > time_limit:
                sys.exit("linux_loss: no second namespace")
            time.sleep(0.01)
        other = ["nsenter", "--net", "-t", str(holder.pid)]
        run("ip", "link", "set", "right", "netns", str(holder.pid))
        configure([], "left", "10.9.0.1/24")
        configure(other, "right", "10.9.0.2/24")
        image = subprocess.Popen([cable, f"--left-tap=fd:{fds[0]}", f"--right-tap=fd:{fds[1]}",
                                  f"--loss={loss}", f"--seed={seed}", f"--delay={DELAY_MS}ms"],
                                 pass_fds=fds, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        run(*other, "ping", "-c", "1", "-w", "10", "10.9.0.1")
        server = subprocess.Popen([*other, "iperf", "-s", "-y", "C"], stdout=subprocess.PIPE,
                                  text=True)
        time.sleep(0.5)
        run("iperf", "-c", "10.9.0.2", "-Z", "cubic", "-t", str(seconds), timeout=seconds + 120)
        time.sleep(1)
        server.terminate()
        lines = server.communicate(timeout=30)[0].strip().splitlines()
        return int(lines[-1].split(",")[-1])
    finally:
        for process in (image, server, holder):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        for fd in fds:
            os.close(fd)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--loss", type=int, action="append")
    parser.add_argument("--out", default=os.path.join(HERE, "linux_loss.json"))
    options = parser.parse_args()
    inside()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        cable = build(folder)
        for loss in options.loss or [10000, 30000]:
            rates = []
            for seed in range(1, options.runs + 1):
                rates.append(one_run(cable, loss, seed, options.seconds))
                print(f"loss {loss} of a million, seed {seed}: {rates[-1] / 1e6:.3f} Mbit/s",
                      flush=True)
            rows.append({"loss_per_million": loss, "rtt_ms": 2 * DELAY_MS,
                         "seconds": options.seconds, "bits_per_s": statistics.median(rates),
                         "runs": rates})
    result = {"date": datetime.date.today().isoformat(), "kernel": platform.release().split("-")[0],
              "congestion_control": "cubic", "offloads": "off", "rows": rows}
    with open(options.out, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
