#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""spt images under the tender, as TAP: what an image may, what it may not, and how it is told.

TENDER names the program, o/static/tender otherwise. The image is probe.c of this folder, compiled
for each manifest that a test needs.
"""

import fcntl
import os
import pathlib
import platform
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import probe as image_of_probe  # noqa: E402 pylint: disable=wrong-import-position

ROOT = image_of_probe.ROOT
TENDER = str(pathlib.Path(os.environ.get("TENDER", ROOT / "o/static/tender")).resolve())
LIMIT_S = 30
tests = []
folder = None


def claim(function):
    tests.append(function)
    return function


def probe(*devices, **more):
    return image_of_probe.build(folder, *devices, **more)


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
def a_stack_that_runs_into_a_guard_page_is_told():
    """The report has a stack of its own."""
    found = tender("--mem=2", probe(), "overflow")
    expect(found, 255, "", "it touched memory at 0x10")
    assert "overflow+0x" in found[2], found


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
    far = fcntl.fcntl(write_end, fcntl.F_DUPFD, 100)
    with subprocess.Popen([TENDER, probe(), *"call 281 3 buf 8 -1".split()],
                          pass_fds=(write_end, far)) as running:
        os.close(write_end)
        os.close(far)
        closed = select.select([read_end], [], [], LIMIT_S)[0] and os.read(read_end, 1) == b""
        wait_for_sleep(running.pid)
        left = sorted(map(int, os.listdir(f"/proc/{running.pid}/fd")))
        running.kill()
    os.close(read_end)
    assert closed and left == [1, 2, 3, 4, 5, 6], left


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


@claim
def capabilities_are_told_to_images_that_ask():
    out = tender(probe(), "caps")[1]
    assert re.fullmatch(r"caps 01 flags 00000007 control 05 entropy 06 clock yes seed yes\n"
                        r"stop 00 generation 00\n", out), out
    nothing = "caps 00 flags 00000000 control 00 entropy 00 clock no seed no\n"
    expect(tender("--strict=solo5", probe(), "caps"), 0, nothing)
    expect(tender(probe(caps=False), "caps"), 0, nothing)
    expect(tender(probe(), "clock", 0, "clock", 1), 0, "clock works\nclock works\n")


@claim
def the_control_page_may_only_be_read():
    expect(tender(probe(), "peek", 0x10000), 0, "00\n")
    expect(tender(probe(), "poke", 0x10000), 255, "", "0x10000")


@claim
def entropy_comes_in_small_pieces():
    out = tender(probe(), *"call 0 6 buf 256 end show 16".split())[1]
    assert out.startswith("00000100\n") and out.split()[1] != "00" * 16, out
    expect(tender(probe(), *"call 0 6 buf 257".split()), 255, "", "system call 0")


@claim
def an_image_is_asked_to_stop_and_then_made_to():
    wait = "call 281 3 buf 8 -1 end caps".split()
    for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        for times in (1, 2):
            words = wait if times == 1 else wait * 3
            with subprocess.Popen([TENDER, probe(), "say", "up", *words], text=True,
                                  stdout=subprocess.PIPE) as running:
                assert running.stdout.readline() == "up\n"
                wait_for_sleep(running.pid)
                running.send_signal(number)
                seen = []
                if times == 2:
                    # The signal ends the first sleep, the event the second; then it sleeps.
                    seen = [running.stdout.readline() for _ in range(6)]
                    wait_for_sleep(running.pid)
                    running.send_signal(number)
                out = "".join(seen) + running.stdout.read()
                assert "stop 01 generation 00\n" in out, out
                assert running.wait(LIMIT_S) == (0 if times == 1 else status)


@claim
def an_image_that_does_not_ask_ends_by_the_signal():
    for words in (["--strict=solo5", probe()], [probe(caps=False)]):
        with subprocess.Popen([TENDER, *words, "say", "up", *"call 281 3 buf 8 -1".split()],
                              stdout=subprocess.PIPE) as running:
            assert running.stdout.readline() == b"up\n"
            running.send_signal(signal.SIGTERM)
            assert running.wait(LIMIT_S) == -signal.SIGTERM


@claim
def a_standstill_is_told_as_a_generation():
    with subprocess.Popen([TENDER, probe(), "say", "up", *"call 281 3 buf 8 -1 end caps".split()],
                          text=True, stdout=subprocess.PIPE) as running:
        assert running.stdout.readline() == "up\n"
        wait_for_sleep(running.pid)
        running.send_signal(signal.SIGSTOP)
        running.send_signal(signal.SIGCONT)
        assert "stop 00 generation 01\n" in running.stdout.read()


@claim
def an_image_is_told_of_devices_what_it_knows():
    path = disk("known", 1 << 20)
    for flags, told in ((0xffff, "flags 0700 bytes 00010000"), (0x600, "flags 0600 bytes 00000000"),
                        (0, "")):
        out = tender(f"--block:a={path}", probe("DISK(a)", flags=flags), "caps")[1]
        assert re.findall(r"device 01 (.*)", out) == ([told] if told else []), out
    out = tender(f"--block:a={path}", "--block-access:a=read", probe("DISK(a)"), "caps")[1]
    assert "flags 0b00" in out, out


@claim
def several_blocks_move_at_once_where_they_fit():
    image, path = probe("DISK(a)"), disk("multi", 1 << 20)
    last = (1 << 20) - 65536
    found = tender(f"--block:a={path}", image, "fill", 65536, 7, "call", 18, 16, "buf", 65536,
                   last, "end", "call", 75, 16, "end", "call", 285, 16, 3, 0, 4096)
    expect(found, 0, "00010000\n00000000\n00000000\n")
    data = path.read_bytes()
    assert data[last:] == b"\7" * 65536 and data[:4096] == bytes(4096) and len(data) == 1 << 20
    expect(tender(f"--block:a={path}", image, "call", 18, 16, "buf", 1024, last + 512), 255, "",
           "system call 18")


@claim
def a_disk_is_read_only_or_a_copy_if_that_is_said():
    image, path = probe("DISK(a)"), disk("kept", 4096)
    before = path.read_bytes()
    write = ["fill", 512, 9, "call", 18, 16, "buf", 512, 0, "end", "fill", 512, 1, "call", 17, 16,
             "buf", 512, 0, "end", "show", 1]
    expect(tender("--block-access:a=read", f"--block:a={path}", image, *write), 0,
           "-00000009\n00000200\n00\n")
    expect(tender("--block-access:a=copy", f"--block:a={path}", image, *write), 0,
           "00000200\n00000200\n09\n")
    assert path.read_bytes() == before


def wait_for_sleep(pid):
    """Until the image sleeps in epoll_pwait()."""
    limit = time.monotonic() + LIMIT_S
    while pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[0] != "281":
        assert time.monotonic() < limit
        time.sleep(0.001)


@claim
def a_passed_socket_is_a_network_with_a_frame_a_read():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(b"one" * 20)
        ours.send(b"two" * 30)
        image = probe("NET(a)")
        fd = theirs.fileno()
        found = tender(f"--net:a=@{fd}", "--net-mac:a=02:00:00:00:00:09", "--net-mtu:a=1400", image,
                       "boot", *"call 281 3 buf 8 -1 end show 12".split(),
                       *"call 0 8 buf 1514 end call 0 8 buf 1514 end call 1 8 buf 90 end".split(),
                       *"call 0 8 buf 1514".split(), pass_fds=(fd,))
        assert "a fd 08 attached 02:00:00:00:00:09 mtu 0578\n" in found[1], found
        assert found[1].endswith("00000001\n010000000100000000000000\n"
                                 "0000003c\n0000005a\n0000005a\n-0000000b\n"), found
        assert ours.recv(2000) == b"two" * 30


@claim
def a_peer_that_is_gone_does_not_end_the_image():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    with theirs:
        fd = theirs.fileno()
        expect(tender(f"--net:a=@{fd}", probe("NET(a)"), *"call 1 8 buf 60".split(),
                      pass_fds=(fd,)), 0, "-00000020\n")


@claim
def a_console_that_nobody_reads_does_not_end_the_image():
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([TENDER, probe(), "say", "x", "exit", "3"], stdout=write_end,
                          timeout=LIMIT_S, check=False)
    os.close(write_end)
    assert done.returncode == 3, done


@claim
def a_descriptor_that_is_no_network_is_refused():
    image = probe("NET(a)")
    expect(tender("--net:a=@77", image), 1, "", "no such descriptor")
    expect(tender("--net:a=@", image), 1, "", "is a number")
    expect(tender("--net:a=@1", image), 1, "", "neither a socket nor a tap")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        fd = theirs.fileno()
        expect(tender(f"--net:a=@{fd}", image, pass_fds=(fd,)), 1, "", "SOCK_SEQPACKET")


@claim
def a_tap_is_a_network():
    """In a network namespace of the test's own."""
    script = """set -e
ip tuntap add dev t0 mode tap; ip link set t0 mtu 1280 up
exec "$@"
"""
    image = probe("NET(a)")
    command = ["unshare", "-rn", "sh", "-c", script, "sh", TENDER]
    if subprocess.run(["unshare", "-rn", "true"], check=False, timeout=LIMIT_S).returncode != 0:
        return "no network namespace here"

    def run(*words):
        done = subprocess.run([*command, *map(str, words)], timeout=LIMIT_S, capture_output=True,
                              text=True)
        return done.returncode, done.stdout, done.stderr
    for strict in ([], ["--strict=solo5"]):
        found = run(*strict, "--net:a=t0", image, "boot", *"call 1 8 buf 60".split())
        assert re.search(r"a fd 08 attached .[26ae]:\S+ mtu 0500\n", found[1]), found
        assert found[1].endswith("0000003c\n"), found
    expect(run("--net:a=t1", image), 1, "", "there is no interface 't1'")
    expect(run("--net:a=lo", image), 1, "", "no tap")
    expect(run("--net:a=abcdefghijklmnop", image), 1, "", "longer")
    return None


@claim
def the_phases_of_a_start_are_told():
    found = tender("--phases", probe(), "exit", 3)
    assert found[0] == 3 and re.fullmatch(
        r"fata-tender: microseconds: exec [\d.]+ check [\d.]+ devices [\d.]+ load [\d.]+ "
        r"lock [\d.]+\n", found[2]), found


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))


def spaces_of(pid):
    return {name: os.readlink(f"/proc/{pid}/ns/{name}")
            for name in ("user", "mnt", "net", "ipc", "uts", "pid")}


@claim
def an_image_has_no_privileges_and_gains_none():
    for words in ([], ["--strict=solo5"], ["--isolate"]):
        with subprocess.Popen([TENDER, *words, probe(), *"call 281 3 buf 8 -1".split()]) as running:
            wait_for_sleep(running.pid)
            status, spaces = status_of(running.pid), spaces_of(running.pid)
            running.kill()
        assert all(status[name] == "0" * 16 for name in ("CapEff", "CapPrm")), status
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
        changed = {name for name, space in spaces_of("self").items() if space != spaces[name]}
        assert changed == ({"user", "mnt", "net", "ipc", "uts"} if words == ["--isolate"]
                           else set()), changed


@claim
def namespaces_that_the_kernel_does_not_give_are_told():
    script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\""
    if subprocess.run(["unshare", "-r", "true"], check=False, timeout=LIMIT_S).returncode != 0:
        return "no user namespace here"
    command = ["unshare", "-r", "sh", "-c", script, "sh", TENDER]
    done = subprocess.run([*command, "--isolate", probe()], timeout=LIMIT_S, capture_output=True,
                          text=True, check=False)
    expect((done.returncode, done.stdout, done.stderr), 1, "", "--isolate: ")
    done = subprocess.run([*command, probe(), "say", "x"], timeout=LIMIT_S, capture_output=True,
                          text=True, check=False)
    expect((done.returncode, done.stdout, done.stderr), 0, "x\n", "")
    return None


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
                skipped = test()
                print(f"ok {number} - {test.__name__}" + (f" # SKIP {skipped}" if skipped else ""))
            except Exception as problem:  # a test that cannot run has failed
                failed += 1
                print(f"not ok {number} - {test.__name__}")
                print("# " + f"{type(problem).__name__}: {problem}".replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
