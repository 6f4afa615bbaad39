# SPDX-License-Identifier: GPL-2.0
"""Adds a task and files to an initramfs.

The kernel unpacks archives that follow each other in one file, so the cached image is copied as it
is and a small archive put behind it.
"""

import pathlib
import shutil
import subprocess
import tempfile


def extend(image, target, task, files):
    """Writes image plus /task (a script's text) and files ({path in the guest: path here})."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        names = []
        if task is not None:
            (root / "task").write_text(task)
            names.append("task")
        for name, source in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, root / name)
            names.append(name)
        archive = subprocess.run(
            ["cpio", "--create", "--format=newc", "--quiet"], cwd=root, check=True,
            input="\n".join(names).encode(), stdout=subprocess.PIPE).stdout
    with open(target, "wb") as out:
        image_bytes = image.read_bytes()
        out.write(image_bytes)
        # An archive begins at a multiple of four bytes.
        out.write(bytes(-len(image_bytes) % 4))
        out.write(archive)
