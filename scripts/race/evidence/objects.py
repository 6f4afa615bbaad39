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
        """Returns the fields of struct tcp_sock and of its embedded structures: (name, offset, size).

        Offsets and sizes in bytes. Empty without debug information.
        """
        debug = self.with_debug(self.build / "net/ipv6/tcp_ipv6.o")
        if not debug:
            return []
        # pahole exits with 1 on objects that are not linked, after a complete answer.
        layout = subprocess.run(["pahole", "-F", "dwarf", "--class_name=tcp_sock", "--expand_types", str(debug)],
                                capture_output=True, text=True, check=False).stdout
        found = []
        for line in layout.splitlines():
            match = re.search(r"(\w+)(?:\[\d+\])*(:\d+)?;\s*/\*\s*(\d+)(?::\s*\d+)?\s+(\d+)\s*\*/", line)
            # The line that closes a structure names the whole structure, whose members are listed before. Markers have no size.
            if match and match[4] != "0" and not line.lstrip().startswith("}"):
                found.append((match[1], int(match[3]), int(match[4])))
        return found

    def offset(self, field):
        """Returns the offset of a field of struct tcp_sock in bytes, or None if it is unknown."""
        return next((offset for name, offset, _ in self.fields if name == field), None)
