# SPDX-License-Identifier: GPL-2.0
"""The verdict of the kernel's memory model on a writer and the reader in the source."""

import pathlib
import subprocess


def test(name, store, load):
    """Returns a litmus test of the tree's own accesses."""
    stored = "WRITE_ONCE(*tsoffset, 1);" if store.marked else "*tsoffset = 1;"
    loaded = "r0 = READ_ONCE(*tsoffset);" if load.marked else "r0 = *tsoffset;"
    return f"""C {name}

(*
 * P0: {store.file}:{store.line}, {store.function}(): {store.text}
 * P1: {load.file}:{load.line}, {load.function}(): {load.text}
 *
 * The writer holds the socket lock, which the reader does not take: nothing orders the two.
 *)

{{}}

P0(int *tsoffset)
{{
	{stored}
}}

P1(int *tsoffset)
{{
	int r0;

	{loaded}
}}

exists (1:r0=1)
"""


def judge(herd, tree, file):
    """Returns "data-race" or "no-data-race", or None if herd7 gives no answer."""
    model = pathlib.Path(tree, "tools/memory-model")
    result = subprocess.run([*herd, "-conf", "linux-kernel.cfg", str(file)], cwd=model,
                            capture_output=True, text=True, check=False)
    # An interrupted run has no answer.
    if result.returncode or "\nObservation " not in result.stdout:
        return None
    return "data-race" if "Flag data-race" in result.stdout else "no-data-race"
