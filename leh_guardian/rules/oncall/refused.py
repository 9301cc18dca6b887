"""Owns what `oncall.yaml` does not take though one could expect it; the one rule: it is refused aloud, with the way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from leh_guardian.rules.diagnostics import Problem

_NOT_SUPPORTED: Final[Mapping[tuple[str, str], str]] = {
    ("", "legal_clocks"): "keep statutory deadlines where your counsel keeps them",
    ("", "audit"): "guardian audits itself; who hears of it is set in guardian.yaml: heartbeat.url, heartbeat.every",
    ("", "drill"): "call somebody with an alarm of your own: a rule with `escalate`",
    ("heartbeats", "outbound"): "set it in guardian.yaml: heartbeat.url, heartbeat.namespace, heartbeat.every",
    ("maintenance", "cron"): 'write {days: [tue], at: "02:00", for: 1h}, or from and to',
    ("policies", "legal_clocks"): "keep statutory deadlines where your counsel keeps them",
    ("policies", "wait_out_quiet_hours"): "give people `quiet_hours`: they hold for sev3 to sev5",
    ("policies", "by"): "which events are one incident is said by a rule's `dedup`",
    ("policies", "interval"): "which events are one incident is said by a rule's `dedup`",
    ("classify", "match"): "write `pattern:`, an event pattern such as {source: [aws.macie], detail: {type: [a]}}",
    ("classify", "threshold"): "a count over time is said by a rule's `window`",
    ("classify", "unclassified_alert"): "write a rule for alarms that no other rule knows, as rules/service.yaml does",
    ("delivery", "language"): "write `locale` at the top of the file",
    ("calendars", "language"): "the days' names are not shown",
    ("calendars", "days"): "write `extra: {2026-12-31: why}`",
}
"""{(block, key): what to do instead}."""


_IN_PLACE: Final = {"match": "pattern"}
"""{what is refused: what is missing because it was written}."""


def refusals(found: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems, in better words where they are about a key that one could expect."""
    told = [_refusal(problem) for problem in found]
    stands = {(*one.path[:-1], _IN_PLACE.get(str(one.path[-1]))) for one in told if one.code == "not-supported"}
    yield from (one for one in told if one.code != "missing-key" or one.path not in stands)


def _refusal(problem: Problem) -> Problem:
    if problem.code != "unknown-key":
        return problem
    block, key = problem.path[0] if len(problem.path) > 1 else "", problem.path[-1]
    hint = _NOT_SUPPORTED.get((str(block), str(key)))
    return replace(problem, code="not-supported", message=f"`{key}` is not supported", hint=hint) if hint else problem
