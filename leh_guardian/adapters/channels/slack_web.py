"""Owns the calls of Slack's Web API; the one rule: no call is made twice in here, and each is bounded as a whole.

slack-sdk would sleep inside a call to honour Retry-After; its retries are off, and the engine's own wait for them instead.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import anyio
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from leh_guardian.adapters.channels.http import seconds
from leh_guardian.adapters.channels.slack_errors import judged
from leh_guardian.errors import Refused, Unavailable

BASE_URL = AsyncWebClient.BASE_URL
DEADLINE = 7.0
"""Seconds one call may take: a message may need four, and has half a minute."""


class SlackWeb:
    """Slack's Web API with one token."""

    def __init__(self, session: aiohttp.ClientSession, token: str, base_url: str = BASE_URL) -> None:
        self._api = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
        # It takes one from the environment, which nothing else here does.
        self._api.proxy = None
        self.scopes: frozenset[str] = frozenset()
        """What the token may do, as far as an answer has said."""

    async def call(self, doing: str, method: str, **arguments: Any) -> dict[str, Any]:
        """Call `method`, which changes something; `doing` says what for.

        Raises:
            HandlerError: one of its leaves, by slack_errors.
        """
        return await self._call(doing, method, json=arguments)

    async def read(self, doing: str, method: str, **arguments: Any) -> dict[str, Any]:
        """Call `method`, which only reads: those take no JSON.

        Raises:
            HandlerError: one of its leaves, by slack_errors.
        """
        return await self._call(doing, method, http_verb="GET", params=arguments)

    async def _call(self, doing: str, method: str, **request: Any) -> dict[str, Any]:
        try:
            with anyio.fail_after(DEADLINE):
                answer = await self._api.api_call(method, **request)
        except SlackApiError as error:
            raise _judged(doing, error) from error
        except SlackClientError as error:
            raise Refused(f"cannot {doing}: {error}") from error
        except (aiohttp.ClientError, OSError, TimeoutError, AttributeError) as error:
            # The last is how the SDK meets an answer that is JSON, or text, but no object.
            raise Unavailable(f"cannot {doing}: Slack does not answer: {type(error).__name__}") from error
        self.scopes = frozenset(str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "").split(",")) - {""}
        return dict(answer.data) if isinstance(answer.data, dict) else {}


def _judged(doing: str, error: SlackApiError) -> Exception:
    # What it holds is an answer of the SDK's, or aiohttp's own where the body was no JSON.
    answer: Any = error.response
    data = getattr(answer, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    status: int = answer.status_code if hasattr(answer, "status_code") else answer.status
    retry_after = seconds(answer.headers.get("Retry-After"))
    return judged(doing, code if isinstance(code, str) else "", status, retry_after)
