"""Probes in guardian.yaml: what is wrong with one is said at the start, by its place, and without what may be secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.app.probing import entry, service_probe
from leh_guardian.errors import SettingsError
from leh_guardian.settings import load_settings

ROOT = Path(__file__).parents[2]
BASE = {
    "LEH_DATABASE_URL": "postgresql://x@y/z",
    "LEH_QUEUE__ALERTS": "alerts",
    "AWS_REGION": "ap-northeast-2",
}
STEP = {"name": "s", "url": "https://leh.example/"}


def load(tmp_path: Path, *probes: Any) -> Any:
    """The settings of a file with these probes."""
    file = tmp_path / "guardian.yaml"
    file.write_text(json.dumps({"probes": probes}), encoding="utf-8")
    return load_settings({**BASE, "LEH_CONFIG": str(file)})


def test_a_probe_of_one_request_needs_no_steps(tmp_path: Path) -> None:
    """The request stands in the probe itself; the defaults are the runbook's."""
    [probe] = load(tmp_path, {"name": "web", "url": "https://leh.example/", "expect": {"status": 200}}).probes
    assert [step.expect.status for step in probe.steps] == [(200,)]
    assert [step.name for step in probe.steps] == [None]
    made = entry(probe)
    assert (made.every, made.failures, made.successes, made.policy, made.longest) == (60.0, 3, 2, "default", 10.0)
    assert load_settings(BASE).probes == ()


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ({"name": "web"}, "probes.0: `steps` is missing"),
        ({"name": "web", "steps": []}, "at least 1 item"),
        ({"name": "Web", "steps": [STEP]}, "pattern"),
        ({"name": "web", "steps": [STEP], "every": "1s"}, "between 10s and 1d"),
        ({"name": "web", "steps": [STEP], "evry": "1m"}, "no setting named probes.0.evry"),
        ({"name": "web", "steps": [{**STEP, "url": "file:///etc/passwd"}]}, "url"),
        ({"name": "web", "steps": [{**STEP, "url": "https://${run}.example/"}]}, "url"),
        ({"name": "web", "steps": [{**STEP, "url": "https://user:geheim@leh.example/"}]}, "url"),
        ({"name": "web", "steps": [{**STEP, "url": "${run}"}]}, "`hosts` names the hosts"),
        ({"name": "web", "steps": [{**STEP, "hosts": ["x"]}]}, "`hosts` names the hosts"),
        ({"name": "web", "steps": [{**STEP, "headers": {"X": "${token}"}}]}, "fills in ${token}, which no secret"),
        (
            {"name": "web", "steps": [{**STEP, "json": {"a": ["${later}"]}}, {**STEP, "take": {"later": "a"}}]},
            "${later}",
        ),
        ({"name": "web", "steps": [{**STEP, "take": {"run": "a"}}]}, "takes run, which there is already"),
        ({"name": "web", "steps": [{**STEP, "take": {"a": "b["}}]}, "no JMESPath"),
        ({"name": "web", "steps": [{**STEP, "expect": {"json": {"nope(a)": 1}}}]}, "no JMESPath"),
        ({"name": "web", "steps": [{**STEP, "text": "a", "json": {}}]}, "give one body"),
        ({"name": "web", "steps": [{**STEP, "form": {}, "file": {}}]}, "give one body"),
        ({"name": "web", "steps": [{**STEP, "timeout": "2m"}]}, "between 100ms and 60s"),
        ({"name": "web", "steps": [{**STEP, "timeout": "60s"}] * 3}, "more than 2m together"),
        ({"name": "web", "steps": [{**STEP, "cleanup": True}]}, "needs a step that is no `cleanup`"),
        ({"name": "web", "steps": [{**STEP, "headers": {"A": "geheim\n"}}]}, "pattern"),
        ({"name": "web", "steps": [STEP], "secrets": {"a": {}}}, "either `file` or `env`"),
        ({"name": "web", "steps": [STEP], "secrets": {"run": {"env": "A"}}}, "`run` is the probe's own"),
        ({"name": "web", "steps": [STEP], "secrets": {"a": {"env": "LEH_A"}}}, "begin with LEH_ are settings"),
    ],
)
def test_what_is_wrong_is_refused(tmp_path: Path, probe: dict[str, Any], said: str) -> None:
    """At the start, and nothing of it that may be a secret is shown."""
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, probe)
    assert said in str(refused.value)
    assert "guardian.yaml:" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_the_documents_examples_are_taken(tmp_path: Path) -> None:
    """The one of docs/probes.md, and the one that guardian.yaml.example holds as comments."""
    [block] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "probes.md").read_text(encoding="utf-8"), re.DOTALL)
    sample = (ROOT / "systemd" / "guardian.yaml.example").read_text(encoding="utf-8")
    commented = sample[sample.index("#reconcile:") :]
    uncommented = "\n".join(line.removeprefix("#") for line in commented.splitlines() if not re.match(r"# \S", line))
    for text, names in ((block, ["log-in-upload-search", "front-page"]), (uncommented, ["log-in-and-search"])):
        file = tmp_path / "guardian.yaml"
        file.write_text(text, encoding="utf-8")
        settings = load_settings({**BASE, "LEH_CONFIG": str(file)})
        assert [probe.name for probe in settings.probes] == names


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    """Their states would be one."""
    with pytest.raises(SettingsError, match="two probes are named web"):
        load(tmp_path, {"name": "web", "steps": [STEP]}, {"name": "web", "steps": [STEP]})


@pytest.mark.parametrize("source", [{"env": "PROBE_A"}, {"file": "/nowhere/a"}])
def test_a_secret_that_is_not_there_is_refused(tmp_path: Path, source: dict[str, str]) -> None:
    """By the setting's name."""
    [probe] = load(tmp_path, {"name": "web", "steps": [STEP], "secrets": {"a": source}}).probes
    with pytest.raises(SettingsError, match=r"probes\.web\.secrets\.a: "):
        service_probe(probe, None, {"PROBE_A": "abc"})  # type: ignore[arg-type]
