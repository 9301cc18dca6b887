"""Owns a server that asks another one; the one rule: what goes wrong goes wrong here, the other side knows nothing of it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request


class Forwarder(FaultyServer):
    """Stands in front of moto's server, of one service with JSON targets: its operations are the names that plans know."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._to = urlsplit(url)

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request: GetItem, say."""
        return request.header("x-amz-target").rpartition(".")[2] or request.method

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as AWS does."""
        return Answer(
            fault.status, f'{{"__type": "{fault.code}", "message": "a fault of the test"}}'.encode(), fault.headers
        )

    async def answer(self, request: Request) -> Answer:
        """Ask the other side, over a connection of its own."""
        reader, writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        try:
            lines = [
                line
                for line in request.head.split(b"\r\n")
                if not line.lower().startswith((b"connection:", b"expect:"))
            ]
            writer.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + request.body)
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        told = [line.decode("latin-1").partition(": ") for line in head.split(b"\r\n")[1:]]
        ours = {"connection", "content-length", "content-type"}
        headers = tuple((name, value) for name, _, value in told if name.lower() not in ours)
        kind = next((value for name, _, value in told if name.lower() == "content-type"), "application/json")
        return Answer(int(head.split(b" ", 2)[1]), body, headers, kind)
