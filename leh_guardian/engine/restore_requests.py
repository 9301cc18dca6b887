"""Owns the request for a case's restore that somebody presses a button for; the one rule: rules decide it, as they decide the event's.

The button says which case, and no more: whether that may be restored is looked at when it is pressed, so that whoever presses reads a
refusal at once. What is asked for is an event of guardian's own; the rule that takes the backend's requests takes it, with its mode,
its approvals and its guards. A case whose restore is under way is not asked for again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import anyio
import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine import restoring_wording as wording
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.planner import Planner
from leh_guardian.errors import HandlerError, NotFound, SettingsError
from leh_guardian.evidence import wording as say
from leh_guardian.fields import is_case_id
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.case import ACTIVE, CLOSED, refusal
from leh_guardian.model.own_event import own_event
from leh_guardian.model.text import told
from leh_guardian.ports import Cases
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import actions, incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

DETAIL_TYPE: Final = "CaseRestoreRequested"
_PATIENCE: Final = 8.0
"""Seconds for the look; what it would have said, the rule's own steps say later."""
_log = structlog.get_logger("restore_requests")


class RestoreRequests:
    """Takes such requests."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        cases: Cases | None,
        clock: Clock,
        *,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._cases = cases
        self._clock = clock
        self._planned = planned

    async def ask(self, case: str, who: str, name: str) -> Text:
        """Ask for a case's restore in the name of the person `who`; returns what to tell them.

        Raises:
            StoreError: it cannot be asked for now.
        """
        if not is_case_id(case):
            return wording.NO_CASE
        return await self._refused(case) or await self._ask(case, who, name)

    async def _refused(self, case: str) -> Text:
        """Return why it would not be restored, nothing where it would, or where that cannot be seen now."""
        if self._cases is None:
            return NOTHING
        try:
            with anyio.fail_after(_PATIENCE):
                found = await self._cases.look(case)
        except NotFound as error:
            return wording.not_found(case, told(error, 200))
        except (HandlerError, SettingsError, TimeoutError) as error:
            _log.warning("the case cannot be looked at: the rule will", case=case, error=told(error))
            return NOTHING
        if found.status == ACTIVE:
            return say.is_active(case)
        if found.status != CLOSED:
            return say.is_neither(case, found.status)
        why = refusal(found, self._cases.policy, self._clock.now())
        return say.not_restored(case, why) if why else NOTHING

    async def _ask(self, case: str, who: str, name: str) -> Text:
        async with transaction(self._pool) as tx:
            now, rules = self._clock.now(), self._rules()
            changes = Changes(now)
            await self._planner.hear(tx, changes, rules, [_event(case, who, name, now)])
            await changes.write(tx, who)
            new = [*changes.opened, *changes.reruns]
            known = await incidents.get(tx, next(iter(new or changes.incidents))) if changes.incidents else None
            busy = bool(known and await actions.busy(tx, [known.id]))
        if known is None:
            return wording.no_rule(case)
        if not new:
            return (wording.under_way if busy else wording.left_open)(case, known.number)
        self._planned()
        return (wording.asked if busy else wording.held_back)(case, known.number)


def _event(case: str, who: str, name: str, now: datetime) -> Any:
    detail = {"case_id": case, "user_id": who, "reason": f"a button pressed by {name or who}"}
    return own_event(f"restore-{uuid.uuid4()}", DETAIL_TYPE, now, detail)
