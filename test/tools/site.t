#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""site renders documents, and embed turns a folder into C, or they say where it does not work."""

import os
import subprocess

import tap

# The one make would build: tools/check runs us with O set, by hand it is o/.
PROGRAMS = os.path.join(tap.ROOT, os.environ.get("O", "o"), "linux")
THEME = {"web/site/template.html": "<title>{{title}}</title>{{navigation}}{{body}}{{neighbours}}\n",
         "web/site/style.css": "a{}\n", "web/site/icon.svg": "<svg/>\n"}


def run(name, *arguments):
    done = subprocess.run([os.path.join(PROGRAMS, name), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def render(files):
    """Render a project of these files. Returns the output folder, the status and what was said."""
    root = tap.folder({**THEME, **files})
    status, said = run("site", "--root", root, "--out", root + "/out")
    return root + "/out", status, said


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


GOOD = {
    "README.md": "# Home & \\<all>\n\n[a](docs/design/1.md#two-words) [l](LICENSE)\n"
                 "[f](docs/design/) [x](https://example.org/a) [h](include/fa/a.h)\n\n"
                 "```c\nint a; // <b>\n```\n",
    "docs/design/1.md": "# One\n\n## Two words\n\n## Two words\n\n[back](../../README.md)\n"
                        "[s](#one)\n",
    "docs/man/x.1.scd": 'x(1) "1.0"\n\n# NAME\n\nx - *bold* _under_ snake_case \\*\n\n'
                        "*-a*\n\tindented & <b>\n\n- item\n- item 2\n",
    "include/fa/a.h": "// SPDX\n//\n// fa/a.h: one.\n//\n//     fa_a(1);\n\n"
                      '#include "fa/b.h"\nint fa_a(int b); /* <c> */\n',
    "include/fa/b.h": "// SPDX\n//\n// fa/b.h: two.\n",
    "LICENSE": "free & <open>\n",
}
out, status, said = render(GOOD)
tap.check("a good project renders without a word", status == 0 and said == "", said)
home = read(out, "index.html")
tap.check("README.md is the first page, with its title escaped",
          "<title>Home &amp; &lt;all&gt; - Fata</title>" in home, home)
tap.check("links to documents become links to pages",
          all(f'href="{way}"' in home for way in ("docs/design/1.html#two-words", "LICENSE.html",
                                                  "docs/design/1.html", "https://example.org/a",
                                                  "include/fa/a.h.html")), home)
tap.check("code is marked up and escaped",
          '<span class="k">int</span> a; <span class="c">// &lt;b&gt;</span>' in home, home)
one = read(out, "docs/design/1.html")
tap.check("headings have anchors of their own",
          'id="two-words"' in one and 'id="two-words-1"' in one, one)
tap.check("the way back is relative",
          'href="../../index.html"' in one and 'href="#one"' in one, one)
manual = read(out, "docs/man/x.1.html")
tap.check("man pages keep bold, underlined, lists and indentation",
          "<strong>bold</strong> <em>under</em> snake_case *" in manual and
          "<li>item 2</li>" in manual and '<div class="indent">' in manual and
          "indented &amp; &lt;b&gt;" in manual, manual)
header = read(out, "include/fa/a.h.html")
tap.check("headers link to each other and to their functions",
          '<a href="b.h.html">fa/b.h</a>' in header and 'id="fa_a" href="#fa_a"' in header, header)
tap.check("the page for what is missing has links that work at any path",
          'href="/docs/design/1.html"' in read(out, "404.html"), read(out, "404.html"))
tap.check("a file that is only linked to is shown as it is",
          "free &amp; &lt;open&gt;" in read(out, "LICENSE.html"))

for words, readme, want in (
        ("a missing page", "# T\n\ntext\n\n[a](no.md)\n",
         'README.md:5: link to "no.md": there is no no.md'),
        ("a missing heading", "# T\n[a](#no)\n", 'README.md:2: link to "#no": README.md has no'),
        ("a place above the root", "# T\n[a](../x.md)\n", "no such place below the root"),
        ("raw HTML", "# T\n\n<b>x</b>\n", "README.md:3: raw HTML is not shown"),
        ("no title", "text\n", "README.md:1: a document begins with a heading")):
    _, status, said = render({"README.md": readme})
    tap.check(f"{words} is an error with its place", status == 1 and want in said, said)

_, status, said = render({"docs/guide/a.md": "# A\n"})
tap.check("without README.md there is no site", status == 1 and "no README.md" in said, said)
status, said = run("site", "--root", "x")
tap.check("site explains itself when its arguments make no sense", status == 64 and "usage" in said)

root = tap.folder({**THEME, "README.md": "# T\n", "docs/spec/a.md": "# A\n"})
run("site", "--root", root, "--out", root + "/out")
first = read(root, "out/index.html")
os.remove(root + "/docs/spec/a.md")
with open(root + "/out/mine.txt", "w", encoding="utf-8") as mine:
    mine.write("mine")
run("site", "--root", root, "--out", root + "/out")
tap.check("what an earlier run left is removed, and nothing else",
          not os.path.exists(root + "/out/docs/spec/a.html") and
          os.path.exists(root + "/out/mine.txt"))
with open(root + "/docs/spec/a.md", "w", encoding="utf-8") as again:
    again.write("# A\n")
run("site", "--root", root, "--out", root + "/again")
tap.check("the same sources give the same bytes", read(root, "again/index.html") == first)

# embed
top = tap.folder({"in/b": "bee", "in/a/x y": "", "in/.hidden": "no", "in/.well-known/c": "see"})
TABLE = ("--symbol", "t", "--modified", "7", top + "/in", top + "/t.c")
status, said = run("embed", "--depfile", top + "/d", *TABLE)
MAIN = """#include <stdio.h>
#include "fa/embedkv.h"
extern const struct fa_embedkv_file t[];
extern const size_t t_count;
int main(void)
{
    for (size_t i = 0; i < t_count; i++)
        printf("%s=%.*s@%d ", t[i].key, (int)t[i].len, (const char *)t[i].at, (int)t[i].modified_s);
}
"""
with open(top + "/m.c", "w", encoding="utf-8") as main:
    main.write(MAIN)
built = subprocess.run(["gcc", "-I" + tap.ROOT + "/include", top + "/t.c", top + "/m.c", "-o",
                        top + "/m"], capture_output=True, text=True, check=False)
shown = built.returncode == 0 and subprocess.run([top + "/m"], capture_output=True, text=True,
                                                 check=False).stdout
tap.check("embed makes a sorted table that compiles, without what is hidden",
          shown == ".well-known/c=see@7 a/x y=@7 b=bee@7 ", f"{said}{built.stderr}{shown}")
tap.check("embed tells make and ninja what it read", "/in/a/x\\ y" in read(top, "d"))
first = read(top, "t.c")
run("embed", *TABLE)
tap.check("the same folder gives the same table", read(top, "t.c") == first)
with open(top + "/in/b", "w", encoding="utf-8") as changed:
    changed.write("bed")
run("embed", *TABLE)
tap.check("other bytes of the same length have another version", read(top, "t.c") != first)
for words, arguments, want in (
        ("a missing folder", (top + "/no", top + "/t.c"), "No such file"),
        ("an empty folder", (tap.folder({}), top + "/t.c"), "nothing to embed"),
        ("a bad name", ("--symbol", "1", top, top + "/t.c"), "not a name"),
        ("a bad time", ("--modified", "x", top, top + "/t.c"), "seconds")):
    status, said = run("embed", *arguments)
    tap.check(f"{words} is refused in a sentence",
              status == 1 and said.startswith("embed: ") and want in said, said)
tap.finish()
