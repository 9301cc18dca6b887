"""Owns a small RDS on loopback, which can go wrong; the one rule: it answers as RDS does, by names and kinds of snapshots.

tests/integration/handlers/test_check_rds_backup.py holds the adapter against moto's RDS as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION: Final = "ap-northeast-2"
_SPACE: Final = 'xmlns="http://rds.amazonaws.com/doc/2014-10-31/"'
_LISTS: Final = {
    "DescribeDBInstances": ("DBInstances", "DBInstance", "DBInstanceIdentifier", "DBInstanceNotFound"),
    "DescribeDBClusters": ("DBClusters", "DBCluster", "DBClusterIdentifier", "DBClusterNotFoundFault"),
    "DescribeDBSnapshots": ("DBSnapshots", "DBSnapshot", "DBInstanceIdentifier", ""),
    "DescribeDBClusterSnapshots": ("DBClusterSnapshots", "DBClusterSnapshot", "DBClusterIdentifier", ""),
}


class RdsOutside(FaultyServer):
    """Databases and their snapshots; `now` is the server's own clock, and each page holds `page` entries."""

    def __init__(self, now: datetime, port: int = 0) -> None:
        super().__init__(port)
        self.now = now
        self.page = 100
        self.filters = True
        """Whether it honours the kind of snapshot that is asked for, as emulators may not."""
        self._there: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS}

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK talk to this server."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def add(self, action: str, **what: Any) -> None:
        """Let something be found by `action`."""
        self._there[action].append(what)

    def clear(self, action: str) -> None:
        """Let nothing be found by `action`."""
        self._there[action].clear()

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        return parse_qs(request.body.decode()).get("Action", [request.path])[0]

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as RDS does."""
        return _error(fault.code, fault.status)

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        asked = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
        action = asked["Action"]
        outer, inner, by, absent = _LISTS[action]
        found = list(self._matching(action, asked, by))
        if not found and absent and by in asked:
            return _error(absent, 404)
        start = int(asked.get("Marker", "0"))
        end = start + self.page
        more = f"<Marker>{end}</Marker>" if end < len(found) else ""
        entries = "".join(f"<{inner}>{_xml(one)}</{inner}>" for one in found[start:end])
        body = f"<{action}Response {_SPACE}><{action}Result>{more}<{outer}>{entries}</{outer}></{action}Result></{action}Response>"
        return Answer(200, body.encode(), (("Date", format_datetime(self.now, usegmt=True)),), "text/xml")

    def _matching(self, action: str, asked: Mapping[str, str], by: str) -> Iterator[dict[str, Any]]:
        for one in self._there[action]:
            kind = asked.get("SnapshotType") if self.filters else None
            if one[by] == asked.get(by, one[by]) and kind in {None, one.get("SnapshotType")}:
                yield one


def _xml(value: Any) -> str:
    match value:
        case dict():
            return "".join(f"<{name}>{_xml(one)}</{name}>" for name, one in value.items())
        case list():
            return "".join(f"<Tag>{_xml(one)}</Tag>" for one in value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case bool():
            return str(value).lower()
        case _:
            return escape(str(value))


def _error(code: str, status: int) -> Answer:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>of the test</Message></Error>"
    return Answer(status, f"<ErrorResponse {_SPACE}>{error}</ErrorResponse>".encode(), content_type="text/xml")
