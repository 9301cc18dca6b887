"""Verdicts: over the made-up families, and that nothing changes them that must not."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.rules.upload_signals import built_in_upload_signals
from leh_guardian.uploads import Condition, Signal, SignalTable, judge
from leh_guardian.uploads.gathering import gather
from leh_guardian.uploads.signals import weigh
from tests.support.uploads import attacks, attacks_second, held_attacks, held_legit, legit, legit_second
from tests.support.uploads.evaluation import Family, records, rows_of, verdicts, wilson
from tests.support.uploads.evaluation import judged as judged_rows
from tests.unit.uploads.making import NOW, judged, row, uploads
from tests.unit.uploads.making import records as made

LEGIT = (*legit.FAMILIES, *legit_second.FAMILIES, *held_legit.FAMILIES)
ATTACKS = (*attacks.FAMILIES, *attacks_second.FAMILIES, *held_attacks.FAMILIES)


def counted(families: tuple[Family, ...]) -> Counter[str]:
    """Return how many families' first incident got which verdict."""
    return sum((verdicts(family, range(1)) for family in families), Counter())


def test_honest_people_are_not_attacked() -> None:
    """Of no legitimate family, tuned on or held out, an incident is called an attack; most are let go at once."""
    found = counted(LEGIT)
    assert found["attack"] == 0
    assert found["legitimate"] >= 0.8 * len(LEGIT)


def test_attacks_are_contained() -> None:
    """Nearly all attacks are attack or suspicious, and many are called what they are."""
    found = counted(ATTACKS)
    assert found["legitimate"] <= 0.05 * len(ATTACKS)
    assert found["attack"] >= 0.2 * len(ATTACKS)


INVARIANT: tuple[Family, ...] = (
    legit.flaky_network,
    legit.office_signs_up,
    attacks.botnet,
    attacks.stolen_account,
    attacks.address_replay,
)


@pytest.mark.parametrize("family", INVARIANT, ids=lambda family: family.__name__)
def test_order_and_repeats_change_nothing(family: Family) -> None:
    """The same records in another order, some of them two and three times, give the same answer to the last digit."""
    rows = records(rows_of(family, 3))
    before = judge(rows, built_in_upload_signals(), NOW + timedelta(days=300)).to_json()
    mixed = [*rows, *rows[::2], *rows[::3]]
    random.Random(7).shuffle(mixed)
    after = judge(mixed, built_in_upload_signals(), NOW + timedelta(days=300)).to_json()
    assert after["coverage"].pop("repeated") > 0
    for answer in (before, after):
        answer.pop("coverage")
    assert before == after


@pytest.mark.parametrize(
    ("fields", "signal"),
    [
        ("ip asn", "many-places"),
        ("user_agent", "scripted-agent"),
        ("sha256 etag", "duplicates"),
        ("size", "oversize"),
        ("content_type key", "wrong-types"),
        ("status", "refused"),
        ("account_created_at", "new-account"),
        ("past_bulk_ok", "past-bulk-ok"),
    ],
)
def test_a_missing_source_is_no_evidence(fields: str, signal: str) -> None:
    """Without a source its signals are told as missing, and legitimate stays legitimate."""
    rows = rows_of(legit.binder, 1)
    without = [{name: value for name, value in one.items() if name not in fields.split()} for one in rows]
    assert signal not in judged_rows(rows).to_json()["missing"]
    answer = judged_rows(without).to_json()
    assert signal in answer["missing"]
    assert answer["verdict"] == "legitimate"


def test_a_log_without_views_accuses_nobody_of_not_looking() -> None:
    """Where nobody's views are in the log, their absence is a missing source and no signal."""
    rows = [one for one in rows_of(legit.binder, 1) if one["action"] == "upload"]
    answer = judged_rows(rows).to_json()
    assert {"no-views", "nobody-there", "human-views"} <= set(answer["missing"])
    assert answer["verdict"] == "legitimate"


def test_the_newest_day_is_the_incident() -> None:
    """What is older than 24 hours before the newest record is history, and nobody is judged by it alone."""
    bomb = uploads(40, key="k/same.pdf", sha256="{}", account_created_at="2026-03-11T00:00:00Z")
    assert judged(bomb).verdict == "attack"
    answer = judged([*bomb, row(86_400 * 3, "view", user_id="other")])
    assert (answer.verdict, answer.judged) == ("legitimate", ())


def test_a_broken_clock_hides_nothing() -> None:
    """A record dated years ahead is left out and told; it does not push the incident into history."""
    rows = made([*uploads(30, key="k/same.pdf", sha256="{}"), row(86_400 * 3000)])
    gathered = gather(rows, NOW)
    assert (gathered.ahead, len(gathered.incident)) == (1, 30)


def test_of_too_many_records_the_newest_stay() -> None:
    """Memory has a bound; in whatever order they come, the same ones are kept, and the rest is counted."""
    rows = made(uploads(1000, 1, key="k/{}.pdf"))
    kept = gather(rows, NOW, most=100)
    mixed = list(rows)
    random.Random(1).shuffle(mixed)
    assert gather(mixed, NOW, most=100) == kept
    assert ([record.at for record in kept.incident], kept.left_out) == ([record.at for record in rows[-100:]], 900)


def test_bystanders_are_not_judged_by_their_neighbour() -> None:
    """Each user has a verdict of their own; the file's is the worst."""
    attack = uploads(
        60,
        5,
        user_id="bad",
        key="k/same.pdf",
        sha256="{}",
        user_agent="curl/8",
        account_created_at="2026-03-11T00:00:00Z",
    )
    other = [*uploads(9, 400, user_id="good", key="k2/계약서 {}.pdf", sha256="g{}"), row(50, "view", user_id="good")]
    answer = judged([*attack, *other]).to_json()
    assert [(one["user_id"], one["verdict"]) for one in answer["subjects"]] == [
        ("bad", "attack"),
        ("good", "legitimate"),
    ]
    assert answer["verdict"] == "attack"


def test_uploads_without_a_user_are_those_of_who_asked_for_the_key() -> None:
    """S3 knows keys and no users; the presign does. What nobody asked for is judged by its case."""
    rows: list[dict[str, Any]] = [
        row(0, "presign", key="k/a.pdf"),
        row(5, key="k/a.pdf", user_id=None),
        row(6, key="x/b.pdf", user_id=None, case_id="c"),
    ]
    told = judged(rows).to_json()["subjects"]
    assert sorted((str(one["user_id"]), one.get("case_id"), one["uploads"]) for one in told) == [
        ("None", "c", 1),
        ("u", None, 1),
    ]


def test_no_name_and_no_whole_address_is_told() -> None:
    """The answer is read by anybody on call: keys are digests, addresses are cut."""
    text = str(judged(uploads(30, key="cases/c/raw/ev_{}_비밀 합의서.pdf", ip="121.55.66.77", sha256="{}")).to_json())
    assert "합의서" not in text
    assert "121.55.66.77" not in text
    assert "121.55.66.0/24" in text


@pytest.mark.parametrize(
    ("again", "wanted"),
    [
        ({"status": 503}, 1),
        ({"sha256": "other"}, 2),
        ({"late": 4000.0}, 2),
        ({"name": "other.pdf"}, 2),
        ({"evidence": "ev_2"}, 1),
    ],
)
def test_what_is_only_sent_again_is_one_effort(again: dict[str, Any], wanted: int) -> None:
    """The same content and name soon after is a retry, with a new evidence id as well; anything else is not."""

    def one(at: float, evidence: str = "ev_1", name: str = "a.pdf", **more: Any) -> dict[str, Any]:
        return row(at, **{"key": f"cases/c/raw/{evidence}_{name}", "evidence_id": evidence, "sha256": "s", **more})

    options = {name: value for name, value in again.items() if name != "late"}
    assert judged([one(0), one(again.get("late", 60.0), **options)]).judged[0].values["uploads"] == wanted


def test_too_many_retries_explain_nothing() -> None:
    """Six are believed; from then on the same content on the same key counts as what it costs."""
    assert judged(uploads(60, key="k/a.pdf", sha256="a")).judged[0].values["uploads"] == 54


TABLE = SignalTable(
    prior=-1.0,
    suspicious=0.0,
    attack=3.0,
    require_families=2,
    decisive=frozenset({"content"}),
    decisive_weight=1.0,
    most={"rate": 1.5},
    signals=(
        Signal("fast", "rate", 1.0, (Condition("uploads", "at_least", 10),)),
        Signal("faster", "rate", 4.0, (Condition("uploads", "at_least", 20),)),
        Signal("copies", "content", 3.0, (Condition("dup_ratio", "above", 0.5),)),
        Signal("script", "automation", 4.0, (Condition("scripted_ratio", "above", 0.5),)),
        Signal(
            "old", "trust", -3.0, (Condition("past_days", "at_least", 5),), (Condition("stranger_ratio", "above", 0.5),)
        ),
        Signal("bomb", "content", 0.5, (Condition("oversize", "above", 3),), contains=True),
    ),
)


@pytest.mark.parametrize(
    ("values", "verdict", "score"),
    [
        ({}, "legitimate", -1.0),
        ({"uploads": 30.0}, "suspicious", 0.5),
        ({"uploads": 30.0, "scripted_ratio": 1.0}, "suspicious", 4.5),
        ({"uploads": 30.0, "dup_ratio": 0.9}, "attack", 3.5),
        ({"dup_ratio": 0.9, "oversize": 9.0}, "suspicious", 2.5),
        ({"uploads": 30.0, "dup_ratio": 0.9, "past_days": 9.0}, "suspicious", 0.5),
        ({"dup_ratio": 0.9, "past_days": 9.0, "stranger_ratio": 1.0}, "suspicious", 2.0),
        ({"oversize": 9.0, "past_days": 9.0}, "suspicious", -3.5),
    ],
)
def test_weighing(values: dict[str, float], verdict: str, score: float) -> None:
    """Families are capped, an attack needs two and a decisive one, trust is lost to strangers, some signals contain alone."""
    weighed = weigh(values, TABLE)
    assert (weighed.verdict, weighed.score) == (verdict, score)
    assert round(TABLE.prior + sum(weighed.families.values()), 3) == weighed.score


def test_missing_signals_are_those_that_could_not_be_told() -> None:
    """A signal whose other condition fails anyway is not missing."""
    table = SignalTable(
        0,
        0,
        9,
        2,
        frozenset(),
        0,
        {},
        (Signal("x", "rate", 1, (Condition("a", "above", 1), Condition("b", "above", 1))),),
    )
    assert weigh({"a": 2.0}, table).missing == ("x",)
    assert weigh({"a": 0.0}, table).missing == ()


def test_wilson() -> None:
    """The interval of the textbooks."""
    low, high = wilson(95, 100)
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)
