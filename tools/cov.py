#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Run the tests of the variant cov; print lines reached per folder and file; write a report.

    tools/cov.py --out FOLDER PROGRAM...
"""

import argparse
import os
import subprocess

import coverage

SHOWN = ("src/", "plat/", "host/", "include/")


def percent(reached, count):
    return f"{100 * reached / count:6.1f} % of {count:6}" if count else "       no lines"


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--out", required=True)
    arguments.add_argument("programs", nargs="+")
    chosen = arguments.parse_args()
    merged = coverage.run([[program] for program in chosen.programs],
                          os.path.join(chosen.out, "counts"))
    files = {name: figures for name, figures in coverage.lines(chosen.programs, merged).items()
             if name.startswith(SHOWN)}
    for folder in sorted({os.path.dirname(name) for name in files}):
        inside = {n: f for n, f in files.items() if os.path.dirname(n) == folder}
        total = [sum(figures) for figures in zip(*inside.values())]
        print(f"{percent(*total)}  {folder}/")
        for name, figures in sorted(inside.items()):
            print(f"{percent(*figures)}      {os.path.basename(name)}")
    subprocess.run(["llvm-cov", "show", "-format=html", f"-output-dir={chosen.out}",
                    f"-instr-profile={merged}", *coverage.objects(chosen.programs),
                    "-ignore-filename-regex=(^|/)(test|fuzz|bench)/"], check=True)
    print(f"{chosen.out}/index.html")


if __name__ == "__main__":
    main()
