# SPDX-License-Identifier: BSD-3-Clause
"""commands.py - reads how meson compiles the sources of a build, for scripts that compile them otherwise"""
import json
import re
import shlex


def sources(build):
    """Returns path, folder and options of each C source, once: sources compiled twice have the same options.

    `build` is a directory that meson has set up. The options contain the source, but no standard of C, and
    no names of output files.
    """
    seen = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if not entry["file"].endswith(".c"):
            continue
        words = shlex.split(entry["command"])
        first = next(i for i, word in enumerate(words) if word.startswith("-"))
        options = [word for word in words[first:] if not re.match(r"-std=|-MD$|-fdiag", word)]
        for option in "-MQ", "-MF", "-o":
            if option in options:
                at = options.index(option)
                del options[at:at + 2]
        seen.setdefault(entry["file"], (entry["file"], entry["directory"], options))
    return [seen[name] for name in sorted(seen)]


# Options that only gcc has, which clang refuses. (Unknown warnings can be ignored.)
ONLY_GCC = re.compile(r"-fno-tree-|-flto|-Wa,")


def for_clang(options):
    """Returns options of gcc as clang understands them."""
    return [option for option in options if not ONLY_GCC.match(option)] + ["-Wno-unknown-warning-option"]
