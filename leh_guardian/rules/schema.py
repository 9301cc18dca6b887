"""Owns the JSON Schemas of rule files and rule cases, for editors; the one rule: all in them is from the models and the registry."""

from __future__ import annotations

from typing import Any, Final

from leh_guardian.registry import HandlerSpec, Registry
from leh_guardian.rules.case_entries import WholeCaseFileEntry
from leh_guardian.rules.entries import Entry, RuleFileEntry

_REFERENCE: Final = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "`${jmespath}` over {event, incident, actions}",
}
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_FOR_READERS: Final = ("title", "description", "default", "examples")
_SUBSCHEMAS: Final = ("items", "additionalProperties")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON Schema of rule files that use the handlers of `registry`."""
    schema = RuleFileEntry.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    definitions["Reference"] = _REFERENCE
    for definition in definitions.values():
        for name, field in definition.get("properties", {}).items():
            definition["properties"][name] = _without_null(field)
    specs = sorted(registry, key=lambda spec: spec.name)
    for spec in specs:
        definitions |= _definitions(spec)
    for user in ("ActionEntry", "VerifyEntry", "UseEntry"):
        properties = definitions[user]["properties"]
        # A plain use is the last look of an absence rule.
        usable = [spec for spec in specs if user != "UseEntry" or spec.only_reads]
        properties["uses"] = {
            "description": properties["uses"]["description"],
            "anyOf": [{"const": spec.name, "description": spec.summary} for spec in usable],
        }
        definitions[user]["allOf"] = [_parameters(spec) for spec in usable]
    return {"$schema": _DRAFT, **schema}


def case_schema() -> dict[str, Any]:
    """Return the JSON Schema of files of rule cases."""
    return _schema(WholeCaseFileEntry)


def signature_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file of signatures."""
    from leh_guardian.rules.signature_entries import WholeSignatureFileEntry

    return _schema(WholeSignatureFileEntry)


def oncall_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file of on-call."""
    from leh_guardian.rules.oncall.file_entry import WholeOnCallFileEntry

    return _schema(WholeOnCallFileEntry)


def budget_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file of prices and limits."""
    from leh_guardian.rules.budget import BudgetFileEntry

    return _schema(BudgetFileEntry)


def upload_signal_schema() -> dict[str, Any]:
    """Return the JSON Schema of files of upload signals."""
    from leh_guardian.rules.upload_entries import WholeUploadSignalsEntry

    return _schema(WholeUploadSignalsEntry)


def _schema(model: type[Entry]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    for definition in schema["$defs"].values():
        for name, field in definition.get("properties", {}).items():
            definition["properties"][name] = _without_null(field)
    return {"$schema": _DRAFT, **schema}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an optional key: it may be left out, not left empty."""
    branches = [branch for branch in field.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) != 1:
        return field
    return {**branches[0], **{name: part for name, part in field.items() if name not in {"anyOf", "default"}}}


def _parameters(spec: HandlerSpec) -> dict[str, Any]:
    """Return: where `uses` names this handler, `with` holds its parameters."""
    needs_some = any(field.is_required() for field in spec.params.model_fields.values())
    return {
        "if": {"properties": {"uses": {"const": spec.name}}, "required": ["uses"]},
        "then": {
            "properties": {"with": {"$ref": f"#/$defs/{spec.name}"}},
            **({"required": ["with"]} if needs_some else {}),
        },
    }


def _definitions(spec: HandlerSpec) -> dict[str, Any]:
    """Return the definitions of a handler's parameters, under names that cannot meet those of another handler."""
    schema = spec.params.model_json_schema(by_alias=True, ref_template=f"#/$defs/{spec.name}.{{model}}")
    parts = {f"{spec.name}.{name}": part for name, part in schema.pop("$defs", {}).items()}
    return {name: _open(part) for name, part in {spec.name: schema, **parts}.items()}


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with a reference allowed wherever it asks for a value."""
    opened = dict(schema)
    if "properties" in opened:
        opened["properties"] = {name: _or_reference(part) for name, part in opened["properties"].items()}
    for name in _SUBSCHEMAS:
        if isinstance(opened.get(name), dict):
            opened[name] = _or_reference(opened[name])
    for name in _LISTS:
        if name in opened:
            opened[name] = [_open(part) for part in opened[name]]
    return opened


def _or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    shown = {name: part for name, part in schema.items() if name in _FOR_READERS}
    wanted = {name: part for name, part in _open(schema).items() if name not in shown}
    return {**shown, "anyOf": [wanted, {"$ref": "#/$defs/Reference"}]} if wanted else shown
