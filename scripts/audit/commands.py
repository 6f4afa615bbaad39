# SPDX-License-Identifier: GPL-2.0
"""The objects of a kernel's build, with their commands and sources, by the build's .cmd files."""

import os
import pathlib
import re
import shlex


def objects(build, paths):
    """Returns the objects that were compiled from C below these directories of the build, or from these files."""
    for path in map(pathlib.PurePath, paths):
        one = path.suffix == ".c"
        for record in sorted(pathlib.Path(build, path.parent if one else path).rglob(f".{path.stem}.o.cmd" if one else ".*.o.cmd")):
            name = record.name[1:-len(".cmd")]
            text = record.read_text(errors="replace")
            if re.search(rf"^source_\S*{re.escape(name)} := \S+\.c$", text, re.M):
                yield record.parent / name, text


def not_compiled(build, source, paths, texts):
    """Returns the C files of the source below these paths that no object is made from. texts: those of the objects' .cmd files."""
    compiled = {os.path.realpath(os.path.join(build, file)) for text in texts for file in dependencies(text) if file.endswith(".c")}
    files = {file for path in paths for file in ([os.path.join(source, path)] if path.endswith(".c") else
                                                 map(str, pathlib.Path(source, path).rglob("*.c")))}
    return sorted(os.path.relpath(file, source) for file in files if os.path.realpath(file) not in compiled)


# The arguments of gcc that affect the meaning of the source. libclang rejects many other arguments.
MEANING = re.compile(r"-(?:[IDU].|isystem|iquote|include|nostdinc|std=|m(?:16|32|64)$|f(?:short-wchar|unsigned-char|ms-extensions)$)")
# Arguments with a value that can be the next word.
PAIRS = {"-I", "-D", "-U", "-isystem", "-iquote", "-include"}


def meaning(arguments):
    """Returns the arguments about the source, and the source: the last word that is no option. Other words are values, as of --param."""
    kept, source, words = [], [], iter(arguments)
    for word in words:
        if word in PAIRS:
            kept += [word, next(words)]
        elif MEANING.match(word):
            kept.append(word)
        elif not word.startswith("-"):
            source = [word]
    return kept + source


def command(text):
    """Returns the compiler's arguments, by the first line of a .cmd file, without those for its output."""
    line = text.splitlines()[0].split(" := ", 1)[1].split(" ; ")[0]
    compiler, *arguments = shlex.split(re.sub(r"-Wp,-MM?D,\S+", "", line))
    output = arguments.index("-o")
    arguments = [one for one in arguments[:output] + arguments[output + 2:] if one != "-c"]
    return arguments if "clang" in os.path.basename(compiler) else meaning(arguments)


def dependencies(text):
    """Returns the files that an object was made from."""
    return [*re.findall(r"^source_\S+ := (\S+)$", text, re.M), *re.findall(r"^ +(/?[\w./~+-]+\.[chS]) ?\\?$", text, re.M)]
