"""Owns samples of what is said of accounts that are blocked, of bills and of spent budgets; the one rule: as in `samples.py`."""

from __future__ import annotations

from datetime import timedelta

from leh_guardian.engine import budget_wording
from leh_guardian.language import Text
from leh_guardian.model import account_wording as account
from leh_guardian.model.account import Account
from leh_guardian.model.guards import Budget, Overdrawn
from leh_guardian.model.spend import wording as bill
from leh_guardian.model.spend.limits import Scope


def samples() -> dict[str, Text]:
    """Return what each function says, by module, name and what it is said of."""
    return {**_of_accounts(), **_of_bills(), **_of_budgets()}


def _of_accounts() -> dict[str, Text]:
    made = {
        "is_blocked": account.is_blocked("user_1", "SUSPENDED"),
        "not_active": account.not_active("user_1", "pending"),
        "refused/admin": account.refused("user_1", account.LAST_ADMIN),
        "refused/never": account.refused("user_1", account.NEVER_BLOCKED),
        "would_block": account.would_block("user_1"),
        "blocked/live-on": account.blocked("user_1", account.LIVE_ON),
        "blocked/revoked": account.blocked("user_1", account.REVOKED),
        "blocked/changed": account.blocked("user_1", account.changed_since("active")),
        "changed_since": account.changed_since("active"),
        "revoking_again": account.revoking_again("user_1", "503"),
        "not_revoked": account.not_revoked("user_1", "403"),
        "blocked_briefly": account.blocked_briefly("user_1", "ACTIVE", "SUSPENDED"),
        "is_active": account.is_active("user_1"),
        "not_blocked": account.not_blocked("user_1", "pending"),
        "would_unblock": account.would_unblock("user_1"),
        "unblocked": account.unblocked("user_1"),
        "unblocked_briefly": account.unblocked_briefly("user_1", "ACTIVE"),
    }
    admin = Account("user_1", "active", "ACTIVE", admin=True, other_admins=0, protected=False)
    said = {f"model.account_wording.{name}": text for name, text in made.items()}
    return {**said, "model.account.refusal": admin.refusal}


def _of_bills() -> dict[str, Text]:
    one, more, before = bill.Cost(0.01, 1, "gpt-4o"), bill.Cost(43.5, 43_000, "unknown"), bill.Cost(43.51, 43_001)
    made = {
        "named/1": one.named,
        "named/2": before.named,
        "no_id/case": bill.no_id(Scope.CASE, "../x"),
        "no_id/user": bill.no_id(Scope.USER, "../x"),
        "proposes/case": bill.proposes(Scope.CASE, "case_1", 41.92),
        "proposes/user": bill.proposes(Scope.USER, "user_1", 0.0),
        "brief": bill.brief(41.92, before, bill.Cost(2.5, 9), 0.5, [more, one], 2),
        "brief/first": bill.brief(0.0, bill.Cost(0.01, 1), None, 0.0, [], 0),
    }
    return {f"model.spend.wording.{name}": text for name, text in made.items()}


def _of_budgets() -> dict[str, Text]:
    day, hours = Budget(1, timedelta(days=1)), Budget(2, timedelta(hours=6))
    made = {
        "refused/1": budget_wording.refused(Overdrawn("account_block", "user_1", day, timedelta(hours=3))),
        "refused/2": budget_wording.refused(Overdrawn("account_block", "user_1", hours)),
    }
    return {f"engine.budget_wording.{name}": text for name, text in made.items()}
