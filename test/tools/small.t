#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The small tools: documents, hooks, packages, simulated worlds."""

import subprocess

import tap

# docs.py
DOCS = [
    ("good links and code", "# A b\n[x](#a-b) [y](b.md#c--d)\n```c compile\nint a;\n```\n", None),
    ("a broken link", "[x](none.md)\n", "link to none.md"),
    ("a broken anchor", "[x](b.md#none)\n", "no heading of b.md"),
    ("code that does not compile", "```c compile\nint a\n```\n", "does not compile"),
    ("Lua that does not parse", "```lua compile\nx = = 1\n```\n", "does not compile"),
    ("code that is not marked", "```c\nint a\n```\n", None),
    ("a link in a code block", "```\n[x](none.md)\n```\n", None),
]
for name, text, fault in DOCS:
    top = tap.folder({"a.md": text, "b.md": "# C & D\n", "include/fa/x.h": ""})
    status, said = tap.tool("tools/docs.py", top)
    good = status == 0 if fault is None else status == 1 and fault in said
    tap.check(f"docs {'passes' if fault is None else 'finds'} {name}", good, said)

# hooks
MESSAGES = [
    ("net: answer retransmitted SYNs at once", True), ("fix things", False), ("net: ends.", False),
    ("net: " + "x" * 55, True), ("net: " + "x" * 56, False), ("Merge branch 'a'", True),
    ("src/net, test: count drops", True), ("Net: Shout", False),
]
for message, good in MESSAGES:
    path = tap.folder({"message": message + "\n\nbody\n"}) + "/message"
    status, said = tap.tool("tools/hooks/commit-msg", path)
    tap.check(f"the hook {'takes' if good else 'refuses'} '{message[:40]}'", (status == 0) == good)

# deps
status, said = tap.tool("tools/deps", "everything")
tap.check("deps knows its sets", status == 1 and "there are run, check and bench" in said, said)
PROGRAM = "#!/bin/bash\n{}\n"
fakes = tap.folder({
    "dpkg-query": PROGRAM.format("echo 'ii gcc'"), "id": PROGRAM.format("echo 1000"),
    "sort": PROGRAM.format('exec /usr/bin/sort "$@"'), "sed": PROGRAM.format(
        'exec /bin/sed "$@"'), "grep": PROGRAM.format('exec /bin/grep "$@"')})
done = subprocess.run(["/bin/bash", tap.ROOT + "/tools/deps", "run"], env={"PATH": fakes},
                      capture_output=True, text=True, check=False)
tap.check("without root and sudo deps says what to install",
          done.returncode == 1 and "apt-get install" in done.stderr and "musl-tools" in done.stderr
          and " gcc " not in done.stderr, done.stderr)

# sim
world = tap.folder({"w": PROGRAM.format('echo "1..1"; echo why; test "$2" != 7')}) + "/w"
status, said = tap.tool("tools/sim", "--seeds", "5", "--first", "5", world)
tap.check("sim runs each seed", "1..5" in said and f"ok 5 - {world} --seed 9" in said, said)
tap.check("a failing seed prints the command that replays it",
          status == 1 and f"# replay: {world} --seed 7" in said and "# why" in said, said)

# mutants
SOURCE = """int f(int a, int b)
{
    // a < b is no code, and "a < b" neither
    FA_ASSERT(a < b);
    if (a < b && a != 7) {
        g("1 < 2");
    }
    return a + b;
}
int outside = 1 + 2;
"""
CHANGES = [("relation", "if (a <= b && a != 7) {"), ("logic", "if (a < b || a != 7) {"),
           ("equality", "if (a < b && a == 7) {"), ("constant", "if (a < b && a != 8) {"),
           ("condition", "if (!(a < b && a != 7)) {"), ("statement", "        ;"),
           ("arithmetic", "return a - b;"), ("return", "return 0;")]
path = tap.folder({"m.c": SOURCE}) + "/m.c"
status, said = tap.tool("tools/mutants.py", "list", path)
for kind, line in CHANGES:
    tap.check(f"a mutant of kind {kind}", f": {kind}\n" in said and line + "\n" in said, said)
tap.check("assertions, comments, strings and what is no function stay as they are",
          not any(word in said for word in ("ASSERT(a <=", "outside", "no code", '"1 <=')), said)
LINK = """#!/bin/sh
for program; do :; done
printf '#!/bin/sh\\ngrep -q "if (a < b" %s\\n' "$1" >"$program" && chmod +x "$program"
"""
top = tap.folder({"link": LINK, "out/x": ""})
status, said = tap.tool(
    "tools/mutants.py", "run", "--out", top + "/out", "--count", "3", "--worlds", "1", "--seed",
    "c", "--compile", "sh -c 'cp $0 $1' {source} {object}", "--tests", "tests.o", "--world",
    "world.o", "--link", top + "/link {object} {program}", path)
tap.check("mutants are killed by programs that fail, and survivors listed with their change",
          status == 1 and "1 of 3 mutants killed: 33.3 %" in said and f"{path}:8: " in said
          and "    -    return a + b;\n    +    return " in said, said)
tap.finish()
