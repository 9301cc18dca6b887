"""What is announced of an outage, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.provider.findings import findings
from leh_guardian.model.provider.fusion import fuse
from leh_guardian.model.provider.outage import Announcement, Audience, Occasion, Outage, Phase
from leh_guardian.model.provider.snapshot import ComponentStatus, Page, PageIncident, PageState
from leh_guardian.model.provider.wording import announce

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOTH = (Audience.TEAM, Audience.USERS)
FACTS = {
    "state": "outage_suspected",
    "confidence": 0.6,
    "reason": "10 of 20 attempts",
    "incidents": [{"id": "i", "name": "Elevated errors\x1b[31m", "status": "investigating"}],
    "vanished": ["Embeddings"],
}


def outage(**changed: object) -> Outage:
    """An open outage that nobody was told of."""
    made = Outage("openai", UUID(int=1), Phase.OPEN, UUID(int=2), NOW, NOW, NOW + HOUR, facts=FACTS)
    return replace(made, **changed)  # type: ignore[arg-type]


def topics(made: Outage, at: datetime = NOW) -> list[str]:
    """What is due."""
    return [f"{each.topic}/{each.number}" for each in made.due(at, HOUR, BOTH)]


def test_the_start_goes_first() -> None:
    """However late it is, nobody is told of the third hour before the start."""
    assert topics(outage(), NOW + 3 * HOUR) == ["team/start/0", "users/start/0"]
    assert topics(outage(told={"team/start": 0}), NOW + 3 * HOUR) == ["team/update/3", "users/start/0"]


def test_updates_come_each_hour_and_the_newest_alone() -> None:
    """After a pause of three hours there is one update."""
    told = {"team/start": 0, "users/start": 0}
    assert topics(outage(told=told), NOW + HOUR - timedelta(seconds=1)) == []
    assert topics(outage(told=told), NOW + HOUR) == ["team/update/1", "users/update/1"]
    assert topics(outage(told={**told, "team/update": 1, "users/update": 3}), NOW + 3 * HOUR) == ["team/update/3"]


def test_an_end_is_told_to_those_who_heard_of_the_start() -> None:
    """Once, and to nobody else."""
    over = outage(phase=Phase.OVER, told={"team/start": 0})
    assert topics(over) == ["team/end/0"]
    assert topics(over.with_told(Announcement(Audience.TEAM, Occasion.END))) == []
    assert topics(outage(phase=Phase.OVER)) == []


def test_users_hear_nothing_of_what_the_worker_does_not_feel() -> None:
    """A bad page alone is for the team, once."""
    assert topics(outage(phase=Phase.NOTICED)) == ["team/notice/0"]
    assert topics(outage(phase=Phase.NOTICED, told={"team/notice": 0})) == []


def test_a_hold_ends_by_itself() -> None:
    """It holds while it is open and looked after; an end, or nobody's looks, release it."""
    assert outage().held(NOW)
    assert not outage().held(NOW + HOUR)
    assert not outage(phase=Phase.OVER).held(NOW)
    assert not outage(phase=Phase.NOTICED).held(NOW)
    assert outage().looked_after(NOW, timedelta(minutes=3))
    assert not outage().looked_after(NOW + timedelta(minutes=3), timedelta(minutes=3))
    assert not outage(owner=None).looked_after(NOW, timedelta(minutes=3))


_announcements = st.builds(
    Announcement, st.sampled_from(list(Audience)), st.sampled_from(list(Occasion)), st.integers(0, 99)
)


@given(_announcements, _announcements, st.uuids(), st.uuids())
def test_ids_are_one_to_one(one: Announcement, other: Announcement, a: UUID, b: UUID) -> None:
    """The same announcement of the same outage has the same id, and no other has."""
    assert (one.id(a) == other.id(b)) == ((one, a) == (other, b))


@given(st.lists(st.integers(0, 6 * 60), max_size=30))
def test_nothing_is_due_twice(minutes: list[int]) -> None:
    """Whenever one looks, what was sent is not due again, however it flaps."""
    made, sent = outage(), []
    for minute in sorted(minutes):
        for each in made.due(NOW + timedelta(minutes=minute), HOUR, BOTH):
            sent.append(each)
            made = made.with_told(each)
    assert len(sent) == len(set(sent))


@pytest.mark.parametrize("occasion", [Occasion.START, Occasion.UPDATE, Occasion.END])
def test_users_read_no_internals(occasion: Occasion) -> None:
    """What users read names no provider, component, number or reason of ours, and when it began in Seoul's time."""
    made = outage(ended_at=NOW + HOUR)
    title, lines = announce(made, Announcement(Audience.USERS, occasion), NOW)
    text = "\n".join([title, *lines])
    assert "2026-11-23 03:00 (한국 시간)" in text
    for internal in ("openai", "Elevated", "redrive", "DLQ", "Worker", "20", "Embeddings", "0.6"):
        assert internal not in text.replace("2026", ""), internal


def test_the_team_reads_why() -> None:
    """State, confidence, reason, the page's incidents as visible text, vanished names, and what happens next."""
    title, lines = announce(outage(), Announcement(Audience.TEAM, Occasion.START), NOW)
    text = "\n".join(lines)
    assert title == "openai 외부 장애: 재처리를 멈추고 복구를 기다립니다"
    for part in ("의심됨", "0.6", "10 of 20 attempts", "Elevated errors", "Embeddings", "redrive"):
        assert part in text
    assert "\x1b" not in text
    assert announce(outage(), Announcement(Audience.TEAM, Occasion.UPDATE, 2), NOW + 2.5 * HOUR)[0] == (
        "openai 외부 장애가 2시간 30분째 계속됩니다"
    )
    over = outage(phase=Phase.OVER, ended_at=NOW + timedelta(minutes=50))
    assert announce(over, Announcement(Audience.TEAM, Occasion.END), NOW)[0] == "openai 복구: 50분 만에 끝났습니다"
    assert "Worker는 정상" in announce(over, Announcement(Audience.TEAM, Occasion.NOTICE), NOW)[1][-1]


def test_what_a_page_says_is_redacted() -> None:
    """A secret or a resident number in an incident's name, whoever put it on the page, reaches neither facts nor people."""
    incident = PageIncident("i", "key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789 of 900101-1234567", "investigating")
    page = Page(PageState.BAD, ComponentStatus.MAJOR, ("Login",), incidents=(incident,), source="native")
    facts = findings("openai", fuse(page, []), page)
    _, lines = announce(outage(facts=facts), Announcement(Audience.TEAM, Occasion.START), NOW)
    for text in (str(facts), "\n".join(lines)):
        assert "sk-proj" not in text
        assert "900101-1234567" not in text
