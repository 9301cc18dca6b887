"""Owns OnCall: everything that `oncall.yaml` says; the one rule: it never changes, a reload makes another.

What is asked for by a name is there: the loader refuses a file in which one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.language import Locale
from leh_guardian.model.oncall.classification import Classification
from leh_guardian.model.oncall.delivery import CONSOLE, DEFAULT, Channel, Delivery
from leh_guardian.model.oncall.duty import Duty, duty_at
from leh_guardian.model.oncall.people import Person
from leh_guardian.model.oncall.schedule import Override, Schedule
from leh_guardian.model.oncall.terms import Heartbeat, Inhibition, Maintenance
from leh_guardian.model.policy import AfterLast, Policy, PolicyStep

POLICY: Final = "default"
"""The policy of rules that name none."""
TIMEZONE: Final = "Asia/Seoul"


@dataclass(frozen=True, slots=True)
class OnCall:
    """People, schedules, policies."""

    revision: str
    """A digest of the bytes that it was read from; `built-in` for what is used without a file."""
    policies: Mapping[str, Policy]
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo(TIMEZONE))
    locale: Locale = Locale.KO
    """What whoever reads is told in, unless they have their own."""
    people: Mapping[str, Person] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    """Beside them, `console` and `default` can always be named."""
    failover: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """{channel: those to use in its place, in order, where it fails}."""
    delivery: Delivery = field(default_factory=Delivery)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    classification: Classification = field(default_factory=Classification)
    inhibitions: tuple[Inhibition, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()

    def channel(self, name: str) -> Channel | None:
        """Return a channel; the built-in ones have no options."""
        return self.channels.get(name) or (Channel(name, name) if name in {CONSOLE, DEFAULT} else None)

    def language(self, target: str = "") -> Locale:
        """Return what a target (`person:ID`, `channel:NAME`) is told in; everybody else, and what is written down, the file's own."""
        kind, _, name = target.partition(":")
        person = self.people.get(name) if kind == "person" else None
        channel = self.channels.get(name) if kind == "channel" else None
        own = (person.locale if person else None) or (channel.locale if channel else None)
        return own or self.locale

    @property
    def languages(self) -> frozenset[Locale]:
        """What anybody is told in."""
        own = {person.locale for person in self.people.values()} | {one.locale for one in self.channels.values()}
        return frozenset({self.locale, *(locale for locale in own if locale is not None)})

    @property
    def overrides(self) -> Iterator[Override]:
        """All overrides of all schedules."""
        return (override for schedule in self.schedules.values() for override in schedule.overrides)

    def with_override(self, override: Override) -> OnCall:
        """Return the same with one more override, made after all others, such as one that a command has stored.

        Raises:
            KeyError: there is no such schedule.
        """
        schedule = self.schedules[override.schedule]
        changed = replace(schedule, overrides=(*schedule.overrides, override))
        return replace(self, schedules={**self.schedules, schedule.id: changed})


def on_call(oncall: OnCall, schedule_id: str, at: datetime) -> Duty:
    """Return who is on call by a schedule at an instant, which must have a zone.

    Raises:
        KeyError: there is no such schedule.
    """
    return duty_at(oncall.schedules[schedule_id], at)


def built_in(channel: str) -> OnCall:
    """Return what is used where there is no `oncall.yaml`: the runbook's times, all told through one channel of the settings."""
    target = (f"channel:{channel}",)
    steps = (
        PolicyStep(1, target, ack_within=1800.0),
        PolicyStep(2, target, ack_within=3600.0, keep=(1,)),
        PolicyStep(3, target, keep=(1, 2)),
    )
    after = AfterLast(repeat_from=3, every=900.0, backoff=1.5, max_every=3600.0)
    return OnCall("built-in", {POLICY: Policy(POLICY, steps, after)})
