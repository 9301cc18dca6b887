"""Owns the exceptions that a message tells of without a traceback; the one rule: only where a sentence can begin, the outermost first.

`failed to process X: RuntimeError: AI step failed: Error code: 429 - …` tells of three. What stands in a file's name or in
quotation marks is not told of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.diagnosis.evidence_text import without_names, without_quotations
from leh_guardian.diagnosis.forms import by_form, key_error
from leh_guardian.diagnosis.tracebacks import Raised, split_name

_LONGEST: Final = 8000
_MOST_PLACES: Final = 80
_MOST: Final = 6
_BEGINNINGS: Final = re.compile(
    r"(?:: ?\"|=\"|\(\"|: |= ?|\(| [-|–—] |; |, |> |\[|\bbecause |\bdue to |\bwith |\braised |\berror |\bErrors? |\n)(?=[\w\[('\"{])"
)
_NAME: Final = re.compile(r"((?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z]\w{2,80})(?:(: ?)|(\()|(\[<)|(?=[\])>\"',.;]|$))")
_EXCEPTION: Final = re.compile(
    r"\w{0,80}(?:Error|Exception|Timeout|TimedOut|Refused|Fault|Exceeded|NotFound|Unavailable|Violation|Denied|ExitError|OutOfMemory|Exit|Throttled|TimeoutError|Missing)$"
)
_ORDINARY: Final = frozenset(
    "StopIteration StopAsyncIteration GeneratorExit KeyboardInterrupt ExceptionGroup BaseExceptionGroup UndefinedTable UndefinedColumn"
    " DeadlockDetected QueryCanceled AdminShutdown TooManyConnections SerializationFailure BadZipFile DataError".split()
)
_NOT_NAMES: Final = frozenset({"Error", "Exception", "Errors", "Timeout"})
"""Words of sentences; as classes they say nothing."""
_RUN_TOGETHER: Final = re.compile(r"[A-Z][a-z0-9]{1,60}[A-Z][a-zA-Z0-9]{1,60}$")
"""`UnsupportedEvidence`: what else is written so is unknown to the signatures, and passed over."""
_BY_PACKAGE: Final = ("psycopg", "asyncpg")
_STATUS: Final = re.compile(r"Error code: [1-5]\d\d(?!\d)")
_AWS: Final = re.compile(r"An error occurred \([\w.]{1,120}\) when calling the \w{1,80} operation")
_VALUE: Final = re.compile(
    r"""(?<![A-Za-z])(?:error|err|exception|exc|reason|cause)=(?:"([^"\n]{1,4000})"|'([^'\n]{1,4000})')(?=\s|$)"""
)
_FUTURE: Final = re.compile(r"Future at 0x[0-9a-f]{1,20} state=finished raised (\w{1,80})>")


def mentioned(text: str) -> tuple[Raised, ...]:
    """Return the exceptions that `text` tells of, the outermost first."""
    text = text[:_LONGEST].strip()
    named = without_names(text)
    # `error='Connection error.' evidence_id=…`: a value ends with its quote.
    found = [one for value in _VALUE.finditer(named) for one in _mentioned(value[1] or value[2])][:_MOST]
    return tuple(found) or _mentioned(named)


def _mentioned(named: str) -> tuple[Raised, ...]:
    quoted = without_quotations(named)
    found: list[Raised] = []
    for place in _places(quoted):
        if place and named[place - 1] == "(" and found and found[-1].message.startswith(named[place:][:20]):
            continue
        one = _at(named, quoted, place)
        if one is not None:
            found.append(one)
            if structured(one.message) or len(found) >= _MOST:
                break
    if not found and (tail := key_error(named.rpartition(": ")[2])):
        found.append(tail)
    return tuple(found)


def structured(message: str) -> bool:
    """Whether a service's own error is told here: what follows are its words, and tell of nothing else."""
    return bool(_STATUS.match(message) or _AWS.match(message))


def within(raised: Raised) -> tuple[Raised, ...]:
    """Return the exceptions that an exception's own message tells of."""
    if raised.name == "RetryError" and (future := _FUTURE.search(raised.message)):
        return (Raised(future[1], "openai" if future[1] == "RateLimitError" else "", "", raised.libraries),)
    if structured(raised.message):
        return ()
    return mentioned(raised.message) if raised.message else ()


def _places(text: str) -> Iterator[int]:
    yield 0
    for count, found in enumerate(_BEGINNINGS.finditer(text)):
        if count >= _MOST_PLACES:
            return
        yield found.end()


def _at(text: str, quoted: str, place: int) -> Raised | None:
    rest = text[place:]
    if _STATUS.match(rest) or _AWS.match(rest):
        return Raised("", "", rest)
    name = _NAME.match(quoted, place)
    if name and is_exception(name[1]) and not quoted[place:].startswith("…"):
        module, bare = split_name(name[1])
        return Raised(bare, module, _message_after(text, name))
    return by_form(rest)


def is_exception(dotted: str) -> bool:
    """Tell whether a name is an exception's."""
    bare = dotted.rpartition(".")[2]
    if bare in _NOT_NAMES:
        return False
    return (
        bool(_EXCEPTION.match(bare) or _RUN_TOGETHER.match(bare)) or bare in _ORDINARY or dotted.startswith(_BY_PACKAGE)
    )


def _message_after(text: str, name: re.Match[str]) -> str:
    rest = text[name.end() :]
    if name[3]:  # as repr shows it
        quote = rest[:1]
        if quote in {"'", '"'}:
            end = rest.rfind(quote)
            return rest[1:end] if end > 0 else rest[1:]
        return f"{name[1].rpartition('.')[2]}({rest}" if quote.isdigit() else rest.removesuffix(")")
    return rest if name[2] or name[4] else ""
