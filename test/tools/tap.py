# SPDX-License-Identifier: ISC
"""What the tests of the tools share: TAP, folders with samples, running a tool."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
results = []


def check(name, holds, detail=""):
    results.append(bool(holds))
    print(f"{'ok' if holds else 'not ok'} {len(results)} - {name}", flush=True)
    if not holds:
        print("".join(f"# {line}\n" for line in str(detail).splitlines()), end="")


def finish():
    print(f"1..{len(results)}")
    sys.exit(not all(results))


def folder(files, mode=0o644):
    """A new folder with the files {path: text}; those that begin with #! are executable."""
    top = tempfile.mkdtemp(prefix="fata-tools-")
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    for path, text in files.items():
        there = os.path.join(top, path)
        os.makedirs(os.path.dirname(there), exist_ok=True)
        with open(there, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(there, 0o755 if text.startswith("#!") else mode)
    return top


def tool(name, *arguments, **more):
    """Run a tool of the tree. Returns its status and all that it said."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MAKELEVEL", "O")}
    done = subprocess.run([os.path.join(ROOT, name), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=environment, **more)
    return done.returncode, done.stdout
