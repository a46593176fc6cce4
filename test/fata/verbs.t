#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The verbs of fata from end to end, as TAP: what users type, what they see, how it ends.

FATA names the command, o/linux/fata otherwise. Everything is made in a folder of its own; images
run with the network of user mode, so no privilege is needed.
"""

import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FATA = str(pathlib.Path(os.environ.get("FATA", ROOT / "o/linux/fata")).resolve())
LIMIT_S = 60  # for anything at all; far more than it takes

tests = []


def claim(function):
    tests.append(function)
    return function


def environment(**extra):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FATA_") or k == "FATA_TREE"}
    return {**kept, **extra}


def fata(folder, *words, **env):
    done = subprocess.run([FATA, *words], cwd=folder, env=environment(**env), timeout=LIMIT_S,
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def expect(status, wanted, *texts):
    assert status == wanted, f"status {status}, not {wanted}: {texts}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """An image that `fata run` runs, up until the end of the block."""

    def __init__(self, folder, app, *words):
        self.process = subprocess.Popen([FATA, "run", app, *words], cwd=folder, text=True,
                                        env=environment(), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.lines = []

    def wait_for(self, piece):
        for line in self.process.stdout:
            self.lines.append(line)
            if piece in line:
                return line
        raise AssertionError(f"{piece!r} never came: {self.lines} {self.process.stderr.read()}")

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, "".join(self.lines) + out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@claim
def new_build_run_serves_a_page_and_stops_with_a_summary(folder):
    expect(fata(folder, "new", "hi")[0], 0)
    status, out, err = fata(folder, "build", "hi")
    expect(status, 0, err)
    assert "now: fata run hi" in out
    port = free_port()
    with Run(folder, "hi", "-p", f"{port}:80", "--", "--greeting=ciao") as run:
        line = run.wait_for("http://")
        assert line == f"http://localhost:{port}/\n", line
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"ciao\n"
        status, out, err = run.stop()
        expect(status, 0, out, err)
        assert "1 connections; 1 requests" in out, out
        # The connection may still be closing when the image is asked to stop: then it is reset.
        said = ("hi: nothing was dropped\n", "hi: dropped or unusual: tcp_reset_sent 1\n")
        assert out.endswith(said), out


@claim
def echo_template_sends_back_a_megabyte(folder):
    expect(fata(folder, "new", "back", "--template", "echo")[0], 0)
    port = free_port()
    with Run(folder, "back", "-p", f"{port}:7") as run:
        run.wait_for("leads to port 7")
        data = bytes(range(256)) * 4096
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as conn:
            sender = os.fork()
            if sender == 0:
                conn.sendall(data)
                conn.shutdown(socket.SHUT_WR)
                os._exit(0)
            got = b"".join(iter(lambda: conn.recv(65536), b""))
            os.waitpid(sender, 0)
        assert got == data, len(got)
        expect(run.stop(signal.SIGTERM)[0], 0)


@claim
def the_application_echo_answers_over_udp_too(folder):
    port = free_port()
    with Run(ROOT, "app/echo", "-o", str(folder / "b"), "-p", f"{port}:7/udp") as run:
        run.wait_for("udp leads to port 7")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as conn:
            conn.settimeout(LIMIT_S)
            conn.sendto(b"datagram", ("127.0.0.1", port))
            assert conn.recv(100) == b"datagram"
        expect(run.stop()[0], 0)


@claim
def new_overwrites_nothing(folder):
    expect(fata(folder, "new", "hi")[0], 0)
    (folder / "hi/hi.c").write_text("mine")
    status, _, err = fata(folder, "new", "hi")
    expect(status, 1)
    assert "nothing is overwritten" in err
    assert (folder / "hi/hi.c").read_text() == "mine"
    for name in ("Big", "a b", "-x", ""):
        expect(fata(folder, "new", name)[0], 64, name)


@claim
def keys_are_remembered_until_reset(folder):
    fata(folder, "new", "hi")
    expect(fata(folder, "configure", "hi", "--conns=77")[0], 0)
    expect(fata(folder, "configure", "hi", "--pool", "1MiB")[0], 0)
    out = fata(folder, "query", "keys", "hi")[1].split()
    assert "conns=77" in out and "pool=1MiB" in out, out
    assert "[77 * FA_TCP" in (folder / "hi/o/fata/main.c").read_text()
    out = fata(folder, "query", "keys", "hi", FATA_BUILD_CONNS="5")[1].split()
    assert "conns=5" in out, out
    expect(fata(folder, "configure", "hi", "--reset")[0], 0)
    assert "conns=4096" in fata(folder, "query", "keys", "hi")[1]


@claim
def configure_twice_changes_no_file(folder):
    fata(folder, "new", "hi")
    fata(folder, "configure", "hi")
    before = {p: p.stat().st_mtime_ns for p in (folder / "hi/o/fata").iterdir()}
    out = fata(folder, "configure", "hi")[1]
    assert out.count("unchanged") == 7, out
    assert before == {p: p.stat().st_mtime_ns for p in (folder / "hi/o/fata").iterdir()}


@claim
def a_dry_run_writes_nothing(folder):
    fata(folder, "new", "hi")
    status, out, _ = fata(folder, "configure", "hi", "--dry-run")
    expect(status, 0)
    assert "would write" in out and not (folder / "hi/o").exists()


@claim
def describe_reads_an_image_without_running_it(folder):
    fata(folder, "new", "hi")
    expect(fata(folder, "build", "hi")[0], 0)
    image = fata(folder, "query", "image", "hi")[1].strip()
    subprocess.run(["strip", image], check=True)
    told = json.loads(fata(folder, "describe", image, "--json")[1])
    keys = {key["name"]: key for key in told["boot_keys"]}
    assert told["name"] == "hi" and told["target"] == "linux", told
    assert keys["port"]["default"] == "80" and keys["port"]["environment"] == "FATA_PORT", keys
    assert keys["greeting"]["default"] == "Hello from hi!", keys
    assert "--greeting" in fata(folder, "describe", image)[1]
    assert os.stat(image).st_size <= 300 * 1024, "an image for Linux has 300 KiB at most"


@claim
def broken_images_are_refused(folder):
    fata(folder, "new", "hi")
    fata(folder, "build", "hi")
    whole = (folder / "hi/o/fata/hi").read_bytes()
    broken = folder / "broken"
    cuts = [whole[:n] for n in (4, 63, 64, 100, 500, len(whole) // 2)]
    at = whole.index(b"Fata\0\0\0\0") - 12
    for field in range(3):  # lengths and type of the note
        huge = struct.pack("<I", 0xfffffff0)
        cuts.append(whole[:at + 4 * field] + huge + whole[at + 4 * field + 4:])
    cuts.append(whole[:32] + struct.pack("<Q", 2**64 - 8) + whole[40:])
    for i, text in enumerate(cuts):
        broken.write_bytes(text)
        status, _, err = fata(folder, "describe", str(broken))
        assert status in (0, 1) and status >= 0, (i, status, err)
        assert status == 0 or "not an image made by fata" in err, (i, err)


@claim
def the_same_application_gives_the_same_image_anywhere(folder):
    fata(folder, "new", "hi")
    (folder / "else").mkdir()
    fata(folder / "else", "new", "hi")
    images = []
    for place, words in ((folder, ["hi"]), (folder / "else/hi", []), (folder, ["hi", "-o", "x/y"])):
        expect(fata(place, "build", *words)[0], 0)
        images.append(pathlib.Path(fata(place, "query", "image", *words)[1].strip()).read_bytes())
    assert images[0] == images[1] == images[2]
    assert str(folder).encode() not in images[0] and str(ROOT).encode() not in images[0]


@claim
def queries_answer_one_thing(folder):
    fata(folder, "new", "hi")
    for what, wanted in (("name", "hi\n"), ("target", "linux\n"), ("sources", "hi.c\n"),
                         ("packages", "ninja-build\nmusl-tools\n")):
        status, out, _ = fata(folder, "query", what, "hi")
        assert (status, out) == (0, wanted), (what, out)
    assert json.loads(fata(folder, "query", "devices", "hi", "--json")[1]) == \
        ["net net.default", "stack stack", "http http"]
    status, _, err = fata(folder, "query", "nmae", "hi")
    assert status == 64 and "did you mean name?" in err, err


@claim
def graph_and_versions_are_json(folder):
    fata(folder, "new", "hi")
    graph = json.loads(fata(folder, "describe", "hi", "--json")[1])
    assert [d["made_by"] for d in graph["devices"]] == ["net.default", "stack", "http"]
    fata(folder, "configure", "hi")
    assert json.loads((folder / "hi/o/fata/graph.json").read_text()) == graph
    versions = json.loads(fata(folder, "--version", "--json")[1])
    names = [library["name"] for library in versions["libraries"]]
    assert "fa-core" in names and "fa-plat-linux" in names and versions["fata"], versions
    assert fata(folder, "describe", "hi", "--dot")[1].startswith("digraph")


@claim
def a_port_in_use_is_told_before_anything_starts(folder):
    fata(folder, "new", "hi")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, out, err = fata(folder, "run", "hi", "-p", f"{port}:80")
    expect(status, 69, out, err)
    assert f"127.0.0.1:{port}" in err and "another" in err, err
    assert "up at" not in out


@claim
def a_missing_compiler_is_told_with_its_package(folder):
    fata(folder, "new", "hi")
    status, _, err = fata(folder, "build", "hi", PATH="/nowhere")
    expect(status, 69)
    assert err == "fata: musl-gcc is not there, which compiles images for linux; install it: " \
                  "sudo apt-get install musl-tools\n", err


@claim
def errors_of_the_compiler_point_at_the_users_file(folder):
    fata(folder, "new", "hi")
    source = folder / "hi/hi.c"
    source.write_text(source.read_text() + "int broken(\n")
    status, _, err = fata(folder, "build", "hi")
    expect(status, 1)
    assert "hi.c:" in err and "main.c:" not in err, err


@claim
def wrong_words_are_refused_with_what_to_write(folder):
    fata(folder, "new", "hi")
    for words, wanted in ((["biuld"], "did you mean build?"),
                          (["run", "hi", "--nte", "user"], "did you mean --net?"),
                          (["run", "hi", "-p", "80"], "8080:80"),
                          (["run", "hi", "--net", "wire"], "tap:NAME"),
                          (["build", "hi", "-o"], "needs a folder"),
                          (["run", "nowhere"], "fata new NAME"),
                          (["configure", "hi", "--json=1"], "--json")):
        status, _, err = fata(folder, *words)
        assert status in (64, 65) and wanted in err, (words, status, err)
        assert err.count("\n") == 1, err


@claim
def boot_arguments_reach_the_image(folder):
    fata(folder, "new", "hi")
    status, out, _ = fata(folder, "run", "hi", "--", "--version")
    assert (status, out) == (0, "hi 0\n"), out
    status, out, _ = fata(folder, "run", "hi", "--", "--help")
    assert status == 0 and "--greeting=TEXT" in out
    status, out, _ = fata(folder, "run", "hi", "-p", f"{free_port()}:80", "--", "--prot=1")
    assert status == 64 and "did you mean --port?" in out, out


@claim
def clean_removes_the_build_even_of_a_broken_file(folder):
    fata(folder, "new", "hi")
    fata(folder, "configure", "hi")
    (folder / "hi/fata.lua").write_text("broken(")
    expect(fata(folder, "clean", "hi")[0], 0)
    assert not (folder / "hi/o/fata").exists()
    status, out, _ = fata(folder, "clean", "hi")
    assert status == 0 and "nothing to remove" in out


@claim
def clean_leaves_folders_alone_that_are_not_ours(folder):
    fata(folder, "new", "hi")
    (folder / "mine").mkdir()
    (folder / "mine/keep").write_text("")
    expect(fata(folder, "clean", "hi", "-o", "mine")[0], 0)
    assert (folder / "mine/keep").exists()


@claim
def an_image_of_the_simulator_builds_and_runs(folder):
    fata(folder, "new", "hi")
    expect(fata(folder, "build", "hi", "-t", "sim")[0], 0)
    status, out, err = fata(folder, "run", "hi", "--", "--version")
    assert (status, out) == (0, "hi 0\n"), (out, err)


@claim
def a_long_path_does_not_break_the_generated_files_head(folder):
    deep = folder / ("deep-" * 30)
    deep.mkdir()
    fata(deep, "new", "hi")
    expect(fata(folder, "build", deep / "hi", "-o", folder / "out")[0], 0)


def main():
    print("TAP version 13")
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        begun = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as folder:
                test(pathlib.Path(folder))
            print(f"ok {number} - {test.__name__}", flush=True)
        except Exception as error:  # whatever it is, the next test still runs
            failed += 1
            print(f"not ok {number} - {test.__name__} ({time.monotonic() - begun:.1f} s)")
            for line in f"{type(error).__name__}: {error}".splitlines():
                print(f"# {line}", flush=True)
    return 1 if failed else 0


sys.exit(main())
