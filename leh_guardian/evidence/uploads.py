"""Owns the upload records of S3's versions and of LEH's audit log, joined; the one rule: what both tell of is one upload.

S3 knows keys, sizes and contents but no users; the log knows users. An object is that of whoever the log says to have uploaded
its evidence, nearest in time; else of the one account that uploaded to its case.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from leh_guardian.evidence.names import named_by_key
from leh_guardian.model.activity import Activity, Line, kind_of
from leh_guardian.ports import ObjectVersion
from leh_guardian.uploads import Record

_ID: Final = 200
_APART: Final = 1e-4
"""Seconds between versions of one second: so small that no time is changed by it, also of thousands."""


def records(versions: Sequence[ObjectVersion], activity: Activity, only: str | None = None) -> Iterator[Record]:
    """Yield what was uploaded, asked for, looked at; `only` of one account, if it is given."""
    kinds = {action: kind_of(action) for action in {line.action for line in activity.lines}}
    owners = _Owners([line for line in activity.lines if kinds[line.action] == "upload"])
    created = {user: at.timestamp() for user, at in activity.created.items()}
    stored = set[str]()
    alike: Counter[ObjectVersion] = Counter()
    for version in versions:
        named = named_by_key(version.key)
        case, evidence = named or (None, None)
        user = owners.of(evidence, case, version.stored_at)
        if evidence is not None:
            stored.add(evidence)
        if only is None or user == only:
            yield _upload(version, user, case, evidence, created, alike[version])
            alike[version] += 1
    for line in activity.lines:
        kind = kinds[line.action]
        if kind is None or (only is not None and line.user != only):
            continue
        if kind == "upload" and (line.object in stored or line.object in owners.cases_of(versions)):
            continue
        yield Record(
            line.at.timestamp(),
            kind,
            line.user[:_ID],
            evidence=line.object[:_ID] if line.object and kind in {"upload", "presign"} else None,
            created=created.get(line.user),
        )


def _upload(
    version: ObjectVersion,
    user: str | None,
    case: str | None,
    evidence: str | None,
    created: Mapping[str, float],
    before: int,
) -> Record:
    return Record(
        # S3 tells whole seconds: what was stored twice in one of them would pass for one record that came twice.
        version.stored_at.timestamp() + before * _APART,
        "upload",
        user[:_ID] if user else None,
        case,
        evidence,
        version.key,
        version.size,
        version.etag.lower() or None,
        created=created.get(user) if user else None,
    )


class _Owners:
    """Who uploaded what, by the log."""

    def __init__(self, uploads: Sequence[Line]) -> None:
        self._by: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for line in uploads:
            if line.object:
                self._by[line.object].append((line.at, line.user))
        for each in self._by.values():
            each.sort()
        users = {of: {user for _, user in told} for of, told in self._by.items()}
        self._alone = {of: next(iter(who)) for of, who in users.items() if len(who) == 1}
        self._cases: frozenset[str] | None = None

    def of(self, evidence: str | None, case: str | None, at: datetime) -> str | None:
        """Return whose upload it was, None where nobody knows."""
        if evidence is not None and (told := self._by.get(evidence)):
            place = bisect_left(told, (at, ""))
            near = told[max(0, place - 1) : place + 1]
            return min(near, key=lambda one: abs((one[0] - at).total_seconds()))[1]
        return self._alone.get(case) if case is not None else None

    def cases_of(self, versions: Sequence[ObjectVersion]) -> frozenset[str]:
        """Return the cases that objects lie in: a line that names one of them tells of an object that is known."""
        if self._cases is None:
            self._cases = frozenset(named[0] for each in versions if (named := named_by_key(each.key)))
        return self._cases
