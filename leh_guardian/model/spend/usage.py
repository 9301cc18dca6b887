"""Owns the record of one attempt to use a provider; the one rule: what it cost is what guardian's prices say, never what was sent.

docs/events.md describes the event. An attempt that failed counts like any other: a retry loop of failures costs as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from leh_guardian.model.event import Event
from leh_guardian.model.spend.prices import Prices
from leh_guardian.model.text import storable_key

SOURCE: Final = "leh.ai-worker"
ESTIMATED_SOURCE: Final = "leh.guardian"
"""Who tells of use where the worker does not (worker/estimates.py)."""
DETAIL_TYPE: Final = "TokenUsage"
REFUSED_TYPE: Final = "AllowanceSpent"
"""The worker's word that a call was refused: what its case may use in this hour is reserved (model/spend/hourly.py)."""
_MOST: Final = 10**12
"""Tokens of one attempt: beyond it, it is no number of tokens."""


@dataclass(frozen=True, slots=True)
class Usage:
    """One attempt."""

    case_id: str
    """Empty where the event does not say: what is nobody's counts for the fleet."""
    user_id: str
    model: str
    prompt: int
    """Tokens that were sent."""
    completion: int
    """Tokens that came back."""
    cost: Decimal
    """USD."""
    priced: bool
    """Whether the model has a price of its own; else it cost what the dearest does."""
    estimated: bool
    """Whether it was not told by the worker, but estimated from its log or the evidence table."""
    attempts: int = 1
    """How many it stands for: an estimate tells of a minute."""
    refused: bool = False
    """Whether nothing was used, because the case's allowance of the hour is spent."""
    estimated_from: str = ""
    """Which of the two it was estimated from: log, or table."""
    circuit: int | None = None
    """The version of its case's circuit that let it through; None where nobody says."""

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prompt + self.completion


def bucket(happened: datetime, accepted: datetime | None) -> datetime:
    """Return the beginning of the part of a minute that use is counted in.

    That is the minute, unless what was used until `accepted`, within it, is not held against anybody: then that second is a part of
    its own, and what follows another. A second is as fine as EventBridge tells when something happened.
    """
    minute, second = happened.replace(second=0, microsecond=0), happened.replace(microsecond=0)
    if accepted is None or second < accepted.replace(microsecond=0):
        return minute
    return max(minute, min(second, after(accepted)))


def after(accepted: datetime) -> datetime:
    """Return the beginning of what was surely used after an instant."""
    return accepted.replace(microsecond=0) + timedelta(seconds=1)


def is_usage(envelope: Mapping[str, Any]) -> bool:
    """Tell whether an event is a record of use, or of what was refused."""
    if envelope.get("detail-type") == REFUSED_TYPE:
        return envelope.get("source") == SOURCE
    return envelope.get("source") in {SOURCE, ESTIMATED_SOURCE} and envelope.get("detail-type") == DETAIL_TYPE


def priced(event: Event, prices: Prices) -> tuple[Event, Usage | None]:
    """Return a record of use with `detail.cost_usd` set, and what it says; any other event as it is.

    A record without usable numbers of tokens comes back without a cost, and with None.
    """
    envelope = event.envelope
    if not is_usage(envelope) or not isinstance(envelope.get("detail"), Mapping):
        return event, None
    if envelope.get("detail-type") == REFUSED_TYPE:
        case = _text(envelope["detail"].get("case_id"))
        return event, Usage(
            case, "", "", 0, 0, Decimal(0), priced=True, estimated=False, refused=True
        ) if case else None
    detail = {name: value for name, value in envelope["detail"].items() if name != "cost_usd"}
    prompt, completion = (_tokens(detail.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    if prompt is None or completion is None or not {"prompt_tokens", "completion_tokens"} & detail.keys():
        return Event(event.id, {**envelope, "detail": detail}), None
    model = _text(detail.get("model"))
    cost, known = prices.cost(model, prompt, completion, event.occurred_at)
    detail |= {"cost_usd": float(cost), "priced": known}
    estimated = envelope.get("source") == ESTIMATED_SOURCE
    usage = Usage(
        _text(detail.get("case_id")),
        _text(detail.get("user_id")),
        model,
        prompt,
        completion,
        cost,
        known,
        estimated=estimated,
        attempts=(_tokens(detail.get("attempts")) or 1) if estimated else 1,
        estimated_from=_text(detail.get("estimated_from"))[:20] if estimated else "",
        circuit=_tokens(detail["circuit"]) if "circuit" in detail else None,
    )
    # Sent again after a lost answer, a record has another id of EventBridge's.
    request = _text(detail.get("request_id"))
    event_id = f"usage {request}" if request else event.id
    return Event(event_id, {**envelope, "detail": detail}), usage


def _tokens(value: Any) -> int | None:
    """Return a number of tokens; a missing one is none at all, anything else but a whole number is no record."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST or value != int(value):
        return None
    return int(value)


def _text(value: Any) -> str:
    return storable_key(value) if isinstance(value, str) and value else ""
