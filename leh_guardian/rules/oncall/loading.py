"""Owns the way from `oncall.yaml` to an OnCall; the one rule: one mistake refuses the file, and all are told at once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.language import Locale
from leh_guardian.model.oncall.config import TIMEZONE, OnCall
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Diagnostic, RulesRefused
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.oncall.file_entry import OnCallFileEntry
from leh_guardian.rules.oncall.people import read_channels, read_delivery, read_failover, read_people, read_teams
from leh_guardian.rules.oncall.policies import read_policies
from leh_guardian.rules.oncall.reading import Reading
from leh_guardian.rules.oncall.refused import refusals
from leh_guardian.rules.oncall.schedules import read_schedules
from leh_guardian.rules.oncall.terms import read_classification, read_heartbeats, read_inhibitions, read_maintenance
from leh_guardian.rules.wording import described, problems, validate

_MEANT: Final = re.compile(r"did you mean `(\w+)`\?")


@dataclass(frozen=True, slots=True)
class CheckedOnCall:
    """What a file of on-call came to."""

    oncall: OnCall | None
    """None where there is an error."""
    diagnostics: tuple[Diagnostic, ...]
    policies: tuple[str, ...] = ()
    """The names that rules can refer to, of policies that are wrong as well."""


def check_oncall(content: bytes, file: str, environment: Mapping[str, str] | None = None) -> CheckedOnCall:
    """Look at `oncall.yaml`; whatever it holds, all that is wrong is said.

    `environment` holds the values of `${NAME}`; the process's if left out.
    """
    document = read_document(content, file)
    reading = Reading(document.data if isinstance(document.data, Mapping) else {})
    oncall = None
    if document.complete:
        oncall = _read(document, reading, os.environ if environment is None else environment, content)
    told = [*map(_of_reader, document.diagnostics), *filter(None, map(document.locate, reading.found))]
    if reading.spent:
        message = f"{MOST_MISTAKES} mistakes; the rest was not looked at"
        told.append(document.source.diagnostic(document.place(reading.found[-1].path), "too-many", message))
    refused = any(one.severity == "error" for one in told)
    in_order = tuple(sorted(told, key=lambda one: (one.line, one.column)))
    return CheckedOnCall(None if refused else oncall, in_order, tuple(reading.names("policies")))


def load_oncall(content: bytes, file: str, environment: Mapping[str, str] | None = None) -> OnCall:
    """Return what `oncall.yaml` says.

    Raises:
        RulesRefused: with every mistake of the file.
    """
    checked = check_oncall(content, file, environment)
    if checked.oncall is None:
        raise RulesRefused(one for one in checked.diagnostics if one.severity == "error")
    return checked.oncall


def _of_reader(one: Diagnostic) -> Diagnostic:
    """Return what the reader says, with the way out that there is here."""
    hint = "give the contact rules a name under `contact_rules`, and write `notify: name`"
    return replace(one, hint=hint) if one.code == "alias" else one


def _read(document: Document, reading: Reading, environment: Mapping[str, str], content: bytes) -> OnCall | None:
    data = document.data
    if not isinstance(data, Mapping) or not {"version", "policies"} & data.keys():
        what = "has neither `version` nor `policies`" if isinstance(data, Mapping) else f"is {described(data)}"
        hint = "it begins with `version: 1` and holds `people`, `schedules` and `policies`"
        reading.say((), "not-an-oncall-file", f"this {what}", hint)
        return None
    entry, errors = validate(OnCallFileEntry, data)
    reading.note(refusals(problems(errors, OnCallFileEntry, data, ())))
    reading.misspelt = {found[1] for one in reading.found if (found := _MEANT.fullmatch(one.hint))}
    zone = entry.timezone if isinstance(entry, OnCallFileEntry) else ZoneInfo(TIMEZONE)
    channels = read_channels(reading, environment)
    return OnCall(
        revision=hashlib.sha256(content).hexdigest()[:12],
        timezone=zone,
        locale=entry.locale if isinstance(entry, OnCallFileEntry) else Locale.KO,
        people=read_people(reading),
        teams=read_teams(reading),
        channels=channels,
        failover=read_failover(reading),
        delivery=read_delivery(reading),
        schedules=read_schedules(reading, zone, channels),
        policies=read_policies(reading),
        classification=read_classification(reading),
        inhibitions=read_inhibitions(reading),
        maintenance=read_maintenance(reading, zone),
        heartbeats=read_heartbeats(reading),
    )
