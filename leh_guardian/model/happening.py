"""Owns what AWS can be asked about again after its event was lost; the one rule: told twice, under whatever id, it is one happening.

EventBridge delivers at best effort, and what it lost is rebuilt from AWS's own word (`engine/reconcile`). The id of a lost event is
known to nobody; so whoever takes in an event of these kinds marks *what happened* in the inbox as well, and whoever rebuilds one looks
for that mark. The instants of an event and of AWS's own word are believed to be the same to a second or two, not to the last digit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from leh_guardian.model.event import Event
from leh_guardian.model.identity import key

ALARMS: Final = "aws.cloudwatch"
ALARM_CHANGE: Final = "CloudWatch Alarm State Change"
RDS: Final = "aws.rds"
_APART: Final = 2
"""Seconds by which two words about one happening may differ; no alarm is evaluated more often than every ten."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened once, by what it is about and when."""

    subject: str
    at: datetime

    @property
    def heard(self) -> UUID:
        """The inbox's key of its having been heard of."""
        return self._heard(0)

    @property
    def heard_about_then(self) -> frozenset[UUID]:
        """The keys under which it may have been heard of."""
        return frozenset(self._heard(apart) for apart in range(-_APART, _APART + 1))

    @property
    def rebuilt(self) -> str:
        """The id of the event that is rebuilt of it: the same on every replica."""
        return self._rebuilt(0)

    @property
    def rebuilt_about_then(self) -> frozenset[UUID]:
        """The inbox's keys of such events."""
        ids = (self._rebuilt(apart) for apart in range(-_APART, _APART + 1))
        return frozenset(Event(f"eventbridge:{id_}", {}).key for id_ in ids)

    def _heard(self, apart: int) -> UUID:
        return key(f"heard/{self._at(apart)}/{self.subject}")

    def _rebuilt(self, apart: int) -> str:
        return str(key(f"rebuilt/{self._at(apart)}/{self.subject}"))

    def _at(self, apart: int) -> int:
        return int(self.at.timestamp()) + apart


def happening_of(event: Event) -> Happening | None:
    """Return what an event tells of that AWS can be asked about again; None for others, and for one that does not say when."""
    subject = _SUBJECTS[event.source](event) if event.source in _SUBJECTS else None
    at = event.occurred_at
    return None if subject is None or at is None else Happening(subject, at)


def alarm_subject(name: str, state: str) -> str:
    """Return what a change of an alarm's state is about. Without its ARN: not every way that alarms come by tells it."""
    return f"alarm/{state}/{name}"


def rds_subject(arn: str, said: str) -> str:
    """Return what an event of RDS is about; its EventID is told by EventBridge alone."""
    return f"rds/{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}/{arn}"


def _alarm(event: Event) -> str | None:
    state = event.detail.get("state")
    value, name = state.get("value") if isinstance(state, Mapping) else None, event.detail.get("alarmName")
    if event.detail_type != ALARM_CHANGE or not isinstance(value, str) or not isinstance(name, str):
        return None
    return alarm_subject(name, value)


def _rds(event: Event) -> str | None:
    arn, said = event.detail.get("SourceArn"), event.detail.get("Message")
    return rds_subject(arn, said) if isinstance(arn, str) and isinstance(said, str) else None


_SUBJECTS: Final[Mapping[str, Any]] = {ALARMS: _alarm, RDS: _rds}
