"""Owns what a status page says, whatever shape it said it in; the one rule: what cannot be told is unknown, never fine.

A page is about many components; only those whose names are configured count. A name may belong to several components
(status.openai.com has had two of one name), so everything is keyed by the component's id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class ComponentStatus(StrEnum):
    """How a component is, from best to worst."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded_performance"
    """Also whatever the page says in a word that we do not know: never dropped."""
    MAINTENANCE = "under_maintenance"
    PARTIAL = "partial_outage"
    MAJOR = "major_outage"

    @property
    def rank(self) -> int:
        """The higher, the worse."""
        return _RANKS[self]

    @property
    def away(self) -> bool:
        """Whether some of it does not work at all."""
        return self.rank >= ComponentStatus.MAINTENANCE.rank


_RANKS: Final = {status: rank for rank, status in enumerate(ComponentStatus)}

OPENAI_COMPONENTS: Final = (
    "Chat Completions",
    "Responses",
    "Embeddings",
    "Audio",
    "Images",
    "Files",
    "Batch",
    "Moderations",
    "Login",
)
"""The components of status.openai.com that the worker can depend on."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the provider's service."""

    id: str
    name: str
    status: ComponentStatus


@dataclass(frozen=True, slots=True)
class PageIncident:
    """An incident that the page does not call resolved."""

    id: str
    name: str
    status: str
    """The page's own word."""
    components: tuple[str, ...] = ()
    """Ids of the components that it affects, as far as the page says."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one source of a page said."""

    components: Mapping[str, Component] = field(default_factory=dict)
    """By id."""
    incidents: tuple[PageIncident, ...] = ()
    whole: bool = True
    """Whether every component was named: a list of incidents names those alone that an incident affects."""

    def with_incidents(self, others: Collection[PageIncident]) -> Snapshot:
        """Return it with those of `others` that it does not know."""
        known = {incident.id for incident in self.incidents}
        fresh = tuple(incident for incident in others if incident.id not in known)
        return Snapshot(self.components, self.incidents + fresh, self.whole)


class PageState(StrEnum):
    """What a page means for the worker."""

    GOOD = "good"
    BAD = "bad"
    """A component that the worker uses is not operational."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Page:
    """What the page says of the components that matter."""

    state: PageState
    worst: ComponentStatus | None = None
    """The worst of them; None when unknown."""
    affected: tuple[str, ...] = ()
    """Names of those that are not operational."""
    vanished: tuple[str, ...] = ()
    """Configured names that are not on the page any more."""
    incidents: tuple[PageIncident, ...] = ()
    """Unresolved ones that affect them, or do not say what they affect."""
    source: str = ""
    """Which interface answered."""
    reasons: tuple[str, ...] = ()
    """Why it is unknown, or what was odd on the way."""


def judge(snapshot: Snapshot, names: Collection[str], source: str, reasons: Collection[str] = ()) -> Page:
    """Return what `snapshot` means where the components called `names` matter.

    The state is the worst of these components; with none of them on the page it is unknown.
    """
    wanted = {_folded(name): name for name in names}
    relevant = {id_: part for id_, part in snapshot.components.items() if _folded(part.name) in wanted}
    seen = {_folded(part.name) for part in relevant.values()}
    vanished = tuple(name for folded, name in wanted.items() if folded not in seen) if snapshot.whole else ()
    incidents = tuple(i for i in snapshot.incidents if not i.components or not relevant.keys().isdisjoint(i.components))
    worst = max((part.status for part in relevant.values()), key=lambda status: status.rank, default=None)
    if worst is None or (worst is ComponentStatus.OPERATIONAL and not snapshot.whole):
        why = "none of the configured components is on the page" if snapshot.whole else "it does not list components"
        return Page(PageState.UNKNOWN, None, (), vanished, incidents, source, (*reasons, f"{source}: {why}"))
    affected = {part.name for part in relevant.values() if part.status is not ComponentStatus.OPERATIONAL}
    state = PageState.BAD if affected else PageState.GOOD
    return Page(state, worst, tuple(sorted(affected)), vanished, incidents, source, tuple(reasons))


def unknown(*reasons: str) -> Page:
    """Return a page of which nothing is known."""
    return Page(PageState.UNKNOWN, reasons=reasons)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
