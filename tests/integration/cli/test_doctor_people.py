"""The doctor on people: a channel that `oncall.yaml` names and nobody has set is found by day."""

from __future__ import annotations

import shutil
from pathlib import Path

from leh_guardian.cli.examination.installation import look_at_rules
from leh_guardian.settings import load_settings

RULES = Path(__file__).parents[3] / "rules"


def test_a_channel_that_nobody_has_set_is_told(tmp_path: Path) -> None:
    """By name, with what to do; the shipped file names none."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    environment = {
        "AWS_REGION": "ap-northeast-2",
        "LEH_DATABASE_URL": "postgresql://x/y",
        "LEH_QUEUE__ALERTS": "q",
        "LEH_RULES__DIR": str(folder),
    }
    settings = load_settings(environment)
    assert [found.item for found in look_at_rules(settings) if found.item == "on-call channels"] == []
    file = folder / "oncall.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\nchannels:\n  slack_dm: {provider: slack, kind: dm}\n", encoding="utf-8")
    [found] = [found for found in look_at_rules(settings) if found.item == "on-call channels"]
    assert (found.status, "slack_dm" in found.detail) == ("FAIL", True)
