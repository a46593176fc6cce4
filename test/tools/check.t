#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tools/check counts right, loses nothing and lets nobody hang."""

import os
import time

import tap


def run(text, *options):
    """Run tools/check on one program with the body `text`. Returns status, output, last line."""
    top = tap.folder({"program": "#!/bin/sh\n" + text})
    program = os.path.join(top, "program")
    status, said = tap.tool("tools/check", "--log", os.path.join(top, "log"), *options, program)
    return status, said, said.splitlines()[-1]


CASES = [
    ("passes are counted", "echo 1..2; echo ok 1 - a; echo ok 2 - b", 0, "2 passed, 0 failed"),
    ("a plan may come last", "echo ok 1; echo 1..1", 0, "1 passed, 0 failed"),
    ("failures are counted", "echo 1..2; echo ok 1; echo not ok 2 - b; exit 1", 1,
     "1 passed, 1 failed"),
    ("skips are counted apart", "echo 1..2; echo 'ok 1 # SKIP no tun'; echo ok 2", 0,
     "1 passed, 0 failed, 1 skipped"),
    ("a program may skip all", "echo '1..0 # SKIP no namespaces'", 0,
     "0 passed, 0 failed, 1 skipped"),
    ("a program that dies has failed", "echo 1..1; echo ok 1; kill -SEGV $$", 1,
     "1 passed, 1 failed"),
    ("a status without a failed test is a failure", "echo 1..1; echo ok 1; exit 3", 1,
     "1 passed, 1 failed"),
    ("too few tests are a failure", "echo 1..3; echo ok 1", 1, "1 passed, 1 failed"),
    ("too many tests are a failure", "echo 1..1; echo ok 1; echo ok 2", 1, "2 passed, 1 failed"),
    ("no plan is a failure", "echo ok 1", 1, "1 passed, 1 failed"),
    ("silence is a failure", "true", 1, "0 passed, 1 failed"),
    ("bailing out is a failure", "echo 1..1; echo ok 1; echo 'Bail out! no disk'", 1,
     "1 passed, 1 failed"),
]
for name, text, status, last in CASES:
    got = run(text)
    tap.check(name, got[0] == status and got[2] == last, got[1])

status, said, _ = run("echo 1..1; echo why it broke; echo not ok 1 - a; exit 1")
tap.check("a failing program's output is shown", "| why it broke" in said, said)
tap.check("and the command that repeats it", "repeat: /" in said, said)
status, said, _ = run("echo '1..1'; echo 'ok 1 # SKIP no tun'")
tap.check("the reason of a skip is shown", "skipped: no tun" in said, said)

start = time.monotonic()
status, said, last = run("echo 1..1; sleep 300 & sleep 300", "--limit", "0.2")
tap.check("a program that hangs is killed", status == 1 and "took more than" in said, said)
tap.check("with what it started, soon", time.monotonic() - start < 60, said)

top = tap.folder({
    "a": "#!/bin/sh\necho 1..1; echo a >>$(dirname $0)/order; echo ok 1\n",
    "b": "#!/bin/sh\necho 1..1; echo b >>$(dirname $0)/order; echo ok 1\n"})
tap.tool("tools/check", "--log", top, "--serial", f"{top}/b", f"{top}/a")
with open(f"{top}/order", encoding="utf-8") as order:
    tap.check("serial programs keep their order", order.read() == "b\na\n")
status, said = tap.tool("tools/check", "--log", top, f"{top}/missing")
tap.check("a program that is not there has failed", status == 1 and "cannot be run" in said, said)
tap.finish()
