#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Plant one fault at a time in the network code and see whether the tests find it.

    tools/mutants.py run --out FOLDER [--count N] [--seed TEXT] [--bar PERCENT] [--file PART]
        [--jobs N] [--verbose] --compile 'COMMAND' --link 'COMMAND'
        --tests 'OBJECT...' --world OBJECT [--worlds N] SOURCE...
    tools/mutants.py list SOURCE...

A mutant is one source with one small change: an operator, a constant, a condition, a return value,
a statement left out. Which ones are tried follows from --seed, the commit's id. Each is compiled by
--compile ("{source}" and "{object}" in it are filled in) and linked in front of the archives by
--link ("{object}", "{program}"), once with all unit tests in one program and once with the
simulator's world, which is run with a few seeds if the unit tests find nothing. Killed is a mutant
whose program fails, dies or takes far longer than without it. A mutant that does not compile, or
whose code is the same as without it, is skipped, counted and replaced by another. Survivors are
listed with their change in FOLDER/report, and the result is a failure if fewer than --bar percent
are killed.

Left alone are assertions, traces, preprocessor lines and tcp_check.c: they are checks themselves.
"""

import argparse
import concurrent.futures
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time

SLOWER = 10  # times as long as the slowest program without a fault, and ...
GRACE_S = 5  # ... this: it will not end
LEFT_ALONE = re.compile(r"FA_ASSERT|_Static_assert|FA_TRACE|FA_NET_DROP_TRACE|^\s*#|\\$")
# What is looked for, and what takes its place. Binary + - & * have a space on both sides
# (clang-format sees to that), so that signs, addresses and pointers are no operators here.
SWAPS = [
    ("relation", r" (<|<=|>|>=) ", {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}),
    ("relation", r" (<|<=|>|>=) ", {"<": ">", "<=": ">=", ">": "<", ">=": "<="}),
    ("equality", r" (==|!=) ", {"==": "!=", "!=": "=="}),
    ("logic", r" (&&|\|\|)(?= |$)", {"&&": "||", "||": "&&"}),
    ("arithmetic", r" ([+\-*/%]) ", {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/"}),
    ("arithmetic", r" ([+\-]=) ", {"+=": "-=", "-=": "+="}),
    ("arithmetic", r"(\+\+|--)", {"++": "--", "--": "++"}),
    ("bits", r" ([&|]|<<|>>) ", {"&": "|", "|": "&", "<<": ">>", ">>": "<<"}),
    ("bits", r" ([&|]=) ", {"&=": "|=", "|=": "&="}),
    ("truth", r"\b(true|false)\b", {"true": "false", "false": "true"}),
    ("negation", r"(?<=[(\s])(!)(?=[\w(])", {"!": ""}),
]
NUMBER = re.compile(r"(?<![\w.\"])(0x[0-9a-fA-F]+|\d+)(?=u?\b)")
STATEMENT = re.compile(r"^(\s+)(?!return|break|continue|goto|case|default|struct |const |static "
                       r"|enum |extern |else\b|u?int\d+_t |bool |size_t |fa_ns |fa_err |unsigned )"
                       r"[\w*(][^;{}]*;$")
CONDITION = re.compile(r"^(\s*(?:\} else )?(?:if|while) \()(.*)(\) \{)$")
RETURN = re.compile(r"^(\s+return )([^;]+);$")


class Mutant:
    def __init__(self, path, number, kind, before, after):
        self.path, self.number, self.kind = path, number, kind
        self.before, self.after = before, after

    def __str__(self):
        return (f"{self.path}:{self.number}: {self.kind}\n"
                f"    -{self.before}\n    +{self.after}\n")


def blank_out(text):
    """The same text with comments and strings as spaces, so that nothing is found in them."""
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'",
                  lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=re.S)


def other_numbers(text):
    value, base = int(text, 0), 16 if text.startswith("0x") else 10
    near = {value + 1, abs(value - 1)} - {value}
    return [hex(other) if base == 16 else str(other) for other in sorted(near)]


def line_changes(line, code):
    """All (kind, changed line) of one line; `code` is the line without comments and strings."""
    for kind, pattern, swap in SWAPS:
        for found in re.finditer(pattern, code):
            yield kind, line[:found.start(1)] + swap[found[1]] + line[found.end(1):]
    for found in NUMBER.finditer(code):
        for other in other_numbers(found[1]):
            yield "constant", line[:found.start()] + other + line[found.end():]
    found = CONDITION.match(code.rstrip())
    if found:
        inner = line[found.start(2):found.end(2)]
        yield "condition", f"{line[:found.end(1)]}!({inner}){line[found.start(3):]}"
    found = RETURN.match(code.rstrip())
    if found and found[2] not in ("true", "false", "0"):
        other = "FA_AGAIN" if found[2] == "FA_OK" else "0"
        yield "return", f"{line[:found.end(1)]}{other};"
    found = STATEMENT.match(code.rstrip())
    if found:
        yield "statement", f"{found[1]};"


def find_mutants(path):
    """Every mutant of one source: only inside of functions, which end with a } in column 0."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines, inside = text.split("\n"), False
    code_lines = blank_out(text).split("\n")
    for number, (line, code) in enumerate(zip(lines, code_lines), 1):
        if code.startswith("{") or code.startswith("}"):
            inside = code.startswith("{")
        elif inside and not LEFT_ALONE.search(code):
            # A statement over several lines is no statement here: its first line ends in no ;.
            whole = re.search(r"[;{}:]\s*$|^\s*$", code_lines[number - 2])
            for kind, after in line_changes(line, code):
                if kind != "statement" or whole:
                    yield Mutant(path, number, kind, line, after)


def run_quietly(words, limit_s):
    """Returns the status; None if it took longer."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=limit_s, check=False).returncode
    except subprocess.TimeoutExpired:
        return None


class Lab:
    """Where mutants are built and tried, each in a folder of its own."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.folder = tempfile.mkdtemp(prefix="mutants-", dir=chosen.out)
        self.plain, self.limit_s, self.slowest_s = {}, 60.0, 0.0

    def build(self, name, path, text):
        """Compile `text` in the place of `path`. Returns the object, or None."""
        # Equal names and lines, so that equal code makes equal objects.
        source = os.path.join(self.folder, name, os.path.basename(path))
        target = os.path.join(self.folder, name, "object.o")
        os.makedirs(os.path.dirname(source), exist_ok=True)
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        words = [word.replace("{source}", source).replace("{object}", target)
                 for word in shlex.split(self.chosen.compile)]
        words += ["-iquote", os.path.dirname(path)]
        good = run_quietly(words, 120) == 0
        os.unlink(source)
        return target if good else None

    def link(self, name, target, tests):
        program = os.path.join(self.folder, name, "unit" if tests else "world")
        first = " ".join([target, *(tests or [self.chosen.world])])
        line = self.chosen.link.replace("{object}", first).replace("{program}", program)
        return program if run_quietly(shlex.split(line), 120) == 0 else None

    def prepare(self, paths):
        """Build every source without a fault, and see that the tests pass and how long it takes."""
        for path in paths:
            with open(path, encoding="utf-8") as file:
                name = "plain-" + path.replace("/", "-")
                target = self.build(name, path, file.read())
            if target is None:
                sys.exit(f"tools/mutants.py: {path} does not compile")
            self.plain[path] = open(target, "rb").read()
        status = self.try_object(name, target)
        if status != "survived":
            sys.exit(f"tools/mutants.py: without any fault: {status}")
        self.limit_s = GRACE_S + SLOWER * self.slowest_s

    def try_object(self, name, target):
        """Returns what the tests make of it: "survived", or what found it."""
        programs = [self.link(name, target, self.chosen.tests),
                    self.link(name, target, None) if self.chosen.worlds else None]
        if programs[0] is None:
            return "does not link"
        jobs = [[programs[0]]] + [[programs[1], "--seed", str(seed)]
                                  for seed in range(1, self.chosen.worlds + 1)]
        for job in jobs:
            start = time.monotonic()
            said = run_quietly(job, self.limit_s)
            self.slowest_s = max(self.slowest_s, time.monotonic() - start)
            if said != 0:
                break
        for program in filter(None, programs):
            os.unlink(program)
        return "survived" if said == 0 else "no end" if said is None else f"status {said}"

    def judge(self, job):
        number, mutant = job
        with open(mutant.path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        lines[mutant.number - 1] = mutant.after
        target = self.build(f"m{number}", mutant.path, "\n".join(lines))
        if target is None:
            return mutant, "does not compile"
        with open(target, "rb") as file:
            if file.read() == self.plain[mutant.path]:
                return mutant, "equivalent"
        said = self.try_object(f"m{number}", target)
        os.unlink(target)
        return mutant, said


SKIPPED = ("does not compile", "does not link", "equivalent")


def draw(paths, seed):
    """All mutants in the order that the seed decides: a line, then one of its changes, so that a
    line with many operators counts no more than any other; and each line once at most."""
    lines = {}
    for path in paths:
        for mutant in find_mutants(path):
            lines.setdefault((path, mutant.number), []).append(mutant)
    rand = random.Random(seed)
    order = sorted(lines)
    rand.shuffle(order)
    return [rand.choice(lines[line]) for line in order]


def report(results, chosen, file):
    tried = [r for r in results if r[1] not in SKIPPED]
    alive = [mutant for mutant, said in tried if said == "survived"]
    percent = 100 * (len(tried) - len(alive)) / max(1, len(tried))
    print(f"{len(tried) - len(alive)} of {len(tried)} mutants killed: {percent:.1f} % "
          f"(seed {chosen.seed})", file=file)
    for why in SKIPPED:
        print(f"    skipped, {why}: {sum(said == why for _, said in results)}", file=file)
    for kind in sorted({mutant.kind for mutant, _ in tried}):
        said = [s for m, s in tried if m.kind == kind]
        print(f"    {kind}: {len(said) - said.count('survived')} of {len(said)}", file=file)
    print("\nsurvivors:" if alive else "\nno survivors", file=file)
    for mutant in sorted(alive, key=lambda m: (m.path, m.number)):
        print(mutant, file=file)
    return percent


def run(chosen):
    os.makedirs(chosen.out, exist_ok=True)
    lab = Lab(chosen)
    paths = [path for path in chosen.sources if chosen.file in path]
    lab.prepare(paths)
    order = iter(enumerate(draw(paths, chosen.seed)))
    results, tried = [], 0
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        while tried < chosen.count:
            batch = [job for _, job in zip(range(chosen.count - tried), order)]
            if not batch:
                break
            for mutant, said in pool.map(lab.judge, batch):
                results.append((mutant, said))
                tried += said not in SKIPPED
                print(f"{said}: {mutant}" if chosen.verbose else ".", end="", flush=True)
    print()
    with open(os.path.join(chosen.out, "report"), "w", encoding="utf-8") as file:
        report(results, chosen, file)
    percent = report(results, chosen, sys.stdout)
    subprocess.run(["rm", "-rf", lab.folder], check=False)
    sys.exit(0 if percent >= chosen.bar else 1)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("what", choices=("run", "list"))
    arguments.add_argument("--out", default="o/mutants")
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--bar", type=float, default=80)
    arguments.add_argument("--file", default="")
    arguments.add_argument("--compile", default="")
    arguments.add_argument("--link", default="")
    arguments.add_argument("--tests", type=str.split, default=[])
    arguments.add_argument("--world", default="")
    arguments.add_argument("--worlds", type=int, default=4)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--verbose", action="store_true")
    arguments.add_argument("sources", nargs="*")
    chosen = arguments.parse_intermixed_args()
    chosen.sources = sorted(path for path in chosen.sources if "_check.c" not in path)
    if chosen.what == "run":
        run(chosen)
    for path in chosen.sources:
        for mutant in find_mutants(path):
            print(mutant)


if __name__ == "__main__":
    main()
