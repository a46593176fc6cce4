#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tools/layers.py finds every kind of wrong include and of wrong dependency."""

import tap

LAYERS = """[folders]
src/core:
src/wire: src/core
src/net: src/wire src/core
plat/linux: src/core
plat/sim: src/core
app: public
test: *
[headers]
stack.h: src/net
"""
PKG = "name: fa-{}\nversion: 0.1.0\nsummary: s\ndepends: {}\nconflicts:\n"
GOOD = {
    "layers.txt": LAYERS,
    "include/fa/base.h": "",
    "include/fa/tcp.h": '#include "fa/base.h"\n',
    "include/fa/stack.h": '#include "fa/tcp.h"\n',
    "include/fa/wire/tcp.h": '#include "fa/base.h"\n#include <stdint.h>\n',
    "src/core/base.c": '#include "fa/base.h"\n',
    "src/wire/tcp.c": '#include "fa/wire/tcp.h"\n',
    "src/net/tcp.c": '#include "fa/tcp.h"\n#include "fa/wire/tcp.h"\n#include "src/net/priv.h"\n',
    "src/net/priv.h": "",
    "include/fa/host.h": "",
    "plat/linux/host.c": '#include "fa/host.h"\n',
    "plat/sim/host.c": '#include "fa/host.h"\n',
    "plat/linux/stack.c": '#include "fa/base.h"\n#include <unistd.h>\n',
    "app/www/main.c": '#include "fa/stack.h"\n',
    "test/unit/x_test.c": '#include "src/net/priv.h"\n',
    "src/net/pkg": PKG.format("net", "fa-core (= 0.1.0), fa-wire (= 0.1.0)"),
}
CASES = [
    ("an include upwards", {"src/core/base.c": '#include "fa/tcp.h"\n'},
     "src/core/base.c includes fa/tcp.h of src/net"),
    ("a header that includes upwards", {"include/fa/base.h": '#include "fa/stack.h"\n'},
     "include/fa/base.h includes fa/stack.h of src/net"),
    ("a wire header taken by core", {"src/core/base.c": '#include "fa/wire/tcp.h"\n'},
     "fa/wire/tcp.h of src/wire"),
    ("a private header of another folder", {"src/wire/tcp.c": '#include "src/net/priv.h"\n'},
     "private to src/net"),
    ("a private header by a way round", {"src/wire/tcp.c": '#include "../net/priv.h"\n'},
     "private to src/net"),
    ("a private header in an app", {"app/www/main.c": '#include "src/net/priv.h"\n'},
     "private to src/net"),
    ("a libc in src", {"src/core/base.c": "#include <stdio.h>\n"}, "but is freestanding"),
    ("a folder without a layer", {"src/new/new.c": ""}, "is in no folder of layers.txt"),
    ("a cycle", {"layers.txt": LAYERS.replace("src/core:", "src/core: src/net")}, "src/net"),
    ("a dependency that is not told", {"src/net/pkg": PKG.format("net", "fa-core (= 0.1.0)")},
     "src/net/pkg does not name fa-wire"),
    ("a dependency that is none", {"src/wire/pkg": PKG.format("wire", "fa-net (= 0.1.0)")},
     "src/wire/pkg names fa-net"),
    ("a line that says nothing", {"layers.txt": LAYERS + "nonsense\n"}, "layers.txt:11: expected"),
]

status, said = tap.tool("tools/layers.py", tap.folder(GOOD))
tap.check("layers passes the good tree", status == 0, said)
for fault, change, wanted in CASES:
    status, said = tap.tool("tools/layers.py", tap.folder({**GOOD, **change}))
    tap.check(f"layers finds {fault}", status == 1 and wanted in said, said)
tap.finish()
