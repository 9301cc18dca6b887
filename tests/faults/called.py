"""Owns the verdict over who was called: forgotten, called for nothing, called twice; the one rule: it believes the providers.

Nobody is forgotten: each call of each incident came to each of its people by some channel, or they had a newer one. Nobody is
called for nothing: no attempt that began after an answer was known calls. What came twice says so, and no more came than was tried.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.faults.duty import WITHIN, Providers, Taken, numbers
from tests.faults.truth import Truth

LATEST = timedelta(seconds=60)
"""A call that is later than this was forgotten for a while: no outage here lasts so long."""
_IN_FLIGHT = timedelta(seconds=0.25)
"""By how much the harness's clock and a replica's may differ."""
_UNMARKED = "voice"
"""What cannot say that it may have come before: a voice says what it says."""


@dataclass
class Page:
    """A message, as guardian's own rows have it."""

    id: str
    incident: str
    params: Mapping[str, Any]
    status: str
    attempt: int
    reference: str
    written: bool
    """Whether there is a record of its sending."""
    starts: list[datetime]
    """When its attempts began."""
    said: str
    """What its end was put down to."""

    @property
    def calls(self) -> bool:
        """Whether it calls somebody, and does not only tell."""
        return bool(self.params["kind"] == "page")

    @property
    def decision(self) -> tuple[str, int]:
        """Which move of which incident it belongs to."""
        return self.incident, int(self.params["seq"])


@dataclass
class Called:
    """What was found."""

    violations: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)


class Verdict:
    """Holds the rows of a world whose replicas have ended against what its providers have taken."""

    def __init__(self, truth: Truth, providers: Providers, answered: Mapping[str, datetime]) -> None:
        self._answered = answered
        """{alarm: when it was known that somebody had answered}."""
        self._found = Called()
        self._incidents = {row["id"]: row for row in truth.rows(_INCIDENTS)}
        self._numbered = {str(row["number"]): row["id"] for row in truth.rows("select number, id::text from incidents")}
        starts: defaultdict[str, list[datetime]] = defaultdict(list)
        for row in truth.rows("select action_id::text, at from journal where kind = 'attempt.started' order by id"):
            starts[row["action_id"]].append(row["at"])
        self._pages = {
            row["id"]: Page(
                row["id"],
                row["incident_id"],
                json.loads(row["params"]),
                row["status"],
                row["attempt"],
                row["reference"] or "",
                row["reference"] is not None,
                starts[row["id"]],
                row["said"],
            )
            for row in truth.rows(_PAGES)
        }
        self._calls: defaultdict[str, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
        for row in truth.rows(_CALLS):
            self._calls[row["incident_id"]].append((row["at"], json.loads(row["data"])))
        self._timers = {row[0] for row in truth.rows("select incident_id::text from timers where kind = 'escalate'")}
        self._repaired = truth.value("select count(*) from journal where kind = 'audit.repaired'")
        self._taken = list(providers.taken)
        self._arrived = {one.key for one in self._taken if one.arrives}

    def reach(self) -> Called:
        """Look at everything."""
        for incident in self._incidents:
            self._look_at_calls(incident)
            self._look_at_people(incident)
        self._look_at_copies()
        for page in self._pages.values():
            if page.status == "succeeded" and not page.written:
                self._wrong(
                    f"{self._name(page.incident)}: {page.params['channel']} took a message, which is not on record"
                )
        if self._repaired:
            self._wrong(f"I16 the audit had to set {self._repaired} timers")
        figures = self._found.figures
        figures["incidents"], figures["answered"] = len(self._incidents), len(self._answered)
        figures["messages"] = len(self._taken)
        figures["by_another_channel"] = sum("instead_of" in page.params for page in self._pages.values())
        return self._found

    def _wrong(self, what: str) -> None:
        self._found.violations.append(what)

    def _name(self, incident: str) -> str:
        return str(self._incidents[incident]["dedup_key"]) if incident in self._incidents else "guardian's own"

    def _look_at_calls(self, incident: str) -> None:
        """Lv1, Lv2, Lv3 and again, each in its time, none of them left out or decided twice."""
        name, calls, figures = self._name(incident), self._calls[incident], self._found.figures
        seen = [level for _, data in calls for level in (*data["passed"], data["level"])]
        decided = Counter(page.decision for page in self._pages.values() if page.calls and page.incident == incident)
        if seen[:3] != [1, 2, 3][: len(seen)] or set(seen[3:]) - {3}:
            self._wrong(f"{name}: levels {seen}")
        if len(decided) != len(calls):
            self._wrong(f"{name}: {len(calls)} calls, and messages of {len(decided)}")
        if name not in self._answered and len(seen) < 4:
            self._wrong(f"{name}: nobody has answered, and only {seen} were called")
        if self._incidents[incident]["status"] == "triggered" and incident not in self._timers:
            self._wrong(f"{name}: nobody has answered, and nothing is due")
        before = None
        for at, data in calls:
            planned = datetime.fromisoformat(data["planned"])
            if at - planned > LATEST:
                self._wrong(f"{name}: Lv{data['level']} was called {at - planned} late")
            if before is not None and planned < before + timedelta(seconds=WITHIN):
                self._wrong(f"{name}: Lv{data['level']} was called too early")
            before = planned
            figures["calls"] += 1
            figures["repeats"] += data["why"] == "repeated"
            figures["levels_passed_over"] += len(data["passed"])
            figures["latest_call_seconds"] = max(figures["latest_call_seconds"], round((at - planned).total_seconds()))

    def _look_at_people(self, incident: str) -> None:
        """Each call of an incident came to each of its people, or they have had a newer one, or somebody has answered."""
        moves: defaultdict[tuple[int, str], list[Page]] = defaultdict(list)
        for page in self._pages.values():
            if page.calls and page.incident == incident:
                moves[int(page.params["seq"]), page.params["target"]].append(page)
        reached: set[str] = set()
        for (seq, target), pages in sorted(moves.items(), reverse=True):
            if any(page.id in self._arrived or page.reference in self._arrived for page in pages):
                reached.add(target)
                continue
            if any(page.status in {"scheduled", "running", "waiting"} for page in pages):
                # On its way as the replicas ended; how late it may be, the scenario has looked at.
                reached.add(target)
                continue
            if self._name(incident) in self._answered:
                continue
            if any((page.params["channel"], page.status) == ("console", "succeeded") for page in pages):
                # No other channel had got it there: guardian's own log is the last one.
                self._found.figures["on_the_console_at_last"] += 1
                continue
            if target in reached:
                # What had not gone out before the next call of the same person was not sent any more.
                self._found.figures["said_by_a_newer_message"] += 1
                continue
            states = [(page.params["channel"], page.status, page.said) for page in pages]
            self._wrong(f"{self._name(incident)}: {target} was never told of call {seq}: {states}")

    def _look_at_copies(self) -> None:
        """What came twice says so; nothing comes more often than it was tried, or by an attempt that began after the answer."""
        people = numbers()
        references = {page.reference: page for page in self._pages.values() if page.reference}
        groups: defaultdict[tuple[str, str, str], list[Taken]] = defaultdict(list)
        for one in self._taken:
            # A telephone's message is known by what its provider calls it, which a lost answer has not told.
            page = self._pages.get(one.key) or references.get(one.key)
            target = f"person:{people[one.to]}" if one.to else "channel:ops"
            if page is None and one.channel in {"slack", "ops"}:
                self._wrong(f"a message of no action: {one}")
            if page is not None and page.params["target"] != target:
                self._wrong(f"{one.to} was told what {page.params['target']} should have been")
            named = _NUMBER.search(one.text)
            incident = self._numbered[named[1]] if named else ""
            # guardian's own, that a channel does not work, is held to nothing here but that it is somebody's message.
            if not incident or incident in self._incidents:
                groups[incident, target, one.channel].append(one)
        for (incident, target, channel), copies in groups.items():
            mine = [
                page
                for page in self._pages.values()
                if (page.params["target"], page.params["channel"]) == (target, channel)
                and incident in {page.incident, ""}
            ]
            self._look_at_group(incident, f"{target} by {channel}", channel, copies, mine)
        self._found.figures["messages_again"] = sum(one.again for one in self._taken)

    def _look_at_group(self, incident: str, where: str, channel: str, copies: list[Taken], mine: list[Page]) -> None:
        figures = self._found.figures
        tried = [page for page in mine if page.attempt]
        name = self._name(incident) if incident else "any incident"
        figures["more_than_once"] += max(0, len(copies) - len(tried))
        if len(copies) > sum(page.attempt for page in tried):
            self._wrong(f"{name}: {len(copies)} messages to {where}, of {sum(page.attempt for page in tried)} attempts")
        plain = sum(not one.again for one in copies)
        if channel != _UNMARKED and plain > len(tried):
            self._wrong(f"{name}: {plain} messages to {where} say that they are new, of {len(tried)}")
        known = self._answered.get(name)
        if known is None:
            return
        late = [one for one in copies if one.at > known]
        figures["in_flight_at_an_answer"] += len(late)
        before = sum(at <= known + _IN_FLIGHT for page in mine if page.calls for at in page.starts)
        telling = sum(len(page.starts) for page in mine if not page.calls)
        if len(copies) > before + telling:
            self._wrong(f"{name}: {len(copies)} messages to {where}, of {before} attempts before the answer")


_NUMBER = re.compile(r"INC-([0-9]+)")
"""What a message is about; a voice does not say it."""
_INCIDENTS = "select id::text, number, dedup_key, status, level from incidents where rule_id = 'down'"
_CALLS = "select incident_id::text, at, data::text from journal where kind = 'incident.called' order by id"
_PAGES = (
    "select a.id::text, a.incident_id::text, a.params::text, a.status, a.attempt, d.reference,"
    " coalesce(a.outcome->>'summary', '') as said"
    " from actions a left join deliveries d on d.action_id = a.id where a.handler = 'page'"
)
