"""Owns the reading of a status page's answer; the one rule: a shape that is not the known one is an error, never an empty page.

Three shapes (incident.io's own, its Atlassian-like `summary.json`, and `incidents.json`): an absent key is empty, as these pages
leave out what is empty; a key of another type makes the whole answer odd. Whoever serves the page is not trusted: sizes are bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from leh_guardian.model.provider.snapshot import Component, ComponentStatus, PageIncident, Snapshot
from leh_guardian.model.text import shown

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of an answer; the real ones have a few hundred thousand."""
_MOST: Final = 2000
"""Entries of one list."""
_LONGEST: Final = 200
_OVER: Final = frozenset({"resolved", "postmortem", "completed"})
_STATUSES: Final = {status.value: status for status in ComponentStatus} | {"full_outage": ComponentStatus.MAJOR}


class OddShape(ValueError):
    """The answer is not what a status page gives."""


def native(body: bytes) -> Snapshot:
    """Read incident.io's own shape (`/proxy/{host}`).

    Components have no status of their own: those that `affected_components`, or an incident that is not merely watched any
    more, does not name are operational. Both lists are seen beside `summary`, too, and in two spellings.

    Raises:
        OddShape: it is not of this shape.
    """
    document = _mapping(_loaded(body), "the answer")
    if "summary" not in document:
        raise OddShape("it has no `summary`")
    summary = _mapping(document["summary"], "`summary`")
    names = dict(_structured(summary)) | {
        _id(each, "id"): _text(each, "name") for each in _entries(summary, "components")
    }
    if len(names) > _MOST:
        raise OddShape(f"it names more than {_MOST} components")
    statuses = dict.fromkeys(names, ComponentStatus.OPERATIONAL)
    incidents = []
    for level in (document, summary):
        _worsen(statuses, _affected(level))
        for each in _entries(level, "ongoing_incidents"):
            affected = _affected(each)
            impacts = {_id(impact, "component_id") for impact in _entries(each, "component_impacts")}
            incident = _incident(each, tuple(dict.fromkeys([*affected, *sorted(impacts)])))
            if incident.status in _OVER:
                continue
            incidents.append(incident)
            # While an incident is watched, it goes on naming what works again.
            if incident.status != "monitoring":
                _worsen(statuses, affected)
    parts = {id_: Component(id_, names.get(id_, ""), status) for id_, status in statuses.items()}
    return Snapshot(parts, tuple(incidents))


def summary(body: bytes) -> Snapshot:
    """Read `summary.json`: page, status, components, and incidents where there are any.

    Raises:
        OddShape: it is not of this shape.
    """
    document = _mapping(_loaded(body), "the answer")
    if "page" not in document and "components" not in document:
        # An empty object, or another service's: not a page on which everything is well.
        raise OddShape("it has neither `page` nor `components`")
    parts = {}
    for each in _entries(document, "components"):
        part = Component(_id(each, "id"), _text(each, "name"), _status(each, "status"))
        parts[part.id] = part
    return Snapshot(parts, tuple(_unresolved(document)))


def incidents(body: bytes) -> Snapshot:
    """Read `incidents.json`: what is not resolved, and the components that it names, if it names any.

    Raises:
        OddShape: it is not of this shape.
    """
    document = _mapping(_loaded(body), "the answer")
    if "page" not in document and "incidents" not in document:
        raise OddShape("it has neither `page` nor `incidents`")
    found = tuple(_unresolved(document))
    unresolved = {incident.id for incident in found}
    parts = {}
    for each in _entries(document, "incidents"):
        for part in _entries(each, "components") if _id(each, "id") in unresolved else ():
            parts[_id(part, "id")] = Component(_id(part, "id"), _text(part, "name"), _status(part, "status"))
    return Snapshot(parts, found, whole=False)


def _unresolved(document: Mapping[str, Any]) -> Iterator[PageIncident]:
    for each in _entries(document, "incidents"):
        incident = _incident(each, tuple(_id(part, "id") for part in _entries(each, "components")))
        resolved_at = each.get("resolved_at")
        if not isinstance(resolved_at, str | None):
            raise OddShape("`resolved_at` is no text")
        if resolved_at is None and incident.status not in _OVER:
            yield incident


def _incident(each: Mapping[str, Any], components: tuple[str, ...]) -> PageIncident:
    return PageIncident(_id(each, "id"), _text(each, "name"), _text(each, "status").lower(), components)


def _structured(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (id, name) of the components that the page's structure shows, alone or in groups."""
    for item in _entries(_mapping(summary.get("structure", {}), "structure"), "items"):
        # Each item is one of the two; the other is absent or null.
        group, alone = item.get("group"), item.get("component")
        shown_here = [] if alone is None else [_mapping(alone, "`component`")]
        shown_here += [] if group is None else _entries(_mapping(group, "`group`"), "components")
        for each in shown_here:
            yield _id(each, "component_id"), _text(each, "name")


def _affected(of: Mapping[str, Any]) -> dict[str, ComponentStatus]:
    """Return the components that a list of affected ones names, each with its worst status there."""
    found: dict[str, ComponentStatus] = {}
    for each in _entries(of, "affected_components"):
        id_ = _id(each, "component_id" if "component_id" in each else "id")
        _worsen(found, {id_: _status(each, "status" if "status" in each else "current_status")})
    return found


def _worsen(statuses: dict[str, ComponentStatus], others: Mapping[str, ComponentStatus]) -> None:
    for id_, status in others.items():
        statuses[id_] = max(statuses.get(id_, status), status, key=lambda each: each.rank)


def _loaded(body: bytes) -> Any:
    if len(body) > LARGEST:
        raise OddShape(f"it has more than {LARGEST} bytes")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError:
        raise OddShape("it is nested too deeply") from None
    except ValueError as error:
        raise OddShape(f"it is no JSON: {shown(error, 100)}") from None


def _no_number(text: str) -> Any:
    raise OddShape(f"{text} is no JSON")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise OddShape(f"{what} is no object")
    return value


def _entries(of: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, none where it is absent."""
    value = of.get(name, [])
    if not isinstance(value, list):
        raise OddShape(f"`{name}` is no list")
    if len(value) > _MOST:
        raise OddShape(f"`{name}` has more than {_MOST} entries")
    return [_mapping(each, f"an entry of `{name}`") for each in value]


def _id(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise OddShape(f"`{name}` is no id")
    return value


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name, "")
    if not isinstance(value, str):
        raise OddShape(f"`{name}` is no text")
    return shown(value, _LONGEST)


def _status(of: Mapping[str, Any], name: str) -> ComponentStatus:
    """Return a component's status; an unknown word, or none, is degraded: it would not be named if all were well."""
    value = of.get(name, "")
    if not isinstance(value, str):
        raise OddShape(f"`{name}` is no text")
    return _STATUSES.get(value[:_LONGEST].lower(), ComponentStatus.DEGRADED)
