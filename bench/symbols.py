# SPDX-License-Identifier: GPL-2.0
"""Names of the module's functions as they are in its source."""

import re
import subprocess


def short(path):
    """Returns the type and the function of a path in the source, without generic arguments, traits and modules."""
    while (shorter := re.sub(r"(?<=\w)(::)?<[^<>]*>", "", path)) != path:
        path = shorter
    path = re.sub(r"^<(.*?)( as .*)?>::", r"\1::", path)
    return "::".join(path.split("::")[-2:])


def demangled(names):
    """Returns {name: type and function in the source} of the module's symbols, by LLVM."""
    paths = subprocess.run(["llvm-cxxfilt"], input="\n".join(names), text=True, check=True, stdout=subprocess.PIPE).stdout
    return {name: short(path) for name, path in zip(names, paths.splitlines())}
