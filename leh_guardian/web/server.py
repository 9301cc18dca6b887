"""Owns the HTTP server's life; the one rule: small requests, short deadlines, and no header of ours tells an attacker more.

Whoever opens connections and says nothing, or says it slowly, hinders nobody: there is always room for one more, since the
oldest connection makes way, and one whose request does not come to its end is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from leh_guardian.errors import SettingsError

_BODY = 16 * 1024
"""Bytes of a body, at most; of a line of its head, and of all its fields together, aiohttp takes 8 KiB and 128 fields."""
_CONNECTIONS = 64
"""Connections open at once."""
_HEAD_SECONDS = 5.0
"""Seconds until a request's head must have come to its end, from the connection or from the answer before on."""
_REST_SECONDS = 2.0
"""Seconds in which the rest of a body is thrown away that nobody asked for."""


@asynccontextmanager
async def serve(routes: Iterable[web.RouteDef], bind: str, port: int) -> AsyncIterator[str]:
    """Serve `routes`; yields the URL.

    Raises:
        SettingsError: the address is taken or not this machine's.
    """
    application = web.Application(client_max_size=_BODY)
    application.add_routes(routes)
    application.on_response_prepare.append(_harden)
    # The daemon has its own signal handling, and a log of its own.
    runner = web.AppRunner(
        application,
        handle_signals=False,
        access_log=None,
        keepalive_timeout=_HEAD_SECONDS,
        lingering_time=_REST_SECONDS,
        shutdown_timeout=2,
    )
    await runner.setup()
    try:
        listener = await _listen(runner, bind, port)
        try:
            host, real_port = listener.sockets[0].getsockname()[:2]
            yield f"http://{f'[{host}]' if ':' in host else host}:{real_port}"
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, bind: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(partial(_accept, runner), bind, port)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(
            f"cannot listen on {bind}:{port}: {reason}. Set LEH_HTTP__BIND and LEH_HTTP__PORT."
        ) from error


def _accept(runner: web.AppRunner) -> RequestHandler:
    """Take a connection; where there are too many, the oldest make way."""
    server = runner.server
    assert server is not None  # noqa: S101 - it is there from setup to cleanup
    for oldest in server.connections[: len(server.connections) + 1 - _CONNECTIONS]:
        if oldest.transport is not None:
            # Not closed politely: one that does not read would stay.
            oldest.transport.abort()
    return server()


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "leh-guardian"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
