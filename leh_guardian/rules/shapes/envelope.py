"""Owns the shape of EventBridge's envelope; the one rule: an event that guardian takes in has these fields and no others.

Source: Amazon EventBridge User Guide, "Event structure" (AWS service event metadata); `replay-name` is set on events that come
out of an archive ("Archiving and replaying events").
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.kinds import TEXT, Leaf, Rows, like

ENVELOPE: Final[dict[str, Leaf | Rows]] = {
    "version": TEXT,
    "id": TEXT,
    "detail-type": TEXT,
    "source": TEXT,
    "account": like(r"\d{12}", "012345670123"),
    "time": TEXT,
    "region": like(r"[a-z]{2,4}(-[a-z]{1,20}){1,4}-\d{1,2}", "ap-northeast-2"),
    "resources": Rows(TEXT),
    "replay-name": TEXT,
}
"""All fields but `detail`, whose shape the event's type decides."""

FIELDS: Final = (
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
    "replay-name",
)
"""All fields, in the order in which AWS writes them."""
