# SPDX-License-Identifier: ISC
"""Line coverage out of programs of the variant cov, by LLVM's tools; for cov.py and fuzz.py."""

import json
import os
import subprocess
import sys


def run(commands, folder):
    """Run each command, keep its counts in `folder`, merge them. Returns the merged file."""
    os.makedirs(folder, exist_ok=True)
    raw = []
    for number, command in enumerate(commands):
        raw.append(os.path.join(folder, f"{number}.profraw"))
        with open(os.path.join(folder, f"{number}.log"), "wb") as log:
            done = subprocess.run(command, stdout=log, stderr=log, check=False,
                                  env={**os.environ, "LLVM_PROFILE_FILE": raw[-1]})
        if done.returncode != 0:
            print(f"# {' '.join(command)} left with status {done.returncode}: {log.name}",
                  file=sys.stderr)
    merged = os.path.join(folder, "all.profdata")
    raw = [path for path in raw if os.path.exists(path)]
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", merged, *raw], check=True)
    return merged


def objects(programs):
    return [programs[0]] + [word for other in programs[1:] for word in ("-object", other)]


def lines(programs, merged):
    """Returns {path from here: (lines reached, lines)} of every source the programs contain."""
    done = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}",
                           *objects(programs)], capture_output=True, text=True, check=True)
    return {os.path.relpath(file["filename"]): (file["summary"]["lines"]["covered"],
                                                file["summary"]["lines"]["count"])
            for file in json.loads(done.stdout)["data"][0]["files"]}
