#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""spt images under the tender, as TAP: what an image may, what it may not, and how it is told.

TENDER names the program, o/static/tender otherwise. The image is probe.c of this folder, compiled
for each manifest that a test needs.
"""

import os
import pathlib
import platform
import re
import select
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TENDER = str(pathlib.Path(os.environ.get("TENDER", ROOT / "o/static/tender")).resolve())
LIMIT_S = 30
FLAGS = ("-std=gnu2x -O1 -ffreestanding -fno-stack-protector -fcf-protection=none -fno-pie "
         "-nostdlib -static -no-pie -Wl,-z,max-page-size=0x1000,--build-id=none").split()

tests = []
folder = None


def claim(function):
    tests.append(function)
    return function


def probe(devices="", target=2, version=2, caps=True, memory=1 << 20, extra=()):
    """Compile the image with these devices, such as "NET(a)"."""
    name = re.sub(r"\W+", "-", f"probe {devices} {target} {version} {caps} {memory} {extra}")
    path = folder / name
    if not path.exists():
        devices = re.sub(r"\((\w+)\)", r'("\1")', devices)
        count = 1 + devices.count("(")
        command = ["gcc", *FLAGS, f"-I{ROOT}/include", f"-Wl,-T,{ROOT}/test/tender/probe.ld",
                   f"-DPROBE_TARGET={target}", f"-DPROBE_VERSION={version}",
                   f"-DPROBE_COUNT={count}", f"-DPROBE_DEVICES={devices}",
                   f"-DPROBE_MEMORY={memory}", *(["-DPROBE_CAPS"] if caps else []), *extra,
                   str(ROOT / "test/tender/probe.c"), "-o", str(path)]
        subprocess.run(command, check=True, timeout=LIMIT_S)
    return str(path)


def tender(*words, **more):
    done = subprocess.run([TENDER, *map(str, words)], timeout=LIMIT_S, capture_output=True,
                          text=True, **more)
    return done.returncode, done.stdout, done.stderr


def expect(found, status, out=None, err=None):
    assert found[0] == status, f"status {found[0]}, not {status}: {found}"
    assert out is None or found[1] == out, f"said {found[1]!r}, not {out!r}"
    assert err is None or err in found[2], f"complained {found[2]!r}, not of {err!r}"
    if status == 1:
        assert found[2].count("\n") == 1, f"more than a sentence: {found[2]!r}"


@claim
def an_image_says_what_it_says_and_leaves_with_its_status():
    expect(tender(probe(), "say", "hello", "exit", 0), 0, "hello\n", "")
    for status in (1, 2, 64, 254):
        assert tender(probe(), "exit", status)[0] == status


@claim
def an_image_finds_its_boot_info():
    out = tender("--mem=3", probe(), "boot")[1]
    assert re.fullmatch(r"mem 0000000000300000 end 0000000000[0-9a-f]{6} fds 03 04\n", out), out


@claim
def an_abort_is_told_with_its_place():
    found = tender(probe(), "exit", 255)
    expect(found, 255, "", "it gave up (status 255)")
    assert "#1 " in found[2] and "probe_main+0x" in found[2], found[2]


@claim
def memory_is_what_its_segments_say():
    """W^X, constants, page zero, guards and the end of memory."""
    page = tender(probe(), "poke", 0x100000)
    expect(page, 255, "", "it touched memory at 0x100000")
    expect(tender(probe(), "poke", 0x101000), 255, "", "0x101000")
    expect(tender(probe(), "run", 0x102000), 255, "", "0x102000")
    expect(tender(probe(), "run", 0x200000), 255, "", "0x200000")
    expect(tender(probe(), "peek", 0), 255, "", "0x0,")
    expect(tender(probe(), "peek", 0xffff), 255, "", "0xffff")
    expect(tender("--mem=2", probe(), "peek", 0x1fffff), 0)
    expect(tender("--mem=2", probe(), "peek", 0x200000), 255, "", "0x200000")


@claim
def guard_pages_are_protected_unless_strict():
    image = probe()
    for off in (0, 4095, 8192):
        expect(tender(image, "guard", off), 255, "", "it touched memory")
    expect(tender(image, "guard", 4096), 0, "written\n")
    expect(tender("--strict=solo5", image, "guard", 0), 0, "written\n")


@claim
def a_system_call_that_is_not_allowed_ends_the_image():
    for number in (0, 2, 9, 10, 39, 41, 56, 57, 59, 101, 231 + 1, 257, 322, 435):
        expect(tender(probe(), "call", number, "end", "say", "survived"), 255, "",
               f"it made system call {number}")
        expect(tender("--strict=solo5", probe(), "call", number), -31, "", "")


@claim
def an_end_without_a_report_is_that_of_solo5_when_strict():
    expect(tender("--strict=solo5", probe(), "peek", 0), -11, "", "")
    expect(tender("--strict=solo5", probe(), "exit", 255), 255, "", "")


@claim
def the_tenders_own_descriptors_are_closed():
    """Whatever was open before: the image has nothing but what the ABI gives it."""
    read_end, write_end = os.pipe()
    with subprocess.Popen([TENDER, probe(), *"call 281 3 buf 8 -1".split()],
                          pass_fds=(write_end,)) as running:
        os.close(write_end)
        closed = select.select([read_end], [], [], LIMIT_S)[0] and os.read(read_end, 1) == b""
        alive = running.poll() is None
        running.kill()
    os.close(read_end)
    assert closed and alive


@claim
def devices_and_options_must_agree():
    two = probe("NET(service),DISK(storage)")
    expect(tender(two), 1, "", "'service' is not attached; name what it is by --net:service=")
    expect(tender("--net:other=tap0", two), 1, "", "--net:other: the image declares no such")
    expect(tender("--block:service=/x", two), 1, "", "declares this as --net:service")
    expect(tender("--net-mac:service=02:00:00:00:00:01", two), 1, "", "is not attached")
    expect(tender("--block:a=/x", probe()), 1, "", "--block:a: the image declares no such")


@claim
def an_image_of_another_kind_is_refused():
    expect(tender(probe(version=1)), 1, "", "version 1")
    expect(tender(probe(target=3)), 1, "", "target 3")
    expect(tender(TENDER), 1, "", "ET_EXEC")
    expect(tender(ROOT / "Makefile"), 1, "", "no ELF file")
    expect(tender(folder), 1, "", "not a file")
    expect(tender(folder / "nothing"), 1, "", "No such file")


@claim
def too_little_memory_is_told_before_it_starts():
    expect(tender("--mem=4", probe(memory=5 << 20), "exit", 0), 1, "", "needs 5 MiB")
    expect(tender("--mem=5", probe(memory=5 << 20), "exit", 0), 0)
    big = probe(extra=("-DPROBE_BYTES=4194304",))
    expect(tender("--mem=4", big, "exit", 0), 1, "", "--mem")
    expect(tender("--mem=6", big, "exit", 0), 0)


@claim
def albatross_finds_the_version():
    status, _, err = tender("--version")
    assert status == 0 and "ABI version 2" in err.split("\n")
    assert "--net:NAME" in tender("--help")[1]


def disk(name, size):
    path = folder / name
    path.write_bytes(bytes(i // 512 % 251 for i in range(size)))
    return path


@claim
def blocks_of_a_disk_are_read_and_written():
    image, path = probe("DISK(storage)"), disk("disk", 4096)
    found = tender(f"--block:storage={path}", image, "boot", "call", 17, 16, "buf", 512, 1024,
                   "end", "show", 2, "fill", 512, 171, "call", 18, 16, "buf", 512, 3584)
    assert found[1].endswith("00000200\n0202\n00000200\n"), found
    assert "storage fd 10 attached 0000000000001000 block 0200\n" in found[1], found
    data = path.read_bytes()
    assert data[3584:] == b"\xab" * 512 and data[:512] == bytes(512) and len(data) == 4096


@claim
def nothing_is_written_beyond_a_disk():
    image, path = probe("DISK(storage)"), disk("disk2", 4096)
    for strict in ([], ["--strict=solo5"]):
        for off in (3585, 4096, -1, 1 << 40):
            found = tender(*strict, f"--block:storage={path}", image, "call", 18, 16, "buf", 512,
                           off, "end", "say", "survived")
            assert found[0] in (255, -31) and "survived" not in found[1], found
    assert path.stat().st_size == 4096


@claim
def a_disk_that_is_none_is_refused():
    image = probe("DISK(storage)")
    expect(tender(f"--block:storage={folder}/no", image), 1, "", "No such file")
    expect(tender("--block:storage=/dev/null", image), 1, "", "neither a file nor")
    expect(tender(f"--block:storage={disk('odd', 513)}", image), 1, "", "whole sectors")
    expect(tender(f"--block:storage={disk('none', 0)}", image), 1, "", "whole sectors")
    expect(tender("--block-sector-size:storage=8192", f"--block:storage={disk('d', 4096)}", image),
           1, "", "whole sectors of 8192")


def main():
    global folder
    if platform.machine() != "x86_64":
        print("1..0 # SKIP the image of these tests is for x86-64")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        print(f"1..{len(tests)}")
        for number, test in enumerate(tests, 1):
            try:
                test()
                print(f"ok {number} - {test.__name__}")
            except Exception as problem:  # a test that cannot run has failed
                failed += 1
                print(f"not ok {number} - {test.__name__}")
                print("# " + f"{type(problem).__name__}: {problem}".replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
