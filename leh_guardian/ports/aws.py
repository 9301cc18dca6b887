"""Owns what guardian looks at of the service's AWS: tables, index, logs, functions; the one rule: no client library's type passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class TableLayout:
    """What an item of a DynamoDB table is known by."""

    hash_key: str
    range_key: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the primary key."""
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


class Tables(Protocol):
    """DynamoDB as handlers use it."""

    async def layout(self, table: str) -> TableLayout:
        """Return the primary key of a table, as it was seen within the last minute."""

    async def get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return an item as it is now (a consistent read), None where there is none."""

    async def of_case(self, table: str, case: str, attributes: Sequence[str], most: int) -> Sequence[Mapping[str, Any]]:
        """Return all items of a case in either layout, each with its key and no more than `attributes`.

        Raises:
            Refused: there are more than `most`, or the table cannot be asked by case.
        """

    async def scan(
        self,
        table: str,
        attributes: Sequence[str],
        wanted: Callable[[Mapping[str, Any]], bool],
        pages: int,
        seconds: float,
    ) -> TableScan:
        """Return the items of a table that are wanted, each with no more than `attributes`; ends after so many pages or seconds."""

    async def backups(self, table: str) -> TableBackups:
        """Return what is known of a table's point-in-time recovery."""


@dataclass(frozen=True, slots=True)
class TableScan:
    """What was found in a table."""

    items: Sequence[Mapping[str, Any]]
    whole: bool
    """Whether the whole table was looked through."""


@dataclass(frozen=True, slots=True)
class TableBackups:
    """A table's point-in-time recovery."""

    enabled: bool
    earliest: datetime | None
    """The first instant that it can be brought back to."""
    latest: datetime | None
    size: int
    """Bytes of the whole table, as it was within the last six hours: all of it is brought back, into another table."""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One object that was stored under a key, also one that another has taken the place of."""

    key: str
    size: int
    """Bytes."""
    etag: str
    """The same for the same content, but for parts of another size, or encryption with a key of KMS."""
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectVersions:
    """What was stored below a prefix."""

    versions: Sequence[ObjectVersion]
    looked_at: int
    """Versions that were listed, those before `since` included."""
    whole: bool
    """False: there are more, and nobody looked at them."""
    overwritten: bool
    """False: only what is there now could be listed, and what it has taken the place of is unknown."""


class Objects(Protocol):
    """S3 as handlers use it."""

    async def versions(self, bucket: str, prefix: str, since: datetime, most: int, deadline: float) -> ObjectVersions:
        """Return what was stored below a prefix since an instant; ends after `most` versions, or `deadline` seconds.

        Raises:
            HandlerError: one of its leaves.
        """

    async def keys(self, bucket: str, prefix: str, most: int) -> Mapping[str, datetime]:
        """Return {key: when it was stored} of all objects below a prefix.

        Raises:
            Refused: there are more than `most`.
        """


class SearchIndex(Protocol):
    """OpenSearch as handlers use it."""

    async def values(self, index: str, field: str, most: int) -> Mapping[str, int] | None:
        """Return {value of `field`: documents} of an index or alias, None where there is none.

        Raises:
            Refused: there are more than `most` values, or the field cannot be told apart.
        """

    async def count(self, index: str, field: str, value: str) -> int | None:
        """Return how many documents of `index` have `value` in `field`, None where there is no such index."""


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message of a log."""

    text: str
    stream: str
    at: float
    """When it was said, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class LogSample:
    """What was read of a log."""

    messages: Sequence[LogMessage]
    """In the order of their times."""
    whole: bool
    """Whether that is everything in the window, and not the part that the bounds allowed."""


class Logs(Protocol):
    """CloudWatch Logs as handlers use it."""

    async def read(
        self, group: str, since: datetime, until: datetime, *, pattern: str = "", most_bytes: int = 4_000_000
    ) -> LogSample:
        """Return what a log group says between two instants, of that what fits CloudWatch's filter `pattern`."""


@dataclass(frozen=True, slots=True)
class FunctionState:
    """What Lambda says of a function, or of what one of its aliases points at."""

    name: str
    version: str
    """The version that is invoked: `$LATEST`, or a number."""
    code: str
    """The digest of its code."""
    modified_at: datetime
    """When its code or configuration was last changed."""
    settled: bool
    """Whether the last change is in effect: LastUpdateStatus is Successful, and State is Active or Inactive."""
    why: str = ""
    """Why it is not settled."""
    timeout: float = 900.0
    """Seconds that one invocation may take."""


class Functions(Protocol):
    """Lambda as handlers use it; `function` is a name or an ARN, either of them with `:alias` or without."""

    async def state(self, function: str) -> FunctionState:
        """Describe what is invoked under that name."""

    async def invoke(self, function: str, payload: bytes) -> None:
        """Invoke asynchronously, and return once Lambda has queued the event."""


@dataclass(frozen=True, slots=True)
class AlarmNow:
    """What CloudWatch says of an alarm now, a composite one or one on metrics."""

    name: str
    arn: str
    state: str
    """OK, ALARM or INSUFFICIENT_DATA."""
    since: datetime
    """When it went into that state."""
    reason: str
    reason_data: str
    configuration: Mapping[str, Any]
    """As an event of EventBridge's spells it."""


@dataclass(frozen=True, slots=True)
class AlarmListing:
    """Alarms that were asked about."""

    alarms: Sequence[AlarmNow]
    whole: bool
    """Whether that is all of them: what a listing that was cut short does not hold is not known to be absent."""


class Alarms(Protocol):
    """CloudWatch's alarms, of one account and region."""

    async def firing(self) -> AlarmListing:
        """Return the alarms that are in ALARM."""

    async def named(self, names: Sequence[str]) -> AlarmListing:
        """Return the alarms of these names, in whatever state; those that there are not are left out."""


@dataclass(frozen=True, slots=True)
class DatabaseEvent:
    """What RDS says that happened to a database, a cluster or a snapshot."""

    arn: str
    identifier: str
    kind: str
    """`db-instance`, `db-cluster` and so on."""
    categories: Sequence[str]
    message: str
    at: datetime


class DatabaseEvents(Protocol):
    """RDS's own record of what happened."""

    async def between(self, since: datetime, until: datetime) -> Sequence[DatabaseEvent]:
        """Return what happened then, as far as it could be read."""
