"""Owns the question to DNS that the system's resolver cannot ask, where an alias points; the one rule: an answer is the question's.

getaddrinfo tells of no CNAME that leads nowhere, as those do by which ACM validates. So the servers of /etc/resolv.conf are asked by
themselves (RFC 1035): one datagram, one name, read to its bounds, and believed only with the same id and question.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio

from leh_guardian.errors import Refused, Unavailable

_RESOLV: Final = Path("/etc/resolv.conf")
_CNAME: Final = 5
_RECURSIVE: Final = 0x0100
_ANSWER, _CUT, _CODE = 0x8000, 0x0200, 0x000F
_ABSENT: Final = 3
_POINTER: Final = 0xC0
_LABELS: Final = 128
"""Labels and jumps of one name: more is a loop."""


class SystemNames:
    """The name servers of this machine."""

    def __init__(self, servers: Sequence[tuple[str, int]] | None = None, *, timeout: float = 3.0) -> None:
        self._servers = servers
        self._timeout = timeout

    async def cname(self, name: str) -> str | None:
        """Return where an alias points, without the dot at its end; None where there is no such alias.

        Raises:
            Refused: this machine names no server, or the name is none.
            Unavailable: no server gave an answer.
        """
        question = _question(name)
        servers = self._servers if self._servers is not None else _configured()
        if not servers:
            raise Refused(f"{_RESOLV} names no server")
        why = ""
        for server in servers[:3]:
            try:
                return _read(await self._ask(server, question), question, name)
            except (OSError, TimeoutError, ValueError, IndexError, struct.error) as error:
                why = str(error) or type(error).__name__
        raise Unavailable(f"no name server answers for {name}: {why}")

    async def _ask(self, server: tuple[str, int], question: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[bytes] = loop.create_future()
        with anyio.fail_after(self._timeout):
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Reply(waiting, question[:2]), remote_addr=server
            )
            try:
                transport.sendto(question)
                return await waiting
            finally:
                transport.close()


class _Reply(asyncio.DatagramProtocol):
    """Waits for the datagram that has the question's id."""

    def __init__(self, waiting: asyncio.Future[bytes], wanted: bytes) -> None:
        self._waiting = waiting
        self._wanted = wanted

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's signature
        if data[:2] == self._wanted and not self._waiting.done():
            self._waiting.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._waiting.done():
            self._waiting.set_exception(exc)


def _configured() -> list[tuple[str, int]]:
    try:
        lines = _RESOLV.read_text(encoding="utf-8", errors="replace").splitlines()[:200]
    except OSError:
        return []
    return [(words[1], 53) for line in lines if len(words := line.split()) > 1 and words[0] == "nameserver"]


def _question(name: str) -> bytes:
    try:
        labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    except UnicodeEncodeError:
        raise Refused("a name in DNS is ASCII") from None
    if not all(1 <= len(label) <= 63 for label in labels) or sum(map(len, labels)) > 250:
        raise Refused("no name of DNS")
    asked = b"".join(bytes([len(label)]) + label for label in labels) + b"\x00"
    return (
        struct.pack(">HHHHHH", secrets.randbelow(1 << 16), _RECURSIVE, 1, 0, 0, 0)
        + asked
        + struct.pack(">HH", _CNAME, 1)
    )


def _read(answer: bytes, question: bytes, name: str) -> str | None:
    _, flags, _, answers, _, _ = struct.unpack(">HHHHHH", answer[:12])
    code = flags & _CODE
    # Names are compared without their case, which servers may change.
    if not flags & _ANSWER or answer[12 : len(question)].lower() != question[12:].lower():
        raise ValueError("an answer to something else")
    if flags & _CUT or code not in {0, _ABSENT}:
        raise ValueError(f"the server answers with code {code}")
    at = len(question)
    for _ in range(answers):
        owner, at = _name(answer, at)
        kind, _, _, length = struct.unpack(">HHIH", answer[at : at + 10])
        at += 10
        if kind == _CNAME and owner.lower() == name.rstrip(".").lower():
            return _name(answer, at)[0]
        at += length
    return None


def _name(answer: bytes, at: int) -> tuple[str, int]:
    """Return a name, and where what follows it begins."""
    labels: list[str] = []
    end = 0
    for _ in range(_LABELS):
        length = answer[at]
        if length & _POINTER == _POINTER:
            end = end or at + 2
            at = (length & ~_POINTER) << 8 | answer[at + 1]
            continue
        at += 1
        if not length:
            return ".".join(labels), end or at
        labels.append(answer[at : at + length].decode("ascii", "backslashreplace"))
        at += length
    raise ValueError("a name without an end")
