"""Owns what an action that waits for a provider remembers between its looks; the one rule: it is JSON, and read as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from leh_guardian.model.provider.hysteresis import Hysteresis


@dataclass
class Memory:
    """The looks so far."""

    began: datetime
    watch: Hysteresis
    outage: str | None = None
    """The id of the outage that it waits through."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a checkpoint keeps it."""
        return {"began": self.began.isoformat(), "watch": self.watch.to_json(), "outage": self.outage}

    @classmethod
    def of(cls, kept: Any, now: datetime) -> Self:
        """Return what `to_json` wrote, or the beginning."""
        if kept is None:
            return cls(now, Hysteresis())
        return cls(datetime.fromisoformat(kept["began"]), Hysteresis.from_json(kept["watch"]), kept["outage"])
