"""Answers of status pages in the three shapes, as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dumped(document: Any) -> bytes:
    """A document as a server sends it."""
    return json.dumps(document, ensure_ascii=False).encode()


def native(affected: Mapping[str, str] | None = None, **more: Any) -> bytes:
    """incident.io's own shape: four components, of which `affected` ({id: status}) are not well."""
    parts = {"c1": "Chat Completions", "c2": "Responses", "c3": "Sora", "c4": "Login"}
    summary: dict[str, Any] = {"components": [{"id": id_, "name": name} for id_, name in parts.items()]}
    if affected:
        summary["affected_components"] = [{"component_id": id_, "status": word} for id_, word in affected.items()]
    return dumped({"summary": {**summary, **more}})


def atlassian(statuses: Mapping[str, str] | None = None, **more: Any) -> bytes:
    """`summary.json` of the shim: page, status and components, and no `incidents` when there are none."""
    parts = {"c1": "Chat Completions", "c2": "Responses", "c3": "Sora", "c4": "Login"}
    components = [
        {"id": id_, "name": name, "status": (statuses or {}).get(id_, "operational")} for id_, name in parts.items()
    ]
    return dumped({"page": {"id": "p"}, "status": {"indicator": "none"}, "components": components, **more})


def incident(id_: str = "i1", status: str = "investigating", **more: Any) -> dict[str, Any]:
    """An incident."""
    return {"id": id_, "name": f"Errors {id_}", "status": status, **more}
