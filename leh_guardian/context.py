"""Owns what a handler is given; the one rule: a handler reaches the outside through this and nothing else.

No pool, no settings, no registry: a handler that needs another power gets another port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from leh_guardian.clock import Clock
from leh_guardian.errors import Refused
from leh_guardian.language import Locale, Text
from leh_guardian.ports import (
    Accounts,
    Activities,
    AdminApi,
    Cases,
    Channel,
    CheckHistory,
    Checking,
    Circuits,
    DeadLetters,
    Deployments,
    Feeds,
    Functions,
    Languages,
    Logs,
    Objects,
    Offers,
    Outages,
    Pages,
    Parked,
    Queues,
    Reprocessing,
    SearchIndex,
    Sessions,
    StatusPage,
    Tables,
    TrailSources,
    Use,
    WorkerErrors,
)

if TYPE_CHECKING:
    # A fifth of the start of every command that looks at rules, and here but a name.
    import structlog

    from leh_guardian.diagnosis import Table
    from leh_guardian.uploads import SignalTable


class Signatures(Protocol):
    """What failures of the AI worker mean."""

    def table(self) -> Table:
        """Return the operators' rows and the built-in ones, as of now."""


class UploadSignals(Protocol):
    """By what uploads are judged."""

    def table(self) -> SignalTable:
        """Return the operators' signals, or the built-in ones, as of now."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The outside world, as handlers may use it."""

    queues: Queues
    channels: Mapping[str, Channel]
    letters: DeadLetters
    pages: Mapping[str, StatusPage] = field(default_factory=dict)
    """By provider."""
    outages: Outages | None = None
    errors: WorkerErrors | None = None
    """None where nothing tells of the worker's own errors."""
    tables: Tables | None = None
    search: SearchIndex | None = None
    """None: no cluster is configured."""
    evidence_table: str | None = None
    """Where evidence is, in DynamoDB; None: nobody said."""
    evidence_bucket: str | None = None
    """... and in S3."""
    objects: Objects | None = None
    cases: Cases | None = None
    """None: the service's own database is not configured."""
    accounts: Accounts | None = None
    sessions: Sessions | None = None
    """What ends open sessions; None: nobody said how the service does that."""
    activities: Activities | None = None
    """What accounts did, by the audit log in the same database."""
    trails: TrailSources | None = None
    """Logs of requests, in which uploads are looked up."""
    logs: Logs | None = None
    functions: Functions | None = None
    admin: AdminApi | None = None
    """None: its address is not configured."""
    signatures: Signatures | None = None
    """What the AI worker's failures mean, as of the newest reload; None: as they are shipped."""
    upload_signals: UploadSignals | None = None
    """By what uploads are judged, as of the newest reload; None: as they are shipped."""
    reprocessing: Reprocessing | None = None
    deployments: Deployments | None = None
    circuits: Circuits | None = None
    """Circuits of cases and accounts."""
    use: Use | None = None
    """What they have used."""
    checks: Checking | None = None
    """What the periodic checks look through; None: nothing is checked."""
    check_history: CheckHistory | None = None
    """What they came to; None: nothing is kept."""
    own_channel: str = "console"
    """Where guardian's own messages go."""
    messages: Pages | None = None
    """What guardian's own messages to people need of the store."""
    offers: Offers | None = None
    """What makes buttons; None: there are none."""
    parked: Parked | None = None
    """The work of paused cases."""
    feeds: Feeds | None = None
    """What feeds the worker's function."""
    breaker_table: str | None = None
    """Where workers read circuits, in DynamoDB."""
    languages: Languages | None = None
    """None: everybody is told in Korean."""

    def locale(self, channel: str) -> Locale:
        """Return what the readers of a channel are told in."""
        return self.languages.locale(f"channel:{channel}") if self.languages else Locale.KO


class Checkpoints(Protocol):
    """The remembered steps of one action, written under the attempt's fence."""

    async def save(self, name: str, value: Any) -> None:
        """Remember `value` under `name`, or raise LeaseLost or Halted."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One attempt of one action."""

    action_id: UUID
    """Also the idempotency key of the effect: the same for every attempt."""
    incident_id: UUID
    rule_id: str
    attempt: int
    dry_run: bool
    """Say what would be done; change nothing."""
    incident: Mapping[str, Any]
    """`severity`, `dedup_key`, `opened_at`, and `began_at`: when the present run began."""
    clock: Clock
    log: structlog.stdlib.BoundLogger
    can: Capabilities
    limits: Mapping[str, int]
    remembered: Mapping[str, Any]
    checkpoints: Checkpoints

    def said(self, text: Text) -> str:
        """Return a sentence for people as it is written down: in the installation's language."""
        return text.of(self.can.languages.locale() if self.can.languages else Locale.KO)

    def briefly(self, text: Text) -> dict[str, Any]:
        """Return the facts that tell people in few words what was found or done: each reads it in their own language."""
        return {"brief": self.said(text), "brief_in": {locale.value: text.of(locale) for locale in Locale}}

    def recall(self, name: str, default: Any = None) -> Any:
        """Return what an earlier attempt of this action remembered under `name`."""
        return self.remembered.get(name, default)

    async def checkpoint(self, name: str, value: Any) -> None:
        """Remember `value` (JSON) under `name` for later attempts.

        Also the point at which a lost lease or the kill switch stops this attempt, so call it between effects.

        Raises:
            LeaseLost: another attempt owns the action.
            Halted: the mode no longer allows the action.
        """
        await self.checkpoints.save(name, value)

    def within_limit(self, name: str, count: int) -> None:
        """Check the blast radius of this run before its first effect.

        Raises:
            Refused: `count` is above the rule's limit `name`. It refuses and never trims: a run far larger than
                expected is a sign that something else is wrong.
        """
        limit = self.limits.get(name)
        if limit is not None and count > limit:
            raise Refused(
                f"would touch {count} {name}, the rule's limit is {limit}: look first, then raise limits.{name} in the rule"
                " or do it by hand"
            )
