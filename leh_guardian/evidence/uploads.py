"""Owns upload records, joined of S3's versions, LEH's log and logs of requests; the one rule: what several tell of is one upload.

S3 knows keys, sizes and contents but no users; LEH's log knows users. An object is that of whoever the log says to have uploaded
its evidence, nearest in time; else of the one account that uploaded to its case. Logs of requests know addresses and programs, and
what was refused: a record of that has no key, for nothing was stored under it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from leh_guardian.evidence.names import named_by_key
from leh_guardian.evidence.sightings import BLOCKED, Matched
from leh_guardian.model.activity import Activity, Line, kind_of
from leh_guardian.model.sighting import Screened, Sighting
from leh_guardian.ports import ObjectVersion
from leh_guardian.uploads import Record

_ID: Final = 200
_APART: Final = 1e-4
"""Seconds between versions of one second: so small that no time is changed by it, also of thousands."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What logs of requests tell of uploads."""

    matched: Matched = field(default_factory=Matched)
    asns: Mapping[str, str] = field(default_factory=dict)
    """{address: AS number}, as far as it is told."""
    blocked: Sequence[tuple[Screened, str]] = ()
    """What was refused before it came to an upload, each with its case."""

    @property
    def ips(self) -> frozenset[str]:
        """The addresses that uploads came from; none where too few of them are known."""
        return frozenset(one.ip for one in self.matched.of.values() if one.ip) if self.matched.enough else frozenset()


def records(
    versions: Sequence[ObjectVersion],
    activity: Activity,
    only: str | None = None,
    requests: Requests | None = None,
) -> Iterator[Record]:
    """Yield what was uploaded, asked for, looked at, refused; `only` of one account, if it is given."""
    kinds = {action: kind_of(action) for action in {line.action for line in activity.lines}}
    owners = _Owners([line for line in activity.lines if kinds[line.action] == "upload"])
    created = {user: at.timestamp() for user, at in activity.created.items()}
    for record in _uploads(versions, owners, requests or Requests()):
        if only is None or record.user == only:
            yield record._replace(created=created.get(record.user)) if record.user else record
    stored = {named[1] for version in versions if (named := named_by_key(version.key))}
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


def _uploads(versions: Sequence[ObjectVersion], owners: _Owners, requests: Requests) -> Iterator[Record]:
    """Yield what was stored, then what was tried, as far as enough is known of requests."""
    alike: Counter[ObjectVersion] = Counter()
    users: dict[str, set[str | None]] = defaultdict(set)
    known = requests.matched if requests.matched.enough else Matched()
    for place, version in enumerate(versions):
        case, evidence = named_by_key(version.key) or (None, None)
        user = owners.of(evidence, case, version.stored_at)
        record = _upload(version, user, case, evidence, alike[version])
        alike[version] += 1
        if seen := known.of.get(place):
            users[seen.ip or ""].add(user)
            record = _from(record, seen, requests.asns)
        yield record
    for one in (*known.gone, *known.refused):
        yield _tried(one, owners, requests.asns)
    for screened, case in requests.blocked if requests.matched.enough else ():
        mine = users.get(screened.ip, set())
        user = next(iter(mine)) if len(mine) == 1 else owners.of(None, case, _instant(screened.at))
        asn = screened.asn or requests.asns.get(screened.ip)
        yield Record(
            screened.at,
            "upload",
            user[:_ID] if user else None,
            case,
            status=BLOCKED,
            ip=screened.ip,
            asn=asn,
            agent=screened.agent,
        )


def _upload(version: ObjectVersion, user: str | None, case: str | None, evidence: str | None, before: int) -> Record:
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
    )


def _tried(one: Sighting, owners: _Owners, asns: Mapping[str, str]) -> Record:
    """Return a request of which no object is listed: it was refused, or what it stored is gone."""
    key, named = next(((key, named) for key in one.keys if (named := named_by_key(key))), (one.keys[0], None))
    case, evidence = named or (None, None)
    user = owners.of(evidence, case, _instant(one.at))
    record = Record(one.at, "upload", user[:_ID] if user else None, case)
    if not one.refused:
        record = record._replace(evidence=evidence, key=key, size=one.size)
    return _from(record, one, asns)


def _from(record: Record, seen: Sighting, asns: Mapping[str, str]) -> Record:
    return record._replace(status=seen.status, ip=seen.ip, asn=asns.get(seen.ip or ""), agent=seen.agent)


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


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
