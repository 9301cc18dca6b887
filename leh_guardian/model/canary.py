"""Owns what a canary is: guardian's own event that goes the whole way of an alert; the one rule: it changes nothing, anywhere.

docs/adr/0007-canary.md says why there are canaries, and why each is proved by a nonce.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan, Step

SOURCE: Final = "leh.guardian"
DETAIL_TYPE: Final = "Guardian Canary"
CANARY: Final = "guardian.canary"
"""The id of the built-in rule and the name of its handler; no operator's rule or handler can have a dot in its name."""

PATTERN: Final = {"source": [SOURCE], "detail-type": [DETAIL_TYPE]}
PLAN: Final = Plan(
    mode=Mode.ACT,
    steps=(Step("complete", CANARY, {}, condition=None, timeout=30.0, attempts=3, backoff=5.0),),
    verify=None,
    # Nobody is told of a canary that fails: the heartbeat that stays away tells.
    on_failure=OnFailure.STOP,
    escalate="default",
    limits={},
    resolves_on_event=False,
)


def envelope(nonce: str, replica: str, region: str, now: datetime) -> dict[str, Any]:
    """Return a canary as EventBridge would deliver it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": "",
        "time": now.isoformat(timespec="seconds"),
        "region": region,
        "resources": [],
        "detail": {"nonce": nonce, "replica": replica},
    }
