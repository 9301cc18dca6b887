"""Owns the way from a record to what it says of a failure; the one rule: a level or a stated end makes an error, a word does not.

What counts as one: ERROR and worse, a traceback without a level, a death that Lambda tells of, and at any level a statement that
the work failed (`"status": "error"`, "giving up"). What does not: attempts that are repeated, access logs, progress, metrics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from leh_guardian.diagnosis.evidence_text import without_names, without_quotations
from leh_guardian.diagnosis.failure import Failure, failure_of
from leh_guardian.diagnosis.levels import Level
from leh_guardian.diagnosis.literals import read_literal
from leh_guardian.diagnosis.mentions import is_exception, mentioned, structured, within
from leh_guardian.diagnosis.parties import by_module
from leh_guardian.diagnosis.platform_lines import read_platform_line
from leh_guardian.diagnosis.reading import parse_object
from leh_guardian.diagnosis.record import Record
from leh_guardian.diagnosis.retries import carries_on, gives_up, is_access, is_retry
from leh_guardian.diagnosis.structured import Said, read_structured, with_embedded
from leh_guardian.diagnosis.tracebacks import BEGINS, Raised, begins, read_traceback, split_name

_STATED: Final = re.compile(
    r"""\{[^{}\n]{0,400}?["'](?:status|outcome|result)["']: ?["'](?:error|failed|failure)["']"""
)
_FLAT: Final = re.compile(r"\b(?:status|outcome|result|state)=[\"']?(?:error|failed|failure)\b")
_ERROR_WORD: Final = re.compile(
    r"(?i)[^\w\n]{0,4}(?:(?:unhandled|uncaught|fatal|internal|unexpected) )?"
    r"(?:(?:error|exception|failure|traceback)(?: ?:| in | while | when | during | processing )"
    r"|(?:error|failed) (?:to|on|for|at) |failed: )"
)
"""How a line that was printed says that something failed."""
_MOST_CHAIN: Final = 12
_LONGEST: Final = 16_000
"""Characters of a first line that are looked at."""
_STATING: Final = (
    "status",
    "outcome",
    "result",
    "state",
    "giving up",
    "gave up",
    "exhausted",
    "attempt",
    "retr",
    "abort",
    "dead",
    "permanent",
)


def read_record(record: Record) -> Said:
    """Return what a record says, in whichever form it says it."""
    if record.platform is not None:
        chain = mentioned_death(record)
        return Said(
            Level.ERROR if chain else Level.INFO,
            record.message,
            chain,
            bool(chain),
            bool(chain),
            record.platform.request,
        )
    if record.data is not None:
        return read_structured(record.data)
    if record.level is not None and record.level < Level.WARNING and not _may_state(record):
        return Said(record.level, record.message, request=record.request)
    stated = _stated(record.message)
    if stated is not None:
        said = read_structured(stated)
        return replace(
            said, level=record.level, message=said.message or record.message, request=record.request or said.request
        )
    lines = [record.message[:_LONGEST], *record.lines]
    chain = read_traceback(lines) if any(map(begins, lines)) else ()
    head = _before_traceback(lines)
    told = mentioned(head)
    if chain and not chain[0].name:
        # Lambda tells the exception first and the frames after it.
        first = told[0] if told else Raised("", "", head)
        chain = (replace(first, libraries=chain[0].libraries), *chain[1:], *told[1:])
    elif chain:
        chain = (*chain, *told)
    stated_flat = bool(_FLAT.search(without_quotations(without_names(head))))
    return with_embedded(Said(record.level, head, chain or told, bool(chain), stated_flat, record.request))


def told_elsewhere(name: str, text: str) -> Said:
    """Return what the name and the text of an exception say that no log tells of, but a dead letter, say.

    A name that is no exception's is passed over: of what Lambda calls the error of a letter it may be a status.
    """
    platform = read_platform_line(text)
    if platform is not None and platform.failure:
        return read_record(Record(0, message=text, platform=platform))
    module, bare = split_name(name)
    own = (Raised(bare, module, text),) if is_exception(name) else ()
    return with_embedded(Said(Level.ERROR, text, own or mentioned(text), bool(own), failed=True))


def _may_state(record: Record) -> bool:
    """Tell whether a record of progress may state that something failed: nearly none does, and there are many."""
    text = record.message[:_LONGEST].lower()
    return any(word in text for word in _STATING) or any(map(begins, record.lines))


def mentioned_death(record: Record) -> tuple[Raised, ...]:
    """Return the death that one of Lambda's own records tells of."""
    platform = record.platform
    if platform is None or not platform.failure:
        return ()
    name, _, text = platform.failure.partition(": ")
    module, _, bare = name.rpartition(".")
    return (Raised(bare, module, text),)


def is_error(record: Record, said: Said) -> bool:
    """Tell whether a record tells of a failure."""
    if record.platform is not None:
        return bool(record.platform.failure)
    level = said.level
    if level is not None and level < Level.WARNING and not (said.failed or said.chain):
        return False
    if (level is None or level < Level.ERROR) and is_access(said.message):
        return False
    if is_retry(said.message) and (said.failed or not said.traced or level is not None):
        return False
    if said.failed and (said.chain or level != Level.DEBUG):
        return True
    return _bare_error(record, said) if level is None else _is_bad_enough(level, said)


def _is_bad_enough(level: Level, said: Said) -> bool:
    if level >= Level.ERROR:
        return True
    if level == Level.WARNING:
        return (said.traced or gives_up(said.message)) and not carries_on(said.message)
    return level == Level.INFO and gives_up(said.message) and bool(said.chain)


def _bare_error(record: Record, said: Said) -> bool:
    """Tell whether a record without a level is one."""
    if said.metric or record.data is not None:
        return said.traced and bool(said.chain)
    if said.traced:
        return True
    text = said.message.strip()
    if is_access(text) or not said.chain:
        return bool(_ERROR_WORD.match(text))
    first = said.chain[0]
    starts = (
        text.startswith((f"{first.module}.{first.name}:", f"{first.name}:", f"{first.name}(")) if first.name else False
    )
    return (
        starts
        or structured(text)
        or bool(_ERROR_WORD.match(text))
        or gives_up(text)
        or by_module(first.module) == "lambda"
    )


def failures_of(said: Said) -> tuple[Failure, ...]:
    """Return what a signature may be sought for, in order: what got out first, then what it came from."""
    found: list[Failure] = []
    for place, raised in enumerate(said.chain[:_MOST_CHAIN]):
        known = dict(said.known) if place == 0 else {}
        found.append(failure_of(raised, **known))
    # A message that tells of another exception is asked last: what was really raised knows better.
    found += [failure_of(one) for raised in said.chain[:_MOST_CHAIN] for one in within(raised)]
    if not found:
        found = [failure_of(Raised("", "", said.message), **said.known)]
    elif said.known and not found[0].code:
        found[0] = replace(
            found[0], **{name: value for name, value in said.known.items() if not getattr(found[0], name)}
        )
    return tuple(found)


def _before_traceback(lines: list[str]) -> str:
    head: list[str] = []
    for line in lines[:60]:
        if begins(line):
            if told := line.partition(BEGINS)[0].strip():
                head.append(told)
            break
        head.append(line)
    return "\n".join(head)[:_LONGEST]


def _stated(message: str) -> Mapping[str, Any] | None:
    """Return the object that a message is or ends in, where it states an outcome."""
    text = message[:_LONGEST].strip()
    if text.startswith("{") and (value := parse_object(text)) is not None:
        return value
    if ("status" in text or "outcome" in text or "result" in text) and (found := _STATED.search(text)):
        value, _ = read_literal(text[found.start() :])
        return value if isinstance(value, dict) else None
    return None
