"""Owns an OpenSearch in miniature: indexes, aliases, and what guardian asks; the one rule: it answers as the real one does.

`Indexes` is what it knows, without a network; `serving` puts it on loopback. tests/integration/adapters/test_evidence_server.py holds
it against a real one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

_SHARDS: Final = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
_MAPPED: Final = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
Reply = tuple[int, dict[str, Any]]


class Indexes:
    """Indexes of texts, mapped as OpenSearch does by itself: as words, and below `.keyword` as a whole."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}
        """{index: {id: document}}."""
        self.aliases: dict[str, str] = {}
        """{alias: index}."""

    def put(self, index: str, id_: str, **fields: Any) -> None:
        """Put a document; an index is made by its first."""
        self.documents.setdefault(self.aliases.get(index, index), {})[id_] = fields

    def answer(self, method: str, path: str, asked: Mapping[str, Any]) -> Reply:
        """Answer a request."""
        name, _, verb = path.partition("?")[0].strip("/").partition("/")
        if name == "_cluster":
            return 200, {"cluster_name": "leh", "status": "green"}
        if not name:
            return 200, {"version": {"distribution": "opensearch", "number": "2.19.0"}}
        index = self.aliases.get(name, name)
        if index not in self.documents:
            reason = {"type": "index_not_found_exception", "reason": f"no such index [{name}]", "index": name}
            return 404, {"error": {"root_cause": [reason], **reason}, "status": 404}
        documents = self.documents[index]
        match method, verb:
            case "DELETE", "":
                del self.documents[index]
                return 200, {"acknowledged": True}
            case _, "_mapping":
                fields = sorted({field for document in documents.values() for field in document})
                properties = {"properties": dict.fromkeys(fields, _MAPPED)} if fields else {}
                return 200, {index: {"mappings": properties}}
            case _, "_count":
                terms = [term["term"] for term in asked["query"]["bool"]["should"]]
                found = sum(any(_is(d, *next(iter(t.items()))) for t in terms) for d in documents.values())
                return 200, {"count": found, "_shards": _SHARDS}
            case _, "_search":
                return 200, _composite(documents, asked)
        return 400, {"error": {"type": "illegal_argument_exception", "reason": f"{method} {path}"}, "status": 400}


def _is(document: Mapping[str, Any], name: str, wanted: Mapping[str, str]) -> bool:
    """Tell whether a field of text has a term: one of its words in small letters, or below `.keyword` the whole of it."""
    field, _, whole = name.partition(".")
    text = str(document.get(field, ""))
    return wanted["value"] in ({text} if whole else set(text.lower().replace("-", " ").split()))


def _composite(documents: Mapping[str, Mapping[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    [(name, wanted)] = asked["aggs"].items()
    composite = wanted["composite"]
    [(source, terms)] = composite["sources"][0].items()
    field = str(terms["terms"]["field"]).partition(".")[0]
    counts = Counter(str(document[field]) for document in documents.values() if field in document)
    after = composite.get("after", {}).get(source, "")
    page = [value for value in sorted(counts) if value > after][: composite["size"]]
    found: dict[str, Any] = {"buckets": [{"key": {source: one}, "doc_count": counts[one]} for one in page]}
    if page:
        found["after_key"] = {source: page[-1]}
    return {"timed_out": False, "_shards": _SHARDS, "hits": {"hits": []}, "aggregations": {name: found}}


@asynccontextmanager
async def serving(indexes: Indexes) -> AsyncIterator[str]:
    """Serve `indexes` on loopback while the block runs; gives the address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        content = await request.read()
        status, body = indexes.answer(request.method, request.path, json.loads(content) if content else {})
        return web.json_response(body, status=status)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
