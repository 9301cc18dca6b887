"""Owns the way of foreign text into Markdown; the one rule: it stays text - no heading, table, link, fence or HTML comes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from leh_guardian.model.text import dump_json, told

_MEANS: Final = re.compile(r"([\\`*_\[\]<>|~&#!@:$])")
_WWW: Final = re.compile(r"(?i)(www)\.")
_TICKS: Final = re.compile("`+")


def text(value: object, limit: int = 300) -> str:
    """Return foreign text for the middle of a line: redacted, one line, with every sign escaped that Markdown could obey."""
    return _WWW.sub(r"\1\\.", _MEANS.sub(r"\\\1", told(value, limit)))


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose cells are Markdown already."""
    return [f"| {' | '.join(cells)} |" for cells in (titles, ["---"] * len(titles), *rows)]


def block(value: Any) -> list[str]:
    """Return the lines of a code block with a value as JSON; its fence is longer than any run of back-ticks in it."""
    plain = json.dumps(json.loads(dump_json(value)), indent=2, ensure_ascii=False)
    # Line ends other than our own, bidi overrides and lone surrogates would end or turn a line.
    plain = "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in plain)
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(plain)), default=0))
    return [f"{fence}json", *plain.split("\n"), fence]
