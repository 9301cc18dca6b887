"""Owns handshakes with TLS servers; the one rule: nothing that a server hands out is believed, and nothing is sent to it but a hello.

A verified handshake says whether clients would trust it. Where that fails a second one, unverified, fetches the leaf all the same: its
dates say what is wrong. Each handshake has its deadline, each host at most so many addresses.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import anyio

from leh_guardian.ports.certificates import Served, Trust

_ADDRESSES: Final = 8
_TRIES: Final = 2
_RESOLVING: Final = 8.0
"""Seconds for a name."""
_PAUSE: Final = 0.5
_FAULTS: Final = {
    9: Trust.NOT_YET,
    10: Trust.EXPIRED,
    18: Trust.SELF_SIGNED,
    # The chain ends in a root that is not ours, in nothing, or after the leaf.
    19: Trust.CHAIN,
    20: Trust.CHAIN,
    21: Trust.CHAIN,
    62: Trust.WRONG_NAME,
}
"""OpenSSL's X509_V_ERR_*: what a code means for us."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return a host's addresses, v6 only where this machine has such a one itself.

    Raises:
        OSError: it has none, or nobody says.
        TimeoutError: nobody answers.
    """
    loop = asyncio.get_running_loop()
    with anyio.fail_after(_RESOLVING):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(address[0]) for *_, address in found]


class TlsEndpoints:
    """TLS servers, as any client sees them; `ca_file` holds private roots that are trusted beside the system's."""

    def __init__(self, ca_file: Path | None = None, *, timeout: float = 8.0, resolve: Resolve = resolved) -> None:
        self._ca_file = ca_file
        self._timeout = timeout
        self._resolve = resolve

    async def look(self, host: str, port: int) -> Sequence[Served]:
        """Shake hands with each address of a host; where its name has none, one entry says why."""
        try:
            context = self._verifying()
            with anyio.fail_after(self._timeout):
                addresses = list(dict.fromkeys(await self._resolve(host, port)))[:_ADDRESSES]
        except (OSError, TimeoutError, ValueError) as error:
            # ValueError: what is no name to begin with.
            return [Served("", why=_said(error))]
        return [await self._address(address, host, port, context) for address in addresses]

    def _verifying(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context

    async def _address(self, address: str, host: str, port: int, context: ssl.SSLContext) -> Served:
        for left in reversed(range(_TRIES)):
            try:
                return Served(address, await self._leaf(address, host, port, context), Trust.TRUSTED)
            except ssl.SSLCertVerificationError as error:
                return await self._untrusted(address, host, port, error)
            except (OSError, TimeoutError) as error:
                if not left:
                    return Served(address, why=_said(error))
            await asyncio.sleep(_PAUSE)
        raise AssertionError("unreachable: the last try returns")

    async def _untrusted(self, address: str, host: str, port: int, error: ssl.SSLCertVerificationError) -> Served:
        try:
            leaf = await self._leaf(address, host, port, _unverified())
        except (OSError, TimeoutError) as other:
            return Served(address, why=_said(other))
        return Served(address, leaf, _FAULTS.get(error.verify_code, Trust.OTHER), error.verify_message)

    async def _leaf(self, address: str, host: str, port: int, context: ssl.SSLContext) -> bytes | None:
        """Shake hands once; returns the leaf as DER."""
        with anyio.fail_after(self._timeout):
            _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
            try:
                leaf: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                # Nothing was said, so that there is nothing to end in order.
                writer.transport.abort()
        return leaf


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _said(error: Exception) -> str:
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
