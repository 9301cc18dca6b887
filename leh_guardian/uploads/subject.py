"""Owns the subject: whoever uploaded in the incident, with what is known of them; the one rule: all of it is of the same log.

Uploads that name no user are those of whoever asked for their key, else of their case. Measures read subjects and change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import quantiles
from typing import Final, NamedTuple

from leh_guardian.uploads.gathering import Gathered
from leh_guardian.uploads.media import kind_of_extension, kind_of_type
from leh_guardian.uploads.names import file_name, kind_of, split_name
from leh_guardian.uploads.networks import network_of, place_of
from leh_guardian.uploads.record import Record
from leh_guardian.uploads.retries import Efforts, efforts

YOUNG: Final = 14 * 24.0
"""Hours of an account's life in which it has no past worth the name."""
_ENOUGH_SIZES: Final = 30


class File(NamedTuple):
    """What a record says of its file."""

    stem: str | None
    """The name without its extension; None where there is no name."""
    extension: str
    kind: str | None
    """What kind of file it is: its extension says, else its content type."""
    record: Record


class Who(NamedTuple):
    """Whom records belong to: a user, or the case of those that name none."""

    user: str | None
    case: str | None


@dataclass(frozen=True)
class World:
    """What is known beyond one subject."""

    humans_known: bool
    """Whether the log has views or log-ins at all: without them their absence says nothing."""
    has_history: bool
    usual_sizes: Mapping[str, float]
    """By kind of file the size in bytes that one in a hundred files of the history exceeds."""
    owners: Mapping[str, int]
    """By content how many users uploaded it, where more than one did."""


@dataclass(frozen=True)
class Subject:
    """One who uploaded in the incident; all records are sorted by time."""

    who: Who
    uploads: tuple[Record, ...]
    """Uploads of the incident; where the log only has presigns, these."""
    presigns: tuple[Record, ...]
    seen: tuple[Record, ...]
    """Views and log-ins of the incident."""
    past: tuple[Record, ...]
    """Everything of them before the incident."""
    world: World
    crowd: Crowd | None = None
    """The accounts that they are one of many of, if so; see `crowd`."""

    @cached_property
    def effort(self) -> Efforts:
        """The uploads without what was only sent again."""
        return efforts(self.uploads)

    @property
    def made(self) -> tuple[Record, ...]:
        """The efforts."""
        return self.effort.made

    @cached_property
    def files(self) -> tuple[File, ...]:
        """The files of the efforts, in their order."""
        return tuple(map(file_of, self.made))

    @cached_property
    def named(self) -> tuple[File, ...]:
        """Those that have a name."""
        return tuple(file for file in self.files if file.stem is not None)

    @cached_property
    def sized(self) -> tuple[File, ...]:
        """Those whose size is known."""
        return tuple(file for file in self.files if file.record.size is not None)

    @cached_property
    def name_kinds(self) -> Counter[str]:
        """How many names are of which kind."""
        return Counter(kind_of(file.stem) for file in self.named if file.stem is not None)

    @cached_property
    def age_hours(self) -> float | None:
        """How old the account was at the first upload of the incident; None if nobody knows."""
        known = [r.created for r in (*self.uploads, *self.presigns, *self.seen, *self.past) if r.created is not None]
        return max(0.0, self.uploads[0].at - min(known)) / 3600 if known and self.uploads else None

    @cached_property
    def networks(self) -> frozenset[str]:
        """The networks that uploads came from."""
        return networks(self.uploads)

    @cached_property
    def known_networks(self) -> frozenset[str]:
        """The networks of their past."""
        return networks(self.past)

    @cached_property
    def seen_here(self) -> int:
        """Views from where uploads came from: what the owner of a stolen account looks at elsewhere clears no thief."""
        views = [record for record in self.seen if record.action == "view"]
        if not self.networks:
            return len(views)
        here = (network_of(record.ip, record.asn) for record in views)
        return sum(network is None or network in self.networks for network in here)

    @cached_property
    def established(self) -> bool:
        """Whether there is a past that a person made: not young, and with views where the log has any."""
        if self.age_hours is not None and self.age_hours < YOUNG:
            return False
        looked = any(record.action not in {"upload", "presign"} for record in self.past)
        return bool(self.past) and (looked or not self.world.humans_known)


@dataclass(frozen=True)
class Crowd:
    """Accounts without a past that upload at the same time, as one."""

    accounts: int
    places: int | None
    networks: int | None
    views_per_upload: float | None
    dup_ratio: float | None


def networks(records: Iterable[Record]) -> frozenset[str]:
    """Return the networks that records came from, as far as they say."""
    pairs = {(record.ip, record.asn) for record in records}
    return frozenset(network for ip, asn in pairs if (network := network_of(ip, asn)))


def places(records: Iterable[Record]) -> frozenset[str]:
    """Return the /24 or /48 that records came from, as far as they say."""
    return frozenset(place for ip in {record.ip for record in records} if ip and (place := place_of(ip)))


def file_of(record: Record) -> File:
    """Return what a record says of its file."""
    name = file_name(record.key, record.evidence)
    stem, extension = split_name(name) if name else (None, "")
    return File(stem, extension, kind_of_extension(extension) or kind_of_type(record.content_type), record)


@dataclass
class _Parts:
    uploads: list[Record] = field(default_factory=list)
    presigns: list[Record] = field(default_factory=list)
    seen: list[Record] = field(default_factory=list)
    past: list[Record] = field(default_factory=list)


def subjects_of(gathered: Gathered) -> list[Subject]:
    """Return everybody who uploaded, or asked for keys, in the incident."""
    owner = _owners_of_keys(gathered)
    parts: dict[Who, _Parts] = {}
    for record in gathered.history:
        parts.setdefault(_who(record, owner), _Parts()).past.append(record)
    for record in gathered.incident:
        mine = parts.setdefault(_who(record, owner), _Parts())
        into = {"upload": mine.uploads, "presign": mine.presigns}.get(record.action, mine.seen)
        into.append(record)
    world = _world(gathered, parts)
    return [
        Subject(who, tuple(p.uploads or p.presigns), tuple(p.presigns), tuple(p.seen), tuple(p.past), world)
        for who, p in parts.items()
        if p.uploads or p.presigns
    ]


def _who(record: Record, owner: Mapping[str, str]) -> Who:
    user = record.user or owner.get(record.evidence or "") or owner.get(record.key or "")
    return Who(user, None) if user else Who(None, record.case)


def _owners_of_keys(gathered: Gathered) -> dict[str, str]:
    """Return who asked for each piece of evidence and key, where all that name somebody name the same one."""
    found: dict[str, str] = {}
    doubted: set[str] = set()
    for record in (*gathered.history, *gathered.incident):
        for name in (record.evidence, record.key):
            if name and record.user and found.setdefault(name, record.user) != record.user:
                doubted.add(name)
    return {name: user for name, user in found.items() if name not in doubted}


def _world(gathered: Gathered, parts: Mapping[Who, _Parts]) -> World:
    everything = (*gathered.history, *gathered.incident)
    return World(
        humans_known=any(record.action in {"view", "login"} for record in everything),
        has_history=any(record.action == "upload" for record in gathered.history),
        usual_sizes=_usual_sizes(gathered.history),
        owners=_shared(parts),
    )


def _usual_sizes(history: Iterable[Record]) -> dict[str, float]:
    sizes: dict[str, list[int]] = {}
    for record in history:
        if record.action == "upload" and record.size:
            sizes.setdefault(file_of(record).kind or "", []).append(record.size)
    return {kind: quantiles(some, n=100)[98] for kind, some in sizes.items() if len(some) >= _ENOUGH_SIZES}


def _shared(parts: Mapping[Who, _Parts]) -> dict[str, int]:
    owners: dict[str, int] = {}
    for mine in parts.values():
        for digest in {r.digest for r in (*mine.uploads, *mine.past) if r.action == "upload" and r.digest}:
            owners[digest] = owners.get(digest, 0) + 1
    return {digest: count for digest, count in owners.items() if count > 1}
