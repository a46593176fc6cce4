#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tools/abi.py compares with the last of two tags and wants changes to be told."""

import os
import subprocess

import tap

with open(os.path.join(tap.ROOT, "Makefile"), encoding="utf-8") as text:
    MAKEFILE = text.read()
HEADER = "#include <stdint.h>\nstruct fa_x {{ {} a; }};\nint fa_x_get(const struct fa_x *x);\n{}"
SOURCE = '#include "fa/x.h"\nint fa_x_get(const struct fa_x *x)\n{{\n    return (int)x->a;\n}}\n{}'
MORE = "int fa_y(void);\n"
MORE_SOURCE = "int fa_y(void)\n{\n    return 1;\n}\n"


def git(*words):
    subprocess.run(["git", "-C", top, "-c", "user.name=t", "-c", "user.email=t@t", *words],
                   check=True, capture_output=True)


def state(field, more, more_source, changes):
    """Write one state of the little library."""
    news = f"# Changes\n\n## Unreleased\n\n{changes}\n\n## 0.1\n\nall\n"
    for path, said in (("include/fa/x.h", HEADER.format(field, more)),
                       ("src/core/x.c", SOURCE.format(more_source)), ("CHANGES.md", news)):
        with open(os.path.join(top, path), "w", encoding="utf-8") as file:
            file.write(said)


def run():
    status, said = tap.tool("tools/abi.py", top)
    path = os.path.join(top, "o/abi/breakage.md")
    page = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            page = file.read()
    return status, said, page


top = tap.folder({
    "Makefile": MAKEFILE, ".gitignore": "o/\n", "src/core/pkg": "", "include/fa/x.h": "",
    "plat/linux/pkg": "", "plat/sim/pkg": "", "test/pkg": "",
    f"plat/arch/{os.uname().machine}/pkg": ""})
git("init", "-q")
state("int32_t", "", "", "first")
git("add", ".")
git("commit", "-qm", "first")
status, said, _ = run()
tap.check("before the first tag it skips, with the reason", "# SKIP there is no tag" in said, said)

git("tag", "v0.1")
status, said, page = run()
tap.check("without a change it passes", status == 0 and "No change" in page, said + page)

state("int32_t", MORE, MORE_SOURCE, "more")
git("commit", "-qam", "more")
status, said, page = run()
tap.check("an addition passes and is listed",
          status == 0 and "Additions only" in page and "fa_y" in page, said + page)

git("tag", "v0.2")
state("int64_t", MORE, MORE_SOURCE, "nothing of note")
status, said, page = run()
tap.check("a changed struct that is not told fails",
          status == 1 and "since v0.2" in said and "fa_x_get was removed or changed" in said,
          said + page)
tap.check("its page shows the change", "Removed or changed" in page and "int64_t" in page, page)

state("int64_t", MORE, MORE_SOURCE, "`fa_x_get` and `fa_x` are wider")
status, said, page = run()
tap.check("told, it passes", status == 0, said + page)

state("int32_t", "", "", "nothing of note")
status, said, page = run()
tap.check("a removed function that is not told fails",
          status == 1 and "fa_y was removed" in said and "Incompatible" in page, said + page)
worktrees = subprocess.run(["git", "-C", top, "worktree", "list"], capture_output=True, text=True,
                           check=True).stdout
tap.check("no worktree is left", len(worktrees.splitlines()) == 1, worktrees)
tap.finish()
