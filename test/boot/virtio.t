#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Images on bare virtio machines of QEMU, emulated: they start by PVH, leave with their status, and
get away with nothing. What they say is judged here; how fast they are is not."""

import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import tap  # noqa: E402 pylint: disable=wrong-import-position

O = os.environ.get("O", "o")
QEMU = "qemu-system-x86_64"
BOOT = f"{O}/image/test/boot"
MACHINES = ("microvm", "q35")


def claim(text, passed, *said):
    tap.check(text, passed, "\n".join(map(str, said)))


def boot(image, *args, machine="microvm", memory="32", cpu="max"):
    """Returns what isa-debug-exit was told, and the console. None: it did not come to that."""
    command = [QEMU, "-M", machine, "-cpu", cpu, "-m", memory, "-nodefaults", "-no-reboot",
               "-display", "none", "-serial", "stdio", "-device",
               "isa-debug-exit,iobase=0xf4,iosize=1", "-kernel", f"{BOOT}/{image}.virtio",
               "-append", " ".join(args)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode("utf-8", "replace") + "and then nothing"
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return (done.returncode >> 1 if done.returncode & 1 else None), said


if shutil.which(QEMU) is None:
    print(f"1..0 # SKIP {QEMU} is not installed")
    raise SystemExit(0)

for machine in MACHINES:
    for status in (0, 1, 2, 64, 126):
        got = boot("exit", str(status), machine=machine)
        claim(f"{machine}: what fa_main() returns is the status: {status}", got == (status, ""),
              *got)
got = boot("exit", "254")
claim("a status above 126 is 127 to whoever started the machine", got == (127, ""), *got)
got = boot("exit", "bug")
claim("a failed assertion says where, with a call chain",
      got[0] == 127 and "test/boot/exit.c:" in got[1] and "call chain" in got[1], *got)
for line, wanted in (("a b  c", "[a]\n[b]\n[c]\n"), ('a "b c"', "[a]\n[b c]\n"), ("", "")):
    got = boot("args", line)
    claim(f"arguments: {line}", got == (0, wanted), *got)

# What is tried, and what the gate says of it. A line of 16 digits is a place in the image.
FAULTS = [
    ("null_pointer", "page fault at 0000000000000008\n.*a null pointer was used"),
    ("write_text", "a write to what may not be written"),
    ("write_constants", "a write to what may not be written"),
    ("run_data", "a jump to what is no code"),
    ("run_heap", "a jump to what is no code"),
    ("exhaust_stack", "the main stack is used up"),
    ("overflow_fiber", "a stack\n.*a fiber ran over the end of its stack"),
    ("read_low_memory", "an address where nothing is"),
    ("read_page_tables", "a read of what may not be read"),
    ("touch_end_of_heap", "all of the heap is there\n.*an address where nothing is"),
    ("print_page_tables", "called with an argument that it may not be given"),
    ("print_beyond_all", "called with an argument that it may not be given"),
    ("call_unknown", "called with a number that it does not know"),
    ("call_system", "a system call of another system's"),
    ("interrupt_by_hand", "general protection fault"),
    ("use_port", "general protection fault"),
    ("read_page_table_root", "general protection fault"),
    ("start_interrupts", "general protection fault"),
    ("assert_wrong", "gate.c:\\d+: assertion failed: .*aborted"),
]
for name, wanted in FAULTS:
    got = boot("gate", name)
    right = got[0] == 127 and re.search(wanted, got[1], re.S) and "  rip 0" in got[1] and \
        re.search("call chain, as the stack looks:\n  [0-9a-f]{16}\n", got[1]) and \
        "not stopped" not in got[1]
    claim(f"{name}: {wanted.splitlines()[-1][:60]}", right, *got)
got = boot("gate", "null_pointer", cpu="qemu64")
claim("so it is on a processor without SMEP and AVX",
      got[0] == 127 and "a null pointer" in got[1], *got)

for name, wanted in (("map_what_is_no_device", "refused\n"), ("exhaust_device_pages", "a limit\n"),
                     ("keep_vectors", "kept\n")):
    got = boot("gate", name)
    claim(f"{name}: {wanted.strip()}", got[1].startswith(wanted), *got)
got = boot("gate", "flood")
claim("a flood of lines comes out whole", got[0] == 0 and got[1].count("\n") == 2000 and
      "line 1999 of" in got[1], got[0], got[1][-200:])
for machine in MACHINES:
    # A busy host makes a machine slower than its clock says, never faster.
    for _ in range(5):
        before = time.monotonic()
        got = boot("gate", "tell_time", machine=machine)
        took = time.monotonic() - before
        slept = int((re.search(r"slept (\d+) ms", got[1]) or [0, 0])[1]) / 1000
        if slept <= took < 2.5 * slept:
            break
    claim(f"{machine}: its clock is as fast as the host's", slept <= took < 2.5 * slept, took, *got)
    wall = int((re.search(r"wall (\d+)", got[1]) or [0, 0])[1])
    claim(f"{machine}: time passes as it shall, and the wall clock is the host's",
          got[0] == 0 and "time passes" in got[1] and abs(wall - time.time()) < 60, *got)

got = boot("gate", "null_pointer", memory="1280k")
claim("too little memory is a sentence", "too little memory" in got[1], *got)
got = boot("gate", "x" * 8192)
claim("a command line that is too long is a sentence", "too long" in got[1], *got)

# SMEP would catch a call out of ring 0 only where there is SMEP.
KNOWN = re.compile(r"fa__(image_\w+|stacks|stack_stride|stack_count|main_stack_top|guest_thread|"
                   r"gate_boot|gate_begin)$")
names = subprocess.run(["nm", f"{O}/image/libfa_gate_pc.a"], capture_output=True, text=True,
                       check=True).stdout
own = set(re.findall(r" [TtRrBb] (\w+)", names))
strange = [n for n in re.findall(r" U (\w+)", names) if n not in own and not KNOWN.match(n)]
claim("ring 0 calls nothing but itself", not strange, *strange)
claim("ring 0 has no variables of a value", not re.search(r" [Dd] \w", names))

tap.finish()
