"""Owns audit lines in CloudWatch Logs and S3 on loopback, which can go wrong; the one rule: one server, so that faults have one plan.

tests/integration/handlers/test_check_audit_log.py holds the adapters against moto's Logs and S3 as well.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION: Final = "ap-northeast-2"
BUCKET: Final = "leh-audit"
PREFIX: Final = "audit/"
GROUP: Final = "/leh/audit"
FILTER, LIST, GET = "FilterLogEvents", "ListObjectsV2", "GetObject"
QUESTIONS: Final = frozenset({FILTER, LIST, GET})


class AuditOutside(FaultyServer):
    """One log group and one bucket."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[datetime, str]] = []
        self.objects: dict[str, bytes] = {}
        self.gone: set[str] = set()
        """Keys that are listed and not there any more."""
        self.stored_at = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self._json = False
        self.asked: list[Request] = []
        """What came to be answered."""
        self.page = 1000
        """Events of a page."""

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK talk to this server."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        self._json = bool(request.header("X-Amz-Target"))
        if target := request.header("X-Amz-Target"):
            return target.rpartition(".")[2]
        if request.method != "GET":
            return f"{request.method} {request.path}"
        return LIST if "list-type" in parse_qs(urlsplit(request.path).query) else GET

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault, as Logs or as S3 does; requests come one after the other."""
        if self._json:
            return Answer(fault.status, json.dumps({"__type": fault.code, "message": "a fault of the test"}).encode())
        body = f"<Error><Code>{fault.code}</Code><Message>a fault of the test</Message></Error>"
        return Answer(fault.status, body.encode(), content_type="application/xml")

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        self.asked.append(request)
        match self.operation(request):
            case "FilterLogEvents":
                return self._filter(json.loads(request.body))
            case "ListObjectsV2":
                return self._list(parse_qs(urlsplit(request.path).query).get("prefix", [""])[0])
            case "GetObject":
                return self._get(unquote(urlsplit(request.path).path).removeprefix(f"/{BUCKET}/"))
        return Answer(501)

    def _filter(self, asked: dict[str, Any]) -> Answer:
        within = [
            {"message": text, "timestamp": at, "logStreamName": "s", "eventId": str(number)}
            for number, (when, text) in enumerate(self.lines)
            for at in [round(when.timestamp() * 1000)]
            if asked["startTime"] <= at <= asked["endTime"]
        ]
        first = int(asked.get("nextToken", 0))
        last = first + min(self.page, asked["limit"])
        more = {"nextToken": str(last)} if last < len(within) else {}
        return Answer(body=json.dumps({"events": within[first:last], **more}).encode())

    def _list(self, prefix: str) -> Answer:
        at = self.stored_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entries = "".join(
            f"<Contents><Key>{quote(key)}</Key><LastModified>{at}</LastModified><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        body = f"<Name>{BUCKET}</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{entries}"
        return Answer(body=f"<ListBucketResult>{body}</ListBucketResult>".encode(), content_type="application/xml")

    def _get(self, key: str) -> Answer:
        if key not in self.objects or key in self.gone:
            return Answer(404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
        return Answer(body=self.objects[key], content_type="application/octet-stream")
