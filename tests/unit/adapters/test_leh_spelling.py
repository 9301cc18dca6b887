"""How guardian's words are found among LEH's labels, and ids among its ids: one that fits, or a refusal; never a guess."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.adapters.leh_database import spelling
from leh_guardian.adapters.leh_database.catalogue import quoted
from leh_guardian.errors import Refused
from leh_guardian.evidence import repair
from leh_guardian.evidence.inventory import Inventory
from leh_guardian.model.case import CaseRecord, RestorePolicy, refusal
from leh_guardian.ports import TableBackups

KEY = uuid.UUID("12345678-1234-5678-9234-567812345678")
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("labels", "given", "found"),
    [
        (["active", "closed"], None, "active"),
        (["ACTIVE", "CLOSED"], None, "ACTIVE"),
        (["CaseStatus.ACTIVE", "CaseStatus.CLOSED"], None, "CaseStatus.ACTIVE"),
        (["INACTIVE", "Active"], None, "Active"),
        (["진행", "종료"], "진행", "진행"),
        (["active", "ACTIVE"], "ACTIVE", "ACTIVE"),
        (["active", "ACTIVE"], None, None),
        (["OPEN", "CLOSED"], None, None),
        (["active"], "진행", None),
        ([], None, None),
    ],
)
def test_a_label_is_found_or_refused(labels: list[str], given: str | None, found: str | None) -> None:
    """Letter case and a type's name before it do not matter; none, or several, do."""
    if found is None:
        with pytest.raises(Refused, match=r"product_database\.active"):
            spelling.label_of("active", labels, given, "cases.status")
    else:
        assert spelling.label_of("active", labels, given, "cases.status") == found


@pytest.mark.parametrize(
    ("stored", "spelt"), [("closed", "active"), ("CLOSED", "ACTIVE"), ("Closed", "Active"), ("CaseStatus.CLOSED", "CaseStatus.ACTIVE")]
)  # fmt: skip
def test_text_is_written_as_it_stands(stored: str, spelt: str) -> None:
    """A column without labels gets the letter case that it has."""
    assert spelling.plain(stored, None, None) == "closed"
    assert spelling.spelt_like("active", stored, None) == spelt


def test_other_words_are_neither() -> None:
    """What merely holds the word is another status; a setting replaces the words."""
    assert [spelling.plain(one, None, None) for one in ("inactive", "closed_by_court")] == [
        "inactive",
        "closed_by_court",
    ]
    assert spelling.plain("종료", "진행", "종료") == "closed"
    assert spelling.plain("closed", None, "종료") == "closed"


def test_actions_are_compared_by_their_words() -> None:
    """Capitals, dots, dashes and humps do not matter; another action does."""
    for name in ("CASE_CLOSED", "case.closed", "CaseClosed", "case-closed"):
        assert spelling.same_words(name, "CASE_CLOSED")
    assert not spelling.same_words("CASE_CLOSED_AGAIN", "CASE_CLOSED")
    assert not spelling.same_words("사건종료", "CASE_CLOSED")
    assert spelling.action_label("CASE_RESTORED", ["LOGIN", "case_restored"], "x", "restored_action") == "case_restored"


@pytest.mark.parametrize(
    ("examples", "made"),
    [
        ([], str(KEY)),
        (["audit_0123456789ab"], f"audit_{KEY.hex[:12]}"),
        (["17", "log-" + "a" * 32], f"log-{KEY.hex}"),
        (["f" * 32], KEY.hex),
        (["something else"], str(KEY)),
    ],
)
def test_an_id_has_the_form_of_the_others(examples: list[str], made: str) -> None:
    """A prefix and as many digits as the ids have that are there; the same key gives the same id."""
    assert spelling.audit_id(KEY, examples) == made


def test_a_name_is_quoted_whatever_it_holds() -> None:
    """Nothing in a name ends it."""
    assert quoted('a"; drop table cases; --') == '"a""; drop table cases; --"'


def test_which_cases_stay_closed() -> None:
    """On hold, closed long ago, or closed after somebody asked; a closing whose time nobody knows is no reason."""
    policy = RestorePolicy(frozenset({"held"}), timedelta(days=30))
    recent = CaseRecord("c", "closed", "CLOSED", None, "u", NOW - timedelta(hours=1))
    old = CaseRecord("c", "closed", "CLOSED", NOW - timedelta(days=31))
    assert not refusal(recent, policy, NOW, NOW)
    assert "보류" in refusal(CaseRecord("held", "closed", "CLOSED"), policy, NOW).ko
    assert "31 days" in refusal(old, policy, NOW).en
    assert "다시 종료" in refusal(recent, policy, NOW, NOW - timedelta(hours=2)).ko
    assert not refusal(CaseRecord("c", "closed", "CLOSED"), policy, NOW, NOW)


def test_a_recovery_is_proposed_with_its_commands_and_price() -> None:
    """Where it is on and reaches back far enough; otherwise it says why not. Names are quoted for the shell."""
    seen = Inventory("case_1", frozenset(f"ev_{n}" for n in range(100)), 0, {}, frozenset(), None, True)
    prices, closed = repair.Prices(), NOW - timedelta(hours=1)
    on = TableBackups(True, NOW - timedelta(days=2), NOW, 10 * 1024**3)
    assert repair.cost(seen, prices) == 5.0
    found = repair.recovery(seen, "leh-evidence", on, closed, NOW, prices)
    assert found["usd"] == 1.71
    assert "--restore-date-time 2026-11-26T22:59:00+00:00" in found["commands"][0]
    assert "$5.00" in repair.said(found, seen, prices).ko
    assert "$1.71" in repair.said(found, seen, prices).ko
    # An item of 400 kB is longer than an argument may be.
    assert "--item file://item.json" in found["commands"][3]
    assert "wait" not in found
    assert "wait" in repair.recovery(
        seen, "t", TableBackups(True, None, NOW - timedelta(hours=2), 0), closed, NOW, prices
    )
    late = repair.recovery(seen, "t", on, NOW - timedelta(days=3), NOW, prices)
    off = repair.recovery(seen, "t", TableBackups(False, None, None, 0), closed, NOW, prices)
    assert "nothing is kept" in late["why_not"]
    assert "off" in off["why_not"]
    assert "commands" not in late | off
    assert (seen.whole, seen.index) == (False, "missing")
