"""What is kept of lines that disclose something: places and fingerprints, some of every kind, and never what an error would quote."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest

from leh_guardian.checks.audit.sightings import MOST, Place, Sightings
from leh_guardian.disclosure import Scanner, Seal

RRN, PASSWORD = "900101-1234568", "hunter2-Canary"


def sightings() -> Sightings:
    """An empty one."""
    return Sightings(Scanner(date(2026, 11, 27), Seal(b"a key of sixteen")))


def place(key: str = "1", event: str | None = None) -> Place:
    """Where a line stands."""
    return Place("logs", "/leh/audit", key, None, event)


def test_a_line_of_each_form() -> None:
    """JSON, text, and what an event holds of several lines: one finding each, told by its place alone."""
    seen = sightings()
    lines = [f'{{"rrn": "{RRN}"}}', f"password={PASSWORD}", f"first\nsecond 주민번호 {RRN}", "clean"]
    assert seen.texts((place(str(n)), line) for n, line in enumerate(lines)) == 3
    assert [(one.place.key, one.kind, one.field) for one in seen.told] == [
        ("0", "kr_rrn", "$.rrn"),
        ("1", "password", None),
        ("2", "kr_rrn", None),
    ]
    assert seen.values == 2
    assert RRN not in repr(seen.told)
    assert PASSWORD not in repr(seen.told)


def test_a_noisy_place_hides_no_other() -> None:
    """Some of every kind come before more of one, and the certain before the others; all are counted."""
    seen = sightings()
    seen.texts((place(str(n)), f"password={PASSWORD}") for n in range(500))
    seen.texts([(place("call"), "연락처 010-2345-6789"), (place("rrn"), f"주민번호 {RRN}")])
    told = seen.told
    assert (len(told), seen.counts.total(), seen.serious) == (MOST, 502, 501)
    assert [one.place.key for one in told[:7]] == ["0", "1", "2", "3", "4", "rrn", "call"]


def test_an_event_that_is_read_twice_is_one() -> None:
    """A window may be drawn of what was read before."""
    seen = sightings()
    for _ in range(2):
        assert (
            seen.texts([(place(event="e1"), f"password={PASSWORD}"), (place(event="e2"), f"password={PASSWORD}")]) == 2
        )
    assert seen.counts.total() == 2


@pytest.mark.parametrize("name", [f"주민_{RRN}", "a\nb", "x" * 400, "token=abcdefgh12345", "password=hunter2-Canary"])
def test_names_that_could_be_a_secret(name: str) -> None:
    """They are replaced by a fingerprint, which is the same again for the same name."""
    safe = sightings().safe(name)
    assert (safe[:5], safe) == ("hmac:", sightings().safe(name))


@pytest.mark.parametrize(
    "name", ["audit/2026/11/27/api.jsonl.gz", "audit_0b8f9a52", "2026/11/27/[$LATEST]0b8f9a520d5f4a5e"]
)
def test_names_that_are_names(name: str) -> None:
    """They are told as they are."""
    assert sightings().safe(name) == name


class Failing(Scanner):
    """A detector that fails and quotes what it was given."""

    def scan_line(self, line: str) -> Any:
        """Fail."""
        raise KeyError(line)

    def scan_record(self, record: Any) -> Any:
        """Fail."""
        raise ValueError(str(record))


def test_a_detector_that_fails_is_counted() -> None:
    """Its error is not raised: it may quote the line. What it could not look at is told as a number."""
    seen = Sightings(Failing(date(2026, 11, 27)))
    assert seen.texts([(place(), f"password={PASSWORD}")]) == 0
    assert seen.records([(place(), {"password": PASSWORD})]) == [False]
    assert seen.stream(place(), io.BytesIO(f"password={PASSWORD}\n".encode()), ()) == 0
    assert seen.unscanned == 3


def test_an_error_of_the_stream_is_not_the_detectors() -> None:
    """What breaks off is told by whoever reads it."""

    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            raise EOFError

    with pytest.raises(EOFError):
        sightings().stream(place(), Broken(), (EOFError,))
