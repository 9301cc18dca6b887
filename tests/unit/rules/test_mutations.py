"""Two thousand broken rule files: each is refused, held back, or loaded as exactly what its text says; the count is printed.

What a text says is asked of another reader: PyYAML's own parser and composer in Python (the loader uses libyaml's events), with
scalars read as JSON reads them. Its data, written as JSON into a rule file, must give the same rules.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from leh_guardian.patterns import Pattern
from leh_guardian.registry import Registry
from leh_guardian.rules.checksums import check_sums
from leh_guardian.rules.cut_off import find_cut_off
from leh_guardian.rules.document import read_document
from leh_guardian.rules.folder import File, Folder
from leh_guardian.rules.loader import check_folder
from leh_guardian.rules.ruleset import RuleSet

TRIED: Final = 2000

BLOCK = """\
# yaml-language-server: $schema=rule.schema.json
version: 1
rules:
  - id: worker-dlq                         # 시나리오 A
    description: "워커의 DLQ에 메시지 - find the cause"
    runbook: '시나리오 A'
    mode: act
    pattern:
      source: [aws.cloudwatch]
      detail-type: [CloudWatch Alarm State Change]
      account: ["012345670123"]
      detail:
        alarmName: [{prefix: leh-ai-worker-dlq}]
        state: {value: [ALARM]}
    resolve_on:
      detail: {state: {value: [OK]}}
    dedup: detail.alarmName
    serialize: detail.alarmName || region
    severity: sev2
    guards:
      cooldown: 10m
      budget: [{max: 3, per: 1h}, {max: 7, per: 1d}]
      limits: {messages: 500}
    actions:
      - id: cause
        uses: diagnose_worker
        with: {log_group: /aws/lambda/leh-ai-worker, window: 15m}
      - uses: dlq_redrive
        if: {cause: {verdict: [transient]}}
        with: {queue: "${event.detail.alarmName}", canary: 5, rate: 20}
        timeout: 30m
        retry: {attempts: 3, backoff: 1m}
    verify:
      uses: everything
      with:
        text: >-
          ${actions.cause.verdict}: folded
          over two lines
        names: [on, no, 22:30, 0123, ~x]
      within: 1h
    on_failure: escalate
  - id: worker-slow
    mode: observe
    pattern:
      $or:
        - detail: {lag: [{numeric: [">", 5.5e1]}]}
        - detail: {queue: [{anything-but: [a, b]}], old: [true, null]}
"""
FLOW = """\
{"version": 1, "rules": [
  {"id": "stuck", "pattern": {"source": ["leh.ai-worker"], "detail": {"n": [-0, 1.5, {"exists": false}]}},
   "actions": [{"uses": "everything", "with": {"count": 5, "flag": true, "tags": {"a": 1}, "text": "a\\u00e9\\n"}}]},
  {"id": "gone", "pattern": {"source": ["my.own"], "detail": {"ip": [{"cidr": "10.0.0.0/8"}]}}, "severity": "sev5"}
]}
"""
MARKED = """\
version: 1
rules:
- id: marked
  description: |
    Two lines,
    kept.
  pattern: {source: [my.own], detail: {name: [{wildcard: "a*b"}]}}
  guards: {cooldown: 90s}
- {id: last, mode: off, pattern: {source: [my.own]}}
...
"""
FILES: Final = {"a.yaml": BLOCK.encode(), "b.yaml": FLOW.encode(), "c.yml": MARKED.encode()}
NEWER: Final = {
    "a.yaml": BLOCK.replace("max: 3", "max: 30").replace("rate: 20", "rate: 5").replace("sev2", "sev1").encode(),
    "b.yaml": FLOW.replace('"gone"', '"gone-for-good"').replace("true", "false").encode(),
    "c.yml": MARKED.replace("id: last", "id: very-last").replace("90s", "5m").replace("a*b", "*").encode(),
}

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def lines_of(content: bytes) -> list[bytes]:
    """Return the lines with their ends."""
    return content.splitlines(keepends=True)


def truncate(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Cut anywhere; half of the time at the end of a line, where what is left is often valid."""
    ends = [sum(map(len, lines_of(content)[:count])) for count in range(1, len(lines_of(content)))]
    return content[: rng.choice(ends) if rng.random() < 0.5 else rng.randrange(len(content))]


def truncate_newer(rng: random.Random, content: bytes, newer: bytes) -> bytes:
    """Cut the next version: a copy that stopped on its way."""
    return truncate(rng, newer, content)


def flip(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Flip up to three bits."""
    broken = bytearray(content)
    for _bit in range(rng.randint(1, 3)):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def drop_line(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Leave a line out."""
    lines = lines_of(content)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def double_line(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Write a line twice."""
    lines = lines_of(content)
    at = rng.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def swap_lines(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Exchange two lines."""
    lines = lines_of(content)
    one, other = rng.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def tear(rng: random.Random, content: bytes, newer: bytes) -> bytes:
    """Take the first part of the new version and the rest of the old: a write in place that stopped."""
    at = rng.randrange(len(newer))
    return newer[:at] + content[at:]


def put_in(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Put in what no text holds: NUL, a half letter, another control character, a lone surrogate."""
    at = rng.randrange(len(content))
    return content[:at] + rng.choice([b"\0", b"\xff", b"\xed\x95", b"\x1b", b"\xed\xa0\x80"]) + content[at:]


def blank_out(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Overwrite a stretch with NUL, as a file system does after a crash, or lose it."""
    at, length = rng.randrange(len(content)), rng.randint(1, 64)
    return content[:at] + rng.choice([bytes(length), b""]) + content[at + length :]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    *(
        truncate,
        truncate,
        truncate_newer,
        tear,
        tear,
        flip,
        flip,
        drop_line,
        double_line,
        swap_lines,
        put_in,
        blank_out,
    ),
)


@pytest.fixture(scope="module")
def whole(registry: Registry) -> RuleSet:
    """Return the rules of the unbroken files."""
    checked = check_folder(folder_of(FILES), registry)
    assert checked.rules is not None
    assert not checked.refused
    return checked.rules


def test_a_broken_file_never_loads_as_something_else(
    registry: Registry, whole: RuleSet, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused, held back, the same, or to the letter what stands there; one that was cut off is never taken for the whole."""
    rng, outcomes = random.Random(20261126), Counter[str]()
    for number in range(TRIED):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        name = rng.choice(sorted(FILES))
        content = mutate(rng, FILES[name], NEWER[name])
        outcome = judged({**FILES, name: content}, registry, whole)
        outcomes[outcome] += 1
        # Where the installation has checksums, whatever differs is refused, valid or not.
        sealed = replace(folder_of({**FILES, name: content}), sums=SUMS)
        assert bool(check_sums(sealed)) == (content != FILES[name])
        if mutate is truncate:
            assert outcome in {"refused", "held back", "loaded the same"}, content
    assert sum(outcomes.values()) == TRIED
    assert min(outcomes[one] for one in ("refused", "held back", "loaded the same", "loaded as written")) > 0
    with capsys.disabled():
        counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        print(f"\nmutated rule files: {TRIED} tried, {counts}; with SHA256SUMS every difference is refused")  # noqa: T201 - the count is the test's own result


def judged(files: Mapping[str, bytes], registry: Registry, whole: RuleSet) -> str:
    """Return what becomes of the files at a reload, having checked that what is loaded is what they say."""
    folder = folder_of(files)
    checked = check_folder(folder, registry)
    rules = checked.rules
    assert all(diagnostic.render() for diagnostic in checked.diagnostics)
    if rules is None:
        return "refused"
    # Even where the reload would hold it back: a start has nothing to compare with.
    texts = {name: independently(content) for name, content in files.items()}
    for name, content in files.items():
        assert exactly(texts[name]) == exactly(read_document(content, name).data)
    as_json = {name: json.dumps(data).encode() for name, data in texts.items()}
    again = check_folder(folder_of(as_json), registry).rules
    assert again is not None
    assert meaning(again) == meaning(rules)
    if meaning(rules) == meaning(whole):
        return "loaded the same"
    cut = find_cut_off(folder, FILES)
    return "refused" if cut.certain else "held back" if cut.shorter else "loaded as written"


def test_every_truncation_is_seen(registry: Registry, whole: RuleSet) -> None:
    """At each line of each file, in use or to come: nothing that says less is taken at a reload."""
    seen = Counter[str]()
    for name, content in FILES.items():
        lines = lines_of(content)
        for count in range(1, len(lines)):
            cut = b"".join(lines[:count])
            seen[judged({**FILES, name: cut}, registry, whole)] += 1
            for line_end in (cut[:-1], cut + lines[count][:-1]):
                seen[judged({**FILES, name: line_end}, registry, whole)] += 1
    assert set(seen) <= {"refused", "held back", "loaded the same"}
    assert seen["held back"] > 10


SUMS = File(
    Path("SHA256SUMS"),
    "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in FILES.items()).encode(),
)


def folder_of(files: Mapping[str, bytes]) -> Folder:
    """Return files as the folder that was read."""
    return Folder(Path(), tuple(File(Path(name), files[name]) for name in sorted(files)), ())


def meaning(rules: RuleSet) -> list[dict[str, Any]]:
    """Return everything that rules are, but for where they stand."""
    told = []
    for rule in rules.rules:
        values = {field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)}
        del values["file"], values["line"]
        told.append({name: spelt(value) if isinstance(value, Pattern) else value for name, value in values.items()})
    return told


def spelt(pattern: Pattern) -> list[list[tuple[str, tuple[str, ...]]]]:
    """Return a pattern as something to compare."""
    return [[(field.path, field.expected) for field in one.fields] for one in pattern.alternatives]


def exactly(data: Any) -> str:
    """Return data as text in which true is not 1, and 1 is not 1.0."""
    return json.dumps(data)


@lru_cache(maxsize=32)  # the files that are not broken are the same every time
def independently(content: bytes) -> Any:
    """Read a YAML text by way of PyYAML's composer in Python, and its scalars by way of JSON."""
    text = content.decode("utf-8").removeprefix("\ufeff")
    try:
        return value_of(yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.scanner.ScannerError:
        # The one thing that libyaml reads and PyYAML does not: a tab between tokens, which YAML 1.2 allows.
        assert "\t" in text
        return value_of(yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader))


def value_of(node: Any) -> Any:
    """Return a node's data, or fail: doubled keys and keys that are no texts must have been refused."""
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        pairs = [(value_of(key), value_of(value)) for key, value in node.value]
        assert all(isinstance(key, str) for key, _ in pairs)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)
    return node.value if node.style else plain_value(node.value)


def plain_value(text: str) -> Any:
    """Return what a plain scalar means: what it means in JSON, with `~` and nothing for null and a plus allowed."""
    if text in {"", "~"}:
        return None
    try:
        value = json.loads(text.removeprefix("+") if text[1:2].isdigit() else text)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if value is None or isinstance(value, int | float) else text
