"""Owns the HTTP server's life; the one rule: small requests, short deadlines, and no header of ours tells an attacker more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from leh_guardian.errors import SettingsError

_BODY = 16 * 1024


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
    runner = web.AppRunner(application, handle_signals=False, access_log=None, keepalive_timeout=15, shutdown_timeout=2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, bind, port)
        try:
            await site.start()
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
            reason = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(
                f"cannot listen on {bind}:{port}: {reason}. Set LEH_HTTP__BIND and LEH_HTTP__PORT."
            ) from error
        host, real_port = runner.addresses[0][:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{real_port}"
        yield url
    finally:
        await runner.cleanup()


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "leh-guardian"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
