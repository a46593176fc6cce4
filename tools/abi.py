#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Say what changed for users of the libraries since the last tag. Prints TAP, writes a page.

    tools/abi.py [ROOT]

Both states are built, linked into one shared object each and compared by abidiff. The page is
o/abi/breakage.md. Every function and type that was removed or changed must be named in the topmost
section of CHANGES.md, so that nobody meets a change nobody wrote about.
"""

import os
import re
import subprocess
import sys

CHANGED, INCOMPATIBLE = 4, 8  # bits of abidiff's exit status; 1 and 2 are errors


def say(command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def leave(line, detail=""):
    print(f"1..1\n{line}")
    print("".join(f"# {text}\n" for text in detail.splitlines()), end="")
    sys.exit(line.startswith("not"))


def build(root, target):
    """Build the libraries of the tree `root`, link them into the shared object `target`."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "O")}
    out = os.path.join(os.path.dirname(target), os.path.basename(target) + ".o")
    made = say(["make", "-C", root, f"O={out}", "-j2", "libs_linux"], env=environment)
    if made.returncode != 0:
        leave(f"not ok 1 - {root} builds", made.stderr)
    folder = os.path.join(out, "linux")
    archives = sorted(os.path.join(folder, n) for n in os.listdir(folder)
                      if n.startswith("libfa_") and "plat" not in n and n != "libfa_arch.a")
    linked = say(["gcc", "-shared", "-Wl,-Bsymbolic", "-Wl,--whole-archive", *archives,
                  "-Wl,--no-whole-archive", "-o", target])
    if linked.returncode != 0:
        leave(f"not ok 1 - the libraries of {root} link", linked.stderr)


def check_out(root, tag, folder):
    say(["git", "-C", root, "worktree", "remove", "--force", folder])
    say(["git", "-C", root, "worktree", "prune"])
    done = say(["git", "-C", root, "worktree", "add", "--detach", folder, tag])
    if done.returncode != 0:
        leave(f"not ok 1 - {tag} can be checked out", done.stderr)


def compare(folder, old, new):
    """Returns abidiff's exit status, its report of changes, and the names that are new."""
    private = os.path.join(folder, "private")
    with open(private, "w", encoding="utf-8") as file:
        file.write("[suppress_function]\n  name_not_regexp = ^fa_[a-z]\n"
                   "[suppress_variable]\n  name_not_regexp = ^fa_[a-z]\n")
    command = ["abidiff", "--suppressions", private]
    done = say([*command, "--no-added-syms", old, new])
    if done.returncode & 3:
        leave("not ok 1 - abidiff can compare", done.stdout + done.stderr)
    added = say([*command, "--added-fns", "--added-vars", old, new]).stdout
    return done.returncode, done.stdout, re.findall(r"\[A\] '(.*?)'", added)


def newest_section(root):
    """The topmost section of CHANGES.md."""
    path = os.path.join(root, "CHANGES.md")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as text:
        parts = re.split(r"^## ", text.read(), flags=re.M)
    return parts[1] if len(parts) > 1 else ""


def write_page(path, tag, status, report, added):
    kind = ("Incompatible" if status & INCOMPATIBLE else "Compatible changes of layout"
            if status & CHANGED else "Additions only" if added else "No change")
    with open(path, "w", encoding="utf-8") as page:
        page.write(f"# What changed since {tag}\n\n{kind}.\n")
        if added:
            page.write("\n## Added\n\n" + "".join(f"- `{name}`\n" for name in added))
        if status & CHANGED:
            page.write(f"\n## Removed or changed\n\n```\n{report.strip()}\n```\n")
    return kind


def main():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else here)
    found = say(["git", "-C", root, "describe", "--tags", "--abbrev=0"])
    if found.returncode != 0:
        leave("ok 1 - changes since the last tag are told # SKIP there is no tag yet")
    tag = found.stdout.strip()
    folder = os.path.join(os.path.abspath(os.path.join(root, os.environ.get("O", "o"))), "abi")
    os.makedirs(folder, exist_ok=True)
    old_root, old, new = (os.path.join(folder, name) for name in ("tree", "old.so", "new.so"))
    check_out(root, tag, old_root)
    build(old_root, old)
    build(root, new)
    status, report, added = compare(folder, old, new)
    say(["git", "-C", root, "worktree", "remove", "--force", old_root])
    page = os.path.join(folder, "breakage.md")
    kind = write_page(page, tag, status, report, added)
    touched = set(re.findall(r"\[[DC]\] '[^'(]*\b(fa_\w+)", report))
    untold = sorted(touched - set(re.findall(r"\w+", newest_section(root))))
    print(f"# since {tag}: {kind.lower()}; {page}")
    if untold:
        leave(f"not ok 1 - changes since {tag} are told in CHANGES.md",
              "\n".join(f"{name} was removed or changed; CHANGES.md does not name it"
                        for name in untold))
    leave(f"ok 1 - changes since {tag} are told in CHANGES.md")


if __name__ == "__main__":
    main()
