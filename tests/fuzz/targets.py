"""What is fuzzed, and what must hold of it whatever the input: events end to end but for the store, and patterns three ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

import leh_guardian.handlers
from leh_guardian.errors import MalformedEvent
from leh_guardian.model.event import parse_body
from leh_guardian.model.text import dump_json, storable_key, told
from leh_guardian.patterns import PatternError, PatternIndex, compile_pattern
from leh_guardian.registry import Registry, discover
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.preview import preview
from leh_guardian.rules.ruleset import RuleSet
from tests.hostile.bodies import BODIES
from tests.hostile.conftest import MORE

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = ROOT / "tests" / "unit" / "patterns" / "study_table.jsonl"
_LONGEST_SEED: Final = 20_000


@cache
def _registry() -> Registry:
    return discover(leh_guardian.handlers)


@cache
def _rules(folder: Path) -> RuleSet:
    """Return the shipped rules with those of tests/hostile, which use hostile fields everywhere; `folder` is empty."""
    for file in (ROOT / "rules").glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "more.yaml").write_text(MORE, encoding="utf-8")
    return load_rules(folder, _registry())


def event_seeds() -> list[bytes]:
    """Return the hostile bodies that are short enough, and a documented alarm."""
    short = [body for body in (one.make() for one in BODIES) if len(body) <= _LONGEST_SEED]
    return [*short, *((ROOT / "rules" / "cases" / "dlq-alarm.json").read_bytes(),) * 20]


def check_event(folder: Path) -> Callable[[bytes], str]:
    """Return the check of a body against the rules, which are made in `folder`."""
    rules, registry = _rules(folder), _registry()

    def check(body: bytes) -> str:
        try:
            events = parse_body(body)
        except MalformedEvent as refusal:
            if not 0 < len(told(refusal)) <= 300:
                raise
            return "no event"
        matched = 0
        for event in events[:5]:
            assert event.key.version == 5
            assert event.occurred_at is None or event.occurred_at.tzinfo is not None
            stored = dump_json(event.envelope)
            stored.encode("utf-8")
            json.loads(stored, parse_constant=_refuse)
            assert len(storable_key(event.id)) <= 200
            for match in rules.match(event):
                matched += 1
                assert max(len(match.dedup_key), len(match.serialize_key)) <= 300
                for step in preview(match, event.envelope, {"all": {"channel": "console"}}, registry):
                    dump_json(step.params).encode("utf-8")
                    assert told(step.trouble).isprintable()
        return "matched" if matched else "event"

    return check


def _refuse(name: str) -> Any:
    raise AssertionError(f"{name} would be stored")


def pattern_seeds() -> list[bytes]:
    """Return the conformance table's patterns, each on a line with its event on the next."""
    rows = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return [f"{row['pattern']}\n{row['event']}".encode() for row in rows]


NEIGHBOURS: Final = [
    compile_pattern(text)
    for text in ('{"a":[1]}', '{"a":[{"exists":false}]}', '{"d":{"a":[{"prefix":"a"}]}}', '{"x":[{"wildcard":"*a*"}]}')
]


def check_pattern(data: bytes) -> str:
    """Hold a pattern (the first line) to every way of asking about an event (the rest)."""
    written, _, event_text = data.partition(b"\n")
    try:
        pattern = compile_pattern(written)
    except PatternError as refusal:
        if not str(refusal):
            raise
        return "refused"
    try:
        event = orjson.loads(event_text)
    except orjson.JSONDecodeError:
        event = {"a": [1, "a", {"b": None}], "d": [{"a": "abc"}, {"b": 2.5}], "x": "xax"}
    expected = pattern.matches(event)
    explained = pattern.explain(event)
    assert explained.matched is expected
    str(explained).encode("utf-8")
    index = PatternIndex({0: pattern, **dict(enumerate(NEIGHBOURS, 1))})
    every = {number for number, one in enumerate([pattern, *NEIGHBOURS]) if one.matches(event)}
    assert index.match(event) == every
    again = compile_pattern(written)
    assert again.matches(json.loads(orjson.dumps(event))) is expected
    return "matches" if expected else "does not match"
