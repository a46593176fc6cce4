#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What an image may believe of the place it runs in: one tiny image for each claim, under the
filter of Solo5's tender. Arguments name unit and conformance tests to run as images, too.

    test/boot/boot.t [test/unit/fmt_test ...]
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import tap  # noqa: E402 pylint: disable=wrong-import-position

O = os.environ.get("O", "o")
LOADER = [f"{O}/linux/test/boot/loader"]
TENDER = [f"{O}/linux/tender"]
STRICT = [*TENDER, "--strict=solo5"]


def claim(text, passed, *said):
    tap.check(text, passed, "\n".join(map(str, said)))


def boot(image, *args, by=STRICT, mem=32, limit=30):
    """Returns status and output; a signal is a negative status."""
    memory = ["--mem", str(mem)] if by is LOADER else [f"--mem={mem}"]
    command = [*by, *memory, "--", f"{O}/image/test/boot/{image}.spt", *args]
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
    got = boot("args", line, by=LOADER)
    claim(f"arguments: {line[:40]}", got == (0, wanted.replace("][", "]\n[") + "\n" * bool(wanted)),
          wanted[:80], got[1][:200])
got = boot("args", "x" * 8192, by=LOADER)
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
    got = boot("trespass", place, by=TENDER)
    claim(f"{text}, and our tender makes it a status", got == (255, ""), got)
got = boot("trespass", "nowhere")
claim("and nothing else ended it", got == (0, ""), got)

symbols = subprocess.run(["nm", f"{O}/image/test/boot/trespass.spt"],
                         capture_output=True, check=True)
stacks = next(int(line.split()[0], 16) for line in symbols.stdout.decode().splitlines()
              if line.endswith(" fa__stacks"))
done = subprocess.run([*TENDER, f"{O}/image/test/boot/trespass.spt", "fiber"],
                      capture_output=True, check=False)
place = done.stderr.decode().partition("it touched memory at ")[2].partition(",")[0]
claim("an overflow of a fiber's stack faults within a page, where the tender protects that",
      done.returncode == 255 and stacks <= int(place or "0", 16) < stacks + 4096,
      done.stderr.decode())

for mib in (2, 4, 64):
    got = boot("heap", mem=mib)
    kib = int(got[1] or 0)
    claim(f"of {mib} MiB all can be had but for the image itself, and then it is said",
          got[0] == 0 and mib * 1024 - 1024 - 640 < kib < mib * 1024 - 1024, got)

before = time.time()
got = boot("clock")
slept, woken, wall = map(int, got[1].split())
claim("a sleep of 50 ms is one sleep, and lasts as long",
      50e6 <= slept < 5e9 and woken == 1, got)
claim("the wall clock is the host's", before - 1 <= wall / 1e9 <= time.time() + 1, got)

got = boot("flood")
half = "".join(chr(97 + i % 26) * 63 + "\n" for i in range(32768))
claim("4 MiB to the console arrive whole and in order", got == (0, half + half), got[0])
with subprocess.Popen([*STRICT, f"{O}/image/test/boot/flood.spt"],
                      stdout=subprocess.PIPE) as flood:
    flood.stdout.close()
    status = flood.wait(30)
claim("a console that is gone ends the image by SIGPIPE or not at all",
      status in (0, -signal.SIGPIPE), status)

# Tenders read the first note of each PT_NOTE alone.
with open(f"{O}/image/test/boot/exit.spt", "rb") as file:
    elf = file.read()
kind, phoff = struct.unpack_from("<H", elf, 16)[0], struct.unpack_from("<Q", elf, 32)[0]
parts = [struct.unpack_from("<IIQQQQQQ", elf, phoff + 56 * i)
         for i in range(struct.unpack_from("<H", elf, 56)[0])]
notes = []
for part in parts:
    if part[0] == 4:
        name_len, desc_len, note_type = struct.unpack_from("<III", elf, part[2])
        notes.append((elf[part[2] + 12:part[2] + 12 + name_len], note_type, desc_len, part[5]))
claim("it is ET_EXEC", kind == 2, kind)
claim("the notes are ABI1, MFT1 and Fata's, each in a PT_NOTE", [n[:3] for n in notes] == [
    (b"Solo5\0", 0x31494241, 16), (b"Solo5\0", 0x3154464d, 4 + 8 + 104), (b"Fata\0", 2, 64)],
      notes)
loads = [part for part in parts if part[0] == 1]
claim("no segment can be written and executed, and each has bytes in the file",
      all(part[1] & 3 != 3 and part[5] > 0 for part in loads), loads)
claim("each begins on a page of its own, above 1 MiB, in order", all(
    part[3] >= 0x100000 and part[3] % 4096 == 0 and (i == 0 or
    part[3] >= loads[i - 1][3] + loads[i - 1][6]) for i, part in enumerate(loads)), loads)


def suite(path, by=STRICT, limit=120):
    """The unit or conformance tests of one program, in an image."""
    wire = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in wire:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    options = ["--mem=256"]
    with tempfile.NamedTemporaryFile() as disk:
        disk.truncate(64 * 512)
        if path.endswith("device_guest_test"):
            for name, end in zip(("left", "right"), wire):
                options.append(f"--net:{name}=@{end.fileno()}")
            options.append(f"--block:storage={disk.name}")
        done = subprocess.run([*by, *options, "--", f"{O}/image/{path}.spt"], check=False,
                              capture_output=True, timeout=limit,
                              pass_fds=[end.fileno() for end in wire])
    said = done.stdout.decode("utf-8", "replace").splitlines()
    for end in wire:
        end.close()
    passed = sum(line.startswith("ok ") for line in said)
    how = "Solo5's filter" if by is STRICT else "our filter"
    claim(f"{path}: {passed} tests pass under {how}", done.returncode == 0 and passed > 0,
          done.returncode, done.stderr.decode("utf-8", "replace"),
          *[line for line in said if not line.startswith("ok ")][:20])


DEVICES = "test/conform/device_guest_test"
suite(DEVICES)
suite(DEVICES, by=TENDER)
suite("test/conform/memory_guest_test", by=TENDER)
for path in sys.argv[1:]:
    suite(path)

tap.finish()
