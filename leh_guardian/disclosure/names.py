"""Owns what the keys above a JSON value say of it; the one rule: the nearest key that says anything decides."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from leh_guardian.disclosure.detectors import password
from leh_guardian.disclosure.detectors.password_values import Setting
from leh_guardian.disclosure.labels import Label, label_of_key

_WEAK: Final = re.compile(r"(?i)(?<![a-z])pass[_0-9]{0,4}\Z")
_SUSPECT: Final = re.compile(r"[0-9]{4}|sk-|gh[a-z]_|eyJ|AKIA|ASIA|xox|[%０-９]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST: Final = 64


class Name(NamedTuple):
    """What a value is called."""

    last: str
    """Its own key; of what is in a list, the list's."""
    words: str
    """Its keys."""
    label: Label
    password: Setting | None
    """How clearly its key calls it a password."""
    suspect: bool
    """The key itself could be somebody's number or a secret."""


@lru_cache(maxsize=4096)
def name_of(parent: Name | None, key: str) -> Name:
    """Return what the value of a key is called, within what is called `parent`."""
    label = label_of_key(key)
    if label is Label.NONE and parent is not None:
        label = parent.label
    snake = _CAMEL.sub("_", key[-_LONGEST:])
    words = f"{parent.words} {snake}"[-_LONGEST:] if parent is not None else snake
    suspect = len(key) > 8 and (len(key) > _LONGEST or _SUSPECT.search(key) is not None)
    return Name(key, words, label, _setting(snake) if len(key) <= _LONGEST else None, suspect)


def _setting(key: str) -> Setting | None:
    if password.KEY.search(key) is None:
        return None
    if "***" in key:
        return Setting.MASKED
    return Setting.WEAK if _WEAK.search(key) else Setting.FIELD
