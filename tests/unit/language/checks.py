"""Owns samples of what the periodic checks say, by the annotations of their functions; the one rule: numbers are one and two."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from types import ModuleType
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.checks import certificate_wording, rds_wording, s3_wording
from leh_guardian.checks.audit import wording as audit_wording
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.checks.weekly import wording as weekly_wording
from leh_guardian.language import Text
from leh_guardian.model.check import Status
from leh_guardian.ports.certificates import Trust

_MODULES: Final = (audit_wording, certificate_wording, rds_wording, s3_wording, weekly_wording)
_SAMPLES: Final[Mapping[Any, Any]] = {
    Trust: Trust.EXPIRED,
    Status: Status.WARN,
    datetime: datetime(2026, 11, 22, 18, tzinfo=UTC),
    tzinfo: ZoneInfo("Asia/Seoul"),
    Text: Text(ko="<무엇>", en="<what>"),
    float: 0.0123,
    bool: True,
    Design: Design(),
    Mapping[str, int]: {"kr_rrn": 2, "password": 1},
    Sequence[str]: ("<place> 1", "<place> 2"),
}


def samples() -> dict[str, Text]:
    """Return what each function of the checks' wording says."""
    return {name: text for module in _MODULES for name, text in _of(module).items()}


def _of(module: ModuleType) -> dict[str, Text]:
    room = module.__name__.removeprefix("leh_guardian.")
    said: dict[str, Text] = {}
    for name, function in vars(module).items():
        if not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        kinds = typing.get_type_hints(function)
        kinds.pop("return")
        for number in (1, 2) if int in kinds.values() else (1,):
            given = {
                word: _SAMPLES.get(kind, f"<{word}>") if kind is not int else number for word, kind in kinds.items()
            }
            said[f"{room}.{name}/{number}"] = function(**given)
    return said
