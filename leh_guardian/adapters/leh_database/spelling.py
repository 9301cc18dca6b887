"""Owns how guardian's words are spelt in LEH's tables; the one rule: a word that fits no label, or several, is never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from leh_guardian.errors import Refused
from leh_guardian.model.case import ACTIVE, CLOSED
from leh_guardian.model.text import shown

_TAIL: Final = re.compile(r"(?P<prefix>[A-Za-z][A-Za-z0-9]{0,19}[_-])(?P<hex>[0-9a-f]{12,32})", re.ASCII)
_WORDS: Final = re.compile(r"[^0-9a-z\u0080-\U0010ffff]")


def fold(text: str) -> str:
    """Return a label without what spellings differ in: letter case, and the name of its type (`CaseStatus.ACTIVE`)."""
    return text.strip().rpartition(".")[2].casefold()


def same_words(one: str, other: str) -> bool:
    """Tell whether two names of an action say the same: CASE_CLOSED, case.closed, CaseClosed."""
    return _WORDS.sub("", one.casefold()) == _WORDS.sub("", other.casefold())


def means(stored: str, word: str, given: str | None) -> bool:
    """Tell whether a stored status means `word`, where `given` is what the settings say of its spelling."""
    return stored == given if given is not None else fold(stored) == word


def label_of(word: str, labels: Sequence[str], given: str | None, where: str) -> str:
    """Return the label of a native enum that means `word`.

    Raises:
        Refused: none does, or several do; names the labels that there are and the setting.
    """
    fitting = [label for label in labels if means(label, word, given)]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(shown(label, 40) for label in labels[:20])
    setting = f"set product_database.{word}"
    if given is not None:
        raise Refused(f"{where} has no label {given!r}, as product_database.{word} says: it has {there}")
    why = "several labels that" if fitting else "no label that"
    raise Refused(f"{where} has {why} can mean {word!r}: it has {there}; {setting} to the right one")


def spelt_like(word: str, stored: str, given: str | None) -> str:
    """Return `word` in the letter case of `stored`, for a column of text, which has no labels."""
    if given is not None:
        return given
    prefix, dot, last = stored.strip().rpartition(".")
    if last.isupper():
        word = word.upper()
    elif last.istitle():
        word = word.title()
    return f"{prefix}{dot}{word}"


def plain(stored: str, active: str | None, closed: str | None) -> str:
    """Return guardian's word for a stored status, or what is stored where it is neither."""
    for word, given in ((ACTIVE, active), (CLOSED, closed)):
        if means(stored, word, given):
            return word
    return shown(stored, 60)


def action_label(wanted: str, labels: Sequence[str], where: str, setting: str) -> str:
    """Return the label of an enum of actions that says `wanted`.

    Raises:
        Refused: there is none.
    """
    fitting = [label for label in labels if label == wanted] or [one for one in labels if same_words(one, wanted)]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(shown(label, 40) for label in labels[:20])
    raise Refused(f"{where} has no label {wanted!r}: it has {there}; set product_database.{setting} to one of them")


def blocked_label(words: Sequence[str], labels: Sequence[str], where: str) -> str:
    """Return the label that means that an account is blocked: that of the first word which is one.

    Raises:
        Refused: none is, or several are alike but for their letter case.
    """
    for word in words:
        fitting = [label for label in labels if label == word] or [one for one in labels if fold(one) == fold(word)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise Refused(
                f"{where} has several labels that can mean {word!r}: set product_database.user_blocked to one"
            )
    there = ", ".join(shown(label, 40) for label in labels[:20])
    raise Refused(
        f"{where} has no label for an account that is blocked: it has {there}; guardian knows {', '.join(words)}:"
        " set product_database.user_blocked to the right one"
    )


def audit_id(key: UUID, examples: Sequence[str]) -> str:
    """Return an id for a line of the audit log, in the form of the `examples` that are there already.

    Ids of LEH look like `case_3f9c…`: a word, and digits of a UUID. The same key always gives the same id.
    """
    for example in examples:
        if found := _TAIL.fullmatch(example):
            return found["prefix"] + key.hex[: len(found["hex"])]
        if len(example) == 32 and example.isalnum():
            return key.hex
    return str(key)
