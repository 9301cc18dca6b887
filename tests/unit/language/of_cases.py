"""Owns samples of what is said of a case's restore, and of the question that comes before it; the one rule: as in `samples.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from leh_guardian.cli import case as command
from leh_guardian.engine import approving_wording, restoring_wording
from leh_guardian.engine.approving import Proposed
from leh_guardian.evidence import repair, wording
from leh_guardian.evidence.inventory import Inventory
from leh_guardian.language import Text
from leh_guardian.model import case
from leh_guardian.model.case import CaseRecord, RestorePolicy

_NOW: Final = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
_CLOSED: Final = CaseRecord("case_3f9c", "closed", "CLOSED", None, "user_1", _NOW - timedelta(hours=1))
_PIECES: Final = frozenset(f"ev_{number}" for number in range(7))
_SEEN: Final = Inventory("case_3f9c", _PIECES, 0, {"ev_0": "processed"}, frozenset({"ev_0"}), None, True)


def samples() -> dict[str, Text]:
    """Return what each function says, by module, name and what it is said of."""
    return {**_of_evidence(), **_of_restores(), **_of_questions()}


def _of_evidence() -> dict[str, Text]:
    one, two = wording.some(["ev_1"]), wording.some([f"ev_{number}" for number in range(5)])
    made = {
        "counted/1": wording.counted(1, 1, 1),
        "counted/2": wording.counted(7, 3, 2),
        "counted/not-searched": wording.counted(7, 3, None),
        "lacking/well": wording.lacking(1, 0, 0, 0, 0),
        "lacking": wording.lacking(7, 1, 2, 3, 4),
        "reprocessing": wording.reprocessing(2, 0.1),
        "both_prices": wording.both_prices(7, 0.35, 0.05, 1.71, 0.171),
        "one_price": wording.one_price(7, 0.35, 0.05, "point-in-time recovery is off"),
        "would": wording.would("case_3f9c", wording.counted(2, 1, 1), ["reindex-case"]),
        "would/nothing": wording.would("case_3f9c", wording.counted(2, 2, 2), []),
        "unprocessed": wording.unprocessed(5, two, Text.same("ev_1: its processing has failed again")),
        "unsearchable": wording.unsearchable(1, one, wording.NO_DOCUMENT),
        "doubtful/1": wording.doubtful("case_3f9c", 1, one),
        "doubtful/5": wording.doubtful("case_3f9c", 5, two),
        "left_alone/1": wording.left_alone(1, one),
        "left_alone/2": wording.left_alone(5, two),
        "young/1": wording.young(1),
        "young/2": wording.young(2),
        "unnamed/1": wording.unnamed(1),
        "unnamed/2": wording.unnamed(2),
        "some/1": one,
        "some/5": two,
        "joined": wording.joined(", ", one, two),
    }
    rest = {
        "evidence.inventory.said": _SEEN.said,
        "evidence.inventory.lacking": _SEEN.lacking,
        "evidence.repair.said": repair.said({"why_not": "it is off"}, _SEEN, repair.Prices()),
        "evidence.repair.said/both": repair.said({"commands": [], "usd": 1.71}, _SEEN, repair.Prices()),
    }
    return {**{f"evidence.wording.{name}": text for name, text in made.items()}, **rest}


def _of_restores() -> dict[str, Text]:
    id_, why = "case_3f9c", case.refusal(_CLOSED, RestorePolicy(frozenset({"case_3f9c"})), _NOW)
    long_ago = RestorePolicy(oldest=timedelta(0))
    made = {
        "case": wording.case(id_, "active"),
        "case/unknown": wording.case(id_, ""),
        "closing": wording.closing("user_1", _NOW - timedelta(minutes=90), _NOW),
        "closing/nobody": wording.closing(None, None, _NOW),
        "not_restorable": wording.not_restorable(why),
        "closed_case": wording.closed_case(id_, "closed"),
        "too_many": wording.too_many(id_, 7, 5),
        "is_active": wording.is_active(id_),
        "is_neither": wording.is_neither(id_, "frozen"),
        "not_restored": wording.not_restored(id_, why),
        "would_open": wording.would_open(id_),
        "opened": wording.opened(id_),
        "opened_briefly": wording.opened_briefly(id_),
    }
    commands = {
        "_no_id": command._no_id("'; DROP TABLE cases"),
        "_under_way": command._under_way("0199f7c3"),
        "_begun": command._begun("0199f7c3"),
        "_to_do": command._to_do("reindex-case"),
        "_missing": command._missing("records", "ev_1, ev_2"),
        "_nothing_to_do": command._nothing_to_do(id_, "active"),
    }
    rest = {
        "model.case.refusal/held": why,
        "model.case.refusal/old": case.refusal(_CLOSED, long_ago, _NOW + timedelta(days=1)),
        "model.case.refusal/older": case.refusal(_CLOSED, long_ago, _NOW + timedelta(days=2)),
        "model.case.refusal/anew": case.refusal(_CLOSED, RestorePolicy(), _NOW, _NOW - timedelta(hours=2)),
    }
    return {
        **{f"evidence.wording.{name}": text for name, text in made.items()},
        **{f"cli.case.{name}": text for name, text in commands.items()},
        **rest,
    }


def _of_questions() -> dict[str, Text]:
    shown = [Proposed(name, name, f'{{"case":"{name}"}}', known=True) for name in ("case_restore", "reconcile_case")]
    later = Proposed("release_parked", "release_parked", "", known=False)
    case, why = "case_3f9c", "cases has no case case_3f9c"
    return {
        "engine.restoring_wording.asked": restoring_wording.asked(case, 7),
        "engine.restoring_wording.under_way": restoring_wording.under_way(case, 7),
        "engine.restoring_wording.left_open": restoring_wording.left_open(case, 7),
        "engine.restoring_wording.held_back": restoring_wording.held_back(case, 7),
        "engine.restoring_wording.no_rule": restoring_wording.no_rule(case),
        "engine.restoring_wording.not_found": restoring_wording.not_found(case, why),
        "engine.approving_wording.proposal/1": approving_wording.proposal(shown[:1]),
        "engine.approving_wording.proposal/over-budget": approving_wording.proposal(shown[:1], over_budget=True),
        "engine.approving_wording.proposal/2": approving_wording.proposal(shown),
        "engine.approving_wording.proposal/later": approving_wording.proposal([*shown, later]),
    }
