"""What use costs: exact, by the day's price, and never nothing for want of a price."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from leh_guardian.model.event import Event
from leh_guardian.model.spend.prices import Price, Prices
from leh_guardian.model.spend.usage import priced

PRICES = Prices(
    {
        "gpt-4o": (
            Price(date(2024, 5, 13), Decimal(5), Decimal(15)),
            Price(date(2024, 10, 2), Decimal("2.5"), Decimal(10)),
        ),
        "gpt-4o-mini": (Price(date(2024, 7, 18), Decimal("0.15"), Decimal("0.6")),),
        "embed": (Price(date(2024, 1, 1), Decimal("0.02"), Decimal(0)),),
    }
)


def on(day: int, month: int = 11) -> datetime:
    """A day of 2024."""
    return datetime(2024, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model", "at", "cost"),
    [
        ("gpt-4o", on(1), "0.0035"),
        ("gpt-4o", on(1, 10), "0.0065"),
        ("gpt-4o", on(1, 1), "0.0065"),
        ("gpt-4o", None, "0.0035"),
        ("GPT-4o-2024-08-06", on(1), "0.0035"),
        ("gpt-4o-mini-2024-07-18", on(1), "0.00021"),
        ("embed", on(1), "0.00002"),
    ],
)
def test_the_price_of_the_day_and_name(model: str, at: datetime | None, cost: str) -> None:
    """1,000 tokens sent and 100 back; a dated name has the price of the name that it begins with, before the first day the first."""
    assert PRICES.cost(model, 1000, 100, at) == (Decimal(cost), True)


@pytest.mark.parametrize("model", ["gpt-9", "", "gpt-4omni", "gpt", "embedding"])
def test_what_has_no_price_costs_what_the_dearest_does(model: str) -> None:
    """Of what it used: the dearest for this mix of tokens; a name that merely begins alike is another model."""
    assert PRICES.cost(model, 1000, 100, on(1)) == (Decimal("0.0035"), False)
    assert Prices({}).cost(model, 1000, 100, None) == (Decimal(0), False)


def use(**detail: Any) -> Event:
    """A record of use."""
    told = {"case_id": "c", "user_id": "u", "model": "gpt-4o", "prompt_tokens": 1000, "completion_tokens": 100}
    envelope = {"source": "leh.ai-worker", "detail-type": "TokenUsage", "time": "2024-11-01T00:00:00Z"}
    return Event("e", {**envelope, "detail": {**told, **detail}})


def test_a_sent_cost_is_ignored() -> None:
    """Guardian's own is in the event before anything looks at it; the event that came is as it was."""
    event = use(cost_usd=0)
    told, usage = priced(event, PRICES)
    assert told.envelope["detail"]["cost_usd"] == 0.0035
    assert usage is not None
    assert (usage.case_id, usage.user_id, usage.tokens, usage.cost, usage.priced) == (
        "c",
        "u",
        1100,
        Decimal("0.0035"),
        True,
    )
    assert event.envelope["detail"]["cost_usd"] == 0


@pytest.mark.parametrize("tokens", [-1, "many", 1.5, True, [1], float("nan"), float("inf"), 10**13])
def test_what_is_no_number_of_tokens_is_no_record(tokens: Any) -> None:
    """And has no cost, whatever it says of one."""
    told, usage = priced(use(prompt_tokens=tokens, cost_usd=1), PRICES)
    assert usage is None
    assert "cost_usd" not in told.envelope["detail"]


@pytest.mark.parametrize(
    ("change", "tokens"), [({"completion_tokens": None}, 1000), ({"prompt_tokens": 2000.0}, 2100), ({}, 1100)]
)
def test_one_side_may_be_missing(change: dict[str, Any], tokens: int) -> None:
    """An embedding sends nothing back; whole floats are what JSON makes of numbers."""
    _, usage = priced(use(**change), PRICES)
    assert usage is not None
    assert usage.tokens == tokens


@pytest.mark.parametrize("name", [None, 5, ["c"], "", {"a": 1}])
def test_nobodys_use_counts_for_nobody(name: Any) -> None:
    """It is the fleet's alone."""
    _, usage = priced(use(case_id=name), PRICES)
    assert usage is not None
    assert usage.case_id == ""


@pytest.mark.parametrize(
    "envelope",
    [
        {"source": "aws.s3", "detail-type": "TokenUsage", "detail": {}},
        {"source": "leh.ai-worker", "detail-type": "Other", "detail": {}},
    ],
)
def test_other_events_are_left_alone(envelope: dict[str, Any]) -> None:
    """Whatever they hold."""
    event = Event("e", envelope)
    assert priced(event, PRICES) == (event, None)


def test_a_record_without_any_tokens_is_none() -> None:
    """Nothing and unknown are not the same."""
    event = use()
    detail = {name: value for name, value in event.detail.items() if not name.endswith("_tokens")}
    assert priced(Event("e", {**event.envelope, "detail": detail}), PRICES)[1] is None


def test_a_record_that_is_sent_twice_is_one() -> None:
    """By the attempt's own id, where the worker gives one."""
    first, _ = priced(use(request_id="r-1"), PRICES)
    other = use(request_id="r-1")
    again, _ = priced(Event("another", other.envelope), PRICES)
    assert first.key == again.key
    assert priced(use(request_id=""), PRICES)[0].id == "e"
