"""Owns who can be called and how; the one rule: quiet hours hold back what can wait, never what is urgent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from leh_guardian.language import Locale
from leh_guardian.model.plan import Severity

_URGENT = frozenset({Severity.SEV1, Severity.SEV2})


@dataclass(frozen=True, slots=True)
class ContactRule:
    """By which channels a person is called, some time after their step called them."""

    after: float
    """Seconds from when the step called this person."""
    via: tuple[str, ...]
    """Names of channels; all at once."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of the day in which a person is left alone; they may go past midnight."""

    begin: time
    end: time

    def holds(self, at: datetime, zone: ZoneInfo) -> bool:
        """Tell whether the clocks of `zone` show a quiet hour at an instant."""
        shown = at.astimezone(zone).time()
        if self.begin <= self.end:
            return self.begin <= shown < self.end
        return shown >= self.begin or shown < self.end


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be called."""

    id: str
    name: str
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False)
    """{slack, email, phone: the address}; kept out of what is logged."""
    normal: tuple[ContactRule, ...] = ()
    """For sev3 and less; empty: channels name this person, and nothing is sent to them alone."""
    urgent: tuple[ContactRule, ...] = ()
    """For sev1 and sev2."""
    quiet: QuietHours | None = None
    locale: Locale | None = None
    """What this person is told in; None: the file's."""

    def rules(self, severity: Severity) -> tuple[ContactRule, ...]:
        """Return how this person is called for trouble of `severity`."""
        return self.urgent if severity in _URGENT else self.normal

    def is_quiet(self, severity: Severity, at: datetime, zone: ZoneInfo) -> bool:
        """Tell whether this person is left alone with trouble of `severity` at an instant."""
        return severity not in _URGENT and self.quiet is not None and self.quiet.holds(at, zone)
