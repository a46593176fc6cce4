#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An application outside of the tree builds and runs against `make install DESTDIR=...`, as TAP.

FATA names the command whose build is installed, o/linux/fata otherwise.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FATA = pathlib.Path(os.environ.get("FATA", ROOT / "o/linux/fata")).resolve()
OUTPUT = FATA.parent.parent
LIMIT_S = 300

LUA = """fata = ">= 0.1"
return unikernel "outside" {
    sources = { "outside.c" },
    main = "outside_main",
    devices = { files = kv.embed "files", answer = boot.number "answer" { default = 42 } },
}
"""
C = """#include "outside.fata.h"
#include "fa/log.h"
int outside_main(struct outside_devices *devices)
{
    struct fa_slice text;
    if (fa_kv_borrow(devices->files, FA_LIT("greeting.txt"), &text) != FA_OK) {
        return 1;
    }
    FA_LOG(app, FA_LOG_APP, "%.*s", (int)text.len, (const char *)text.at);
    return (int)devices->answer;
}
"""


def run(*words, **options):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("FATA", "MAKE", "MFLAGS"))}
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=LIMIT_S,
                          **options)


def check(folder):
    installed = folder / "root"
    done = run("make", "-s", f"O={OUTPUT}", "install", f"DESTDIR={installed}", "PREFIX=/opt",
               cwd=ROOT)
    yield done.returncode == 0, "make_install_fills_a_folder", done.stderr
    shared = installed / "opt/lib/libfata_packetdrill.so"
    yield shared.exists(), "the_shared_object_for_packetdrill_is_installed", str(shared)
    fata = str(installed / "opt/bin/fata")
    app = folder / "outside"
    (app / "files").mkdir(parents=True)
    (app / "files/greeting.txt").write_text("from far away")
    (app / "fata.lua").write_text(LUA)
    (app / "outside.c").write_text(C)
    done = run(fata, "build", cwd=app)
    yield done.returncode == 0, "an_application_outside_of_the_tree_builds", done.stderr
    ninja = (app / "o/fata/build.ninja").read_text()
    yield str(ROOT) not in ninja, "nothing_of_the_source_tree_is_used", ninja
    done = run(fata, "run", cwd=app)
    good = done.returncode == 42 and "from far away" in done.stdout
    yield good, "it_runs_and_fata_ends_as_it_does", f"{done.returncode} {done.stdout} {done.stderr}"
    done = run(fata, "run", "--", "--answer=7", cwd=app)
    yield done.returncode == 7, "its_boot_keys_work", f"{done.returncode} {done.stderr}"


def main():
    print("TAP version 13")
    failed = 0
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (good, name, told) in enumerate(check(pathlib.Path(folder)), 1):
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
            for line in () if good else told.splitlines():
                print(f"# {line}")
    print(f"1..{number}")
    return 1 if failed else 0


sys.exit(main())
