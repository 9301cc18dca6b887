"""budget.yaml: prices and limits, and every mistake with its place."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import leh_guardian.handlers
from leh_guardian.model.guards import Budget as Runs
from leh_guardian.model.spend.limits import Scope, Tier, Unit
from leh_guardian.registry import OnDemand, Registry
from leh_guardian.rules.budget import check_budget
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_folder, load_rules

HEAD = "version: 1\nprices:\n  gpt-4o: [{from: 2024-10-02, prompt: 2.5, completion: 10}]\n"
HANDLERS = OnDemand(leh_guardian.handlers)
RULE = "version: 1\nrules:\n- id: a-rule\n  pattern: {source: [aws.s3]}\n"


def found(text: str) -> list[str]:
    """Return what is wrong with a file, as `line:column code message`."""
    told = check_budget(text.encode(), "budget.yaml", HANDLERS).diagnostics
    return [f"{one.line}:{one.column} {one.code} {one.message}" for one in told]


def test_what_is_shipped_is_right() -> None:
    """And holds the plan's caps: 50 USD a day for a case or an account, 500 a month for all; an account is blocked once a day."""
    shipped = Path(__file__).parents[3] / "rules" / "budget.yaml"
    budget = check_budget(shipped.read_bytes(), "budget.yaml", HANDLERS).budget
    assert budget is not None
    hard = {(one.scope, one.over): dict(one.most) for one in budget.limits if one.tier is Tier.HARD}
    day, month = timedelta(days=1), timedelta(days=30)
    assert hard[Scope.CASE, day] == hard[Scope.USER, day] == {Unit.USD: Decimal(50)}
    assert hard[Scope.FLEET, month] == {Unit.USD: Decimal(500)}
    assert budget.per_target == {"account_block": (Runs(1, day),)}


def test_amounts_are_decimals() -> None:
    """As they are written, not as a float comes near them."""
    text = HEAD + "limits:\n- {tier: park, scope: case, over: 1h, usd: 0.1, tokens: 5, deviates: true}\n"
    budget = check_budget(text.encode(), "budget.yaml").budget
    assert budget is not None
    [limit] = budget.limits
    assert limit.most == {Unit.TOKENS: Decimal(5), Unit.USD: Decimal("0.1")}
    assert limit.deviates
    assert budget.prices.models["gpt-4o"][0].prompt == Decimal("2.5")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n", "1:1 not-a-budget this is a list"),
        ("version: 2\nprices: {}\n", "1:10 bad-value"),
        ("version: 1\n", "1:1 missing-key `prices` is missing"),
        ("version: 1\nprices: {}\n", "2:9 bad-value"),
        ("version: 1\nprices: {m: []}\n", "2:13 bad-value `m` has no price"),
        ("version: 1\nprices: {m: [{from: 2024-13-01, prompt: 1, completion: 1}]}\n", "2:21 bad-value"),
        ("version: 1\nprices: {m: [{from: 2024-01-01, prompt: -1, completion: 1}]}\n", "2:41 bad-value"),
        (
            HEAD + "limits: [{tier: park, scope: case, over: 1h}]\n",
            "4:10 missing-key nothing says how much is too much",
        ),
        (HEAD + "limits: [{tier: park, scope: case, over: 30m, tokens: 1}]\n", "4:42 bad-value write 1h at least"),
        (HEAD + "limits: [{tier: park, scope: case, over: 32d, tokens: 1}]\n", "4:42 bad-value write 1h at least"),
        (HEAD + "limits: [{tier: stop, scope: case, over: 1h, tokens: 1}]\n", "4:17 bad-value"),
        (HEAD + "limits: [{tier: park, scope: case, over: 1h, token: 1}]\n", "4:46 unknown-key"),
        (
            HEAD + "limits: [{tier: park, scope: user, over: 1h, usd: 1, deviates: true}]\n",
            "4:54 bad-value only a case",
        ),
        (HEAD + "limits: [{tier: park, scope: case, over: 1h, usd: 0}]\n", "4:51 bad-value"),
        (
            "version: 1\nprices:\n  m:\n" + "  - {from: 2024-02-01, prompt: 1, completion: 1}\n" * 2,
            "5:12 bad-value the prices of `m` are not in order",
        ),
        ("version: 1\nprices: {m\n", "3:1 "),
        (HEAD + "per_target: {account_block: []}\n", "4:29 bad-value"),
        (HEAD + "per_target: {account_block: [{max: 0, per: 1d}]}\n", "4:36 bad-value"),
        (HEAD + "per_target: {account_block: [{max: 1, over: 1d}]}\n", "4:39 unknown-key"),
        (
            HEAD + "per_target: {account_blok: [{max: 1, per: 1d}]}\n",
            "4:14 unknown-handler there is no handler `account_blok`",
        ),
        (HEAD + "per_target: {notify: [{max: 1, per: 1d}]}\n", "4:14 no-target no parameter of `notify`"),
    ],
)
def test_mistakes_have_their_place(text: str, told: str) -> None:
    """One message for each, and the file is refused."""
    said = found(text)
    assert [one for one in said if one.startswith(told)], said
    assert check_budget(text.encode(), "budget.yaml", HANDLERS).budget is None


def test_a_wrong_budget_refuses_the_folder(tmp_path: Path, registry: Registry) -> None:
    """Like a wrong rule; a right one is the rule set's, and its edit is another revision."""
    (tmp_path / "r.yaml").write_text(RULE, encoding="utf-8")
    assert load_rules(tmp_path, registry).budget is None
    before = read_folder(tmp_path).revision
    (tmp_path / "budget.yaml").write_text(HEAD, encoding="utf-8")
    assert load_rules(tmp_path, registry).budget is not None
    assert read_folder(tmp_path).revision != before
    (tmp_path / "budget.yaml").write_text("nothing", encoding="utf-8")
    assert check_folder(read_folder(tmp_path), registry).refused
