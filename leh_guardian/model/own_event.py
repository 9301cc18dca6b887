"""Owns the form of the events that guardian itself tells rules; the one rule: they come from one source, and patterns know it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from leh_guardian.model.event import Event

SOURCE: Final = "leh.guardian"


def own_event(event_id: str, detail_type: str, at: datetime, detail: dict[str, Any]) -> Event:
    """Return an event of guardian's own that happened at an instant; the same id twice is the same event."""
    envelope = {
        "id": event_id,
        "source": SOURCE,
        "detail-type": detail_type,
        "time": at.isoformat(),
        "detail": detail,
    }
    return Event(event_id, envelope)
