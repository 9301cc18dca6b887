"""Owns the kinds of an incident's durable timers; the one rule: one of each kind at most, so setting one again moves it."""

from __future__ import annotations

from enum import StrEnum


class TimerKind(StrEnum):
    """What a timer does when it is due."""

    RESOLVE = "resolve"
    """The held OK may close the incident now."""
    ESCALATE = "escalate"
    """Nobody has answered, or a wait before a call is over: the next call goes out."""
    REMIND = "remind"
    """Who acknowledged is reminded that it runs out."""
    UNACK = "unack"
    """The acknowledgement has run out."""
    OVERDUE = "overdue"
    """Somebody is at it, and it is not solved in its level's time."""
    SNOOZE = "snooze"
    """The quiet that somebody asked for is over."""


CALLS = frozenset({TimerKind.ESCALATE, TimerKind.REMIND, TimerKind.UNACK, TimerKind.OVERDUE, TimerKind.SNOOZE})
"""The timers that escalation sets: all of them go with the incident's end."""
