"""Owns OpenSearch; the one rule: the client library is imported only where a cluster is configured (it loads slowly)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from leh_guardian.errors import AccessDenied, GuardianError, Refused, Throttled, Unavailable
from leh_guardian.model.text import without_passwords

_NO_INDEX: Final = "index_not_found_exception"
_PAGE: Final = 1000
"""Values in one answer."""


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

    async def count(self, index: str, field: str, value: str) -> int | None:
        """Return how many documents of `index` have `value` in `field`, None where there is no such index.

        Where nobody said how a field is indexed, OpenSearch cuts it into words and keeps the whole of it below it, as `.keyword`
        (OpenSearch documentation, "Dynamic mapping"); either may be what there is.
        """
        wanted = [{"term": {name: {"value": value}}} for name in (field, f"{field}.keyword")]
        query = {"query": {"bool": {"should": wanted, "minimum_should_match": 1}}}
        answer = await self._asked(
            f"count in OpenSearch index {index}", lambda: self._client().count(body=query, index=index)
        )
        if answer is None:
            return None
        found = answer.get("count") if isinstance(answer, dict) else None
        if not isinstance(found, int):
            raise Unavailable(f"cannot count in OpenSearch index {index}: an answer that is none")
        # A shard that failed may be the one that has it.
        if not found and answer.get("_shards", {}).get("failed"):
            raise Unavailable(f"cannot count in OpenSearch index {index}: not all of it could be asked")
        return found

    async def values(self, index: str, field: str, most: int) -> Mapping[str, int] | None:
        """Return {value of `field`: documents} of an index or alias, None where there is none; page by page.

        A composite aggregation holds as much as a page, however many documents there are (OpenSearch documentation, "Composite").

        Raises:
            Refused: there are more than `most` values, or the field is indexed as words alone.
        """
        doing = f"look through OpenSearch index {index}"
        mapping = await self._asked(doing, lambda: self._client().indices.get_mapping(index=index))
        if mapping is None:
            return None
        whole = _whole(mapping, field, index)
        found: dict[str, int] = {}
        after: Mapping[str, Any] | None = None
        while whole:
            pages: dict[str, Any] = {"size": _PAGE, "sources": [{"value": {"terms": {"field": whole}}}]}
            body = {"size": 0, "aggs": {"values": {"composite": pages | ({"after": after} if after else {})}}}
            answer = await self._asked(doing, partial(self._client().search, body=body, index=index))
            if answer is None:
                return None
            if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
                raise Unavailable(f"cannot {doing}: not all of it could be asked")
            part = answer.get("aggregations", {}).get("values", {})
            found |= {str(each["key"]["value"]): each["doc_count"] for each in part.get("buckets", ())}
            if len(found) > most:
                raise Refused(f"OpenSearch index {index} has more than {most} pieces of evidence")
            after = part.get("after_key") if part.get("buckets") else None
            if after is None:
                break
        return found

    async def health(self) -> str:
        """Return the colour of the cluster: green, yellow, or red, where some of it is away.

        Raises:
            HandlerError: one of its leaves; Unavailable where it does not answer.
        """
        doing = "ask OpenSearch for its health"
        answer = await self._asked(doing, self._client().cluster.health)
        colour = answer.get("status") if isinstance(answer, dict) else None
        if not isinstance(colour, str):
            raise Unavailable(f"cannot {doing}: an answer that is none")
        return colour

    async def _asked(self, doing: str, request: Callable[[], Awaitable[Any]]) -> Any:
        """Send a request; returns its answer, None where there is no such index.

        Raises:
            HandlerError: one of its leaves.
        """
        from opensearchpy import NotFoundError, OpenSearchException

        try:
            return await request()
        except NotFoundError as error:
            if error.error == _NO_INDEX:
                return None
            raise Refused(f"cannot {doing}: {error}: is LEH_OPENSEARCH__URL that of OpenSearch?") from error
        except (OpenSearchException, OSError, TimeoutError, ValueError) as error:
            raise _translated(error, doing) from error

    async def close(self) -> None:
        """Close the client's connections."""
        if self._opened is not None:
            await self._opened.close()


def _whole(mapping: Mapping[str, Any], field: str, index: str) -> str | None:
    """Return the name under which the whole of a field can be told apart, None where no document has had it.

    An alias may stand for several indexes; they must agree.
    """
    names = set[str]()
    for one in mapping.values():
        shape = one.get("mappings", {}).get("properties", {}).get(field)
        if shape is None:
            continue
        if shape.get("type") == "keyword":
            names.add(field)
        elif shape.get("fields", {}).get("keyword", {}).get("type") == "keyword":
            names.add(f"{field}.keyword")
        else:
            raise Refused(f"{field} in OpenSearch index {index} is {shape.get('type')}: index it as keyword")
    if len(names) > 1:
        raise Refused(f"the indexes behind {index} have {field} in different ways: {', '.join(sorted(names))}")
    return names.pop() if names else None


def _translated(error: Exception, doing: str) -> GuardianError:
    """Return our error for one of the library's, by the HTTP status that it carries, if any."""
    status = getattr(error, "status_code", None)
    said = f"cannot {doing}: {without_passwords(str(error))}"
    if status in {401, 403}:
        return AccessDenied(said)
    if status == 429:
        return Throttled(said)
    if isinstance(status, int) and 400 <= status < 500:
        return Refused(said)
    return Unavailable(said)
