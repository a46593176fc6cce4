#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Turn the commands of `make -n` (standard input) into compile_commands.json (standard output)."""

import json
import os
import re
import sys

entries = []
for line in sys.stdin:
    found = re.search(r"(?:^|; )(clang .* -c (\S+\.[cS]) -o \S+)$", line.strip())
    if found:
        entries.append({"directory": os.getcwd(), "command": found[1], "file": found[2]})
json.dump(entries, sys.stdout, indent=1)
