# SPDX-License-Identifier: GPL-2.0
"""The objects of a kernel's build, with the layout of struct tcp_sock by its debug information."""

import functools
import re
import subprocess

from fields import objects


class Objects(objects.Objects):
    """The objects of a kernel's build directory."""

    @functools.cached_property
    def fields(self):
        """Fields of struct tcp_sock, all that it embeds included: (name, offset, size).

        Offsets and sizes in bytes. Empty without debug information.
        """
        debug = self.with_debug(self.build / "net/ipv6/tcp_ipv6.o")
        if not debug:
            return []
        # It exits with 1 on objects that are not linked, after a complete answer.
        layout = subprocess.run(["pahole", "-F", "dwarf", "--class_name=tcp_sock", "--expand_types", str(debug)],
                                capture_output=True, text=True, check=False).stdout
        found = []
        for line in layout.splitlines():
            match = re.search(r"(\w+)(?:\[\d+\])*(:\d+)?;\s*/\*\s*(\d+)(?::\s*\d+)?\s+(\d+)\s*\*/", line)
            # A line that closes a structure names all of it; what is in it was listed before.
            # Nor does a marker of no size hold anything.
            if match and match[4] != "0" and not line.lstrip().startswith("}"):
                found.append((match[1], int(match[3]), int(match[4])))
        return found

    def offset(self, field):
        """Where a field of struct tcp_sock lies, in bytes; None if unknown."""
        return next((offset for name, offset, _ in self.fields if name == field), None)
