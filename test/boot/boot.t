#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What an image may believe of the place it runs in: one tiny image for each claim, as a process
that a loader enters the way tenders do."""

import os
import signal
import subprocess

O = os.environ.get("O", "o")
LOADER = f"{O}/linux/test/boot/loader"
count = failed = 0


def claim(text, passed, *said):
    global count, failed
    count += 1
    failed += not passed
    print(f"{'' if passed else 'not '}ok {count} - {text}")
    if not passed:
        print("\n".join(f"# {line}" for line in said))


def boot(image, *args, options=(), limit=30):
    """Returns status and output; a signal is a negative status."""
    command = [LOADER, *options, "--", f"{O}/image/test/boot/{image}.spt", *args]
    done = subprocess.run(command, capture_output=True, timeout=limit, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


for status in (0, 1, 2, 64, 254):
    got = boot("exit", str(status))
    claim(f"what fa_main() returns is the status: {status}", got == (status, ""), got)
got = boot("exit", "exit", "7")
claim("fa_plat_exit() leaves with its status", got == (7, ""), got)
got = boot("exit", "bug")
claim("a failed assertion says where, and is status 255",
      got[0] == 255 and "test/boot/exit.c:" in got[1], got)

LINES = [
    ("a b  c", "[a][b][c]"), ("", ""), ("   ", ""), ('a "b c" d', "[a][b c][d]"),
    ('--greeting="Good evening"', "[--greeting=Good evening]"), ('""', "[]"), ('x ""', "[x][]"),
    (r'\"', '["]'), (r'\\', "[\\]"), (r'a\b \ ', "[a\\b][\\]"), (r'"\" \\"', '[" \\]'),
    ('"a b', "[a b]"), ("'a b'", "['a][b']"), ("--solo5:quiet a", "[a]"),
    ("--solo5:debug --solo5:error", ""), ("a --solo5:quiet", "[a][--solo5:quiet]"),
    ("--solo5:loud", "[--solo5:loud]"), ("x" * 8191, "[" + "x" * 8191 + "]"),
    (" ".join("y" * 4096), "[y]" * 4096),
]
for line, wanted in LINES:
    got = boot("args", line)
    claim(f"arguments: {line[:40]}", got == (0, wanted.replace("][", "]\n[") + "\n" * bool(wanted)),
          wanted[:80], got[1][:200])
got = boot("args", "x" * 8192)
claim("a line of 8192 bytes is status 64, and a sentence",
      got == (64, "image: the command line has more than 8191 bytes\n"), got)

PLACES = [
    ("text", "code cannot be written"), ("rodata", "constants cannot be written"),
    ("data", "data cannot be executed"), ("stack", "the stack cannot be executed"),
    ("heap", "the heap cannot be executed"), ("zero", "the zero page is not there"),
    ("overflow", "an overflow of the main stack faults"),
]
for place, text in PLACES:
    got = boot("trespass", place)
    claim(text, got == (-signal.SIGSEGV, ""), got)
got = boot("trespass", "nowhere")
claim("and nothing else ended it", got == (0, ""), got)

print(f"1..{count}")
raise SystemExit(failed != 0)
