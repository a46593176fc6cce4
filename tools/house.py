#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What files owe one another: twins, users, places that exist. One TAP test a rule.

    tools/house.py [ROOT]
"""

import os
import re

import sources

# Public headers without a .c file of their name: why. Without a test of it: what stands in.
NO_SOURCE = {
    "blkdev.h": "a signature: its devices implement it", "flow.h": "a signature",
    "netdev.h": "a signature", "kv.h": "a signature", "list.h": "all inline",
    "counter.h": "one table, in src/core/schema.c", "plat.h": "a platform is a folder",
    "linux_fd.h": "a struct that plat/linux/watch.c fills",
    "solo5.h": "an ABI: structs and numbers", "caps.h": "an ABI",
}
NO_TEST = {
    "blkdev.h": "test/conform/blkdev_test.c", "flow.h": "test/conform/flow_test.c",
    "netdev.h": "test/conform/netdev_test.c", "kv.h": "test/conform/kv_test.c",
    "plat.h": "test/conform/plat_test.c", "tap.h": "test/conform/netdev_linux_test.c",
    "linux_fd.h": "test/conform/netdev_linux_test.c", "capture_file.h": "test/unit/capture_test.c",
}
# Where the Makefile picks up a .c file.
BUILT = (
    "src/*/*.c", "plat/*/*.c", "plat/*/*/*.c", "host/*/*.c", "test/*.c",
    "test/unit/*.c", "test/conform/*.c", "test/sim/*.c", "test/boot/*.c",
    "test/guest/*.c", "test/tender/*.c", "test/e2e/*/*.c",
    "fuzz/*_fuzz.c", "fuzz/driver.c", "bench/*.c", "bench/lwip_peer/*.c", "app/*/*.c")
# Headers that lwIP and musl include.
FOREIGN = ("bench/lwip_peer/port/", "plat/musl/syscall_arch.h")
PLACE = re.compile(
    r"(?<![\w/.-])(?:include|src|plat|host|test|fuzz|bench|tools|docs)/[\w/*.-]*\.[a-z]+\b")


def headers_have_twins(tree):
    """each public header has its source and its test"""
    for name in tree.match("include/fa/*.h", "include/fa/wire/*.h"):
        short = name[len("include/fa/"):]
        stem, wire = os.path.basename(short)[:-2], short.startswith("wire/")
        homes = ["src/wire"] if wire else ["src/*", "plat/*"]
        source = tree.match(*(f"{home}/{stem}{end}.c" for home in homes for end in ("", "_*")))
        if not source and short not in NO_SOURCE:
            yield f"{name}: no {homes[0]}/{stem}.c"
        stem = "wire_" + stem if wire else stem
        wanted = NO_TEST.get(short, f"test/unit/{stem}_test.c")
        if not tree.match(wanted, f"test/unit/{stem}_*_test.c"):
            yield f"{name}: no {wanted}"


def files_are_used(tree):
    """every source is built, every header included"""
    built = tree.match(*BUILT)
    for name in tree.c():
        if name.endswith(".c") and name not in built:
            yield f"{name}: no wildcard of the Makefile takes it"
    includes = re.compile(r'#\s*include "([^"]+)"')
    included = {os.path.basename(wanted) for f in tree.c()
                for wanted in includes.findall(tree.text(f))}
    for name in tree.c():
        wanted = name.endswith(".h") and not name.startswith(FOREIGN)
        if wanted and os.path.basename(name) not in included:
            yield f"{name}: nothing includes it"


def places_exist(tree):
    """files named in comments exist"""
    for name in tree.c():
        for comment in re.findall(r"//[^\n]*|/\*.*?\*/", tree.text(name), re.S):
            for place in PLACE.findall(comment):
                if not tree.match(re.sub(r"\b[A-Z]{2,}\b", "*", place)):
                    yield f"{name}: names {place}, which is not there"


def schema_is_used(tree):
    """every log source, counter and event of the schema is used"""
    users = [f for f in tree.c() if not f.endswith("schema.def")]
    used = tree.words(users)
    for name in tree.match("include/fa/schema.def"):
        entry = r"^FA_(LOG_SOURCE|COUNTER|EVENT)\((\w+),"
        for kind, word in re.findall(entry, tree.text(name), re.M):
            if word not in used and f"FA_{kind}_{word}" not in used:
                yield f"{name}: nothing uses the {kind.lower()} {word}"


def packages_are_whole(tree):
    """each pkg file has its five lines"""
    shape = (r"name: (\S+)\nversion: \d+\.\d+\.\d+\nsummary: \S.*\n"
             r"depends:((?: fa-[a-z-]+ \(= \d+\.\d+\.\d+\),?)*)\nconflicts:(?: fa-[a-z-]+,?)*\n")
    for name in tree.match("src/*/pkg", "plat/*/pkg"):
        found = re.fullmatch(shape, tree.text(name))
        wanted = "fa-" + os.path.dirname(name).replace("src/", "").replace("/", "-")
        if not found or found[1] != wanted:
            yield f"{name}: expected name: {wanted}, version, summary, depends, conflicts"
    for folder in sorted({os.path.dirname(f) for f in tree.match("src/*/*.c")}):
        if folder + "/pkg" not in tree.files:
            yield f"{folder}: has no pkg file"


def counters_are_tested(tree):
    """counters are named in tests (a remark, not yet a rule)"""
    tests = tree.words(tree.c("test/", "fuzz/"))
    for name in tree.match("include/fa/schema.def"):
        words = re.findall(r"^FA_COUNTER\((\w+),", tree.text(name), re.M)
        idle = [w for w in words if w not in tests and f"FA_COUNTER_{w}" not in tests]
        if idle:
            print(f"# {len(idle)} of {len(words)} counters are in no test: {' '.join(idle)}")
    yield from ()


sources.run((
    headers_have_twins, files_are_used, places_exist, schema_is_used, packages_are_whole,
    counters_are_tested))
