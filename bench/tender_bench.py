#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the tender costs: microseconds from exec to an image's first byte beyond those of an empty
static program; private memory and processor time of a thousand images at rest.

The image is test/tender/probe.c: it writes a byte, or sleeps without end. The first argument is how
many rest, 1,000 without.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

O = os.path.abspath(os.environ.get("O", "o"))
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/tender"))
import probe  # noqa: E402 pylint: disable=wrong-import-position

RUNS = 200
EMPTY = '#include <unistd.h>\nint main(void) { return write(1, "x", 1) != 1; }\n'
SLEEP = "call 281 3 buf 8 -1".split()
LIMIT_S = 60


def row(name, unit, ours, bar, **more):
    print(json.dumps({"area": "plat", "name": name, "unit": unit, "ours": ours, "bar": bar,
                      "better": "lower", **more}), flush=True)


def first_byte_us(command):
    read_end, write_end = os.pipe()
    began = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 1)])
    os.close(write_end)
    os.read(read_end, 1)
    took = time.perf_counter_ns() - began
    os.waitpid(pid, 0)
    os.close(read_end)
    return took / 1000


def bench_start(folder, tender, image):
    source, empty = folder / "empty.c", str(folder / "empty")
    source.write_text(EMPTY, encoding="utf-8")
    subprocess.run(["musl-gcc", "-O2", "-static", str(source), "-o", empty], check=True)
    times = {empty: [], tender: []}
    for _ in range(RUNS):
        times[empty].append(first_byte_us([empty]))
        times[tender].append(first_byte_us([tender, image, "say", "x"]))
    more = statistics.median(times[tender]) - statistics.median(times[empty])
    row("tender_start_beyond_empty", "us", round(more, 1), 1000)


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return sum(int(n) for n in re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB", text, re.M))


def ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
    return sum(map(int, fields.split()[11:13]))


def wait_for_sleep(pid):
    limit = time.monotonic() + LIMIT_S
    while pathlib.Path(f"/proc/{pid}/syscall").read_text(encoding="utf-8").split()[0] != "281":
        if time.monotonic() > limit:
            sys.exit("tender_bench: an image does not come to rest")
        time.sleep(0.001)


def bench_rest(tender, image, count):
    running = []
    try:
        for _ in range(count):
            running.append(subprocess.Popen([tender, "--mem=16", image, *SLEEP],
                                            stdin=subprocess.DEVNULL))
        for each in running:
            wait_for_sleep(each.pid)
        before = sum(ticks(each.pid) for each in running)
        time.sleep(2)
        spent = sum(ticks(each.pid) for each in running) - before
        memory = [private_kib(each.pid) for each in running]
        row(f"tender_rest_{count}_memory", "KiB each", round(statistics.mean(memory), 1), 1024)
        row(f"tender_rest_{count}_cpu", "ticks in 2 s", spent, 0)
    finally:
        for each in running:
            each.kill()
            each.wait()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    tender = f"{O}/static/tender"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        image = probe.build(folder)
        bench_start(folder, tender, image)
        bench_rest(tender, image, count)


if __name__ == "__main__":
    main()
