# SPDX-License-Identifier: GPL-2.0
"""Suggests fields for an unknown name.

sk->sk_state is a macro for a member of another structure (sock_common.skc_state), and sk->sk_err of a tcp_sock is sock.sk_err.
"""

import functools
import pathlib
import re

# A member of an object that several structures begin with.
MACRO = re.compile(r"^#[ \t]*define[ \t]+(\w+)[ \t]+(?:\w+\.)*__\w+_common\.([\w.]+)[ \t]*$", re.M)


@functools.cache
def macros(source):
    """Maps macros to members, of the headers of the network code: sk_state to skc_state."""
    return {name: member.rsplit(".", 1)[-1] for header in sorted(pathlib.Path(source, "include/net").glob("*.h"))
            for name, member in MACRO.findall(header.read_text(errors="replace"))}


def meant(name, fields, source):
    """Returns the fields with a member of that name, or with the member that a macro of that name stands for."""
    last = name.rsplit(".", 1)[-1]
    members = {last, macros(source).get(last)}
    return sorted(one for one in fields if one.rsplit(".", 1)[-1] in members)


def hint(name, fields, source):
    """Returns "; there is ..." for a message, or ""."""
    found = meant(name, fields, source)
    return f"; there is {', '.join(found)}" if found else ""
