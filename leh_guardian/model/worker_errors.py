"""Owns the event that tells of errors in the worker's log; the one rule: a minute of a log is one event, whoever tells of it.

A worker that catches its own exceptions leaves no dead letter: its log is the only witness. docs/diagnose.md has the event's fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.model.identity import key

SOURCE: Final = "leh.guardian"
DETAIL_TYPE: Final = "Worker Errors Logged"
WINDOW: Final = timedelta(minutes=1)


def window_at(instant: datetime) -> datetime:
    """Return the beginning of the window that an instant lies in: whole minutes, the same for all replicas."""
    return instant.replace(second=0, microsecond=0)


def envelope(group: str, start: datetime, region: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event of one window of a log group as EventBridge would deliver it.

    Its id is made of where and when: several replicas, and the same one after a restart, tell of the same event.
    """
    end = start + WINDOW
    return {
        "version": "0",
        "id": str(key(f"worker errors/{region}/{group}/{start.isoformat()}")),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": "",
        "time": end.isoformat(timespec="seconds"),
        "region": region,
        "resources": [],
        "detail": {
            "log_group": group,
            "window": {"start": start.isoformat(timespec="seconds"), "end": end.isoformat(timespec="seconds")},
            **facts,
        },
    }
