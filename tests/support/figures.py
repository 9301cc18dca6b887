"""Owns what tests measured, for the report that is made of it; the one rule: nothing is written unless somebody asked for it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def record(section: str, key: str, value: Any) -> None:
    """Write a figure down in the folder that GUARDIAN_FIGURES names, if it names one."""
    folder = os.environ.get("GUARDIAN_FIGURES")
    if not folder:
        return
    file = Path(folder) / f"{section}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(
        json.dumps({**figures, key: value}, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
