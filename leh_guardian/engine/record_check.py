"""Owns the proof that the journal is what it was; the one rule: all is computed anew, and of what is stored hashes alone are believed.

Incident by incident, each in a transaction of its own: a record of years does not hold one open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from leh_guardian.model.chain import Fault, Finding, Root, RootHash, check
from leh_guardian.store import journal_chain
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_PORTION = 5000


@dataclass
class Checked:
    """What a check found."""

    incidents: int = 0
    lines: int = 0
    roots: int = 0
    """Days whose root was computed anew."""
    forgotten: int = 0
    """Days whose links retention has dropped in part, so that their root cannot be."""
    newest: Root | None = None
    findings: list[Finding] = field(default_factory=list)


async def check_record(pool: Pool, since: datetime, now: datetime, only: UUID | None = None) -> Checked:
    """Check every chain with a line since then, and every day's root; or one incident's chain alone."""
    checked = Checked()
    async with transaction(pool) as tx:
        incident_ids = [only] if only else await journal_chain.concerned(tx, since)
        checked.newest = await journal_chain.last_root(tx)
    for incident_id in incident_ids:
        async with transaction(pool) as tx:
            end, links, lines = await journal_chain.of_incident(tx, incident_id)
        checked.incidents += 1
        checked.lines += len(lines)
        checked.findings += check(incident_id, end, links, lines, now)
    if only is None:
        await _check_roots(pool, since, checked)
    return checked


async def _check_roots(pool: Pool, since: datetime, checked: Checked) -> None:
    async with transaction(pool) as tx:
        known = await journal_chain.roots(tx, since.date())
        gone = await journal_chain.forgotten(tx)
    # The one before the first that is asked for is what that follows; the very first of all follows none.
    before = known[0] if known and known[0].day < since.date() else None
    for root in known[1:] if before else known:
        after = before.position if before else 0
        if gone > after:
            checked.forgotten += 1
        else:
            checked.roots += 1
            if await _root(pool, before, root) != root.root:
                checked.findings.append(Finding(Fault.ROOT, day=root.day))
        before = root


async def _root(pool: Pool, before: Root | None, root: Root) -> bytes:
    position, making = before.position if before else 0, RootHash(before.root if before else None, root.day)
    while True:
        async with transaction(pool) as tx:
            links = await journal_chain.links(tx, position, root.position, _PORTION)
        if not links:
            return making.digest()
        making.add(links)
        position = links[-1].position
