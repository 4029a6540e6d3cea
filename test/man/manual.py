# SPDX-License-Identifier: BSD-3-Clause
"""manual.py - functions that the tests of the manual share: reading man pages, printing TAP

Variables in the environment: SOURCE_ROOT and BUILD_ROOT are paths; CC is the compiler with options;
LIBRARIES is a list of the folders of the built libraries, separated by blanks; VERSION is that of the sources.
"""
import functools
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
CC = os.environ["CC"].split()

ESCAPES = {r"\e": "\\", r"\-": "-", r"\&": "", r"\%": "", r"\(aq": "'", r"\(dq": '"', r"\(ha": "^",
           r"\(ti": "~", r"\(ga": "`", r"\fB": "", r"\fI": "", r"\fP": ""}
ESCAPE = re.compile(r"\\(?:\(..|f.|.)")
WORD = re.compile(r'"([^"]*)"|(\S+)')


def plain(text):
    """The characters that roff text stands for."""
    return ESCAPE.sub(lambda match: ESCAPES[match[0]], text)


def spoken(line):
    """The text of a line, also of a macro that only changes fonts; None for other macros."""
    if not line.startswith((".", "'")):
        return plain(line)
    macro, _, rest = line.partition(" ")
    words = [plain(quoted or bare) for quoted, bare in WORD.findall(rest)]
    if macro in (".B", ".I"):
        return " ".join(words)
    if macro in (".BI", ".BR", ".IB", ".IR", ".RB", ".RI"):
        return "".join(words)
    return None


class Page:
    def __init__(self, path):
        self.path = path
        self.name = path.name
        self.lines = path.read_text().splitlines()

    def section(self, title):
        """The text under a heading, line by line."""
        said, inside = [], False
        for line in self.lines:
            if line.startswith(".SH"):
                inside = line == f".SH {title}"
            elif inside and not line.startswith('.\\"') and spoken(line) is not None:
                said.append(spoken(line))
        return said

    def names(self):
        """The names before the dash in the section NAME."""
        names, _, _ = " ".join(self.section("NAME")).partition(" - ")
        return [name.strip() for name in names.split(",")]

    def examples(self):
        """Pairs of a complete program and the output that the page shows for it, or None."""
        found, kind, block = [], None, None
        for line in self.lines:
            if line in ('.\\" program', '.\\" output', '.\\" fragment'):
                kind = line.split()[-1]
            elif line == ".EX":
                block = []
            elif line == ".EE":
                text = "\n".join(plain(each) for each in block) + "\n"
                block = None
                if kind == "program":
                    found.append((text, None))
                elif kind == "output":
                    found[-1] = (found[-1][0], text)
                elif kind is None:
                    raise ValueError(f"{self.name}: an example is not marked as program, "
                                     "output or fragment")
                kind = None
            elif block is not None:
                block.append(line)
        return found

    @functools.lru_cache(maxsize=None)
    def rendered(self):
        """The page as plain text, 80 columns wide."""
        return subprocess.run(
            ["groff", "-t", "-man", "-Tascii", "-P-cbou", "-rLL=78n", self.path],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def pages(sections="1357"):
    return [Page(path) for path in sorted((SOURCE / "man").glob(f"*.[{sections}]"))]


def exported():
    """The functions in the symbol lists of the libraries."""
    return {match for path in (SOURCE / "src").glob("lib*/*.sym")
            for match in re.findall(r"^\s+(\w+);", path.read_text(), re.M)}


class Tap:
    def __init__(self):
        self.points = self.failures = 0

    def point(self, what, complaints):
        """Prints a test point, which is "ok" if there are no complaints; prints those otherwise."""
        complaints = [line for each in complaints for line in str(each).splitlines()]
        self.points += 1
        self.failures += bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {self.points} - {what}")
        for line in complaints:
            print(f"# {line}")

    def skip(self, what, reason):
        """Prints a test point that cannot be tested here, with the reason."""
        self.points += 1
        print(f"ok {self.points} - {what} # SKIP {reason}")

    def done(self):
        print(f"1..{self.points}")
        sys.exit(bool(self.failures))
