# SPDX-License-Identifier: ISC
"""The files of the tree, and a runner of rules over them, for tools/tidy.py and tools/house.py.

A rule is a generator over a Tree: its docstring is the test's name, what it yields are faults.
"""

import functools
import os
import re
import subprocess
import sys

CODE = (".c", ".h", ".S", ".def", ".py", ".sh", ".t", ".lua", ".css", ".js")
SAMPLES = ("test/data/", "test/fata/good/", "test/fata/bad/", "fuzz/corpus/")  # not house style
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def fits(name, pattern):
    """Whether a path fits a pattern in which * stands for anything but a slash."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), name)


class Tree:
    def __init__(self, root):
        self.root = root
        listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                                capture_output=True, text=True, check=False)
        if os.path.exists(os.path.join(root, ".git")) and listed.returncode == 0:
            names = listed.stdout.splitlines()
        else:
            names = [os.path.relpath(os.path.join(folder, name), root)
                     for folder, _, names in os.walk(root) for name in names]
        self.files = sorted(n for n in set(names)
                            if not n.startswith("o/") and os.path.isfile(self.at(n)))

    def at(self, name):
        return os.path.join(self.root, name)

    @functools.lru_cache(None)
    def bytes(self, name):
        with open(self.at(name), "rb") as file:
            return file.read()

    @functools.lru_cache(None)
    def text(self, name):
        return self.bytes(name).decode("utf-8", "replace")

    @functools.lru_cache(None)
    def bare(self, name):
        """C source with comments and literals blanked, lines kept."""
        return NOISE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self.text(name))

    def match(self, *patterns):
        return [f for f in self.files if any(fits(f, p) for p in patterns)]

    def code(self):
        return [f for f in self.files if (f.endswith(CODE) or self.bytes(f)[:2] == b"#!")
                and not f.startswith(SAMPLES)]

    def c(self, *tops):
        ends = (".c", ".h", ".def")
        return [f for f in self.files
                if f.endswith(ends) and f.startswith(tops or "") and not f.startswith(SAMPLES)]

    def words(self, files):
        return {w for f in files for w in re.findall(r"\w+", self.bare(f))}


def run(rules):
    """Check the tree named on the command line, or the one this script is in; print TAP."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    tree = Tree(sys.argv[1] if len(sys.argv) > 1 else here)
    failed = 0
    print(f"1..{len(rules)}")
    for number, rule in enumerate(rules, 1):
        faults = list(rule(tree))
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {rule.__doc__}")
        for fault in faults:
            print(f"# {fault}")
    sys.exit(failed > 0)
