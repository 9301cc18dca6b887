"""What stops everything at once is for a person to approve."""

from __future__ import annotations

from pathlib import Path

import pytest

import leh_guardian.handlers
from leh_guardian.registry import discover
from leh_guardian.rules.loader import check_rules

RULE = """
version: 1
rules:
- id: a-rule
  pattern: {{source: [aws.s3]}}
  mode: {mode}
  guards: {{cooldown: 10m}}
  actions:
  - {{uses: pause_worker, with: {{function: leh-ai-worker}}}}
"""


@pytest.mark.parametrize(("mode", "warned"), [("act", 1), ("propose", 0), ("observe", 0)])
def test_acting_on_everything_unasked_is_doubtful(tmp_path: Path, mode: str, warned: int) -> None:
    """A rule that stops the whole worker without asking anybody is warned of; the rule is loaded all the same."""
    (tmp_path / "rules.yaml").write_text(RULE.format(mode=mode), encoding="utf-8")
    rules, diagnostics = check_rules(tmp_path, discover(leh_guardian.handlers))
    assert rules is not None
    assert [(each.code, each.severity) for each in diagnostics] == [("no-approval", "warning")] * warned
