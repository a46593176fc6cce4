#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each rule of tools/tidy.py and tools/house.py finds its bad sample and lets the good pass."""

import os

import tap

SPDX = "// SPDX-License-Identifier: ISC\n"
HASH = "# SPDX-License-Identifier: ISC\n"
PKG = "name: fa-core\nversion: 0.1.0\nsummary: words\ndepends:\nconflicts:\n"
GOOD = {
    "include/fa/x.h": SPDX + "#ifndef FA_X_H\n#define FA_X_H\nint fa_x(void);\n#endif\n",
    "src/core/pkg": PKG,
    "src/core/x.c": SPDX + '#include "fa/x.h"\n// Tested by test/unit/x_test.c.\n'
                           "int fa_x(void)\n{\n    return FA_COUNTER_seen;\n}\n",
    "test/unit/x_test.c": SPDX + "int main(void)\n{\n    return 0;\n}\n",
    "include/fa/schema.def": SPDX + 'FA_COUNTER(seen, "frames", "what it is")\n',
    "tools/script": "#!/bin/sh\n" + HASH + "true\n",
}
LONG_FUNCTION = "int f(void)\n{\n" + "    g();\n" * 69 + "}\n"
TASK = "TO" + "DO"

# tool, what is wrong, the file that is wrong (None: missing), what the fault must say
CASES = [
    ("tidy", "a line of 101 columns", "src/core/x.c", SPDX + "//" + "x" * 99 + "\n", "over 100"),
    ("tidy", "a tab", "src/core/x.c", SPDX + "\tint a;\n", "tab"),
    ("tidy", "a space at the end of a line", "src/core/x.c", SPDX + "int a; \n", "trailing space"),
    ("tidy", "a file without a last newline", "src/core/x.c", SPDX + "int a;", "no newline"),
    ("tidy", "a letter beyond ASCII", "src/core/x.c", SPDX + "// \u00e9\n", "not ASCII"),
    ("tidy", "a file without a licence", "src/core/x.c", "int a;\n", "no SPDX"),
    ("tidy", "a script without a licence", "tools/script", "#!/bin/sh\ntrue\n", "no SPDX"),
    ("tidy", "a file of 801 lines", "src/core/x.c", SPDX + "int a;\n" * 800, "801 lines"),
    ("tidy", "a function of 71 lines", "src/core/x.c", SPDX + LONG_FUNCTION, "71 lines"),
    ("tidy", "a call the house replaces", "src/core/x.c", SPDX + "f(memcpy(a, b, 1));\n",
     "write fa_copy"),
    ("tidy", "a floating-point number", "src/core/x.c", SPDX + "double d;\n", "write integers"),
    ("tidy", "a call nobody may use", "test/unit/x_test.c", SPDX + "n = atoi(s);\n",
     "write strtol"),
    ("tidy", "conditional compilation", "src/core/x.c", SPDX + "#ifdef __linux__\n#endif\n",
     "a platform is a file"),
    ("tidy", "a promise without an issue", "src/core/x.c", SPDX + f"// {TASK}: soon\n",
     "names no issue"),
    ("tidy", "a big blob", "docs/x.bin", "x" * 65537, "65537 bytes"),
    ("tidy", "a script that is not executable", "tools/script", None, "a script without x"),
    ("house", "a header without a source", "include/fa/y.h", SPDX, "no src/*/y.c"),
    ("house", "a header without a test", "include/fa/y.h", SPDX, "no test/unit/y_test.c"),
    ("house", "a source that is not built", "src/y.c", SPDX, "no wildcard"),
    ("house", "a header nobody includes", "src/core/y_priv.h", SPDX, "nothing includes it"),
    ("house", "a comment naming a file that is not there", "src/core/x.c",
     SPDX + '#include "fa/x.h"\n// See docs/none.md.\n', "names docs/none.md"),
    ("house", "a counter nobody uses", "include/fa/schema.def",
     SPDX + 'FA_COUNTER(lost, "frames", "what")\n', "nothing uses the counter lost"),
    ("house", "a pkg file without its lines", "src/core/pkg", "name: fa-core\n", "expected name"),
    ("house", "a library without a pkg file", "src/net/y.c", SPDX, "has no pkg file"),
]

for name in ("tidy", "house"):
    status, said = tap.tool(f"tools/{name}.py", tap.folder(GOOD))
    tap.check(f"{name} passes the good tree", status == 0, said)
for name, fault, path, text, wanted in CASES:
    top = tap.folder({**GOOD, **({path: text} if text is not None else {})})
    if text is None:
        os.chmod(os.path.join(top, path), 0o644)
    status, said = tap.tool(f"tools/{name}.py", top)
    tap.check(f"{name} finds {fault}", status == 1 and wanted in said, said)

EXEMPT = [
    ("a banned word in a comment", SPDX + '#include "fa/x.h"\n// as memcpy() does\n'),
    ("a banned word in a text", SPDX + '#include "fa/x.h"\nconst char *t = "memcpy(";\n'),
    ("a member called free", SPDX + '#include "fa/x.h"\nvoid f(void)\n{\n    ops->free(a);\n}\n'),
    ("a longer word", SPDX + '#include "fa/x.h"\nint a = fa_rand(b) + __builtin_memcpy(c);\n'),
    ("a function of 70 lines", SPDX + LONG_FUNCTION.replace("    g();\n", "", 1)),
    ("a promise with its issue", SPDX + f"// {TASK}: #12\n"),
]
for what, text in EXEMPT:
    status, said = tap.tool("tools/tidy.py", tap.folder({**GOOD, "src/core/x.c": text}))
    tap.check(f"tidy lets {what} pass", status == 0, said)
tap.finish()
