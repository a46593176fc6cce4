#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""No image makes a system call but where its target says so. Disassembles linked images; TAP.

    tools/calls.py TARGET=IMAGE...

An image of TARGET may have `syscall`, `sysenter`, `int $0x80` (x86-64), `svc`, `hvc` and `smc`
(aarch64) only in the functions that plat/TARGET/calls.txt names, one a line, behind the
instruction:

    syscall fa__spt_call

Other vectors of `int` call nobody: they fault on every target. OpenSSL keeps tables among its code,
in which they are found by the dozen. Bytes that are a call only when somebody jumps into the middle
of another instruction are not seen: against them there are spt's filter and EFER.SCE = 0 elsewhere.
"""

import os
import re
import struct
import subprocess
import sys

TOOLS = {62: "objdump", 183: "aarch64-linux-gnu-objdump"}  # by e_machine
CALL = {62: re.compile(r"\t(syscall|sysenter|int)(?: +\$0x80)?\s*$"),
        183: re.compile(r"\t(svc|hvc|smc)\t")}
FUNCTION = re.compile(r"^[0-9a-f]+ <([^.].*)>:$")
ROOT = os.path.join(os.path.dirname(__file__), "..")


def read_allowed(target):
    """Returns the pairs of instruction and function that `target` may have."""
    path = os.path.join(ROOT, "plat", target, "calls.txt")
    with open(path, encoding="utf-8") as text:
        lines = (line.split("#")[0].split() for line in text)
        return {tuple(words) for words in lines if words}


def find_calls(image):
    """Yields (instruction, function, line) for each system call of `image`."""
    with open(image, "rb") as file:
        head = file.read(20)
    machine = struct.unpack_from("<H", head, 18)[0] if head[:4] == b"\x7fELF" else None
    if machine not in TOOLS:
        raise ValueError("not an ELF file of x86-64 or aarch64")
    lines = subprocess.run([TOOLS[machine], "-d", "--no-show-raw-insn", image], check=True,
                           capture_output=True, text=True).stdout.split("\n")
    if not any(FUNCTION.match(line) for line in lines):
        raise ValueError("has no symbols, so nobody can say whose calls these are")
    function = "?"
    for line in lines:
        named = FUNCTION.match(line)
        function = named[1] if named else function
        call = CALL[machine].search(line)
        if call:
            yield call[1], function, " ".join(line.split())


def check(target, image):
    """Returns what is wrong with `image`, and how many calls it has."""
    allowed = read_allowed(target)
    calls = list(find_calls(image))
    return [f"in {function}: {line}" for instruction, function, line in calls
            if (instruction, function) not in allowed], len(calls)


def main():
    if len(sys.argv) < 2 or any("=" not in word for word in sys.argv[1:]):
        sys.exit("usage: tools/calls.py TARGET=IMAGE...")
    print(f"1..{len(sys.argv) - 1}")
    failed = False
    for number, word in enumerate(sys.argv[1:], 1):
        target, image = word.split("=", 1)
        try:
            faults, count = check(target, image)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            faults, count = [str(error)], 0
        failed = failed or bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {image}: {count} system calls, "
              f"all where {target} has them")
        for fault in faults:
            print(f"# {fault}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
