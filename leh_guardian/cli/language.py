"""Owns in which language commands speak; the one rule: the installation's, and no command fails for want of it.

`LEH_LOCALE` says it; without it, `locale` of the `oncall.yaml` in the rules folder (`LEH_RULES__DIR`, else ./rules); without that,
Korean. A file that cannot be read is no reason to fail: whoever types may be about to find out why.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leh_guardian.language import Locale, Text

if TYPE_CHECKING:
    # Every command imports this, and the engine is the most of what they import.
    from leh_guardian.engine.answering import Word
    from leh_guardian.model.oncall import OnCall

VARIABLE: Final = "LEH_LOCALE"
_LONGEST: Final = 1024 * 1024
# The file's one line alone: to check it whole takes a quarter of a second, longer than most commands.
_LINE: Final = re.compile(r"^locale:[ ]*[\"']?(ko|en)[\"']?[ ]*(?:#.*)?\r?$", re.MULTILINE)


def locale() -> Locale:
    """Return what commands speak."""
    given = os.environ.get(VARIABLE, "")
    if given in set(Locale):
        return Locale(given)
    found = _LINE.search(_content().decode("utf-8", "replace"))
    return Locale(found[1]) if found else Locale.KO


def said(text: str | Text) -> str:
    """Return a text as commands say it."""
    return text if isinstance(text, str) else text.of(locale())


def spoken(word: Word) -> Word:
    """Return a word that is typed: it is answered in what commands speak, and who else hears of it is told in their own language."""
    from leh_guardian.engine.escalator import at_console

    return replace(word, reads=locale(), way=replace(word.way, escalator=at_console(languages())))


def languages() -> OnCall | None:
    """Return the on-call file that says who is told in which language; None where there is none that can be read."""
    # Late: most of what a command imports, and most need the one word alone.
    from leh_guardian.rules.oncall.loading import check_oncall

    content = _content()
    return check_oncall(content, "oncall.yaml").oncall if content else None


def _content() -> bytes:
    try:
        with (Path(os.environ.get("LEH_RULES__DIR") or "rules") / "oncall.yaml").open("rb") as file:
            return file.read(_LONGEST)
    except OSError:
        return b""
