"""What an absence rule knows of a key: copies, late and reordered events, uploads of the same key, time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.event import parse_body
from leh_guardian.model.expectation import MOST_OF_EVENT, Expectation, Heard, bounded, mark_of
from leh_guardian.model.text import dump_json
from tests.support.builders import body

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
WITHIN = timedelta(minutes=15)


def at(minutes: float) -> datetime:
    """The instant so many minutes from now."""
    return NOW + timedelta(minutes=minutes)


def upload(number: int, happened: float) -> Heard:
    """The upload of this number, which happened at a minute."""
    return Heard(f"sequencer {number}", f"event-{number}", {"n": number}, at(happened))


def live(*heard: tuple[str, int, float, float]) -> Expectation:
    """What is known after (`after` or `then`, number, when it happened, when it is heard)."""
    one = Expectation("rule", "key")
    for kind, number, happened, now in heard:
        after = one.heard(upload(number, happened), at(now), WITHIN) or one
        one = after if kind == "after" else one.completed(at(happened), WITHIN)
    return one


TABLE: dict[str, tuple[list[tuple[str, int, float, float]], float | None]] = {
    "expected": ([("after", 1, 0, 1)], 16),
    "a copy does not move it": ([("after", 1, 0, 1), ("after", 1, 0, 9)], 16),
    "finished": ([("after", 1, 0, 1), ("then", 1, 5, 6)], None),
    "finished, and a copy of its upload": ([("after", 1, 0, 1), ("then", 1, 5, 6), ("after", 1, 0, 7)], None),
    "finished before it was heard of": ([("then", 1, 5, 5), ("after", 1, 0, 6)], None),
    "... and a copy": ([("then", 1, 5, 5), ("after", 1, 0, 6), ("after", 1, 0, 7)], None),
    "finished within the second": ([("after", 1, 0.005, 1), ("then", 1, 0, 2)], None),
    "uploaded again afterwards": ([("after", 1, 0, 1), ("then", 1, 5, 6), ("after", 2, 10, 11)], 26),
    "... and finished": ([("after", 1, 0, 1), ("then", 1, 5, 6), ("after", 2, 10, 11), ("then", 2, 12, 12)], None),
    "... a copy of the first end": (
        [("after", 1, 0, 1), ("then", 1, 5, 6), ("after", 2, 10, 11), ("then", 1, 5, 12)],
        26,
    ),
    "uploaded again meanwhile does not put it off": ([("after", 1, 0, 1), ("after", 2, 10, 11)], 16),
    "... the first end is heard late": ([("after", 1, 0, 1), ("after", 2, 10, 11), ("then", 1, 5, 12)], 26),
    "... the second is what ends it": ([("after", 1, 0, 1), ("after", 2, 10, 11), ("then", 2, 12, 12)], None),
    "an older upload, heard late": ([("after", 2, 10, 11), ("after", 1, 0, 12)], 26),
    "an end of long ago": ([("then", 1, -9, -8), ("after", 1, 0, 1)], 16),
    "an end alone": ([("then", 1, 5, 5)], None),
}


@pytest.mark.parametrize(("heard", "due"), TABLE.values(), ids=TABLE)
def test_what_is_expected(heard: list[tuple[str, int, float, float]], due: float | None) -> None:
    """The newest upload counts; it is done if something finished no earlier than it; copies change nothing."""
    assert live(*heard).due_at == (None if due is None else at(due))


def test_a_look_that_has_begun_is_not_put_off() -> None:
    """An older completion gives the newer upload its own time, unless the time is over and it is being looked for."""
    missed = Expectation(
        "rule", "key", "sequencer 2", "e", {}, at(10), at(11), due_at=at(17), missed_at=at(16), done_at=None
    )
    assert missed.completed(at(5), WITHIN).due_at == at(17)


def test_fired_and_finished_afterwards() -> None:
    """A completion after the rule has fired ends that, too; a copy of the upload does not fire again, another upload may."""
    fired = live(("after", 1, 0, 1)).settled(fired=True)
    assert fired.heard(upload(1, 0), at(20), WITHIN) is None
    assert not fired.completed(at(21), WITHIN).fired
    assert fired.completed(at(-1), WITHIN).fired
    again = fired.heard(upload(2, 30), at(30), WITHIN)
    assert again is not None
    assert (again.due_at, again.fired) == (at(45), False)


EVENTS = st.lists(st.tuples(st.sampled_from(["after", "then"]), st.integers(0, 5)), max_size=8)


@given(EVENTS.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events * 2))))
def test_order_and_copies_do_not_matter(case: tuple[list[tuple[str, int]], list[tuple[str, int]]]) -> None:
    """Whatever the order, and however often: what is expected depends on what happened alone."""
    events, heard = case
    uploads = [when for kind, when in events if kind == "after"]
    ends = [when for kind, when in events if kind == "then"]
    one = live(*((kind, when, when, 10 + n) for n, (kind, when) in enumerate(heard)))
    assert one.open == (bool(uploads) and max(uploads) > max(ends, default=-1))
    assert (one.envelope is not None) == one.open


def object_created(key: str, **of_object: Any) -> dict[str, Any]:
    """An upload as EventBridge tells of it (Amazon S3 User Guide, "EventBridge event message structure")."""
    thing = {"key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184", "sequencer": "00617F08299329D189"}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-11-22T18:00:00Z",
        "region": "ap-northeast-2",
        "resources": ["arn:aws:s3:::leh-evidence-prod"],
        "detail": {"version": "0", "bucket": {"name": "leh-evidence-prod"}, "object": thing | of_object},
    }


def record(encoded_key: str, **of_object: Any) -> dict[str, Any]:
    """The same upload as S3's own notification tells of it."""
    thing = {
        "key": encoded_key,
        "size": 5,
        "eTag": "b1946ac92492d2347c6235b4d2611184",
        "sequencer": "00617F08299329D189",
    }
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "awsRegion": "ap-northeast-2",
                "eventTime": "2026-11-22T18:00:00.417Z",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "leh-evidence-prod"}, "object": thing | of_object},
            }
        ]
    }


SPELLINGS = {
    "plain": ("cases/c/raw/ev_1_a.pdf", "cases/c/raw/ev_1_a.pdf"),
    "Korean": ("cases/c/raw/ev_1_녹취록.m4a", "cases/c/raw/ev_1_%EB%85%B9%EC%B7%A8%EB%A1%9D.m4a"),
    "spaces": ("cases/c/raw/ev_1_녹취 1.m4a", "cases/c/raw/ev_1_%EB%85%B9%EC%B7%A8+1.m4a"),
    "a plus": ("cases/c/raw/ev_1_a+b.pdf", "cases/c/raw/ev_1_a%2Bb.pdf"),
    "a percent sign": ("cases/c/raw/ev_1_50%2Boff.pdf", "cases/c/raw/ev_1_50%252Boff.pdf"),
}


@pytest.mark.parametrize(("key", "encoded"), SPELLINGS.values(), ids=SPELLINGS)
def test_both_spellings_of_an_upload_are_one(key: str, encoded: str) -> None:
    """EventBridge tells keys as they are, S3's notification URL-encoded with plus signs: the same key and the same mark."""
    [one], [other] = parse_body(body(object_created(key))), parse_body(body(record(encoded)))
    assert one.detail["object"]["key"] == other.detail["object"]["key"] == key
    assert one.id != other.id
    assert mark_of(one.id, one.envelope) == mark_of(other.id, other.envelope)


@pytest.mark.parametrize(
    "changed", [{"version-id": "b"}, {"sequencer": "00617F08299329D190"}, {"sequencer": None, "etag": "other"}]
)
def test_another_upload_of_the_key_has_another_mark(changed: dict[str, Any]) -> None:
    """A new version, a new place in the sequence, or other content."""
    assert mark_of("a", object_created("k", **changed)) != mark_of("a", object_created("k"))


def test_the_version_counts_where_there_is_one() -> None:
    """The first of version, sequencer, etag; where there is none of them, and for other events, the event itself."""
    assert mark_of("a", object_created("k", **{"version-id": "v"})) == "version-id v"
    nothing = {"sequencer": None, "etag": ""}
    assert mark_of("a", object_created("k", **nothing)) == "a"
    assert mark_of("a", {"source": "leh.ai-worker", "detail": {"object": {"etag": "x"}}}) == "a"
    assert mark_of("a", {"source": "aws.s3", "detail": {"object": ["etag"]}}) == "a"


def test_a_huge_event_is_kept_bounded() -> None:
    """What tells one event from another is small and stays; the largest fields go."""
    ordinary = object_created("cases/c/raw/ev_1_" + "녹" * 300)
    assert bounded(ordinary) is ordinary
    huge = object_created("k")
    huge["detail"]["junk"] = ["x" * 5000] * 99
    assert bounded(huge)["detail"]["object"]["key"] == "k"
    assert "junk" not in bounded(huge)["detail"]
    assert len(dump_json(bounded(huge))) <= MOST_OF_EVENT
    hostile = {
        "source": "a",
        "detail-type": "b",
        "detail": {str(n): {str(m): "x" * 999 for m in range(99)} for n in range(99)},
    }
    kept = bounded(hostile)
    assert (kept["source"], kept["detail-type"], kept["detail"]) == ("a", "b", {})
    many = {f"{n:03}": "x" * 500 for n in range(39)}
    crowded = {
        **many,
        "source": "s" * 9000,
        "detail-type": "b",
        "detail": {"object": {"key": "k"}, "list": ["y" * 900] * 39},
    }
    kept = bounded(crowded)
    assert len(dump_json(kept)) <= MOST_OF_EVENT
    assert (len(kept["source"]), kept["detail"]) == (1200, {"object": {"key": "k"}})
