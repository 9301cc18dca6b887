"""The JSON Schema that editors check rule files with."""

from __future__ import annotations

import json
import re
from typing import Any

from leh_guardian.registry import Registry
from leh_guardian.rules.schema import json_schema


def test_every_reference_in_it_leads_somewhere(registry: Registry) -> None:
    """An editor that meets a dangling $ref checks nothing at all."""
    schema = json_schema(registry)
    for name in re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema)):
        assert name in schema["$defs"]


def test_parameters_follow_the_handler(registry: Registry) -> None:
    """`uses` offers the handlers with their summaries, and chooses what `with` may hold; the proof likewise."""
    definitions = json_schema(registry)["$defs"]
    for user in ("ActionEntry", "VerifyEntry"):
        offered = {
            branch["const"]: branch["description"] for branch in definitions[user]["properties"]["uses"]["anyOf"]
        }
        assert offered["dlq_redrive"] == "Send messages back to where they died."
        chosen = {part["if"]["properties"]["uses"]["const"]: part["then"] for part in definitions[user]["allOf"]}
        assert chosen["dlq_redrive"] == {"properties": {"with": {"$ref": "#/$defs/dlq_redrive"}}, "required": ["with"]}
        assert "required" not in chosen["everything"]


def test_a_rule_has_one_trigger_and_its_look_only_reads(registry: Registry) -> None:
    """`pattern`, `expect` or `schedule`; `then` or `unless`; and of the handlers those that change nothing."""
    definitions = json_schema(registry)["$defs"]
    assert definitions["RuleEntry"]["oneOf"] == [
        {"required": [trigger]} for trigger in ("pattern", "expect", "schedule")
    ]
    assert definitions["ExpectEntry"]["anyOf"] == [{"required": ["then"]}, {"required": ["unless"]}]
    offered = {branch["const"] for branch in definitions["UseEntry"]["properties"]["uses"]["anyOf"]}
    assert offered == {"diagnose_worker", "everything"}


def test_parameters_are_documented_and_may_be_references(registry: Registry) -> None:
    """Attribute docstrings are shown; any value, however deep, may be a `${…}` instead."""
    definitions = json_schema(registry)["$defs"]
    reference = {"$ref": "#/$defs/Reference"}
    queue = definitions["dlq_redrive"]["properties"]["queue"]
    assert queue["description"] == "The dead letter queue."
    assert reference in queue["anyOf"]
    everything: dict[str, Any] = definitions["everything"]["properties"]
    assert reference in everything["flag"]["anyOf"]
    assert reference in everything["names"]["anyOf"][0]["items"]["anyOf"]
    assert reference in everything["tags"]["anyOf"][0]["additionalProperties"]["anyOf"]
    assert reference in definitions["everything.Inner"]["properties"]["depth"]["anyOf"]
    assert definitions["everything"]["additionalProperties"] is False


def test_optional_keys_may_be_left_out_but_not_left_empty(registry: Registry) -> None:
    """As the loader does, the editor refuses a key without its value."""
    for name in ("RuleEntry", "ActionEntry", "VerifyEntry", "ExpectEntry"):
        assert '"null"' not in json.dumps(json_schema(registry)["$defs"][name])


def test_it_is_plain_json_and_always_the_same(registry: Registry) -> None:
    """It is committed beside the rules, and CI compares it."""
    assert json.dumps(json_schema(registry)) == json.dumps(json_schema(registry))
