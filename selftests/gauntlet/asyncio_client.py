#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""asyncio_client.py PORT [HOST COUNT]...: fetches a file from each HOST in COUNT tasks at once.

Each task has a connection of its own. Prints the number of complete answers from each HOST.
"""

import asyncio
import sys


async def fetch(host, port):
    """Return whether the whole answer arrived."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /file HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.endswith(b"\r\n\r\ncontent\n")


async def main(port, words):
    """Fetch and print."""
    for host, count in zip(words[::2], words[1::2]):
        answers = await asyncio.gather(*(fetch(host, port) for _ in range(int(count))))
        print(host, sum(answers))


asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
