# SPDX-License-Identifier: GPL-2.0
"""Adds a task and files to an initramfs.

The kernel unpacks consecutive archives in one file. The result is the unchanged cached image, followed by a small archive.
"""

import pathlib
import shutil
import subprocess
import tempfile


def extend(image, target, task, files):
    """Writes to target the image, /task (a script's text), and executable files ({path in the guest: path in the toolroot})."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        names = []
        if task is not None:
            (root / "task").write_text(task)
            names.append("task")
        for name, source in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / name)
            (root / name).chmod(0o755)
            names.append(name)
        archive = subprocess.run(
            ["cpio", "--create", "--format=newc", "--quiet"], cwd=root, check=True,
            input="\n".join(names).encode(), stdout=subprocess.PIPE).stdout
    with open(target, "wb") as out:
        image_bytes = image.read_bytes()
        out.write(image_bytes)
        # The kernel expects an archive at a multiple of four bytes.
        out.write(bytes(-len(image_bytes) % 4))
        out.write(archive)
