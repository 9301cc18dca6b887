"""Owns guardian's role in LEH's database as docs/restore.md has it; the one rule: the statements are the page's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs/restore.md"


def grants(role: str, schema: str, *, serial: bool) -> Sequence[str]:
    """Return the statements but the first, which makes the role; `serial`: whether ids of the log come from a sequence."""
    text = _PAGE.read_text(encoding="utf-8")
    block = re.sub("--.*", "", text.partition("```sql")[2].partition("```")[0])
    statements = block.replace("guardian_restore", role).replace("schema public", f"schema {schema}").split(";")[1:-1]
    return [each for each in statements if serial or "sequence" not in each]


def as_role(dsn: str, role: str) -> str:
    """Return the URL by which a role with the password `pw` logs in."""
    return dsn.replace(dsn.split("://")[1].split("@", maxsplit=1)[0], f"{role}:pw")
