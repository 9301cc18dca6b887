"""On-call as an iCalendar object: what other programs read of it, line by line (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leh_guardian.model.oncall import spans
from leh_guardian.model.oncall.ical import calendar
from leh_guardian.rules.oncall.loading import load_oncall
from tests.unit.rules.oncall.test_loading import ENVIRONMENT, EXAMPLE

NOW = datetime(2026, 12, 20, tzinfo=UTC)


def exported(text: str = EXAMPLE, now: datetime = NOW, days: int = 90) -> str:
    """Return the first schedule of a file as a calendar."""
    oncall = load_oncall(text.encode(), "oncall.yaml", ENVIRONMENT)
    return calendar(oncall, [oncall.schedules["lv1_dev"]], now, days)


def events(text: str) -> list[dict[str, str]]:
    """Read the events back, as a program would: unfold, then split at the first colon."""
    lines = text.replace("\r\n ", "").split("\r\n")
    found: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found:
            found[-1].setdefault(name, value)
    return found


def test_lines_are_folded_at_75_octets_and_end_as_they_must() -> None:
    """Korean letters are three octets each, and none is cut through."""
    text = exported(EXAMPLE.replace("name: Lv1 당직 개발자", f"name: {'당직' * 60}"))
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("\r\nEND:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) == 75
    assert "당직" * 60 in events(text)[0]["SUMMARY"]


def test_texts_are_escaped() -> None:
    """Commas, semicolons, backslashes and line breaks have a meaning; control characters have no place."""
    name = r'"가; 나, 다\\라\n\u202e마"'
    text = exported(EXAMPLE.replace("name: Lv1 당직 개발자", f"name: {name}"))
    assert r"(가\; 나\, 다\\라\n마)" in events(text)[0]["SUMMARY"]


def test_events_are_the_stretches_of_duty() -> None:
    """In UTC, end to end, with the names of the people and why."""
    oncall = load_oncall(EXAMPLE.encode(), "oncall.yaml", ENVIRONMENT)
    begin = datetime(2026, 11, 2, 1, tzinfo=UTC)
    wanted = [
        one
        for one in spans(oncall.schedules["lv1_dev"], begin, NOW + timedelta(days=90))
        if one.end > NOW - timedelta(days=31)
    ]
    found = events(exported())
    assert [(one["DTSTART"], one["DTEND"]) for one in found] == [
        (f"{span.begin:%Y%m%dT%H%M%SZ}", f"{span.end:%Y%m%dT%H%M%SZ}") for span in wanted
    ]
    [shadowed] = [one for one in found if one["DTSTART"] == "20270104T010000Z"]
    assert shadowed["SUMMARY"] == "김민수\\, 정도현 (Lv1 당직 개발자)"
    assert "dohyun 추가 (신규 당직 섀도잉)" in shadowed["DESCRIPTION"]
    assert {one["DTSTAMP"] for one in found} == {"20261220T000000Z"}


def test_a_turn_keeps_its_id() -> None:
    """Exported again a week later, and with other people in it, it is the same event to whoever subscribed."""
    first = {one["DTSTART"]: one["UID"] for one in events(exported())}
    later = {one["DTSTART"]: one["UID"] for one in events(exported(now=NOW + timedelta(days=7)))}
    other = {one["DTSTART"]: one["UID"] for one in events(exported(EXAMPLE.replace("add: [dohyun]", "add: [seoyeon]")))}
    shared = first.keys() & later.keys()
    assert len(shared) > 20
    assert all(first[at] == later[at] for at in shared)
    assert first["20270104T010000Z"] == other["20270104T010000Z"]
    assert len(set(first.values())) == len(first)
