"""Owns the looks at the probes of the service; the one rule: they are listed and not taken, for a look may upload a file."""

from __future__ import annotations

import os

from leh_guardian.adapters.service_probe import probe_session
from leh_guardian.app import handlers
from leh_guardian.app.probing import service_probe
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.cli.language import said
from leh_guardian.errors import RuleError, SettingsError
from leh_guardian.fields import format_duration
from leh_guardian.language import Text
from leh_guardian.model import probe_wording
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.settings import Settings
from leh_guardian.settings.probes import ProbeSettings

UNREADABLE = Text(
    ko="guardian.yaml의 probes.secrets가 가리키는 파일 또는 환경 변수를 확인하세요.",
    en="Look at the file or the environment variable that probes.secrets in guardian.yaml names.",
)
COVERS = Text(
    ko="probes의 covers를 규칙 파일의 규칙 id로 고치세요.",
    en="Name rules of the rule files, by id, in the probe's covers.",
)
POLICY = Text(
    ko="probes의 policy를 oncall.yaml의 정책 이름으로 고치세요.",
    en="Name a policy of oncall.yaml as the probe's policy.",
)


async def look_at_probes(settings: Settings) -> list[Finding]:
    """List the probes, with what each would lack."""
    try:
        rules = load_rules(settings.rules.dir, handlers())
    except RuleError:
        # Wrong rule files have a finding of their own.
        rules = None
    async with probe_session() as session:
        found = []
        for wanted in settings.probes:
            item = f"probe {wanted.name}"
            try:
                service_probe(wanted, session, os.environ)
            except SettingsError as error:
                found.append(Finding(item, "FAIL", str(error), UNREADABLE))
            else:
                found.append(_listed(item, wanted, rules))
    return found


def _listed(item: str, wanted: ProbeSettings, rules: RuleSet | None) -> Finding:
    if rules is not None:
        if unknown := [name for name in wanted.covers if rules.get(name) is None]:
            return Finding(item, "WARN", f"it covers rules that there are not: {', '.join(unknown)}", COVERS)
        if rules.oncall is not None and wanted.policy not in rules.oncall.policies:
            detail = f"there is no policy {wanted.policy}: the default one is used"
            return Finding(item, "WARN", detail, POLICY)
    steps = ", ".join(said(probe_wording.step(step.name or "")) for step in wanted.steps)
    often = f"every {format_duration(wanted.every)}, {wanted.failures} failures in a row"
    return Finding(item, "OK", f"{steps}; {often}; `leh-guardian probe {wanted.name}` takes it")
