"""`leh-guardian probe NAME` takes one look and says what each step came to; `doctor` lists probes and takes none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from leh_guardian.cli.examination.probes import look_at_probes
from leh_guardian.cli.probe import probe
from leh_guardian.settings import load_settings
from tests.support.service_outside import PASSWORD, ServiceOutside

ROOT = Path(__file__).parents[3]
WRONG = "wrong-geheim"


@pytest.fixture
def service() -> Iterator[ServiceOutside]:
    """The service."""
    with ServiceOutside() as opened:
        yield opened


@pytest.fixture
def environment(service: ServiceOutside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An installation with a probe that logs in."""
    login = {"name": "로그인", "url": f"{service.url}/login", "method": "POST", "take": {"token": "data.token"}}
    login["json"] = {"email": "probe@leh.example", "password": "${password}"}
    steps = [login, {"name": "검색", "url": f"{service.url}/search", "headers": {"Authorization": "Bearer ${token}"}}]
    secrets = {"password": {"env": "PROBE_PASSWORD"}}
    file = tmp_path / "guardian.yaml"
    probes = [
        {"name": "log-in", "secrets": secrets, "steps": steps, "covers": ["service-errors"]},
        {"name": "lost", "url": service.url, "covers": ["service-error"]},
        {"name": "odd", "url": service.url, "policy": "nobody"},
        {"name": "blind", "url": service.url, "secrets": {"x": {"env": "PROBE_NOT_SET"}}},
    ]
    file.write_text(yaml.safe_dump({"probes": probes}, allow_unicode=True), encoding="utf-8")
    values = {
        "LEH_CONFIG": str(file),
        "LEH_DATABASE_URL": "postgresql://x@y/z",
        "LEH_QUEUE__ALERTS": "alerts",
        "LEH_RULES__DIR": str(ROOT / "rules"),
        "AWS_REGION": "ap-northeast-2",
        "PROBE_PASSWORD": PASSWORD,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(probe, arguments)


def test_each_step_is_shown(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """0 where all went well, 1 where a step failed, 2 for a probe that there is not; no secret is printed."""
    good = run("log-in")
    assert good.exit_code == 0
    assert [line.split("(")[0].split() for line in good.output.splitlines()] == [["성공", "로그인"], ["성공", "검색"]]
    monkeypatch.setenv("PROBE_PASSWORD", WRONG)
    bad = run("log-in")
    assert bad.exit_code == 1
    assert "실패  로그인" in bad.output
    assert "기대: HTTP 2xx" in bad.output
    assert "실제: HTTP 403" in bad.output
    lines = [json.loads(line) for line in run("log-in", "--json").output.splitlines()]
    assert [(line["step"], line["ok"]) for line in lines] == [("로그인", False)]
    missing = run("login")
    assert missing.exit_code == 2
    assert "there is no probe named 'login'" in missing.output
    assert not any(secret in str(said) for secret in (PASSWORD, WRONG) for said in (good.output, bad.output, lines))


async def test_doctor_lists_them(environment: dict[str, str], service: ServiceOutside) -> None:
    """With what each lacks: a secret, a rule that it covers, a policy. Nothing is asked of the service."""
    found = {one.item: one for one in await look_at_probes(load_settings(environment))}
    assert {item.removeprefix("probe "): one.status for item, one in found.items()} == {
        "log-in": "OK",
        "lost": "WARN",
        "odd": "WARN",
        "blind": "FAIL",
    }
    assert "로그인, 검색; every 1m" in found["probe log-in"].detail
    assert "service-error" in found["probe lost"].detail
    assert "probes.blind.secrets.x" in found["probe blind"].detail
    assert service.requests == []
