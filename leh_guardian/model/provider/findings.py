"""Owns the facts of one look, for later steps of a rule and for people; the one rule: a page's texts are redacted and cut."""

from __future__ import annotations

from typing import Any, Final

from leh_guardian.model.provider.fusion import State, Verdict
from leh_guardian.model.provider.snapshot import Page
from leh_guardian.model.text import told

_SHOWN: Final = 10
_PACES: Final = {State.NORMAL: "normal", State.NOTICE: "normal", State.DEGRADED: "slow"}
"""How fast what follows may go; whatever else it is, a canary goes first."""


def findings(provider: str, verdict: Verdict, page: Page) -> dict[str, Any]:
    """Return the facts of a look."""
    return {
        "provider": provider,
        "state": verdict.state.value,
        "confidence": verdict.confidence,
        "reason": told(verdict.reason, 600),
        "pace": _PACES.get(verdict.state, "canary"),
        "outage_seconds": 0,
        "source": page.source or "none",
        "worst": page.worst.value if page.worst else None,
        "affected": list(page.affected[:_SHOWN]),
        "vanished": list(page.vanished[:_SHOWN]),
        "incidents": [
            {"id": told(each.id, 100), "name": told(each.name, 200), "status": told(each.status, 60)}
            for each in page.incidents[:_SHOWN]
        ],
    }
