"""Owns the way to the rows of evidence and to deployments; the one rule: a transaction for each call, none over the network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from leh_guardian.clock import Clock
from leh_guardian.fields import queue_name
from leh_guardian.model.deployment import Deployment
from leh_guardian.model.identity import key
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.reprocessing import Piece, PieceState
from leh_guardian.store import deployments, journal, letters, reprocessing
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_WHO = "leh_guardian"


class ReprocessingRows:
    """The port `Reprocessing` over guardian's database."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def plan(self, action: UUID, pieces: Mapping[str, str | None]) -> None:
        """Write down pieces ({evidence: case}) of an action."""
        async with transaction(self._pool) as tx:
            await reprocessing.plan(tx, action, pieces, self._clock.now())

    async def pieces(self, action: UUID) -> Sequence[Piece]:
        """Return the pieces of an action."""
        async with transaction(self._pool) as tx:
            return await reprocessing.pieces(tx, action)

    async def begin(self, action: UUID, evidence: str, *, before: str, canary: bool, patience: timedelta) -> bool:
        """Say that a planned piece is about to be asked for."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            return await reprocessing.begin(
                tx, action, evidence, before=before, canary=canary, now=now, busy_since=now - patience
            )

    async def move(
        self, action: UUID, evidence: str, leaving: Collection[PieceState], to: PieceState, reason: str = ""
    ) -> bool:
        """Take a piece from one of the states `leaving` to another."""
        async with transaction(self._pool) as tx:
            return await reprocessing.move(tx, action, evidence, leaving, to, reason, self._clock.now())

    async def release(self, action: UUID, incident: UUID) -> int:
        """Say of the incident's letters in quarantine, all of whose evidence is finished, that nobody need send them back."""
        now = self._clock.now()
        async with transaction(self._pool) as tx:
            rows = await reprocessing.finished_letters(tx, action, incident)
            entries = []
            for row in rows:
                await letters.settle(tx, row["id"], "released", _WHO, now)
                data = {"by": _WHO, "letter": str(row["id"]), "queue": queue_name(row["queue"])}
                reason = "its evidence was processed anew, and is finished"
                entries.append(Entry(Kind.LETTER_RELEASED, reason, incident, action, data=data))
            await journal.append(tx, _WHO, now, entries)
            return len(rows)


class NotedDeployments:
    """The port `Deployments` over guardian's database."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def note(self, deployment: Deployment) -> bool:
        """Write down what an event tells; False where it is written down already."""
        id_ = key(f"deployment/{deployment.function}/{deployment.source}")
        async with transaction(self._pool) as tx:
            return await deployments.note(tx, id_, deployment, self._clock.now())

    async def since(self, function: str, at: datetime) -> Sequence[Deployment]:
        """Return the deployments of a function (its bare name) after an instant, oldest first."""
        async with transaction(self._pool) as tx:
            return await deployments.since(tx, function, at)
