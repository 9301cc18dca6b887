"""Owns whom a target of a policy is at an instant, and by what ways; the one rule: asked when a call goes out, never kept.

A policy is frozen into an incident, people are not: who is on call is looked up when a step begins, with the file of that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.language import Locale, Text
from leh_guardian.model.oncall import OnCall, Person, built_in, on_call
from leh_guardian.model.oncall.by_hand import Misfit, StoredOverride, laid_over
from leh_guardian.model.oncall.config import POLICY
from leh_guardian.model.oncall.delivery import DEFAULT
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import OnEmpty, Policy
from leh_guardian.rules.ruleset import RuleSet

PERSON: Final = "person:"
CHANNEL: Final = "channel:"
_NOT_THERE: Final = Text(ko="설정에 없습니다", en="is not in the settings")
_NO_WAY: Final = Text(ko="연락 수단이 없습니다", en="there is no way to call them")


@dataclass(frozen=True, slots=True)
class Way:
    """One message to a person: when, and by which channel."""

    due_at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom targets come to at an instant."""

    people: tuple[str, ...] = ()
    """Ids of people who can be told by themselves."""
    places: tuple[str, ...] = ()
    """Channels with a place of their own."""
    gaps: tuple[str, ...] = ()
    """Why schedules had nobody on call, or somebody cannot be reached."""

    @property
    def anybody(self) -> bool:
        """Whether there is anybody to call."""
        return bool(self.people or self.places)


class Directory:
    """The people of one reading of `oncall.yaml`."""

    def __init__(
        self, oncall: OnCall, channel: str, file: OnCall | None = None, *, spoken: OnCall | None = None
    ) -> None:
        """Know the people of `oncall`.

        `file` is what `oncall.yaml` says where `oncall` is more than that; languages are those of `spoken`, where it is another one.
        """
        self._oncall = oncall
        self._channel = channel
        self._spoken = spoken or oncall
        self.file = file or oncall
        """What `oncall.yaml` says, without what commands have stored."""

    @property
    def oncall(self) -> OnCall:
        """What it was read from."""
        return self._oncall

    def policy(self, name: str) -> Policy:
        """Return a policy; one that is gone is replaced by the default one, for somebody must be called."""
        policies = self._oncall.policies
        return policies.get(name) or policies.get(POLICY) or next(iter(policies.values()))

    def person(self, person_id: str) -> Person | None:
        """Return somebody by id."""
        return self._oncall.people.get(person_id)

    def locale(self, target: str = "") -> Locale:
        """Return what a target is told in; without one, what everybody else is, and what is written down."""
        return self._spoken.language(target)

    @property
    def languages(self) -> frozenset[Locale]:
        """What anybody is told in."""
        return self._spoken.languages

    def named(self, target: str) -> str:
        """Return what people call a target."""
        kind, _, name = target.partition(":")
        person = self.person(name) if kind == "person" else None
        return person.name if person else name

    def identified(self, given: str) -> tuple[str, str]:
        """Return the id and the name of whoever calls themselves `given`, by either; a stranger's is what they say."""
        said = given.strip().casefold()
        for person in self._oncall.people.values():
            if said in {person.id.casefold(), person.name.casefold()}:
                return person.id, person.name
        return given, ""

    def by_slack(self, user: str) -> Person | None:
        """Return the person with a Slack user id; never by a name, which anybody can take."""
        return next((p for p in self._oncall.people.values() if user and p.addresses.get("slack") == user), None)

    def reach(self, targets: Sequence[str], at: datetime, severity: Severity, on_empty: OnEmpty) -> Reached:
        """Return whom `targets` come to."""
        people: dict[str, None] = {}
        places: dict[str, None] = {}
        gaps: list[str] = []
        for target in targets:
            kind, _, name = target.partition(":")
            match kind:
                case "channel":
                    places[self.channel(name)] = None
                case "schedule" if name in self._oncall.schedules:
                    duty = on_call(self._oncall, name, at)
                    if duty.fallback:
                        gaps.append(f"{name}: {duty.because.of(self.locale())}")
                    if not duty.fallback or on_empty is OnEmpty.FALLBACK:
                        people.update(dict.fromkeys(duty.people))
                case "person" if name in self._oncall.people:
                    people[name] = None
                case "team" if name in self._oncall.teams:
                    people.update(dict.fromkeys(self._oncall.teams[name]))
                case _:
                    # The policy is older than the file: somebody was taken out of it meanwhile.
                    gaps.append(f"{target}: {_NOT_THERE.of(self.locale())}")
        reachable = [one for one in people if self.ways(one, severity, at)]
        gaps += [f"{self.named(PERSON + one)}: {_NO_WAY.of(self.locale())}" for one in people if one not in reachable]
        return Reached(tuple(reachable), tuple(places), tuple(gaps))

    def ways(self, person_id: str, severity: Severity, at: datetime) -> list[Way]:
        """Return how a person is called for trouble of `severity`, from `at` on; quiet hours hold back what can wait."""
        person = self.person(person_id)
        if person is None:
            return []
        zone = self._oncall.timezone
        begin = at
        if person.quiet is not None and person.is_quiet(severity, at, zone):
            wakes = datetime.combine(at.astimezone(zone).date(), person.quiet.end, zone)
            begin = max(at, wakes if wakes > at else wakes + timedelta(days=1))
        return [
            Way(begin + timedelta(seconds=rule.after), self.channel(channel))
            for rule in person.rules(severity)
            for channel in rule.via
        ]

    def told_by(self, person_id: str) -> str | None:
        """Return the channel by which a person hears how it goes on: the first of what can wait, never a telephone alone."""
        person = self.person(person_id)
        rules = (*person.normal, *person.urgent) if person else ()
        names = [name for rule in rules for name in rule.via]
        quiet = [name for name in names if (channel := self._oncall.channel(name)) is None or not channel.wakes]
        return self.channel(quiet[0]) if quiet else None

    def failover(self, channel: str) -> list[str]:
        """Return the channels to try where `channel` fails, in order."""
        return [self.channel(name) for name in self._oncall.failover.get(channel, ())]

    def channel(self, name: str) -> str:
        """Return a channel's name; `default` stands for the setting."""
        return self._channel if name == DEFAULT else name


class People:
    """The directory of the rules in use: made anew once a reload has brought other people, or a command other duty."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._rules: Callable[[], RuleSet] | None = None
        self._built_in = self._file = built_in(channel)
        self._made = Directory(self._built_in, channel)
        self._stored: tuple[StoredOverride, ...] = ()
        self._misfits: tuple[Misfit, ...] = ()

    def follow(self, rules: Callable[[], RuleSet]) -> None:
        """Take people from the rules in use, from now on."""
        self._rules = rules

    def locale(self, target: str = "") -> Locale:
        """Return what a target is told in."""
        return self.directory().locale(target)

    def directory(self) -> Directory:
        """Return the people of now."""
        current = (self._rules().oncall if self._rules else None) or self._built_in
        if current is not self._file:
            self._make(current)
        return self._made

    def override(self, stored: Sequence[StoredOverride]) -> None:
        """Lay overrides that commands have stored over the file, in place of those before."""
        if tuple(stored) != self._stored:
            self._stored = tuple(stored)
            self._make(self._file)

    @property
    def misfits(self) -> tuple[Misfit, ...]:
        """Stored overrides that the file of now has no place for."""
        self.directory()
        return self._misfits

    def _make(self, file: OnCall) -> None:
        self._file = file
        oncall, self._misfits = laid_over(file, self._stored)
        self._made = Directory(oncall, self._channel, file)
