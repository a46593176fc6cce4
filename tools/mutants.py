#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Plant one fault at a time in the network code and see whether the tests find it.

    tools/mutants.py run --out FOLDER [--count N] [--seed TEXT] [--bar PERCENT] [--file PART]
        [--every] [--jobs N] --compile 'COMMAND' --link 'COMMAND'
        --tests 'OBJECT...' --world OBJECT [--worlds N] SOURCE...
    tools/mutants.py list SOURCE...

A mutant is one source with one small change: an operator, a constant, a condition, a return value,
a statement left out. Which ones are tried follows from --seed, the commit's id: one of a line at
most; --every tries all there are. --file takes only those whose "SOURCE:LINE" contains PART.
Each is compiled by --compile ("{source}" and "{object}" in it are filled in) and linked in front of
the archives by --link ("{object}", "{program}"): with the quick unit tests in one program, with
the slow ones in a second, and with the simulator's world, which is run with a few seeds. The first
that finds it ends the trial. Killed is a mutant whose program fails, dies or takes far more CPU
time than without it. A mutant that does not compile, or whose code is the same as without it, is
skipped, counted and replaced by another. Survivors are listed with their change in FOLDER/report,
and the result is a failure if fewer than --bar percent are killed.

Left alone are assertions and tcp_check.c, which are checks themselves, traces, lines of the log,
and preprocessor lines.
"""

import argparse
import concurrent.futures
import math
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SLOWER = 4  # times the CPU time of the same program without a fault, and ...
GRACE_S = 1  # ... this: it will not end
SLEEPS = 30  # times that limit by the clock on the wall: it neither ends nor works
QUICK_S = 0.03  # of CPU time, at most, of a quick test
EVERY = 10  # mutants, a line of progress
LEFT_ALONE = re.compile(r"FA_ASSERT|_Static_assert|FA_\w*TRACE|FA_LOG\(|^\s*#|\\$")
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
    if found and found[2] not in ("true", "false", "0", "NULL"):
        other = "FA_AGAIN" if found[2] == "FA_OK" else "0"
        yield "return", f"{line[:found.end(1)]}{other};"
    found = STATEMENT.match(code.rstrip())
    if found:
        yield "statement", f"{found[1]};"


def find_mutants(path):
    """Every mutant of one source: only inside of functions, which end with a } in column 0."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines, inside, check = text.split("\n"), False, False
    code_lines = blank_out(text).split("\n")
    for number, (line, code) in enumerate(zip(lines, code_lines), 1):
        if code.startswith("{") or code.startswith("}"):
            inside = code.startswith("{")
        check = LEFT_ALONE.search(code) or check  # to the end of the statement
        if inside and not check and not code.startswith("{"):
            # A statement over several lines is no statement here: its first line ends in no ;.
            whole = re.search(r"[;{}:]\s*$|^\s*$", code_lines[number - 2])
            for kind, after in line_changes(line, code):
                if kind != "statement" or whole:
                    yield Mutant(path, number, kind, line, after)
        check = check and not re.search(r"^\s*#|;\s*$", code)


def run_quietly(words, limit_s):
    """Returns the status; None if it took longer."""
    words = ["prlimit", f"--cpu={limit_s}:{limit_s + 1}", *words]
    try:
        said = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=SLEEPS * limit_s, check=False)
    except subprocess.TimeoutExpired:
        return None
    return None if said.returncode == -signal.SIGXCPU else said.returncode


class Program:
    """What a mutant is linked to, and how it is run."""

    def __init__(self, objects, runs):
        self.objects, self.runs, self.limit_s = objects, runs, 60


class Lab:
    """Where mutants are built and tried, each in a folder of its own."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.folder = tempfile.mkdtemp(prefix="mutants-", dir=chosen.out)
        self.plain, self.programs = {}, []

    def build(self, name, path, text):
        """Compile `text` in the place of `path`. Returns the object, or None."""
        # Equal paths and lines, so that equal code makes equal objects.
        source = os.path.join(self.folder, name, os.path.basename(path))
        target = os.path.join(self.folder, name, "object.o")
        os.makedirs(os.path.dirname(source), exist_ok=True)
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        words = [word.replace("{source}", source).replace("{object}", target)
                 for word in shlex.split(self.chosen.compile)]
        words += ["-iquote", os.path.dirname(path),
                  f"-ffile-prefix-map={os.path.dirname(source)}={os.path.dirname(path)}"]
        good = run_quietly(words, 120) == 0
        os.unlink(source)
        return target if good else None

    def link(self, target, program):
        """Returns the linked program's path, or None."""
        path = os.path.join(os.path.dirname(target), "program")
        first = " ".join([target, *program.objects])
        line = self.chosen.link.replace("{object}", first).replace("{program}", path)
        return path if run_quietly(shlex.split(line), 120) == 0 else None

    def try_object(self, target):
        """Returns what the programs make of it: "survived", or what found it."""
        for program in self.programs:
            path = self.link(target, program)
            if path is None:
                return "does not link"
            for words in program.runs:
                said = run_quietly([path, "--stop", *words], program.limit_s)
                if said != 0:
                    return "no end" if said is None else f"status {said}"
        return "survived"

    def measure(self, target, program):
        """Returns the CPU time of a program without a fault, which has to pass."""
        path = self.link(target, program)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        for words in program.runs:
            if path is None or run_quietly([path, *words], program.limit_s) != 0:
                sys.exit("tools/mutants.py: fails without a fault: "
                         + " ".join([*program.objects, *words]))
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    def prepare(self, paths):
        """Build every source without a fault, see that the tests pass, and sort them by time."""
        for path in paths:
            with open(path, encoding="utf-8") as file:
                target = self.build("plain", path, file.read())
            if target is None:
                sys.exit(f"tools/mutants.py: {path} does not compile")
            with open(target, "rb") as file:
                self.plain[path] = file.read()
        took = {tests: self.measure(target, Program([tests], [[]])) for tests in self.chosen.tests}
        quick = [tests for tests in took if took[tests] < QUICK_S]
        slow = [tests for tests in took if took[tests] >= QUICK_S]
        self.programs = [Program(objects, [[]]) for objects in (quick, slow) if objects]
        if self.chosen.worlds:
            seeds = [["--seed", str(seed + 1)] for seed in range(self.chosen.worlds)]
            self.programs.append(Program([self.chosen.world], seeds))
        for program in self.programs:
            program.limit_s = math.ceil(GRACE_S + SLOWER * self.measure(target, program))

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
        said = self.try_object(target)
        shutil.rmtree(os.path.dirname(target))
        return mutant, said


SKIPPED = ("does not compile", "does not link", "equivalent")


def draw(chosen):
    """All mutants in the order that the seed decides: a line, then one of its changes, so that a
    line with many operators counts no more than any other; and each line once at most."""
    lines = {}
    for path in chosen.sources:
        for mutant in find_mutants(path):
            if chosen.file in f"{path}:{mutant.number}:":
                lines.setdefault((path, mutant.number), []).append(mutant)
    if chosen.every:
        return [mutant for line in sorted(lines) for mutant in lines[line]]
    rand = random.Random(chosen.seed)
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
    drawn = draw(chosen)
    count = len(drawn) if chosen.every else chosen.count
    lab = Lab(chosen)
    lab.prepare(sorted({mutant.path for mutant in drawn}))
    order, results, tried, killed = iter(enumerate(drawn)), [], 0, 0
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        while tried < count:
            batch = [job for _, job in zip(range(count - tried), order)]
            if not batch:
                break
            for mutant, said in pool.map(lab.judge, batch):
                results.append((mutant, said))
                tried += said not in SKIPPED
                killed += said not in (*SKIPPED, "survived")
                if said == "survived":
                    print(mutant, flush=True)
                if len(results) % EVERY == 0:
                    left_s = (time.monotonic() - start) / max(1, tried) * (count - tried)
                    print(f"{killed} of {tried} killed, {left_s:.0f} s left", flush=True)
    with open(os.path.join(chosen.out, "report"), "w", encoding="utf-8") as file:
        report(results, chosen, file)
    percent = report(results, chosen, sys.stdout)
    shutil.rmtree(lab.folder)
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
    arguments.add_argument("--every", action="store_true")
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
