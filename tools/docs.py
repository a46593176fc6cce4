#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Check the documents, one TAP test each: links and anchors resolve, marked code compiles.

    tools/docs.py [ROOT]

A fenced block whose first line is ```c compile must compile by itself with the public headers;
```lua compile must parse. Links to other hosts are not followed.
"""

import os
import re
import subprocess
import sys

import sources

FENCE = re.compile(r"^```(\w*)( compile)?[^\n]*\n(.*?)^```$", re.S | re.M)
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
COMPILERS = {
    "c": ["gcc", "-std=gnu2x", "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-Iinclude",
          "-fsyntax-only", "-x", "c", "-"],
    "lua": ["luac5.4", "-p", "-"],
}


def anchors(text):
    """The names that headings get, as on the usual hosts: lower case, hyphens, no punctuation."""
    found = set()
    for title in re.findall(r"^#+\s+(.*?)\s*#*$", FENCE.sub("", text), re.M):
        name = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower())
        name = name.replace(" ", "-")
        copies = sum(1 for other in found if re.fullmatch(re.escape(name) + r"(-\d+)?", other))
        found.add(f"{name}-{copies}" if copies else name)
    return found


def check_link(tree, name, target):
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    there = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
    if not os.path.exists(tree.at(there)):
        return f"{name}: link to {target}, which is not there"
    if anchor and there.endswith(".md") and anchor not in anchors(tree.text(there)):
        return f"{name}: link to {target}, but no heading of {there} is called that"
    return None


def check_block(tree, name, language, code):
    compiler = COMPILERS.get(language)
    if compiler is None:
        return f"{name}: a block marked compile in {language or 'no language'}"
    done = subprocess.run(compiler, input=code, cwd=tree.root, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        return f"{name}: this block does not compile:\n{code}\n{done.stderr}"
    return None


def check_document(tree, name):
    text = tree.text(name)
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    faults = [check_link(tree, name, target) for target in LINK.findall(prose)]
    faults += [check_block(tree, name, language, code)
               for language, marked, code in FENCE.findall(text) if marked]
    return [fault for fault in faults if fault]


def main():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    tree = sources.Tree(sys.argv[1] if len(sys.argv) > 1 else here)
    names = [name for name in tree.files if name.endswith(".md")]
    failed = False
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        faults = check_document(tree, name)
        failed = failed or bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {name}: links resolve, code compiles")
        for line in "\n".join(faults).splitlines():
            print(f"# {line}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
