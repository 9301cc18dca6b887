"""Owns the list of all known event types; the one rule: a type is found by its name, and whether a source's list is whole is said.

A whole list lets one doubt a `detail-type` that is not in it. A service whose events are not all listed is never doubted so.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from leh_guardian.rules.shapes import aws, cloudtrail, cloudwatch, s3, service
from leh_guardian.rules.shapes.event_type import EventType

ALL: Final = (*cloudwatch.EVENTS, *s3.EVENTS, *cloudtrail.EVENTS, *aws.EVENTS, *service.EVENTS)
WHOLE: Final = frozenset({"aws.cloudwatch", "aws.s3", "aws.rds", "aws.acm", "aws.health"})
"""Sources all of whose types are listed (EventBridge Events Reference, the page of each service)."""

_UNMISTAKABLE: Final = ("AWS ", "CloudWatch ", "RDS ", "ACM ", "GuardDuty ", "Lambda Function ")


def _by_name() -> dict[str, tuple[EventType, ...]]:
    found: defaultdict[str, list[EventType]] = defaultdict(list)
    for event_type in ALL:
        found[event_type.name].append(event_type)
    return {name: tuple(types) for name, types in found.items()}


BY_NAME: Final = _by_name()


def of_source(source: str) -> tuple[EventType, ...]:
    """Return the known types that `source` sends, its own before those that CloudTrail hands on for every service."""
    types = (event_type for event_type in ALL if event_type.comes_from(source))
    return tuple(sorted(types, key=lambda event_type: source not in event_type.sources))


def is_unmistakable(name: str) -> bool:
    """Tell whether nobody but its one sender would give an event this `detail-type`: "Object Created" could be anybody's."""
    return name.startswith(_UNMISTAKABLE)
