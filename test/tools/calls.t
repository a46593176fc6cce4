#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tools/calls.py finds each kind of system call that an image must not have."""

import os
import subprocess

import tap

GOOD = """void _start(void) { for (;;) { } }
long fa__spt_call(long n) { long r; __asm__ volatile("%s" : "=r"(r) : "r"(n)); return r; }
"""
X86, ARM = ("gcc", "syscall"), ("aarch64-linux-gnu-gcc", "svc #0")
CASES = [
    ("passes calls where they may be", X86, "", True),
    ("passes calls where they may be, on aarch64", ARM, "", True),
    ("passes int3 and other vectors, which call nobody", X86, "int3; int $0x21", True),
    ("finds syscall", X86, "syscall", False),
    ("finds sysenter", X86, "sysenter", False),
    ("finds int 0x80", X86, "int $0x80", False),
    ("finds syscall as data among code", X86, ".byte 0x0f, 0x05", False),
    ("finds svc", ARM, "svc #0", False),
    ("finds svc with another number", ARM, "svc #0x1234", False),
    ("finds hvc", ARM, "hvc #0", False),
    ("finds smc", ARM, "smc #0", False),
]


def link(compiler, call, planted):
    """Returns the path of a program with `planted` in a function of its own."""
    source = GOOD % call + f'void planted(void) {{ __asm__ volatile("{planted}"); }}\n'
    top = tap.folder({"image.c": source})
    image = os.path.join(top, "image")
    subprocess.run([compiler, "-nostdlib", "-static", "-O1", "-o", image,
                    os.path.join(top, "image.c")], check=True)
    return image


for claim, (compiler, call), planted, passes in CASES:
    status, said = tap.tool("tools/calls.py", "spt=" + link(compiler, call, planted))
    found = status == 0 if passes else status == 1 and "# in planted: " in said
    tap.check(f"calls {claim}", found, said)

image = link(*X86, "")
subprocess.run(["strip", image], check=True)
status, said = tap.tool("tools/calls.py", "spt=" + image)
tap.check("calls refuses an image without symbols", status == 1 and "has no symbols" in said, said)
status, said = tap.tool("tools/calls.py", "spt=" + os.path.join(tap.ROOT, "Makefile"))
tap.check("calls refuses what is no ELF file", status == 1 and "not an ELF file" in said, said)
status, said = tap.tool("tools/calls.py", "nowhere=" + image)
tap.check("calls refuses a target without a list", status == 1 and "plat/nowhere" in said, said)
tap.finish()
