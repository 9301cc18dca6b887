"""Owns rule cases: a given event and the plan that must follow; the one rule: what a case does not expect must not happen.

A case names every rule that its event may concern. A rule that matches more than its author meant fails the cases of others,
before it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from leh_guardian.errors import MalformedEvent
from leh_guardian.model.event import Event, parse_body
from leh_guardian.model.text import dump_json
from leh_guardian.registry import Registry
from leh_guardian.rules.case_checks import unmet
from leh_guardian.rules.case_entries import CaseEntry, CaseFileEntry, GivenEvent
from leh_guardian.rules.case_story import BEGIN, Happened, Story, live
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Diagnostic, Path, Problem, did_you_mean
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.folder import File
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.wording import described, problems, validate

_MOST_CASES: Final = 10_000
"""In one file; more are a mistake of whatever wrote it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to."""

    file: str
    line: int
    name: str
    rules: frozenset[str]
    """The rules that it expects something of."""
    failures: tuple[Diagnostic, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures

    def to_json(self) -> dict[str, Any]:
        """Return what `rules test --json` prints."""
        return {
            "file": self.file,
            "line": self.line,
            "case": self.name,
            "passed": self.passed,
            "failures": [failure.to_json() for failure in self.failures],
        }


def run_cases(
    files: Sequence[File], rules: RuleSet, registry: Registry
) -> tuple[tuple[Result, ...], tuple[Diagnostic, ...]]:
    """Run every case of `files`; return what each came to, and everything wrong with the files and in the results."""
    bodies = {file.path.name: file for file in files if file.is_event}
    results: list[Result] = []
    complaints: list[Diagnostic] = []
    for file in files:
        if file.is_event:
            continue
        if refusal := file.refusal():
            complaints.append(refusal)
            continue
        document = read_document(file.content, str(file.path))
        of_file = [*document.diagnostics, *_located(document, _shape(document) if document.complete else ())]
        for index, written in enumerate(_entries(document)[:_MOST_CASES]):
            result, found = _run(document, ("cases", index), written, bodies, rules, registry)
            results += [result] if result else []
            of_file += found
        complaints += sorted(of_file, key=lambda one: (one.line, one.column))[:MOST_MISTAKES]
    return tuple(results), tuple(complaints)


def _run(
    document: Document,
    path: Path,
    written: Any,
    bodies: Mapping[str, File],
    rules: RuleSet,
    registry: Registry,
) -> tuple[Result | None, list[Diagnostic]]:
    entry, errors = validate(CaseEntry, written)
    if not isinstance(entry, CaseEntry):
        return None, _located(document, problems(errors, CaseEntry, written, path))
    try:
        happened = list(_happened(entry, path, bodies, rules))
    except _UnreadableError as error:
        found = _located(document, [error.problem])
    else:
        story = Story(tuple(happened), live(happened, entry.wait, rules, found=entry.found))
        found = _located(document, unmet(entry, story, path, rules, registry))
    place = document.place(path)
    named = frozenset(expected.rule for expected in entry.expect)
    return Result(document.source.file, place.line, entry.name, named, tuple(found)), found


class _UnreadableError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _happened(entry: CaseEntry, path: Path, bodies: Mapping[str, File], rules: RuleSet) -> Iterator[Happened]:
    """Yield the events of a case with their times.

    Raises:
        _UnreadableError: one cannot be read.
    """
    at = timedelta(0)
    given: list[tuple[GivenEvent, timedelta, Path]] = [(entry, at, path)]
    given += [(one, one.after, (*path, "later", index)) for index, one in enumerate(entry.later)]
    for one, pause, here in given:
        at += pause
        if one.tick is not None:
            yield Happened(at, _tick(one.tick, (*here, "tick"), rules))
            continue
        try:
            for number in range(1, one.times + 1):
                at += one.every if number > 1 else timedelta(0)
                yield from (Happened(at, event) for event in _events(one, bodies, number))
        except MalformedEvent as error:
            place = (*here, "event" if one.event is not None else "event_file")
            raise _UnreadableError(Problem(place, "bad-event", f"the case's event cannot be read: {error}")) from error


def _tick(rule_id: str, path: Path, rules: RuleSet) -> Event:
    """Return a tick of a rule, the first of the case's own time.

    Raises:
        _UnreadableError: it has none.
    """
    rule = rules.get(rule_id)
    if rule is None or rule.schedule is None:
        ticking = [one.id for one in rules.rules if one.schedule]
        message = f"there is no rule `{rule_id}` with a `schedule`"
        raise _UnreadableError(Problem(path, "unknown-rule", message, did_you_mean(rule_id, ticking)))
    return rule.schedule.event(rule_id, rule.schedule.cron.next(BEGIN) or BEGIN)


def _events(entry: GivenEvent, bodies: Mapping[str, File], number: int) -> list[Event]:
    """Return the events of a case, read just as the daemon reads a message body; the `number`th time they come.

    Raises:
        MalformedEvent: there are none; the text says why.
    """
    if entry.event is not None:
        event = entry.event if entry.times == 1 else _numbered(entry.event, number)
        return parse_body(dump_json(event).encode())
    file = bodies.get(entry.event_file or "")
    if file is None or file.trouble:
        why = f"cannot be read: {file.trouble}" if file else "is not in the folder of the cases"
        raise MalformedEvent(f"the file {entry.event_file} {why}")
    return parse_body(file.content.replace(b"${n}", b"%d" % number) if entry.times > 1 else file.content)


def _numbered(event: Any, number: int) -> Any:
    """Return an event with its number for `${n}`."""
    if isinstance(event, str):
        return event.replace("${n}", str(number))
    if isinstance(event, Mapping):
        return {name: _numbered(value, number) for name, value in event.items()}
    return [_numbered(value, number) for value in event] if isinstance(event, list) else event


def _shape(document: Document) -> Iterator[Problem]:
    data = document.data
    if not isinstance(data, Mapping) or "cases" not in data:
        what = "has no `cases`" if isinstance(data, Mapping) else f"is {described(data)}"
        yield Problem((), "not-a-case-file", f"this {what}", "it begins with `version: 1` and holds a list of `cases`")
        return
    yield from problems(validate(CaseFileEntry, data)[1], CaseFileEntry, data, ())


def _entries(document: Document) -> Sequence[Any]:
    cases = document.data.get("cases") if isinstance(document.data, Mapping) else None
    return cases if isinstance(cases, list) else ()


def _located(document: Document, found: Sequence[Problem] | Iterator[Problem]) -> list[Diagnostic]:
    return [diagnostic for problem in found if (diagnostic := document.locate(problem))]
