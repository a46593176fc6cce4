#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fuzz targets: search for new inputs, or measure what the corpus in the tree reaches.

    tools/fuzz.py run [--seconds N] o/fuzz/fuzz/X_fuzz.lib...   libFuzzer, two targets at a time
    tools/fuzz.py cov o/cov/fuzz/X_fuzz...                      lines reached in the decoder of X

`run` adds inputs that reach new code to fuzz/corpus/X, and the shortest form of each that breaks
the target, so that the next `make check` fails until the target is mended. `cov` knows a decoder by
the target's name (wire_tcp: src/wire/tcp.c) or by a line in its source, "// Covers: FILE...", and
fails if less than 90 % of its lines are reached. Of a state machine (tcp: src/*/tcp.c) it only
says how many are.
"""

import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys

import coverage

BAR_PERCENT = 90
O = os.environ.get("O", "o")


def target_of(program):
    return re.sub(r"_fuzz(\.lib)?$", "", os.path.basename(program))


def keep_findings(program, work, corpus):
    """Shorten what broke the target and keep it. Returns the files."""
    kept = []
    for path in sorted(glob.glob(os.path.join(work, "found", "*"))):
        short = os.path.join(work, "short-" + os.path.basename(path))
        subprocess.run([program, "-minimize_crash=1", "-max_total_time=20",
                        f"-exact_artifact_path={short}", path], capture_output=True, check=False)
        kept.append(os.path.join(corpus, os.path.basename(path)))
        shutil.copy(short if os.path.exists(short) else path, kept[-1])
    return kept


def search(program, seconds):
    """Run libFuzzer on one target. Returns what to say and whether all went well."""
    name = target_of(program)
    work, corpus = os.path.join(O, "fuzz", "work", name), os.path.join("fuzz", "corpus", name)
    shutil.rmtree(os.path.join(work, "found"), ignore_errors=True)
    for folder in (os.path.join(work, "corpus"), os.path.join(work, "found"), corpus):
        os.makedirs(folder, exist_ok=True)
    words = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
             "-print_final_stats=1", f"-artifact_prefix={work}/found/"]
    words += [f"-dict=fuzz/{name}.dict"] if os.path.exists(f"fuzz/{name}.dict") else []
    log = os.path.join(work, "log")
    with open(log, "wb") as out:
        status = subprocess.run([*words, os.path.join(work, "corpus"), corpus], stdout=out,
                                stderr=out, check=False).returncode
    found = keep_findings(program, work, corpus)
    before = len(os.listdir(corpus))
    # Edges only: an input that merely takes a loop more often has no place in the tree.
    subprocess.run([program, "-merge=1", "-use_counters=0", corpus, os.path.join(work, "corpus")],
                   capture_output=True, check=False)
    with open(log, encoding="utf-8", errors="replace") as text:
        runs = re.search(r"number_of_executed_units: (\d+)", text.read())
    said = f"{name}: {runs[1] if runs else '?'} runs in {seconds} s, "
    said += f"{len(os.listdir(corpus)) - before} new inputs, {len(found)} findings"
    for path in found:
        said += f"\n  {path}; repeat: {O}/san/fuzz/{name}_fuzz {path}"
    if status and not found:
        said += f"\n  left with status {status}; see {log}"
    return said, not status and not found


def run(programs, seconds):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        good = True
        for said, well in pool.map(lambda program: search(program, seconds), programs):
            print(said, flush=True)
            good = good and well
    return good


def sources_of(name):
    """Returns the files that a target is about, and whether they are a decoder."""
    with open(f"fuzz/{name}_fuzz.c", encoding="utf-8") as text:
        said = re.search(r"^// Covers:(.*)", text.read(), re.M)
    if said:
        return said[1].split(), True
    if name.startswith("wire_"):
        return [f"src/wire/{name[len('wire_'):]}.c"], True
    return [path for path in glob.glob(f"src/*/{name}.c") if "/wire/" not in path], False


def measure(programs):
    good = True
    for program in programs:
        name = target_of(program)
        folder = os.path.join(O, "cov", "fuzz", name)
        merged, _ = coverage.run([[program, f"fuzz/corpus/{name}"]], folder)
        files = coverage.lines([program], merged)
        wanted, decoder = sources_of(name)
        reached = sum(files.get(path, (0, 0))[0] for path in wanted)
        count = sum(files.get(path, (0, 0))[1] for path in wanted)
        percent = 100 * reached / count if count else 0
        low = decoder and percent < BAR_PERCENT
        good = good and not low
        verdict = f"under {BAR_PERCENT} %" if low else "" if decoder else "(not a decoder)"
        print(f"{percent:6.1f} %  {name:20} {' '.join(wanted)} {verdict}")
        if low:
            print(f"          llvm-cov show {program} -instr-profile={merged} {' '.join(wanted)}")
    return good


def main():
    words = sys.argv[1:]
    seconds = 600
    if words[1:2] == ["--seconds"]:
        seconds = int(words[2])
        del words[1:3]
    if words[:1] == ["run"]:
        good = run(words[1:], seconds)
    elif words[:1] == ["cov"]:
        good = measure(words[1:])
    else:
        sys.exit(__doc__)
    sys.exit(not good)


if __name__ == "__main__":
    main()
