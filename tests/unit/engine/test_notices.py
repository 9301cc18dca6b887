"""What a message says of the remedies so far: in few words, and in the reader's language where a handler has kept them in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leh_guardian.engine import notices
from leh_guardian.language import Locale


def row(status: str, summary: str = "long and in English", **facts: Any) -> dict[str, Any]:
    """An action as it is read for a message."""
    outcome = json.dumps({"result": "done", "summary": summary, "facts": facts})
    return {"handler": "case_state", "status": status, "dry_run": False, "outcome": outcome}


BOTH = {"brief": "사건 case_1: closed", "brief_in": {"ko": "사건 case_1: closed", "en": "case case_1: closed"}}


@pytest.mark.parametrize(
    ("told", "locale", "said"),
    [
        (row("succeeded", **BOTH), Locale.KO, "case_state 성공 (사건 case_1: closed)"),
        (row("succeeded", **BOTH), Locale.EN, "case_state succeeded (case case_1: closed)"),
        (row("succeeded", brief="업로드 900건 공격"), Locale.EN, "case_state succeeded (업로드 900건 공격)"),
        (row("succeeded"), Locale.EN, "case_state succeeded"),
        (row("failed", **BOTH), Locale.EN, "case_state failed (long and in English)"),
        (row("succeeded", brief_in="no mapping"), Locale.EN, "case_state succeeded"),
    ],
)
def test_a_remedy_in_few_words(told: dict[str, Any], locale: Locale, said: str) -> None:
    """A brief in the reader's language, the one that there is, or none; of a failure its reason."""
    assert notices._tried(told, locale) == said


def test_what_an_approval_is_about_is_not_cut_short() -> None:
    """Who closed a case and when, what is missing where, and two prices are more than a line; what is longer is cut."""
    assert "x" * 290 in notices._tried(row("succeeded", brief="x" * 290), Locale.KO)
    assert len(notices._tried(row("succeeded", brief="x" * 900), Locale.KO)) < 350
