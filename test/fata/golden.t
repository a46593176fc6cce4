#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Golden files of the fata command, as TAP.

bad/NAME.lua and the exact error NAME.txt; good/NAME.lua and what is made of it, NAME.main.c,
NAME.fata.h, and of some NAME.keys.h. A first line `-- args: ...` is given to `fata configure`. FATA
names the command, o/linux/fata otherwise; `--golden` writes the golden files anew, to be reviewed
as a diff.
"""

import difflib
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FATA = os.environ.get("FATA", str(ROOT / "o/linux/fata"))
UPDATE = "--golden" in sys.argv[1:]
MAIN_LINES_MAX = 104
KEYS = ("http", "named", "router", "sandboxed")  # the tables of the others repeat these


def run_fata(case, folder, *words):
    first = case.read_text(errors="replace").split("\n", 1)[0]
    args = first[len("-- args:"):].split() if first.startswith("-- args:") else []
    env = {k: v for k, v in os.environ.items() if not k.startswith("FATA_") or k == "FATA_TREE"}
    done = subprocess.run([FATA, "configure", case.name, "-o", folder, *words, *args], env=env,
                          cwd=case.parent, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def compare(golden, text):
    """Returns: what differs, as lines of a diff."""
    if UPDATE:
        golden.write_text(text)
    old = golden.read_text() if golden.exists() else ""
    return list(difflib.unified_diff(old.splitlines(), text.splitlines(), golden.name, "now",
                                     lineterm=""))


def check_bad(case):
    with tempfile.TemporaryDirectory() as folder:
        status, _, err = run_fata(case, folder)
        wrong = compare(case.with_suffix(".txt"), err)
        if status not in (64, 65):
            wrong.append(f"status {status}, not 64 or 65")
        if err.count("\n") not in (1, 2, 3):
            wrong.append("an error is one sentence, then the line and a caret")
        return wrong


def check_good(case):
    with tempfile.TemporaryDirectory() as folder:
        status, _, err = run_fata(case, folder)
        if status != 0:
            return [f"status {status}: {err}"]
        main = (pathlib.Path(folder) / "main.c").read_text()
        header = next(pathlib.Path(folder).glob("*.fata.h")).read_text()
        wrong = compare(case.with_suffix(".main.c"), main)
        wrong += compare(case.with_suffix(".fata.h"), header)
        if case.stem in KEYS:
            keys = (pathlib.Path(folder) / "keys.h").read_text()
            wrong += compare(case.with_suffix(".keys.h"), keys)
        if case.name in ("http.lua", "program.lua") and main.count("\n") > MAIN_LINES_MAX:
            wrong.append(f"main.c has {main.count(chr(10))} lines, more than {MAIN_LINES_MAX}")
        wrong += [f"more than 100 columns: {line}" for line in main.split("\n") if len(line) > 100]
        again = subprocess.run(["gcc", "-std=gnu2x", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                f"-I{folder}", f"-I{ROOT}/include", f"{folder}/main.c",
                                f"{folder}/note.c"],
                               capture_output=True, text=True, timeout=60)
        return wrong + again.stderr.splitlines()


def main():
    cases = [(case, check_bad) for case in sorted((HERE / "bad").glob("*.lua"))]
    cases += [(case, check_good) for case in sorted((HERE / "good").glob("*.lua"))]
    print("TAP version 13")
    print(f"1..{len(cases)}")
    failed = 0
    for number, (case, check) in enumerate(cases, 1):
        wrong = check(case)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {case.parent.name}_{case.stem}")
        for line in wrong:
            print(f"# {line}")
    return 1 if failed else 0


sys.exit(main())
