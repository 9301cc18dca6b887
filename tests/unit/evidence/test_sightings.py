"""Which upload a request is: by key and order of time, each once, and with too little told nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.evidence.sightings import blocked, matched
from leh_guardian.evidence.uploads import Requests, records
from leh_guardian.model.activity import Activity, Line
from leh_guardian.model.sighting import Screened, Sighting
from leh_guardian.ports import ObjectVersion

BEGAN = datetime(2026, 11, 27, 3, tzinfo=UTC)
A, B = "cases/case_1/raw/ev_1_a.pdf", "cases/case_1/raw/ev_2_b.pdf"
IP, OTHER = "203.0.113.7", "198.51.100.1"


def stored(key: str, minute: float, size: int = 1) -> ObjectVersion:
    """An object that was stored so many minutes after the burst began."""
    return ObjectVersion(key, size, f"e{minute}", BEGAN + timedelta(minutes=minute))


def seen(
    key: str, minute: float, ip: str | None = IP, *, status: int = 200, presigned: bool = True, whole: bool = True
) -> Sighting:
    """A request of then."""
    at = (BEGAN + timedelta(minutes=minute)).timestamp()
    return Sighting(f"{key}{minute}{ip}", at, (key, f"{key}%20"), status, ip, "agent", presigned, whole)


def test_requests_and_versions_are_paired_in_order() -> None:
    """Of one key each version has a request of its own; what is another key's, or half a day apart, is not its."""
    versions = [stored(B, 9), stored(A, 1), stored(A, 2), stored(A, 3)]
    found = matched(versions, [seen(A, 3, OTHER), seen(A, 1), seen(A, 2), seen(B, 9 + 60 * 12)], BEGAN, None)
    assert {place: one.ip for place, one in found.of.items()} == {1: IP, 2: IP, 3: OTHER}
    assert [one.keys for one in found.gone] == [(B,)]
    assert (found.told, found.untold, found.own, found.enough) == (3, 1, 0, True)


def test_where_old_versions_are_not_listed_the_newest_request_is_the_newest_version() -> None:
    """The others stored something, too, which nobody can list: they are uploads, and not this one."""
    requests = [seen(A, n, f"203.0.113.{n}") for n in range(5)]
    found = matched([stored(A, 4)], requests, BEGAN, None, overwritten=False)
    assert found.of[0].ip == "203.0.113.4"
    assert len(found.gone) == 4
    made = list(records([stored(A, 4)], Activity(()), None, Requests(found)))
    assert [(one.key, one.ip) for one in made] == [(A, f"203.0.113.{n}") for n in (4, 3, 2, 1, 0)]


def test_the_service_itself_and_what_only_began_are_no_uploaders() -> None:
    """The address of a request that the service signed is its own; an upload in parts that never ended stored nothing."""
    found = matched([stored(A, 1)], [seen(A, 1, "10.0.0.1", presigned=False), seen(B, 1, whole=False)], BEGAN, None)
    assert (found.of, found.gone, found.own, found.enough) == ({}, (), 1, True)


def test_parts_tell_who_sends_what_the_service_began() -> None:
    """A presigned first part has the uploader's address; an upload that was begun with a presigned address has it already."""
    versions = [stored(A, 1), stored(B, 1)]
    begun = seen(A, 1, "10.0.0.1", presigned=False, whole=False)
    parts = [seen(A, 2, whole=False)._replace(part=True), seen(B, 2, OTHER, whole=False)._replace(part=True)]
    found = matched(versions, [begun, *parts, seen(B, 1, whole=False)], BEGAN, None)
    assert {place: one.ip for place, one in found.of.items()} == {0: IP, 1: IP}
    assert (found.told, found.own, found.gone) == (2, 0, ())
    late = matched(versions[:1], [begun, parts[0]._replace(at=begun.at + 7 * 3600)], BEGAN, None)
    assert (late.of, late.own) == ({}, 1)


def test_of_too_few_nothing_is_used() -> None:
    """Less than half is told: neither addresses nor refusals count, and what is awaited is counted."""
    versions = [stored(f"cases/case_1/raw/ev_{n}_a.pdf", n) for n in range(5)]
    requests = [seen(versions[n].key, n) for n in range(2)] + [seen(A, 1, status=403)]
    found = matched(versions, requests, BEGAN, requests[1].at)
    assert (found.told, found.untold, found.late, found.enough) == (2, 3, 3, False)
    made = list(records(versions, Activity(()), None, Requests(found)))
    assert [(one.ip, one.status, one.agent) for one in made] == [(None, None, None)] * 5
    assert Requests(found).ips == frozenset()


def test_what_was_refused_is_tried_and_has_no_key() -> None:
    """It is that of whom the log names; what WAF blocked is that of whoever uploads from its address."""
    lines = (Line("user_1", "UPLOAD", "ev_1", BEGAN), Line("user_2", "UPLOAD", "ev_2", BEGAN))
    versions = [stored(A, 1), stored(B, 2)]
    found = matched(versions, [seen(A, 1), seen(B, 2, OTHER), seen(B, 3, OTHER, status=403)], BEGAN, None)
    screened = Screened(BEGAN.timestamp(), IP, "BLOCK", "POST", "/api/cases/case_1/evidence", "curl", "4766", "rate")
    other = [
        screened._replace(action="CHALLENGE"),
        screened._replace(method="GET"),
        screened._replace(path="/api/cases/case_10"),
        screened._replace(ip="192.0.2.1"),
    ]
    about = blocked([screened, *other], {"case_1"}, {IP, OTHER})
    assert about == [(screened, "case_1")]
    made = list(records(versions, Activity(lines), None, Requests(found, {OTHER: "16509"}, about)))
    assert [(one.user, one.key, one.status, one.ip, one.asn) for one in made] == [
        ("user_1", A, 200, IP, None),
        ("user_2", B, 200, OTHER, "16509"),
        ("user_2", None, 403, OTHER, "16509"),
        ("user_1", None, 403, IP, "4766"),
    ]
    mine = records(versions, Activity(lines), "user_1", Requests(found, {}, about))
    assert [one.user for one in mine] == ["user_1", "user_1"]


TIMES = st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 600)), max_size=12)


@given(TIMES, TIMES, st.booleans())
def test_each_request_and_each_version_is_used_once(
    versions: list[tuple[str, int]], requests: list[tuple[str, int]], whole: bool
) -> None:
    """Nothing is counted twice or lost: requests are of a version or of a gone one, and only of their own key."""
    there = [stored(key, minute) for key, minute in versions]
    asked = [seen(key, minute)._replace(request=str(n)) for n, (key, minute) in enumerate(requests)]
    found = matched(there, asked, BEGAN, None, overwritten=whole)
    used = [one.request for one in (*found.of.values(), *found.gone)]
    assert sorted(used) == sorted(one.request for one in asked)
    assert all(there[place].key == one.keys[0] for place, one in found.of.items())
    assert found.told + found.untold == len(there)
