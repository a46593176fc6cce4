#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Goodput at random losses, ours in virtual time (bench/loss_bench.c, the median of five seeds)
beside the Linux kernel's, which linux_loss.py measured in real time and wrote to linux_loss.json.
"""

import json
import os
import statistics
import subprocess

O = os.path.abspath(os.environ.get("O", "o"))
HERE = os.path.dirname(os.path.abspath(__file__))
SEEDS = range(1, 6)
BAR = 0.95


def ours(row):
    """Returns Mbit/s over the path that the kernel had."""
    path = [str(row["loss_per_million"]), str(row["rtt_ms"])]
    return statistics.median(
        json.loads(subprocess.run([f"{O}/bench/bench/loss_bench", *path, str(seed),
                                   str(row["seconds"])], check=True, capture_output=True,
                                  text=True).stdout)["mbit_per_s"]
        for seed in SEEDS)


def main():
    with open(os.path.join(HERE, "linux_loss.json"), encoding="utf-8") as file:
        linux = json.load(file)
    for row in linux["rows"]:
        print(json.dumps({
            "area": "net", "name": f"tcp_loss_{row['loss_per_million'] // 10000}pc",
            "unit": "Mbit/s", "ours": ours(row),
            "peer_name": f"Linux {linux['kernel']} of {linux['date']}",
            "peer": row["bits_per_s"] / 1e6, "bar": BAR, "better": "higher"}), flush=True)


if __name__ == "__main__":
    main()
