"""Owns what tells of the AI worker, on one faulty server: its log, its function, AWS Health; the one rule: it pages as AWS does.

A page of FilterLogEvents may be empty and have a token, and events come stream by stream; tests/integration/adapters/test_logs.py
holds it against moto's, which knows neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION = "ap-northeast-2"
LOGS, FUNCTION, HEALTH, PAGE = "FilterLogEvents", "GetFunctionConfiguration", "DescribeEvents", "GET page"
_ORDINARY = "2026-10-01T00:00:00.000+0000"


class WorkerOutside(FaultyServer):
    """On loopback, in a thread of its own."""

    def __init__(self, port: int = 0, *, page: int = 10_000) -> None:
        super().__init__(port)
        self._page = page
        self._groups: dict[str, list[dict[str, Any]]] = {}
        self._functions: dict[tuple[str, str], dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        """What AWS Health knows."""
        self.status = "operational"
        """What the provider's page says of its one component."""
        self.asked: list[dict[str, Any]] = []
        """The bodies of the requests for logs and health, in their order."""

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK talk to this server."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def log(self, group: str, *messages: tuple[float, str], stream: str = "2026/11/27/[12]aaaa") -> None:
        """Write messages, each with its Unix time in seconds, into a stream of a group, which is made."""
        events = [{"timestamp": round(at * 1000), "message": text, "logStreamName": stream} for at, text in messages]
        self.call(lambda: self._groups.setdefault(group, []).extend(events))

    def deploy(
        self, function: str, *, version: str = "$LATEST", alias: str = "", at: str = _ORDINARY, **more: Any
    ) -> None:
        """Make a function, or what its alias points at; `at` is spelt as Lambda does, `more` are members of its description."""
        described = {"FunctionName": function, "Version": version, "CodeSha256": f"sha of {version}", "Timeout": 900}
        described |= {"LastModified": at, "State": "Active", "LastUpdateStatus": "Successful", **more}
        self.call(lambda: self._functions.update({(function, alias): described}))

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        target = request.header("x-amz-target").rpartition(".")[2]
        if target:
            return target
        return FUNCTION if request.path.startswith("/2015-03-31/") else PAGE

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as AWS does."""
        headers = (("x-amzn-ErrorType", fault.code), *fault.headers)
        return _json({"__type": fault.code, "message": "a fault of the test"}, fault.status, headers)

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        match self.operation(request):
            case "FilterLogEvents":
                return self._filter(self._note(request))
            case "DescribeEvents":
                return self._health(request)
            case "GetFunctionConfiguration":
                return self._function(request.path)
        affected = [] if self.status == "operational" else [{"component_id": "c1", "status": self.status}]
        structure = {"items": [{"component": {"component_id": "c1", "name": "Responses"}}]}
        components = [{"id": "c1", "name": "Responses"}]
        summary = {"components": components, "affected_components": affected, "ongoing_incidents": []}
        return _json({"summary": {**summary, "structure": structure}})

    def _note(self, request: Request) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(request.body)
        self.asked.append(asked)
        return asked

    def _filter(self, asked: Mapping[str, Any]) -> Answer:
        if (events := self._groups.get(asked["logGroupName"])) is None:
            return _missing("The specified log group does not exist.")
        first = int(asked.get("nextToken", "0"))
        looked = events[first : first + self._page]
        # A page is what was looked through: what of it was sought may be nothing.
        found = [
            {**event, "ingestionTime": event["timestamp"], "eventId": str(first + n)}
            for n, event in enumerate(looked)
            if asked["startTime"] <= event["timestamp"] <= asked["endTime"]
            and _fits(asked.get("filterPattern", ""), event["message"])
        ]
        more = {"nextToken": str(first + self._page)} if first + self._page < len(events) else {}
        return _json({"events": found[: asked.get("limit", self._page)], "searchedLogStreams": [], **more})

    def _function(self, path: str) -> Answer:
        split = urlsplit(path)
        name = unquote(split.path.split("/")[3]).rpartition(":")[2]
        qualifier = parse_qs(split.query).get("Qualifier", [""])[0]
        if (described := self._functions.get((name, qualifier))) is None:
            return _missing(f"Function not found: {name}:{qualifier}")
        return _json(described)

    def _health(self, request: Request) -> Answer:
        asked = self._note(request)
        found = [event for event in self.events if event["service"] in asked["filter"]["services"]]
        first = int(asked.get("nextToken", "0"))
        more = {"nextToken": str(first + 1)} if first + 1 < len(found) else {}
        # One event a page, as if each page were full.
        return _json({"events": found[first : first + 1], **more})


def _fits(pattern: str, text: str) -> bool:
    """Tell whether one of the terms `?a ?"b c"` of a filter pattern is in a text; an empty one fits all."""
    terms = [term.strip().strip('"') for term in pattern.split("?") if term.strip()]
    return not terms or any(term in text for term in terms)


def _missing(message: str) -> Answer:
    kind = "ResourceNotFoundException"
    return _json({"__type": kind, "message": message}, 404, (("x-amzn-ErrorType", kind),))


def _json(body: Mapping[str, Any], status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)
