# SPDX-License-Identifier: GPL-2.0
"""The accesses of all files of a built kernel under some paths, kept by file.

A file is read again where its command, itself, a header of it or this program has changed.
"""

import hashlib
import json
import multiprocessing
import os
import pathlib
import re
import shlex
import sys
import time

from .accesses import Access, Reader


def objects(build, paths):
    """The objects that were compiled from C below these directories of the build."""
    for path in paths:
        for record in sorted(pathlib.Path(build, path).rglob(".*.o.cmd")):
            name = record.name[1:-len(".cmd")]
            text = record.read_text(errors="replace")
            if re.search(rf"^source_\S*{re.escape(name)} := \S+\.c$", text, re.M):
                yield record.parent / name, text


def command(text):
    """The compiler's arguments, by the first line of a .cmd file, without those that say where output goes."""
    line = text.splitlines()[0].split(" := ", 1)[1].split(" ; ")[0]
    arguments = shlex.split(re.sub(r"-Wp,-MM?D,\S+", "", line))[1:]
    output = arguments.index("-o")
    return [one for one in arguments[:output] + arguments[output + 2:] if one != "-c"]


def dependencies(text):
    """The files that an object was made from."""
    return [*re.findall(r"^source_\S+ := (\S+)$", text, re.M), *re.findall(r"^ +(/?[\w./~+-]+\.[chS]) ?\\?$", text, re.M)]


class Files:
    """Digests of files by size and time, each asked for once."""

    def __init__(self, build):
        self.build, self.known = build, {}

    def state(self, name):
        if name not in self.known:
            try:
                status = os.stat(os.path.join(self.build, name))
                self.known[name] = f"{name} {status.st_size} {status.st_mtime_ns}"
            except OSError:
                self.known[name] = f"{name} gone"
        return self.known[name]


def read(job):
    """The accesses of one object; those that could not be read are an error, as text."""
    build, source, structures, name, arguments, kept = job
    try:
        found = Reader(structures, source).read(arguments, build, name)
    except Exception as error:  # libclang's own, and ours
        return name, f"{type(error).__name__}: {error}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(found))
    temporary.rename(kept)
    return name, None


def collect(kernel, paths, structures, cache):
    """All accesses, each once, and the files that could not be read."""
    build, source = os.path.realpath(os.path.join(kernel, "build")), os.path.realpath(os.path.join(kernel, "source"))
    files = Files(build)
    program = hashlib.sha256(pathlib.Path(__file__).with_name("accesses.py").read_bytes()).hexdigest()
    jobs, kept = [], []
    for path, text in objects(build, paths):
        name = str(path.relative_to(build))
        arguments = command(text)
        inputs = [program, *structures, build, *arguments, *map(files.state, dependencies(text))]
        key = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
        kept.append(pathlib.Path(cache, key[:2], key))
        if not kept[-1].exists():
            jobs.append((build, source, structures, name, arguments, kept[-1]))
    if not kept:
        raise SystemExit(f"tsoffset: no objects in {', '.join(paths)} of this kernel's build")
    failed, begun = [], time.monotonic()
    with multiprocessing.Pool(len(os.sched_getaffinity(0)), maxtasksperchild=20) as pool:
        for number, (name, error) in enumerate(pool.imap_unordered(read, jobs), 1):
            if error:
                failed.append(f"{name}: {error}")
            if number % 20 == 0 or number == len(jobs):
                print(f"tsoffset: audit: {number} of {len(jobs)} files read, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    found = set()
    for file in kept:
        if file.exists():
            found.update(Access(*one) for one in json.loads(file.read_text()))
    return sorted(found), failed, len(kept)
