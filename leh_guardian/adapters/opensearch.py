"""Owns OpenSearch; the one rule: the client library is imported only where a cluster is configured (it loads slowly)."""

from __future__ import annotations

from typing import Any

from leh_guardian.errors import AccessDenied, Unavailable


class OpenSearch:
    """LEH's search cluster. Optional for the daemon: it never fails readiness."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: Any = None

    def _client(self) -> Any:
        if self._opened is None:
            from opensearchpy import AsyncOpenSearch

            self._opened = AsyncOpenSearch(hosts=[self._url], timeout=3, max_retries=0, retry_on_timeout=False)
        return self._opened

    async def ping(self) -> None:
        """Raise when the cluster cannot be used."""
        from opensearchpy import AuthenticationException, AuthorizationException, OpenSearchException

        try:
            await self._client().info()
        except (AuthenticationException, AuthorizationException) as error:
            raise AccessDenied(f"OpenSearch refuses the log-in: {error}") from error
        except (OpenSearchException, OSError, TimeoutError, ValueError) as error:  # ValueError: the URL is none
            raise Unavailable(f"no OpenSearch at LEH_OPENSEARCH__URL: {error}") from error

    async def close(self) -> None:
        """Close the client's connections."""
        if self._opened is not None:
            await self._opened.close()
