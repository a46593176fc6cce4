# SPDX-License-Identifier: ISC
"""Coverage out of programs of the variant cov, by LLVM's tools; for cov.py and fuzz.py."""

import json
import os
import subprocess
import sys


def run(commands, folder):
    """Run each command, keep its counts in `folder`, merge them. Returns the merged file, and
    whether any command failed."""
    os.makedirs(folder, exist_ok=True)
    raw, failed = [], False
    for number, command in enumerate(commands):
        raw.append(os.path.join(folder, f"{number}.profraw"))
        with open(os.path.join(folder, f"{number}.log"), "wb") as log:
            done = subprocess.run(command, stdout=log, stderr=log, check=False,
                                  env={**os.environ, "LLVM_PROFILE_FILE": raw[-1]})
        if done.returncode != 0:
            failed = True
            print(f"# {' '.join(command)} left with status {done.returncode}: {log.name}",
                  file=sys.stderr)
    merged = os.path.join(folder, "all.profdata")
    raw = [path for path in raw if os.path.exists(path)]
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", merged, *raw], check=True)
    return merged, failed


def objects(programs):
    return [programs[0]] + [word for other in programs[1:] for word in ("-object", other)]


def branch_sides(file):
    """(sides reached, sides) of the conditions written in a file. An inline function stands in
    many programs, and a condition in a macro at each place of its use: the first is counted once,
    the second not at all."""
    sides = {}
    for line, column, line_end, column_end, true_count, false_count, *_ in file["branches"]:
        place = (line, column, line_end, column_end)
        so_far = sides.get(place, (0, 0))
        sides[place] = (so_far[0] + true_count, so_far[1] + false_count)
    return (sum((true != 0) + (false != 0) for true, false in sides.values()), 2 * len(sides))


def figures(programs, merged):
    """Returns {path from here: ((lines reached, lines), (sides of branches reached, sides))} of
    every source that the programs contain."""
    done = subprocess.run(["llvm-cov", "export", "-skip-functions", f"-instr-profile={merged}",
                           *objects(programs)], capture_output=True, text=True, check=True)
    return {os.path.relpath(file["filename"]): ((file["summary"]["lines"]["covered"],
                                                 file["summary"]["lines"]["count"]),
                                                branch_sides(file))
            for file in json.loads(done.stdout)["data"][0]["files"]}


def lines(programs, merged):
    """Returns {path from here: (lines reached, lines)}."""
    return {name: pair[0] for name, pair in figures(programs, merged).items()}
