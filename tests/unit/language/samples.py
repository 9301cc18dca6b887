"""Owns one sample of each message, by the function that makes it; the one rule: what is said of numbers is said of one and of two.

`python -m tests.unit.language.samples` prints what `messages.txt` holds: look at the difference before it is kept.
"""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import leh_guardian
from leh_guardian.adapters.channels import ses, slack_blocks
from leh_guardian.cli import audit, diagnose, incidents, notify, scan, store_access
from leh_guardian.disclosure.found import Found, Tier
from leh_guardian.disclosure.found import Kind as Leak
from leh_guardian.engine import answering, distress_wording, foresight, notices, presses, silence, wording
from leh_guardian.engine.answering import Word
from leh_guardian.engine.directory import Directory
from leh_guardian.engine.distress_wording import Outage
from leh_guardian.engine.record_check import Checked
from leh_guardian.engine.trial import Tried
from leh_guardian.engine.verbs import Decision
from leh_guardian.engine.wording import Cause
from leh_guardian.language import Text, lines_of, time_of_day
from leh_guardian.model.action import ActionStatus
from leh_guardian.model.chain import Fault, Finding
from leh_guardian.model.escalation import Call, Escalation, Why
from leh_guardian.model.expectation import MANY
from leh_guardian.model.heartbeat import Heard
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.oncall import OnCall, Person, built_in, duty
from leh_guardian.model.oncall import wording as oncall
from leh_guardian.model.oncall.terms import Heartbeat
from leh_guardian.model.plan import Severity
from leh_guardian.model.provider import outage as provider
from leh_guardian.model.provider import wording as provider_wording
from leh_guardian.store.approvals import Approval
from leh_guardian.web import wording as page
from tests.support import rows
from tests.support.escalation import RUNBOOK
from tests.unit.language import checks, of_cases, of_spending, of_uploads, samples_by_hand

NOW: Final = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
"""Three in the morning in Seoul, of the 23rd."""
EARLIER: Final = NOW - timedelta(hours=5)
"""In Seoul it was still the 22nd."""
SEOUL: Final = ZoneInfo("Asia/Seoul")
_HALF: Final = timedelta(minutes=30)
_ESCALATION: Final = Escalation(RUNBOOK, 1, step=0, seq=1, acked_by=("minsu",))


def incident(number: int, **changed: Any) -> Incident:
    """Return the incident that people call by `number`."""
    return replace(rows.incident(number, **changed), number=number)


_OPEN: Final = incident(42, rule_id="down", dedup_key="db-1", escalation=_ESCALATION)
_PEOPLE: Final = {"minsu": Person("minsu", "김민수"), "kim": Person("kim", "Kim"), "lee": Person("lee", "Lee")}
_DIRECTORY: Final = Directory(OnCall("r", built_in("ops").policies, people=_PEOPLE), "ops")


def constants() -> Iterator[tuple[str, Text]]:
    """Yield every text that needs no argument, by module and name."""
    for module, tree in modules():
        for node in tree.body:
            name = (
                node.target
                if isinstance(node, ast.AnnAssign)
                else node.targets[0]
                if isinstance(node, ast.Assign)
                else None
            )
            if isinstance(name, ast.Name):
                yield from _texts(
                    f"{module}.{name.id}", getattr(importlib.import_module(f"leh_guardian.{module}"), name.id)
                )


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield each module that says something, and what is written in it."""
    root = Path(leh_guardian.__file__).parent
    for file in sorted(root.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if "Text" in source and file.name != "language.py":
            yield ".".join(file.relative_to(root).with_suffix("").parts), ast.parse(source)


def _texts(name: str, value: object) -> Iterator[tuple[str, Text]]:
    match value:
        case Text():
            yield name, value
        case Mapping():
            for key, one in value.items():
                yield from _texts(f"{name}[{getattr(key, 'value', repr(key))}]", one)
        case tuple():
            for number, one in enumerate(value):
                yield from _texts(f"{name}[{number}]", one)


def messages() -> dict[str, Text]:
    """Return what each function says, by module, name and what it is said of."""
    return {
        **_of_calls(),
        **_of_answers(),
        **_of_people(),
        **_of_outages(),
        **_of_commands(),
        **samples_by_hand.messages(),
        **checks.samples(),
        **of_cases.samples(),
        **of_spending.samples(),
        **of_uploads.samples(),
    }


def _of_calls() -> dict[str, Text]:
    call = Call(1, 2, Why.UNANSWERED, NOW, (1,), 1800.0)
    made = {f"because/{why.value}": wording.because(Call(1, 2, why, NOW, (), 5400.0), "김민수") for why in Why}
    made |= {f"message/{cause.value}": wording.message(cause, _OPEN, "why it is", action=None) for cause in Cause}
    made |= {
        f"news/{kind.value}": wording.news(kind, _OPEN, "김민수", "a detail")
        for kind in (
            Kind.ACKNOWLEDGED,
            Kind.RESOLVED,
            Kind.SNOOZED,
            Kind.APPROVAL_GIVEN,
            Kind.ACK_ENDED,
            Kind.NEEDS_PERSON,
        )
    }
    made |= {
        "called": wording.called(call, _OPEN, 3600.0, timedelta(minutes=5), ""),
        "called/last": wording.called(Call(2, 3, Why.ASKED, NOW), _OPEN, None, None, ""),
        "passed_on": wording.passed_on(call, _OPEN, ""),
        "passed_on/first": wording.passed_on(Call(0, 1, Why.BEGUN, NOW), _OPEN, ""),
        "deadline": wording.deadline(1800.0),
        "deadline/none": wording.deadline(None),
        "message/asks": wording.message(Cause.APPROVAL, _OPEN, "x", action="0199f7c3"),
        "message/many": wording.message(Cause.NO_REMEDY, incident(1, dedup_key=MANY), "x"),
        "reminder": wording.reminder(_OPEN, timedelta(minutes=10)),
        "passed_time": wording.passed_time(timedelta(days=1, hours=2)),
        "detail_line": wording.detail_line("x"),
        "too_much/none": wording.too_much({}),
    }
    for measure in ("count", "sum", "distinct"):
        window = {"measure": measure, "value": 1200, "bound": 1000, "over": 600}
        made[f"too_much/{measure}"] = wording.too_much({"window": window})
    beat = Heartbeat("backup", 86400.0, 3600.0, Severity.SEV2, "default")
    rest = {
        "engine.foresight.next_line/nobody": foresight.next_line(_waiting(), _DIRECTORY, NOW),
        "engine.foresight._who": foresight._who(["person:minsu", "channel:ops"], _DIRECTORY),
        "engine.foresight._who/people": foresight._who([f"person:{n}" for n in ("a", "b", "c", "d")], _DIRECTORY),
        "engine.foresight._who/places": foresight._who([f"channel:{n}" for n in ("a", "b", "c", "d", "e")], _DIRECTORY),
        "engine.notices._beside/1": notices._beside(1),
        "engine.notices._beside/2": notices._beside(2),
        "engine.notices._spoken": notices._spoken(2, "service errors", wording.STATES["triggered"]),
        "engine.silence._back": silence._back(beat),
        "engine.silence._silence": silence._silence(
            beat, Heard("backup", NOW, None, NOW), NOW + timedelta(days=2), SEOUL
        ),
        "engine.silence._silence/seen": silence._silence(beat, Heard("backup", NOW, EARLIER, NOW), NOW, SEOUL),
    }
    return {**{f"engine.wording.{name}": text for name, text in made.items()}, **rest}


def _waiting() -> Any:
    """Return an incident whose policy ends with the call that was made."""
    ends = _ESCALATION.policy.__class__("ends", RUNBOOK.steps[-1:], RUNBOOK.after_last.__class__(times=0))
    return incident(7, escalation=Escalation(ends, 3, step=0, seq=1, planned=NOW))


def _of_answers() -> dict[str, Text]:
    def word(verb: str, who: str = "minsu") -> Word:
        return Word(verb, who)

    held = incident(42, status=IncidentStatus.ACKNOWLEDGED, escalation=_ESCALATION)
    over = incident(42, status=IncidentStatus.RESOLVED, escalation=_ESCALATION)
    grave = incident(42, escalation=Escalation(RUNBOOK, 3, step=2, seq=1))
    asked = incident(42, escalation=Escalation(RUNBOOK, 1, step=0, pending=Why.ASKED, goal=1, asked_by="kim"))
    line = (EARLIER, {"by": "kim", "name": "Kim"})
    nameless = (EARLIER, {})

    def said(verb: str, after: Any = _OPEN) -> Text:
        return answering._said(_OPEN, after, word(verb), True, None, None, NOW)

    def not_done(before: Any, verb: str, closed: Any = None) -> Text:
        return answering._not_done(before, word(verb), closed, NOW, _DIRECTORY)

    def decided(counted: bool, status: ActionStatus, given: int, people: str = "", *, approve: bool = True) -> Text:
        names = tuple(Approval(f"p{n}", f"P{n}", NOW) for n in range(given))
        return answering._decided(Decision(counted, names, 3), status, people, approve=approve)

    return {
        "engine.answering._said/ack": said("ack", held),
        "engine.answering._said/ack-more": said("ack"),
        "engine.answering._said/unack": said("unack"),
        "engine.answering._said/resolve": said("resolve", over),
        "engine.answering._said/escalate": said("escalate", asked),
        "engine.answering._said/snooze": said("snooze"),
        "engine.answering._acked/again": answering._acked(held, held, word("ack"), line, NOW, _DIRECTORY),
        "engine.answering._acked/other": answering._acked(held, held, word("ack", "lee"), line, NOW, _DIRECTORY),
        "engine.answering._acked/nobody": answering._acked(held, held, word("ack", "lee"), nameless, NOW, _DIRECTORY),
        "engine.answering._not_done/unack": not_done(_OPEN, "unack"),
        "engine.answering._not_done/observed": not_done(incident(1), "ack"),
        "engine.answering._not_done/grave": not_done(grave, "snooze"),
        "engine.answering._not_done/asked": not_done(asked, "escalate"),
        "engine.answering._not_done/moved": not_done(_OPEN, "escalate"),
        "engine.answering._over": not_done(over, "resolve", line),
        "engine.answering._over/by-itself": not_done(over, "resolve", nameless),
        "engine.answering._at": answering._at(line, NOW, _DIRECTORY),
        "engine.answering._with_it/1": answering._with_it([_OPEN]),
        "engine.answering._with_it/11": answering._with_it([incident(n) for n in range(11)]),
        "engine.answering._decided/rejected": decided(True, ActionStatus.REJECTED, 0, approve=False),
        "engine.answering._decided/1-more": decided(True, ActionStatus.PROPOSED, 2),
        "engine.answering._decided/2-more": decided(True, ActionStatus.PROPOSED, 1),
        "engine.answering._decided/approved": decided(True, ActionStatus.SCHEDULED, 3),
        "engine.answering._decided/twice": decided(False, ActionStatus.PROPOSED, 1),
        "engine.answering._decided/by-others": decided(False, ActionStatus.SCHEDULED, 0, "Kim"),
        "engine.answering._decided/not-asked": decided(False, ActionStatus.FAILED, 0),
        "engine.presses._stranger": presses._stranger("U1"),
        "web.wording.otherwise": page.otherwise(page.STRANGER),
        "web.wording.in_zone": page.in_zone(time_of_day(EARLIER, NOW, SEOUL), NOW, SEOUL),
    }


def _of_people() -> dict[str, Text]:
    return {
        "model.oncall.duty._replaced": duty._replaced("minsu", "jiyoung", "휴가"),
        "model.oncall.duty._removed": duty._removed("minsu", "휴가"),
        "model.oncall.duty._added": duty._added("minsu", "휴가"),
        "model.oncall.wording.gap": oncall.gap("minsu, seoyeon"),
        "model.oncall.wording.gap/nobody": oncall.gap(""),
        "model.oncall.wording.long_duty": oncall.long_duty("minsu", 15),
        "model.oncall.wording.no_address": oncall.no_address("sms", "phone"),
        "model.oncall.wording.no_variable": oncall.no_variable("SLACK_TOKEN"),
        "model.oncall.wording.no_template": oncall.no_template("triggered"),
        "model.oncall.wording.not_forever/1": oncall.not_forever(1),
        "model.oncall.wording.not_forever/2": oncall.not_forever(2),
        "model.oncall.wording.nobody_reached": oncall.nobody_reached(2),
        "model.oncall.wording.two_levels": oncall.two_levels("minsu", 1, 2),
        "model.oncall.wording.calendar_ends": oncall.calendar_ends("2027-12-31", "holidays"),
    }


def _of_outages() -> dict[str, Text]:
    facts = {
        "state": "outage_confirmed",
        "confidence": 0.9,
        "reason": "10 of 20 attempts",
        "incidents": [{"name": "Elevated errors", "status": "investigating"}],
        "vanished": ["Embeddings"],
    }
    made: dict[str, Text] = {}
    for name in ("openai", "opensearch"):
        one = provider.Outage(name, UUID(int=1), provider.Phase.OVER, None, EARLIER, NOW, NOW, NOW, facts=facts)
        for occasion in provider.Occasion:
            what = provider.Announcement(provider.Audience.TEAM, occasion)
            title, lines = provider_wording._for_team(one, what, NOW)
            made[f"_for_team/{name}-{occasion.value}"] = lines_of(title, *lines)
            title, lines = provider_wording._for_users(one, what)
            made[f"_for_users/{name}-{occasion.value}"] = lines_of(title, *lines)
    found = {f"model.provider.wording.{name}": text for name, text in made.items()}
    for outage in Outage:
        text = distress_wording.distress(outage, "no answer", EARLIER, "host:17", over=False)
        found[f"engine.distress_wording.distress/{outage.value}"] = text
    over = distress_wording.distress(Outage.DATABASE, "", EARLIER, "host:17", over=True)
    return {
        **found,
        "engine.distress_wording.distress/over": over,
        "model.provider.wording._length": provider_wording._length(timedelta(minutes=59)),
        "model.provider.wording._length/hour": provider_wording._length(timedelta(minutes=60)),
    }


def _of_commands() -> dict[str, Text]:
    def where(**changed: Any) -> Text:
        facts = {"one_file": False, "one_case": False, "everywhere": False, "cases": 1, "files": 2}
        given = {**facts, "since_deploy": None, "since": None, **changed}
        return diagnose._where(SimpleNamespace(concentration=SimpleNamespace(**given)))  # type: ignore[arg-type]

    row = {
        "number": 42,
        "id": "0199f7c3",
        "status": "acknowledged",
        "severity": "sev2",
        "rule": "down",
        "dedup_key": "db-1",
        "events": 1,
        "run": 2,
        "opened_at": None,
        "resolved_at": None,
        "acknowledged_by": ["minsu"],
        "next_call": None,
        "silenced": None,
        "level": 0,
        "event_id": "e-1",
    }
    line = {"incident_id": UUID(int=1), "line": 7}
    faults = {
        f"cli.audit._told/{fault.value}": audit._told(Finding(fault, **line))
        for fault in (Fault.CHANGED, Fault.REMOVED)
    }
    return {
        **faults,
        "cli.audit._told/whole": audit._told(Finding(Fault.REMOVED, UUID(int=1))),
        "cli.audit._told/root": audit._told(Finding(Fault.ROOT, day=date(2026, 11, 22))),
        "cli.audit._summary": audit._summary(Checked(1, 2, 1)),
        "cli.audit._summary/wrong": audit._summary(Checked(2, 1, 0, findings=[Finding(Fault.ROOT)])),
        "cli.diagnose._where": where(since_deploy=True, since=EARLIER.timestamp()),
        "cli.diagnose._where/file": where(one_file=True),
        "cli.diagnose._where/case": where(one_case=True),
        "cli.diagnose._where/everywhere": where(everywhere=True, cases=3),
        "cli.incidents._head": lines_of(*incidents._head(row)),
        "cli.notify._result": notify._result(Tried("sms", accepted=True, reference="m-1", receipt="delivered")),
        "cli.notify._result/refused": notify._result(Tried("sms", accepted=False, reason="no balance")),
        "cli.scan._as_text": scan._as_text(
            Path("a.log"), 3, Found(Leak.PHONE, Tier.CONFIRMED, 4, 13, "f00d", "detail.memo")
        ),
        "cli.scan._summary": scan._summary(Counter({"phone": 2, "card": 1})),
        "cli.store_access._no_id": store_access._no_id("x"),
        "cli.store_access._none": store_access._none("abcdef"),
        "cli.store_access._several": store_access._several("abcdef"),
        "adapters.channels.ses._state": ses._state("triggered"),
        "adapters.channels.slack_blocks._more/1": slack_blocks._more(1),
        "adapters.channels.slack_blocks._more/2": slack_blocks._more(2),
    }


def table() -> str:
    """Return all messages as `messages.txt` holds them."""
    blocks = []
    for name, text in sorted([*constants(), *messages().items()], key=lambda one: one[0]):
        korean, english = (said.replace("\n", "\n      ") for said in (text.ko, text.en))
        blocks.append(f"{name}\n  ko: {korean}\n  en: {english}\n")
    return "\n".join(blocks)


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - what it is for
