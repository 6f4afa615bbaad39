# SPDX-License-Identifier: GPL-2.0
"""Collects the accesses of a built kernel's files under some paths to the fields of structures. The cache keeps them by file.

A file is read again where its command, itself, a header of it or the reader has changed.
"""

import hashlib
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from .commands import command, dependencies, not_compiled, objects

# field: STRUCTURE.member. kind: read, write, read-write or address. marked: volatile, data_race or "". shape: bit field, union or "".
# origin: the variable that leads to the object. held: LOCK:OBJECT@LINE;... of the function itself.
Access = namedtuple("Access", "field function file line kind marked shape column origin held", defaults=(0, "", ""))
# origins: those of the arguments.
Call = namedtuple("Call", "function callee file line origins held")


@dataclass
class Collected:
    """Accesses, and calls with the locks that the callers hold."""

    accesses: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    parameters: dict = field(default_factory=dict)
    references: set = field(default_factory=set)
    # Names of functions in several files.
    shared: set = field(default_factory=set)
    failed: list = field(default_factory=list)
    files: int = 0
    # C files below the paths that the configuration leaves out.
    not_compiled: list = field(default_factory=list)


class Files:
    """The state of files, each read once: a change shows that a file has changed."""

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


def reused(file):
    """Returns whether the cache has a file. scripts/harness/unused removes it two weeks after its last use."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    return True


def read(reader, structures, source, build, arguments, kept):
    """Reads one object. Returns the compiler's message on failure."""
    run = subprocess.run([reader, ",".join(structures), source, *arguments], cwd=build, capture_output=True, text=True, check=False)
    if run.returncode:
        return run.stderr.strip().splitlines()[-1] if run.stderr.strip() else f"the reader ends with status {run.returncode}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Processes in other containers can have the same number.
    with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False) as temporary:
        temporary.write(run.stdout)
    os.rename(temporary.name, kept)
    return None


def parsed(lines):
    """Lines of the reader, each once."""
    found, homes = Collected(), {}
    for line in lines:
        what, *parts = line.split("\t")
        if what == "A":
            name, function, file, number, column, kind, marked, shape, origin, held = parts
            found.accesses.append(Access(name, function, file, int(number), kind, marked, shape, int(column), origin, held))
        elif what == "C":
            found.calls.append(Call(*parts[:3], int(parts[3]), tuple(parts[4].split(";")), parts[5]))
        elif what == "F":
            found.parameters[parts[0]] = parts[2].split(";")
            if homes.setdefault(parts[0], parts[1]) != parts[1]:
                found.shared.add(parts[0])
        elif what == "R":
            found.references.add(parts[0])
    found.accesses.sort()
    return found


def under(kernel, paths, structures, cache, reader):
    """Calls collect() on all objects of a kernel under some paths."""
    build, source = os.path.realpath(os.path.join(kernel, "build")), os.path.realpath(os.path.join(kernel, "source"))
    found = dict(objects(build, paths))
    if not found:
        print(f"tsoffset: audit: no objects in {', '.join(paths)} of this kernel's build", file=sys.stderr)
        sys.exit(2)
    collected = collect(build, source, found, structures, cache, reader)
    collected.not_compiled = not_compiled(build, source, paths, found.values())
    return collected


def collect(build, source, wanted, structures, cache, reader):
    """Collects the accesses of objects, {path: text of its .cmd file}. failed gets the unreadable ones."""
    build, source = str(build), str(source)
    files = Files(build)
    # The name of the reader's directory has a digest of its source.
    program = pathlib.Path(reader).parent.name
    jobs, kept = [], []
    for path, text in wanted.items():
        arguments = command(text)
        inputs = [program, *structures, build, *arguments, *map(files.state, dependencies(text))]
        key = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
        kept.append(pathlib.Path(cache, key[:2], key))
        if not reused(kept[-1]):
            jobs.append((str(path.relative_to(build)), arguments, kept[-1]))
    failed, begun = [], time.monotonic()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = {pool.submit(read, reader, structures, source, build, arguments, file): name for name, arguments, file in jobs}
        for number, job in enumerate(as_completed(running), 1):
            if error := job.result():
                failed.append(f"{running[job]}: {error}")
            if number % 50 == 0 or number == len(jobs):
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                print(f"tsoffset: audit: {number} of {len(jobs)} files read, {time.monotonic() - begun:.0f} s, "
                      f"{used.ru_utime + used.ru_stime:.0f} s of processor time", file=sys.stderr)
    # Many files include the same header.
    lines = set()
    for file in kept:
        if file.exists():
            lines.update(file.read_text().splitlines())
    found = parsed(lines)
    found.failed, found.files = sorted(failed), len(kept)
    return found
