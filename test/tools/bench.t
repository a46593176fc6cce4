#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tools/bench joins rows, takes medians of runs and of their ratios, and judges by bars."""

import json

import tap

# Each prints another figure in each of its runs, from the list in its own folder.
PROGRAM = """#!/bin/sh
here=$(dirname "$0")
n=$(($(cat "$here/n.{who}" 2>/dev/null || echo 0) + 1)); echo $n >"$here/n.{who}"
set -- {figures}
shift $((n - 1))
printf '{{"area":"{area}","name":"{name}","unit":"ns","better":"{better}",'
printf '"ours":%s,"peer_name":%s,"peer":%s,"bar":%s}}\\n' {row}
"""


def run(programs, *options, runs=5):
    top = tap.folder({f"p{i}": PROGRAM.format(who=i, **p) for i, p in enumerate(programs)})
    out = top + "/out/results.json"
    status, said = tap.tool("tools/bench", "--out", out, "--runs", str(runs), *options,
                            *(f"{top}/p{i}" for i in range(len(programs))))
    try:
        with open(out, encoding="utf-8") as file:
            return status, said, json.load(file)
    except OSError:
        return status, said, []


OURS = {"area": "net", "name": "bulk", "better": "higher", "figures": "10 20 30 40 50",
        "row": "$1 null null null"}
PEER = {"area": "net", "name": "bulk", "better": "higher", "figures": "10 10 10 10 10",
        "row": 'null \'"it"\' $1 {}'}


def with_bar(program, bar):
    return {**program, "row": program["row"].format(bar)}


status, said, rows = run([OURS, with_bar(PEER, 2.5)])
tap.check("rows of one name are joined", len(rows) == 1 and rows[0]["peer_name"] == "it", said)
tap.check("figures are medians", rows and (rows[0]["ours"], rows[0]["peer"]) == (30, 10), rows)
tap.check("the ratio is the median of the runs' ratios", rows and rows[0]["ratio"] == 3, rows)
tap.check("a bar that is met passes", status == 0 and rows[0]["met"] is True, said)
tap.check("results have the promised fields", rows and {
    "area", "name", "unit", "ours", "peer_name", "peer", "ratio", "bar", "met", "runs"} <= set(
        rows[0]) and rows[0]["runs"] == 5, rows)
status, said, rows = run([OURS, with_bar(PEER, 5.5)])
tap.check("a bar that is missed fails", status == 1 and rows[0]["met"] is False, said)
status, said, rows = run([OURS, with_bar(PEER, 3.5)])
tap.check("five runs from 1 to 5 are too few to say that 3.5 is missed", rows[0]["met"], said)
MANY = {**OURS, "figures": " ".join(str(10 * n) for n in range(1, 16))}
STEADY = {**PEER, "figures": "10 " * 15}
status, said, rows = run([MANY, with_bar(STEADY, 12.5)], runs=15)
tap.check("the median of 15 lies between the 4th and the 12th",
          rows[0]["interval"] == [4, 12], rows)
tap.check("a bar above that is missed", status == 1 and rows[0]["met"] is False, said)
LIMIT = {**OURS, "better": "lower", "row": "$1 null null 30"}
status, said, rows = run([LIMIT])
tap.check("without a peer the bar is for our figure", status == 0 and rows[0]["met"], said)
status, said, rows = run([{**LIMIT, "row": "$1 null null 29"}])
tap.check("and a figure beyond it fails", status == 1, said)
status, said, rows = run([{**OURS, "better": "lower", "row": "$1 '\"it\"' 60 null"}])
tap.check("where lower is better the ratio turns round", rows and rows[0]["ratio"] == 2, rows)
status, said, rows = run([OURS, {**OURS, "area": "core"}], "--area", "core")
tap.check("an area is chosen", [row["area"] for row in rows] == ["core"], rows)
status, said, rows = run([{**OURS, "row": "$1 null null null; exit 3"}])
tap.check("a program that fails is told", status != 0 and "status 3" in said, said)
tap.finish()
