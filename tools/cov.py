#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Run the tests of the variant cov; print lines and branches reached per folder and file; write a
report of every line as pages.

    tools/cov.py --out FOLDER [--bar FOLDER=PERCENT]... PROGRAM...

A --bar is a share of a folder's branches: less than that, and the result is a failure. Both sides
of each condition count, of each operand of && and || too. Conditions that a macro brings in are
left out: those are assertions, traces and the early returns of FA_TRY. A failing program fails.
"""

import argparse
import os
import subprocess
import sys

import coverage

SHOWN = ("src/", "plat/", "host/", "include/")


def percent(reached, count):
    return f"{100 * reached / count:6.1f} % of {count:6}" if count else f"{'-':>18}"


def row(figures, name):
    lines, branches = figures
    print(f"{percent(*lines)}  {percent(*branches)}  {name}")


def total_of(files):
    return [[sum(column) for column in zip(*pairs)] for pairs in zip(*files)]


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--bar", action="append", default=[])
    arguments.add_argument("programs", nargs="+")
    chosen = arguments.parse_args()
    merged, failed = coverage.run([program.split() for program in chosen.programs],
                                  os.path.join(chosen.out, "counts"))
    programs = [program.split()[0] for program in chosen.programs]
    files = {name: figures for name, figures in coverage.figures(programs, merged).items()
             if name.startswith(SHOWN)}
    folders, bars = {}, dict(bar.split("=") for bar in chosen.bar)
    print(f"{'lines':>18}  {'branches':>18}")
    for folder in sorted({os.path.dirname(name) for name in files}):
        inside = {n: f for n, f in files.items() if os.path.dirname(n) == folder}
        folders[folder] = total_of(inside.values())
        row(folders[folder], folder + "/")
        for name, figures in sorted(inside.items()):
            row(figures, "    " + os.path.basename(name))
    subprocess.run(["llvm-cov", "show", "-format=html", f"-output-dir={chosen.out}",
                    f"-instr-profile={merged}", "-show-branches=count",
                    *coverage.objects(programs),
                    "-ignore-filename-regex=(^|/)(test|fuzz|bench)/"], check=True)
    print(f"{chosen.out}/index.html")
    for folder, bar in bars.items():
        reached, count = folders[folder][1]
        good = reached * 100 >= float(bar) * count
        failed = failed or not good
        print(f"{'ok' if good else 'not ok'} - {folder}: {100 * reached / count:.1f} % of branches,"
              f" at least {bar} %")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
