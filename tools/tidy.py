#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Style that a program can check within a file (STYLE.md), one TAP test a rule.

    tools/tidy.py [ROOT]
"""

import os
import re

import sources

COLUMNS, FUNCTION_LINES, FILE_LINES, BLOB_BYTES = 100, 70, 800, 64 * 1024

# Word: what to write instead, in src and include. A word that ends in "(" is a call.
BANNED = {
    "memcpy(": "fa_copy", "memmove(": "fa_move", "memset(": "fa_zero or fa_wipe",
    "memcmp(": "fa_equal", "strlen(": "fa_slice_of", "strcmp(": "fa_slice_equal",
    "printf(": "fa_fmt or FA_LOG", "snprintf(": "fa_fmt", "malloc(": "memory from the config",
    "calloc(": "memory from the config", "realloc(": "memory from the config",
    "free(": "memory from the config", "alloca(": "a bounded array", "assert(": "FA_ASSERT",
    "abort(": "fa_plat_abort", "exit(": "fa_plat_exit", "rand(": "fa_rand",
    "time(": "the argument `now`", "setjmp(": "a fiber", "longjmp(": "a fiber",
    "float": "integers", "double": "integers", "typedef struct": "struct without typedef",
}
BANNED_EVERYWHERE = {
    "strcpy(": "a bounded copy", "strcat(": "a bounded copy", "sprintf(": "snprintf",
    "gets(": "fgets", "atoi(": "strtol with its checks", "strtok(": "strsep",
    "tmpnam(": "mkstemp",
}


def lines_matching(files, source, pattern, say):
    for name in files:
        for number, line in enumerate(source(name).split("\n"), 1):
            for found in re.finditer(pattern, line):
                yield f"{name}:{number}: {say(found) if callable(say) else say}"


def lines_fit(tree):
    """lines have 100 columns at most"""
    yield from lines_matching(tree.code(), tree.text, r"^.{%d}.+" % COLUMNS, f"over {COLUMNS}")


def white_space_is_plain(tree):
    """no tabs, no trailing space, a newline at the end of each file"""
    yield from lines_matching(tree.code(), tree.text, r"\t", "tab")
    prose = tree.match("*.md", "docs/*/*.md", "Makefile")
    yield from lines_matching(tree.code() + prose, tree.text, r"[ \t]$", "trailing space")
    for name in tree.code():
        if not tree.text(name).endswith("\n"):
            yield f"{name}: no newline at its end"


def code_is_ascii(tree):
    """code is ASCII"""
    yield from lines_matching(
        tree.code(), tree.text, r"[^\x00-\x7f]", lambda found: f"not ASCII: {found[0]!a}")


def files_are_licensed(tree):
    """the first line names the licence"""
    for name in tree.code() + tree.match("Makefile"):
        lines = tree.text(name).split("\n")
        if "SPDX-License-Identifier: ISC" not in lines[1 if lines[0].startswith("#!") else 0]:
            yield f"{name}: no SPDX-License-Identifier: ISC on its first line"


def files_are_short(tree):
    """files have 800 lines at most"""
    for name in tree.code():
        if tree.text(name).count("\n") > FILE_LINES:
            yield f"{name}: {tree.text(name).count(chr(10))} lines"


def functions_are_short(tree):
    """functions have 70 lines at most"""
    for name in tree.c():
        for body in re.finditer(r"^\{\n.*?^\}", tree.bare(name), re.S | re.M):
            lines = body[0].count("\n") + 1
            if lines > FUNCTION_LINES:
                yield f"{name}:{tree.bare(name).count(chr(10), 0, body.start())}: {lines} lines"


def words_are_ours(tree):
    """calls that the house replaces are not used"""
    for words, files in ((BANNED, tree.c("src/", "include/")), (BANNED_EVERYWHERE, tree.c())):
        for word, instead in words.items():
            end = "" if word[-1] == "(" else r"\b"
            pattern = r"(?<![\w.>])" + re.escape(word).replace(r"\(", r"\s*\(") + end
            say = f"{word.rstrip('(')}: write {instead}"
            yield from lines_matching(files, tree.bare, pattern, say)


def one_source_for_all(tree):
    """no conditional compilation in src and include, except guards"""
    guard = r"^\s*#\s*if(?!ndef (?:FA_\w+|\w+_H)$).*"
    yield from lines_matching(
        tree.c("src/", "include/"), tree.text, guard, "a platform is a file, not an #if")


def promises_have_numbers(tree):
    """what is left to do names its issue"""
    words = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX"))
    yield from lines_matching(
        tree.code(), tree.text, rf"\b({words})\b(?!.*#\d)", "names no issue (#N)")


def blobs_are_small(tree):
    """no file is over 64 KiB"""
    for name in tree.files:
        if len(tree.bytes(name)) > BLOB_BYTES:
            yield f"{name}: {len(tree.bytes(name))} bytes"


def scripts_run(tree):
    """scripts are executable, and nothing else is"""
    for name in tree.files:
        script = tree.bytes(name)[:2] == b"#!"
        if script != bool(os.stat(tree.at(name)).st_mode & 0o100):
            yield f"{name}: " + ("a script without x" if script else "x, but not a script")


sources.run((
    lines_fit, white_space_is_plain, code_is_ascii, files_are_licensed, files_are_short,
    functions_are_short, words_are_ours, one_source_for_all, promises_have_numbers,
    blobs_are_small, scripts_run))
