"""Diagnoses of texts, for tests."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from leh_guardian.diagnosis import Diagnosis, diagnose_stream
from leh_guardian.diagnosis.signatures import Table
from leh_guardian.rules.signatures import table_of

DATA = Path(__file__).with_name("data")


def diagnosed(text: str | bytes) -> Diagnosis:
    """Return the diagnosis of a log by the built-in signatures."""
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return diagnose_stream(io.BytesIO(content), _table())


@cache
def _table() -> Table:
    """The built-in signatures; their index takes longer to make than a text to read."""
    return table_of()


def lines(text: str | bytes) -> list[tuple[int, str]]:
    """Return line and class of each error of a log."""
    return [(line.n, str(line.verdict)) for line in diagnosed(text).lines]


def classes(text: str | bytes) -> list[str]:
    """Return the class of each error of a log."""
    return [name for _, name in lines(text)]


def rows(name: str) -> list[Any]:
    """Return the rows of a file of fixtures."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
