"""Owns the rules in use and their reload; the one rule: all fallible work comes before the swap, so a bad file changes nothing.

The folder's content digest is compared every few seconds (it sees renames, ConfigMap swaps and edited link targets alike),
and a change is loaded only after it has stood still for one round: a half-saved file is not tried. One that looks cut off is
held back longer, or refused. SIGHUP loads at once, whatever it looks like.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import anyio.to_thread
import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.orphans import tell_of_orphans
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.wording import Cause
from leh_guardian.errors import RuleError
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan, Severity
from leh_guardian.registry import Registry
from leh_guardian.rules.cut_off import find_cut_off
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import Folder, read_folder
from leh_guardian.rules.loader import load_folder
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import incidents
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.redaction import redact

RULES_RULE = "guardian.rules"
"""The rule id of the incident about refused rule files; no operator's rule can have a dot in its id."""

_HOLD: Final = timedelta(seconds=30)
"""How long a file that is only the beginning of what it was must have stood still: longer than any copy pauses."""

_MOST_TOLD: Final = 64 * 1024
"""Characters of diagnostics that are kept."""

_PLAN = Plan(Mode.ACT, (), None, OnFailure.ESCALATE, "default", {}, resolves_on_event=False)


@dataclass(frozen=True, slots=True)
class RulesInUse:
    """What is matched against now."""

    rules: RuleSet
    loaded_at: datetime
    refused: str | None = None
    """Why the files on disk are not the rules in use, if they are not."""


class Reloader:
    """Keeps the rules in use in step with the folder."""

    def __init__(
        self,
        directory: Path,
        registry: Registry,
        pool: Pool,
        progression: Progression,
        clock: Clock,
        metrics: Metrics,
        rules: RuleSet,
        *,
        replica: str,
    ) -> None:
        self._directory = directory
        self._registry = registry
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._log = structlog.get_logger("reloader")
        found = read_folder(directory)
        unchanged = found.revision == rules.revision
        self._tried = found.digest if unchanged else rules.revision
        self._changed_to = self._tried
        self._whole = found.contents if unchanged else {}
        self._held: tuple[str, datetime] | None = None
        self._unwritten: tuple[Kind, str] | None = (Kind.RULES_LOADED, rules.revision)
        self.in_use = RulesInUse(rules, clock.now())
        self._show()

    def current(self) -> RuleSet:
        """Return the rules to match against."""
        return self.in_use.rules

    async def run_once(self) -> int:
        """Look at the folder; reload when its content has changed and stood still for a round."""
        found = await anyio.to_thread.run_sync(read_folder, self._directory, abandon_on_cancel=True)
        if found.digest != self._changed_to:
            self._held = None
        elif found.digest != self._tried and not self._holds_back(found):
            await self._load(found, self._refuse_cut_off)
        self._changed_to = found.digest
        await self._write_down()
        return 0

    async def reload(self) -> bool:
        """Load the folder now; returns whether the rules in use are those on disk."""
        found = await anyio.to_thread.run_sync(read_folder, self._directory, abandon_on_cancel=True)
        return await self._load(found)

    async def _load(self, found: Folder, check: Callable[[Folder], None] = lambda _: None) -> bool:
        self._tried = found.digest
        try:
            check(found)
            rules = await anyio.to_thread.run_sync(load_folder, found, self._registry, abandon_on_cancel=True)
        except RuleError as error:
            # Diagnostics quote the files' lines, and who pastes a token there must not find it on the status page.
            refused = redact(str(error), _MOST_TOLD)
            self.in_use = replace(self.in_use, refused=refused)
            self._unwritten = (Kind.RULES_REFUSED, refused)
            self._metrics.rules_loads.labels("refused").inc()
            self._log.error("rule files refused: the last good rules stay in use", diagnostics=refused)
        else:
            self.in_use = RulesInUse(rules, self._clock.now())
            self._whole = found.contents
            self._unwritten = (Kind.RULES_LOADED, rules.revision)
            self._metrics.rules_loads.labels("loaded").inc()
            self._log.info("rules loaded", revision=rules.revision, rules=len(rules.rules))
        self._show()
        await self._write_down()
        return self.in_use.refused is None

    def _holds_back(self, found: Folder) -> bool:
        """Tell whether to wait on: a file is only the beginning of what it was, and has not been so for long."""
        shorter = find_cut_off(found, self._whole).shorter
        now = self._clock.now()
        if not shorter:
            return False
        if self._held is None or self._held[0] != found.digest:
            self._held = (found.digest, now)
            self._log.warning("rule files look cut off: loaded if they stay so", files=shorter, seconds=_HOLD.seconds)
        return now - self._held[1] < _HOLD

    def _refuse_cut_off(self, found: Folder) -> None:
        if certain := find_cut_off(found, self._whole).certain:
            raise RulesRefused(certain)

    def _show(self) -> None:
        self._metrics.rules_ok.set(self.in_use.refused is None)
        self._metrics.rules_info.clear()
        self._metrics.rules_info.labels(self.in_use.rules.revision).set(1)

    async def _write_down(self) -> None:
        """Journal the last load, and open or close the incident about it; tried again while the store is away."""
        if self._unwritten is None:
            return
        kind, text = self._unwritten
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            await self._incident(tx, changes, refused=text if kind is Kind.RULES_REFUSED else None)
            if kind is Kind.RULES_LOADED:
                known = [RULES_RULE, *(rule.id for rule in self.current().rules)]
                await tell_of_orphans(tx, changes, self._progression, known)
            changes.note(kind, text, data={"replica": self._replica})
            await changes.write(tx, self._replica)
        self._unwritten = None

    async def _incident(self, tx: Transaction, changes: Changes, *, refused: str | None) -> None:
        await incidents.lock_rules(tx, [RULES_RULE])
        key = (RULES_RULE, "")
        incident = (await incidents.lock_open(tx, [key])).get(key)
        if refused is None and incident is not None:
            self._progression.resolve(changes, incident, "the rule files are good again")
        elif refused is not None and incident is None:
            opened = self._opened(changes.now)
            changes.opened[opened.id] = RunEvent(opened.event_id, {"refused": refused})
            changes.note(Kind.OPENED, "rule files refused at reload", incident=opened)
            self._progression.escalate(changes, opened, Cause.RULES_REFUSED, refused)

    def _opened(self, now: datetime) -> Incident:
        incident_id = uuid.uuid4()
        return Incident(
            id=incident_id,
            rule_id=RULES_RULE,
            rule_revision=self.in_use.rules.revision,
            dedup_key="",
            status=IncidentStatus.TRIGGERED,
            severity=Severity.SEV3,
            level=0,
            plan=_PLAN,
            event_id=f"guardian:{incident_id}",
            serialize_key=RULES_RULE,
            opened_at=now,
            last_trigger_at=now,
            ok_at=None,
            event_count=1,
            run=1,
        )
