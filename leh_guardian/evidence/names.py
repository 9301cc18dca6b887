"""Owns the names of cases and evidence; the one rule: what does not look like an id names nothing.

They come from object keys, `cases/{case_id}/raw/{evidence_id}_{filename}`, which whoever uploads chooses.
"""

from __future__ import annotations

import re
from typing import Final

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_KEY: Final = re.compile(
    r"cases/(?P<case>[A-Za-z0-9][A-Za-z0-9_.-]{0,127})/raw/(?P<evidence>ev_[A-Za-z0-9-]{1,120}|(?!ev_)[A-Za-z0-9-]{1,120})_(?s:.+)",
    re.ASCII,
)


def is_id(text: str) -> bool:
    """Tell whether `text` can be the id of a case or of a piece of evidence."""
    return _ID.fullmatch(text) is not None


def named_by_key(key: str) -> tuple[str, str] | None:
    """Return (case, evidence) of an object's key that is not URL-encoded, None where it names none."""
    found = _KEY.fullmatch(key)
    return (found["case"], found["evidence"]) if found else None


def named(key: str | None, case: str | None, evidence: str | None) -> tuple[str | None, str] | None:
    """Return (case, evidence) of an object's key, or of ids given by themselves; None where they do not look like ids."""
    if evidence is None:
        return named_by_key(key or "")
    return (case, evidence) if all(is_id(one) for one in (case, evidence) if one is not None) else None
