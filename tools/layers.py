#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Check layers.txt against every #include, and every pkg file against both. Prints TAP.

    tools/layers.py [ROOT]
"""

import graphlib
import os
import re
import sys

FREESTANDING = {"limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def read_layers(root):
    """Returns {folder: allowed folders} and {header: folder}."""
    tables, table = {"folders": {}, "headers": {}}, None
    with open(os.path.join(root, "layers.txt"), encoding="utf-8") as text:
        for number, line in enumerate(text, 1):
            line = line.split("#")[0].strip()
            if line in ("[folders]", "[headers]"):
                table = tables[line[1:-1]]
            elif line and (table is None or ":" not in line):
                sys.exit(f"layers.txt:{number}: expected [folders], [headers] or 'NAME: WORDS'")
            elif line:
                name, words = line.split(":", 1)
                table[name.strip()] = words.split()
    return tables["folders"], {name: words[0] for name, words in tables["headers"].items()}


def list_sources(root):
    for top in ("include", "src", "plat", "host", "app", "test", "fuzz", "bench"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S", ".def")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def owner_of(header, headers, files):
    """The folder that implements the public header `header`, such as fa/tcp.h."""
    name = header[len("fa/"):]
    if name in headers:
        return headers[name]
    if name.startswith("wire/"):
        return "src/wire"
    # The mirror rule: X.h is implemented by X.c. src/wire's own headers are in fa/wire/, so it
    # comes after the rest; what each platform implements is a signature and belongs to core.
    found = [os.path.dirname(f) for f in sorted(files)
             if f.startswith(("src/", "plat/")) and os.path.basename(f) == name[:-2] + ".c"]
    found.sort(key=lambda folder: (folder.startswith("plat/"), folder == "src/wire"))
    several = len(found) > 1 and found[0].startswith("plat/")
    return "src/core" if several or not found else found[0]


def folder_of(path, folders, headers, files):
    if path.startswith("include/"):
        return owner_of(path[len("include/"):], headers, files)
    fits = [f for f in folders if path.startswith(f + "/")]
    return max(fits, key=len, default=os.path.dirname(path))


def check_include(path, home, wanted, allowed, used, world):
    """Returns what is wrong with `path` including `wanted`, or None. Adds to `used`."""
    folders, headers, files = world
    if wanted.startswith("fa/"):
        if "include/" + wanted not in files:
            return None  # the compiler says so better, and some are generated
        there = owner_of(wanted, headers, files)
        if there != home and not {there, "*", "public"} & set(allowed):
            return f"{path} includes {wanted} of {there}, but layers.txt does not allow {home} that"
    else:
        beside = os.path.normpath(os.path.join(os.path.dirname(path), wanted))
        there = folder_of(beside if beside in files else wanted, folders, headers, files)
        if there != home and there in folders and not {there, "*"} & set(allowed):
            return f"{path} includes {wanted}, which is private to {there}"
    if there != home:
        used.add(there)
    return None


def find_cycle(folders):
    """Returns a way round, or nothing."""
    try:
        graphlib.TopologicalSorter(folders).prepare()
        return []
    except graphlib.CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]


def check_pkg(root, folder, used):
    """Returns what is wrong with the depends line of the folder's pkg file."""
    path = folder + "/pkg"
    if not os.path.exists(os.path.join(root, path)):
        return []
    with open(os.path.join(root, path), encoding="utf-8") as text:
        line = next((l for l in text if l.startswith("depends:")), "depends:")
    said = set(re.findall(r"[a-z][a-z0-9-]*", re.sub(r"\(.*?\)", "", line[len("depends:"):])))
    # A platform that builds files of another needs what they need, but not it: images have one.
    tops = ("src/",) if folder.startswith("plat/") else ("src/", "plat/")
    used = {"fa-" + f.replace("src/", "").replace("/", "-") for f in used if f.startswith(tops)}
    return ([f"{path} does not name {name}, which is included" for name in sorted(used - said)]
            + [f"{path} names {name}, which nothing includes" for name in sorted(said - used)])


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    folders, headers = read_layers(root)
    files = set(list_sources(root))
    wrong, used = {f: [] for f in folders}, {f: set() for f in folders}
    stray = [f"{path} is in no folder of layers.txt" for path in sorted(files)
             if folder_of(path, folders, headers, files) not in folders]
    for path in sorted(files):
        home = folder_of(path, folders, headers, files)
        if home not in folders:
            continue
        with open(os.path.join(root, path), encoding="utf-8") as text:
            for wanted, system in INCLUDE.findall(text.read()):
                if system and path.startswith(("src/", "include/")) and system not in FREESTANDING:
                    wrong[home].append(f"{path} includes <{system}>, but is freestanding")
                elif wanted:
                    fault = check_include(path, home, wanted, folders[home], used[home],
                                          (folders, headers, files))
                    wrong[home] += [fault] if fault else []
    results = [(f"{folder} includes what it may", wrong[folder]) for folder in folders]
    for folder in folders:
        if folder.startswith(("src/", "plat/")):
            shared = [used[other] for other in used[folder] if other.startswith("plat/")]
            results.append((f"{folder} depends on what it includes",
                            check_pkg(root, folder, used[folder].union(*shared))))
    results += [("every source has a layer", stray), ("layers have no cycle", find_cycle(folders))]
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault}")
    sys.exit(any(faults for _, faults in results))


if __name__ == "__main__":
    main()
