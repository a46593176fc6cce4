# SPDX-License-Identifier: ISC
"""Compiles probe.c into an image with the devices and notes that a test or bench wants."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMIT_S = 30
FLAGS = ("-std=gnu2x -O1 -ffreestanding -fno-stack-protector -fcf-protection=none -fno-pie "
         "-nostdlib -static -no-pie -Wl,-z,max-page-size=0x1000,--build-id=none").split()


def build(folder, devices="", target=2, version=2, caps=True, memory=1 << 20, flags=0xffff,
          extra=()):
    """Returns the path of the image with these devices, such as "NET(a)"."""
    kind = (devices, target, version, caps, memory, flags, extra)
    path = pathlib.Path(folder) / re.sub(r"\W+", "-", f"probe {kind}")
    if not path.exists():
        devices = re.sub(r"\((\w+)\)", r'("\1")', devices)
        count = 1 + devices.count("(")
        command = ["gcc", *FLAGS, f"-I{ROOT}/include", f"-Wl,-T,{ROOT}/test/tender/probe.ld",
                   f"-DPROBE_TARGET={target}", f"-DPROBE_VERSION={version}",
                   f"-DPROBE_COUNT={count}", f"-DPROBE_DEVICES={devices}",
                   f"-DPROBE_MEMORY={memory}", f"-DPROBE_FLAGS={flags}",
                   *(["-DPROBE_CAPS"] if caps else []), *extra,
                   str(ROOT / "test/tender/probe.c"), "-o", str(path)]
        subprocess.run(command, check=True, timeout=LIMIT_S)
    return str(path)
