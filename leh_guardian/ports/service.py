"""Owns the service's own interfaces, and what guardian remembers of asking them; the one rule: a doubt is raised, never answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    # Names in annotations: most of those who import the ports need none of these.
    from leh_guardian.model.case import CaseRecord, Restored, RestorePolicy
    from leh_guardian.model.deployment import Deployment
    from leh_guardian.model.probe import StepLook
    from leh_guardian.model.provider.fusion import Share
    from leh_guardian.model.provider.outage import Outage
    from leh_guardian.model.provider.snapshot import Page
    from leh_guardian.model.reprocessing import Piece, PieceState


class AdminApi(Protocol):
    """The service's admin API. Guardian asks with an idempotency key; whether the other side honours it, the operator says."""

    @property
    def idempotent(self) -> bool:
        """Whether the other side honours our keys: the same key again changes nothing."""

    async def reprocess(self, evidence: str, key: str) -> str:
        """Ask for a piece of evidence to be processed anew; returns what the API answered, in a few words.

        Raises:
            Refused, NotFound: it will not, whatever the number of attempts.
            AccessDenied: it does not know us.
            Throttled, Unavailable: it cannot now, and has taken nothing.
            OutcomeUnknown: the request was sent, and nobody knows whether it was taken.
        """

    async def reindex(self, case: str, key: str) -> str:
        """Ask for the search index of a case to be built anew from DynamoDB; otherwise as `reprocess`."""


class Cases(Protocol):
    """The status of cases in the service's own database."""

    @property
    def policy(self) -> RestorePolicy:
        """Which cases stay closed, as the operator says."""

    async def look(self, case: str) -> CaseRecord:
        """Return what is known of a case; NotFound where there is none."""

    async def restore(self, case: str, key: UUID, at: datetime, asked_at: datetime) -> Restored:
        """Open a closed case and log it, in one transaction; `at` must be the same for every attempt.

        Raises:
            NotFound, Refused: nothing was changed.
            Unavailable: it may have taken place: call it again with the same `key` and `at`.
        """


class Reprocessing(Protocol):
    """Guardian's memory of evidence that is processed anew. Every write may be repeated: the second changes nothing."""

    async def plan(self, action: UUID, pieces: Mapping[str, str | None]) -> None:
        """Write down pieces ({evidence: case}) of an action; those that it has already stay as they are."""

    async def pieces(self, action: UUID) -> Sequence[Piece]:
        """Return the pieces of an action, in the order of their ids."""

    async def begin(self, action: UUID, evidence: str, *, before: str, canary: bool, patience: timedelta) -> bool:
        """Say that a planned piece is about to be asked for; False where it is not planned, or another action has just asked.

        Whoever gets True, and nobody else, may ask.
        """

    async def move(
        self, action: UUID, evidence: str, leaving: Collection[PieceState], to: PieceState, reason: str = ""
    ) -> bool:
        """Take a piece from one of the states `leaving` to another; False where it is in none of them."""

    async def release(self, action: UUID, incident: UUID) -> int:
        """Say of the incident's letters in quarantine, all of whose evidence is finished, that nobody need send them back."""


class Deployments(Protocol):
    """Guardian's memory of deployments."""

    async def note(self, deployment: Deployment) -> bool:
        """Write down what an event tells; False where it is written down already."""

    async def since(self, function: str, at: datetime) -> Sequence[Deployment]:
        """Return the deployments of a function (its bare name) after an instant, oldest first."""


class StatusPage(Protocol):
    """A provider's status page."""

    async def look(self) -> Page:
        """Return what it says now; unknown, with the reasons, where it cannot be read."""


class WorkerErrors(Protocol):
    """What became of the worker's newest jobs."""

    async def share(self, window: timedelta) -> Share:
        """Return the shares of failures among the jobs that were attempted in the last `window`.

        Raises:
            HandlerError: it cannot be told.
        """


class Outages(Protocol):
    """The durable record of providers' outages, the same for all replicas."""

    async def newest(self, provider: str) -> Outage | None:
        """Return the newest outage of `provider`, over or not."""

    async def follow(self, outage: Outage) -> bool:
        """Write `outage` in the place of the version before it; False when another write was quicker."""

    async def held(self, provider: str, now: datetime) -> Outage | None:
        """Return the outage for which redrives into `provider` should wait, or None."""

    async def all_held(self, now: datetime) -> Sequence[Outage]:
        """Return the outages for which redrives should wait, of all providers."""


class ServiceProbe(Protocol):
    """A look at the service from outside, as a user would, step by step."""

    async def look(self) -> Sequence[StepLook]:
        """Take the steps until one fails, then what cleans up; returns what each came to."""
