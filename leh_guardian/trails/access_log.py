"""Owns lines of S3's server access logs; the one rule: fields are cut at spaces and quotes, from both ends, and no search goes back.

"Amazon S3 server access log format" (Amazon S3 User Guide). Of the fields in quotes - the request, the referrer, the user agent - all
is chosen by whoever asks, and quotes in them are not escaped. So what stands before them is read from the left, what stands
behind them from the right, where no field has quotes or spaces: nobody can write themselves another address or key.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, unquote_plus

from leh_guardian.model.sighting import LONGEST_AGENT, Sighting, address_of
from leh_guardian.trails.cloudtrail import status_of
from leh_guardian.trails.told import Told

_FORM, _PART = "REST.POST.BUCKET", "REST.PUT.PART"
_WRITES: Final = {
    "REST.PUT.OBJECT": True,
    _FORM: True,
    "REST.POST.OBJECT": True,
    "REST.POST.UPLOADS": False,
    _PART: False,
}
"""What stores an object, and whether by itself; a form of a browser is sent to the bucket. Of an upload's parts one is enough."""
_BEFORE: Final = 8
"""Fields before the request, with its time as one."""
_MONTHS: Final = {
    name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_LONGEST: Final = 1 << 14
"""Characters of a line: a request of S3's has 8 KiB at most, and its key is told twice."""
_LONGEST_KEY: Final = 3 * 3 * 1024
"""Characters of an encoded key."""


def read_lines(bucket: str, prefixes: Collection[str], data: bytes, told: Told[Sighting]) -> None:
    """Take in an object of access logs."""
    for raw in data.split(b"\n"):
        if raw and not raw.isspace():
            _take(raw, bucket, tuple(prefixes), told)


def _take(raw: bytes, bucket: str, prefixes: tuple[str, ...], told: Told[Sighting]) -> None:
    line = raw[:_LONGEST].decode("utf-8", "replace").strip() if len(raw) <= _LONGEST else ""
    # Owner, bucket, [time zone], address, requester, request's id, operation, key.
    head, quote, rest = line.partition(' "')
    fields = head.split(" ")
    at = _instant(fields[2], fields[3]) if quote and len(fields) == _BEFORE + 1 else None
    told.line(at)
    if at is None:
        return
    _, of, _, _, ip, _, request, operation, key = fields
    if operation not in _WRITES or of != bucket or len(key) > _LONGEST_KEY:
        return
    keys = _spellings(key)
    if not any(each.startswith(prefixes) for each in keys) or (operation == _PART and not _first_part(rest)):
        return
    asked = _asked(rest)
    if asked is None:
        told.unreadable += 1
        return
    status, code, size, agent, how = asked
    told.keep(
        Sighting(
            request[:100],
            at,
            keys,
            # What S3 calls 400 may be a time-out of the client's: its code says more.
            max(status, status_of(code)) if status >= 400 and code != "-" else status,
            address_of(ip),
            agent,
            # A form of a browser is signed in its fields, which are not told apart from those of a header.
            how == "QueryString" or operation == _FORM,
            _WRITES[operation],
            size if _WRITES[operation] else None,
            operation == _PART,
        )
    )


def _asked(rest: str) -> tuple[int, str, int | None, str, str] | None:
    """Return status, error code, size, agent and way of signing of what stands behind the first quote; None for what is torn."""
    # Method, URI, protocol: HTTP allows no space within them, whatever quotes there are.
    request = rest.split(" ", 3)
    middle, close, after = request[-1].rpartition('" ')
    numbers, opened, _ = middle.partition(' "')
    _, parted, agent = middle.rpartition('" "')
    told, behind = numbers.split(" "), after.split(" ")
    # Status, code, bytes sent, size, two times | version, host id, signature, cipher, way of signing, ...
    if len(request) != 4 or not (close and opened and parted) or len(told) != 6 or len(behind) < 5:
        return None
    if not (told[0].isascii() and told[0].isdecimal() and len(told[0]) == 3):
        return None
    size = int(told[3]) if told[3].isascii() and told[3].isdecimal() and len(told[3]) < 16 else None
    said = agent[:LONGEST_AGENT].strip()
    return int(told[0]), told[1], size, "" if said == "-" else said, behind[4]


def _first_part(rest: str) -> bool:
    """Tell whether a request is that of an upload's first part, by its query."""
    query = rest.split(" ", 2)[1].partition("?")[2] if rest.count(" ") > 1 else ""
    return "partNumber=1" in query.split("&")


def _spellings(key: str) -> tuple[str, ...]:
    """Return what an encoded key may stand for: S3 encodes it once, and once more what the client had encoded already."""
    once = unquote(key)
    return tuple(dict.fromkeys((once, unquote_plus(key), unquote(once), unquote_plus(once), key)))


def _instant(moment: str, zone: str) -> float | None:
    """Return seconds since 1970 of `[06/Feb/2019:00:00:38` and `+0000]`; not by strptime, whose months are those of the process."""
    if len(moment) != 21 or zone != "+0000]" or not moment.isascii():
        return None
    day, month, year, hour, minute, second = (
        moment[1:3],
        _MONTHS.get(moment[4:7]),
        moment[8:12],
        moment[13:15],
        moment[16:18],
        moment[19:21],
    )
    if month is None or not all(part.isdecimal() for part in (day, year, hour, minute, second)):
        return None
    try:
        return datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=UTC).timestamp()
    except ValueError:
        return None
