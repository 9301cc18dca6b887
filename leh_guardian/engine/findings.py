"""Owns the events of the periodic checks: what one came to, that a report went out; the one rule: rules hear of each once.

The end of an action writes its result down (T4), and cannot plan: it holds the incident, and the planner takes its rules' locks
first. So results wait in their rows, and a round of this takes them through event log, inbox and planner as it would an event, in
the transaction that says that they are told.

Each report is followed by the expectation of the next. `Weekly Report Awaited` begins it and names the report; the next one's
`Weekly Report Sent` names that again as `previous`. Before the first there is one that is called `none`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.matched import Matched
from leh_guardian.engine.planner import Planner
from leh_guardian.errors import StoreError
from leh_guardian.model.check import SentReport
from leh_guardian.model.event import Event
from leh_guardian.model.own_event import SOURCE
from leh_guardian.model.text import dump_json
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import check_reports, check_results, inbox
from leh_guardian.store.check_results import Untold
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.failpoints import failpoint

RESULT: Final = "Check Result"
SENT: Final = "Weekly Report Sent"
AWAITED: Final = "Weekly Report Awaited"
NONE: Final = "none"
"""What the report before the first one is called."""
_FIRST: Final = f"{AWAITED} {NONE}"
_MOST: Final = 20
_ASK: Final = timedelta(hours=1)
"""Between two looks whether a first report is awaited."""


class Findings:
    """Lets rules hear of what checks came to."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        clock: Clock,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._clock = clock
        self._replica = replica
        self._planned = planned
        self._log = structlog.get_logger("findings")
        self._asked: tuple[RuleSet, datetime] | None = None

    async def run_once(self) -> int:
        """Tell rules what none has heard of; returns how much that was.

        Raises:
            StoreError: nothing was told; the next round finds the same.
        """
        try:
            return await self._round(_MOST)
        except StoreError:
            raise
        except Exception:
            self._log.exception("what checks came to cannot be told together: one after the other")
        try:
            return await self._round(1)
        except StoreError:
            raise
        except Exception:
            # Once: it must not keep all that follows from being told.
            self._log.exception("what a check came to cannot be told: no rule hears of it")
            return await self._pass_over()

    async def _round(self, most: int) -> int:
        rules, changes = self._rules(), Changes(self._clock.now())
        first = self._asked is None or self._asked[0] is not rules or changes.now - self._asked[1] >= _ASK
        async with transaction(self._pool) as tx:
            results = await check_results.untold(tx, most)
            reports = await check_reports.untold(tx, most)
            events = [(_result(one), one.rule_id) for one in results]
            for report in reports:
                events += [(event, "") for event in await self._around(tx, report)]
            if first and await check_reports.before(tx, changes.now + _ASK) is None:
                events.append((_event(_FIRST, AWAITED, changes.now, {"report": NONE}), ""))
            if events:
                await self._plan(tx, changes, rules, events)
                await check_results.tell(tx, [one.action_id for one in results])
                await check_reports.tell(tx, [one.action_id for one in reports])
                await changes.write(tx, self._replica)
            failpoint("findings.before_commit")
        self._asked = (rules, changes.now) if first else self._asked
        if events:
            self._planned()
        return len(results) + len(reports)

    async def _pass_over(self) -> int:
        """Say of the oldest that it is told."""
        async with transaction(self._pool) as tx:
            results, reports = await check_results.untold(tx, 1), await check_reports.untold(tx, 1)
            await check_results.tell(tx, [one.action_id for one in results])
            await check_reports.tell(tx, [one.action_id for one in reports])
        return len(results) + len(reports)

    async def _plan(
        self, tx: Transaction, changes: Changes, rules: RuleSet, events: Sequence[tuple[Event, str]]
    ) -> None:
        """Plan what is new of events, each of which its own rule does not hear: a check that sets itself off would never end."""
        heard = [(event, [m for m in rules.match(event) if m.rule.id != own]) for event, own in events]
        # What concerns nobody stays unknown to the inbox: the wait for a first report begins once a rule asks for it.
        fresh = await inbox.take(tx, changes.now, [event.key for event, concerned in heard if concerned])
        new = [
            (event, concerned)
            for event, concerned in heard
            if event.key in fresh or (not concerned and event.id != _FIRST)
        ]
        await inbox.log_bodies(
            tx, changes.now, [(bool(concerned), dump_json(event.envelope).encode()) for event, concerned in new]
        )
        if matched := [Matched(event, match) for event, concerned in new for match in concerned]:
            await self._planner.plan(tx, changes, rules, matched)

    @staticmethod
    async def _around(tx: Transaction, report: SentReport) -> list[Event]:
        """Return the events of a report that went out: it ends the wait for it and begins the one for the next."""
        previous = await check_reports.before(tx, report.sent_at)
        detail = {
            "report": report.label,
            "previous": previous.label if previous else NONE,
            "week": report.week,
            "overall": report.overall.value,
        }
        return [
            _event(f"{SENT} {report.action_id}", SENT, report.sent_at, detail),
            _event(f"{AWAITED} {report.action_id}", AWAITED, report.sent_at, {"report": report.label}),
        ]


def _result(one: Untold) -> Event:
    result = one.result
    detail = {
        **result.facts,
        "check": result.check,
        "status": result.status.value,
        "previous": one.before.value if one.before else NONE,
        "since": result.since.isoformat(),
        "rule": one.rule_id,
    }
    return _event(f"check {one.action_id}", RESULT, result.looked_at, detail)


def _event(event_id: str, detail_type: str, at: datetime, detail: dict[str, Any]) -> Event:
    envelope = {
        "version": "0",
        "id": event_id,
        "source": SOURCE,
        "detail-type": detail_type,
        "time": at.isoformat(),
        "detail": detail,
    }
    return Event(event_id, envelope)
